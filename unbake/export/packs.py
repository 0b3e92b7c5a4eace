"""Writes maps as the files of a preset (`domain.packing`), after prediction and before the report."""

from collections.abc import Callable
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import numpy as np

from unbake.decoding import read_text
from unbake.domain.maps import SPECS, MapKind
from unbake.domain.packing import FileFormat, PackedFile, Preset, read_preset, relative_name
from unbake.errors import TextureSetError, UsageError
from unbake.export.adjust import Adjust, adjusted
from unbake.export.channels import Stored, coded, pack, recentred, recentring, size_of
from unbake.export.gltf import write_gltf
from unbake.files import safe_join
from unbake.image.arrays import CodedMaps, Maps, Wrap, bands, dequantise
from unbake.image.dds.blocks import Effort
from unbake.image.dds.encode import write_dds
from unbake.image.dds.formats import DxgiFormat
from unbake.image.files import write_png
from unbake.image.mips import bleeding, coverage_of, halved, mips_below
from unbake.image.normals import Green
from unbake.image.resample import resize

__all__ = ["load_preset", "preset_names", "recentred", "resampling", "target_size", "wanted", "write_set"]

SMALLEST_SIDE = 4
"""Smallest side of a texture whose sides must be powers of two: one block."""

Read = Callable[[slice], np.ndarray]
"""Some rows of an image: float32 (rows, W, C) in [0, 1]."""


def preset_names() -> list[str]:
    """Names of the bundled presets."""
    return sorted(
        path.name.removesuffix(".toml") for path in _presets().iterdir() if path.name.endswith(".toml")
    )


def load_preset(name_or_path: str | Path) -> Preset:
    """A bundled preset by its name, or a user's by its path (`.toml`).

    UsageError if it does not exist, RecipeError if its text is wrong.

    >>> load_preset("skyrim").folder
    'textures/pbr'
    """
    name = str(name_or_path)
    if name in preset_names():
        return read_preset((_presets() / f"{name}.toml").read_text("utf-8"), name)
    if not name.endswith(".toml"):
        raise UsageError(
            f"Expected a preset ({', '.join(preset_names())}) or the path of a .toml file, got {name!r}; choose one."
        )
    return read_preset(read_text(Path(name), "a preset"), name)


def target_size(size: tuple[int, int], preset: Preset) -> tuple[int, int]:
    """The (height, width) a map of this size is written in: its own, or the nearest powers of two from 4 up.

    >>> target_size((1000, 3000), load_preset("skyrim"))
    (1024, 2048)
    """
    return size if preset.sides == "keep" else (_power_of_two(size[0]), _power_of_two(size[1]))


def resampling(size: tuple[int, int], preset: Preset) -> str | None:
    """A note for the report if maps of this (height, width) are written in another size, else None."""
    height, width = target_size(size, preset)
    if (height, width) == size:
        return None
    return f"resampled from {size[1]}×{size[0]} to {width}×{height}, since games need powers of two from 4 up"


def wanted(maps: Stored, preset: Preset, parallax: bool, subsurface: bool = False) -> list[PackedFile]:
    """The files of a preset that these maps can fill; TextureSetError if a mandatory one has no map."""
    chosen = {"always": True, "given": True, "parallax": parallax, "subsurface": subsurface}
    files = []
    for file in preset.files:
        present = [kind for kind in file.maps if kind in maps]
        if file.when == "always" and not present:
            raise TextureSetError(
                f"Expected {' or '.join(file.maps)} for the {file.suffix or 'first'} file of preset {preset.name}, "
                "got neither; convert again."
            )
        complete = len(present) == len(file.maps)
        if file.when == "always" or (complete and chosen[file.when]):
            files.append(file)
    return files


def write_set(
    maps: Stored,
    name: str,
    out: Path,
    preset: Preset,
    *,
    effort: Effort = Effort.GOOD,
    parallax: bool = False,
    subsurface: bool = False,
    input_green: Green = "directx",
    adjust: Adjust = Adjust(),  # noqa: B008  (frozen)
    wrap: Wrap = (False, False),
) -> list[Path]:
    """Writes one texture set as a preset says, each file whole or not at all, and returns the files' paths.

    maps: see `channels.Stored`; read by bands of rows, so that a whole image is held as floats only to resample it.
    name: the set's path below the texture root; its folders are made below `out / preset.folder`.
    parallax: whether to write parallax files (for surfaces that tile, or on request). subsurface: whether to write the
    colour of light that comes through.
    input_green: green convention of the input's normals, which a preset may keep.
    adjust: a user's changes, applied first.
    wrap: which axes (rows, columns) tile and are resampled across their seam.
    """
    maps = maps.codes if isinstance(maps, CodedMaps) else maps
    base = safe_join(out, f"{preset.folder}/{relative_name(name)}".lstrip("/"))
    green: Green = input_green if preset.normal == "as_input" else preset.normal
    paths, files = [], wanted(maps, preset, parallax, subsurface)
    for file in files:
        path = base.with_name(base.name + file.suffix + file.format.extension)
        codes = _codes(maps, file, green, target_size(size_of(maps, file), preset), adjust, wrap)
        _write(path, codes, file, effort)
        paths.append(path)
    if preset.scene is not None:
        size = maps[files[0].maps[0]].shape[:2]
        paths.append(write_gltf(base, dict(zip(files, paths, strict=True)), size, maps.get(MapKind.OPACITY)))
    return paths


def _codes(
    maps: Stored, file: PackedFile, green: Green, target: tuple[int, int], adjust: Adjust, wrap: Wrap
) -> np.ndarray:
    """A file's channels at their written size: uint8 or uint16 (H, W, C), codes of [0, 1]."""
    size = size_of(maps, file)
    read = _reader(maps, file, green, adjust)
    rows = list(bands(*size, 2))
    if file.recentred:
        read = _recentring(read, rows)
    elif file.colour == "srgb" and _alpha(file) in maps and _some_hidden(read, rows):
        read = _bleeding(read, size[0])
    top = 255 if file.format is not FileFormat.PNG16 and not file.octahedral else 65535
    codes = np.empty((*target, len(file.sources)), np.uint8 if top == 255 else np.uint16)

    def rounded(unit: np.ndarray) -> np.ndarray:
        return np.rint(np.clip(unit, 0, 1) * np.float32(top))

    if size == target:
        for band in rows:
            codes[band] = rounded(read(band))
    elif file.colour == "normal":
        codes[:] = rounded(resize(np.concatenate([read(band) for band in rows]), *target, "normal", wrap))
    else:
        for i in range(len(file.sources)):  # one at a time: a plane is large enough
            plane = np.concatenate([read(band)[..., i : i + 1] for band in rows])
            codes[..., i : i + 1] = rounded(resize(plane, *target, file.colour if i < 3 else "linear", wrap))
    return codes


def _reader(maps: Stored, file: PackedFile, green: Green, adjust: Adjust) -> Read:
    """Reader of bands of a file's channels, with a user's changes applied."""
    starts = [SPECS[kind].start for kind in file.maps]
    kinds = [kind for kind in dict.fromkeys([*file.maps, *filter(None, starts)]) if kind in maps]

    def read(band: slice) -> np.ndarray:
        floats: Maps = {kind: dequantise(kind, maps[kind][band]) for kind in kinds}
        return pack(adjusted(floats, adjust), file, green)

    return read


def _recentring(read: Read, rows: list[slice]) -> Read:
    moved = recentring([read(band) for band in rows])
    return lambda band: moved(read(band))


def _alpha(file: PackedFile) -> MapKind | None:
    return file.sources[3].map if len(file.sources) == 4 else None


def _some_hidden(read: Read, rows: list[slice]) -> bool:
    seen = [read(band)[..., 3] > 0 for band in rows]
    return any(band.any() for band in seen) and not all(band.all() for band in seen)


def _bleeding(read: Read, height: int) -> Read:
    bled = bleeding(lambda top, bottom: read(slice(top, bottom)), height)

    def colour_and_alpha(band: slice) -> np.ndarray:
        return np.concatenate([bled(band.start, band.stop), read(band)[..., 3:]], axis=2)

    return colour_and_alpha


def _write(path: Path, codes: np.ndarray, file: PackedFile, effort: Effort) -> None:
    chosen = file.format
    if codes.shape[2] == 4 and codes[..., 3].min() == 255:
        codes, chosen = codes[..., :3], file.opaque_format or file.format
    if chosen.extension == ".png":
        write_png(path, codes)
    else:
        write_dds(path, _mips(codes, file), DxgiFormat[chosen.upper()], effort)


def _mips(codes: np.ndarray, file: PackedFile) -> list[np.ndarray]:
    """All mips of an image, uint8, from its codes."""
    scale = np.float32(1 / np.iinfo(codes.dtype).max)

    def in_file(unit: np.ndarray) -> np.ndarray:
        return np.rint(np.clip(coded(unit, file), 0, 1) * 255).astype(np.uint8)

    rows = list(bands(len(codes), codes.shape[1], 2))  # even, so that mips of bands fit together
    plain = codes.dtype == np.uint8 and not file.octahedral
    mips = [codes if plain else np.concatenate([in_file(codes[band] * scale) for band in rows])]
    if codes[..., 0].size > 1:
        half = np.concatenate([halved(codes[band] * scale, file.colour) for band in rows])
        colour_alpha = file.colour == "srgb" and codes.shape[2] == 4
        coverage = coverage_of(codes[..., 3:] * scale) if colour_alpha else None
        mips += [in_file(mip) for mip in mips_below(half, file.colour, coverage)]
    return mips


def _power_of_two(side: int) -> int:
    """The nearest power of two from 4 up; the larger one half-way, since it loses nothing."""
    above = max(1 << (side - 1).bit_length(), SMALLEST_SIDE)
    return above // 2 if above > SMALLEST_SIDE and side - above // 2 < above - side else above


def _presets() -> Traversable:
    return resources.files("unbake.export") / "presets"

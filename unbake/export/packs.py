"""Maps to the files of a preset: after prediction, before the report; `domain.packing` says what a preset is."""

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import numpy as np

from unbake.domain.maps import SPECS, MapKind
from unbake.domain.packing import PackedFile, Preset, read_preset, relative_name
from unbake.errors import TextureSetError, UsageError
from unbake.export.dds import write_dds
from unbake.image.blocks import Effort
from unbake.image.dds_header import DxgiFormat
from unbake.image.files import write_png
from unbake.image.mips import bleed_colour, mip_chain, resize
from unbake.image.normals import Green, decode_normal, encode_normal

Maps = dict[MapKind, np.ndarray]

SMALLEST_SIDE = 4
"""Of a texture whose sides must be powers of two: one block."""


def preset_names() -> list[str]:
    """The presets that come with the program."""
    return sorted(
        path.name.removesuffix(".toml") for path in _presets().iterdir() if path.name.endswith(".toml")
    )


def load_preset(name_or_path: str | Path) -> Preset:
    """A preset of ours by its name, or one of the user's own by its path (`.toml`).

    UsageError when there is none, RecipeError when its text is wrong.

    >>> load_preset("skyrim").folder
    'textures/pbr'
    """
    name = str(name_or_path)
    if name in preset_names():
        return read_preset((_presets() / f"{name}.toml").read_text("utf-8"), name)
    if not name.endswith(".toml"):
        raise UsageError(
            f"There is no preset {name!r}: choose {', '.join(preset_names())}, or the path of a .toml file."
        )
    try:
        return read_preset(Path(name).read_text("utf-8"), name)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"Preset {name} cannot be read ({error}); check the path.") from error


def target_size(size: tuple[int, int], preset: Preset) -> tuple[int, int]:
    """The (height, width) a map of this size is written in: its own, or the nearest powers of two from 4 up.

    >>> target_size((1000, 3000), load_preset("skyrim"))
    (1024, 2048)
    """
    return size if preset.sides == "keep" else (_power_of_two(size[0]), _power_of_two(size[1]))


def wanted(maps: Maps, preset: Preset, parallax: bool) -> list[PackedFile]:
    """The files of a preset that these maps become; TextureSetError when one that must be there cannot be."""
    files = []
    for file in preset.files:
        given = [kind for kind in file.maps if kind in maps]
        if file.when == "always" and not given:
            raise TextureSetError(
                f"Preset {preset.name} needs {' or '.join(file.maps)} for its {file.suffix or 'first'} file, and the"
                " set has neither; run the conversion again."
            )
        complete = len(given) == len(file.maps)
        if file.when == "always" or (complete and (file.when == "given" or parallax)):
            files.append(file)
    return files


def recentred(height: np.ndarray) -> np.ndarray:
    """Height (H, W, 1) in [0, 1] with its mean at the neutral 127/255, contrast reduced only where it would clip.

    >>> round(float(recentred(np.float32([[[0.9], [0.7]]])).mean()), 3)
    0.498
    """
    neutral = SPECS[MapKind.HEIGHT].neutral[0]
    around = height - height.mean(dtype=np.float64).astype(np.float32)
    room = min(
        1.0,
        neutral / max(-float(around.min()), neutral),
        (1 - neutral) / max(float(around.max()), 1 - neutral),
    )
    return neutral + around * np.float32(room)


def pack(maps: Maps, file: PackedFile, green: Green) -> np.ndarray:
    """The channels of a file: float32 (H, W, C) in [0, 1], colour still display-encoded.

    Maps that are missing are neutral. TextureSetError when none is there, or when they differ in size.
    """
    sizes = {maps[kind].shape[:2] for kind in file.maps if kind in maps}
    if len(sizes) != 1:
        found = ", ".join(
            f"{kind} {maps[kind].shape[1]}×{maps[kind].shape[0]}" for kind in file.maps if kind in maps
        )
        raise TextureSetError(
            f"The maps of one file should be of one size, not {found or 'missing'}; convert again."
        )
    stored = {kind: _stored(maps[kind], kind, file, green) for kind in file.maps if kind in maps}
    image = np.empty((*sizes.pop(), len(file.sources)), np.float32)
    for i, source in enumerate(file.sources):
        if source.map is None:
            image[..., i] = source.constant
            continue
        plane = (
            stored[source.map][..., source.component]
            if source.map in stored
            else _neutral(source.map, source.component)
        )
        image[..., i] = 1 - plane if source.inverted else plane
    return image


def unpack(image: np.ndarray, file: PackedFile, green: Green) -> Maps:
    """The maps in a file's channels; undoes `pack`, except that a recentred map stays where it is.

    A fourth channel that is not there is 1, as every engine reads it.
    """
    planes: dict[MapKind, dict[int, np.ndarray]] = {}
    for i, source in enumerate(file.sources):
        if source.map is not None:
            plane = image[..., i] if i < image.shape[2] else np.ones(image.shape[:2], np.float32)
            planes.setdefault(source.map, {})[source.component] = 1 - plane if source.inverted else plane
    maps = {}
    for kind, parts in planes.items():
        if len(parts) == SPECS[kind].channels:
            stored = np.stack([parts[i] for i in range(len(parts))], axis=-1).astype(np.float32)
            maps[kind] = decode_normal(stored, green) if SPECS[kind].vector else stored
    return maps


def write_set(
    maps: Maps,
    name: str,
    out: Path,
    preset: Preset,
    *,
    effort: Effort = Effort.GOOD,
    parallax: bool = False,
    input_green: Green = "directx",
) -> list[Path]:
    """Writes one texture set as a preset says, each file whole or not at all, and returns the files' paths.

    name: the set's path below the texture root; its folders are made below `out / preset.folder`.
    parallax: whether parallax files are wanted: for surfaces that tile, or where a user asks.
    input_green: the green of the input's normals, which a preset may keep.
    """
    base = out / preset.folder / relative_name(name)
    green: Green = input_green if preset.normal == "as_input" else preset.normal
    paths = []
    for file in wanted(maps, preset, parallax):
        path = base.with_name(base.name + file.suffix + file.format.extension)
        image = pack(maps, file, green)
        if file.colour == "srgb" and image.shape[2] == 4:
            image[..., :3] = bleed_colour(image[..., :3], image[..., 3:])
        size = target_size(image.shape[:2], preset)
        if size != image.shape[:2]:
            image = resize(image, *size, file.colour)
        _write(path, image, file, effort)
        paths.append(path)
    return paths


def _write(path: Path, image: np.ndarray, file: PackedFile, effort: Effort) -> None:
    chosen = file.format
    if image.shape[2] == 4 and np.rint(image[..., 3].min() * 255) == 255:
        image, chosen = image[..., :3], file.opaque_format or file.format
    if chosen.extension == ".png":
        write_png(path, image, 16 if chosen.endswith("16") else 8)
        return
    mips = [np.rint(np.clip(mip, 0, 1) * 255).astype(np.uint8) for mip in mip_chain(image, file.colour)]
    write_dds(path, mips, DxgiFormat[chosen.upper()], effort)


def _stored(values: np.ndarray, kind: MapKind, file: PackedFile, green: Green) -> np.ndarray:
    """A map as its file holds it, in [0, 1]."""
    if SPECS[kind].vector:
        return encode_normal(values, green)
    return recentred(values) if file.recentred and SPECS[kind].affine_free else values


def _neutral(kind: MapKind, component: int) -> float:
    """What stands in a file for a map that is missing."""
    value = SPECS[kind].neutral[component]
    return (value + 1) / 2 if SPECS[kind].vector else value


def _power_of_two(side: int) -> int:
    """The nearest power of two from 4 up; the larger one half-way, since it loses nothing."""
    above = max(1 << (side - 1).bit_length(), SMALLEST_SIDE)
    return above // 2 if above > SMALLEST_SIDE and side - above // 2 < above - side else above


def _presets() -> Traversable:
    return resources.files("unbake.export") / "presets"

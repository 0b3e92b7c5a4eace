"""Assemble a mod with twelve kinds of trouble in it: `python scripts/make_troubles.py FOLDER [LEGACY] [SIDE] [SETS]`.

LEGACY holds `<pack>/<name>_{d,n[,s][,h]}.jpg`; without it the bundled examples are taken. SIDE is the longest side
of a texture, SETS how many sets are in order. The same arguments give the same bytes. Beside FOLDER stands
FOLDER.bsa with what the game would see of it, and FOLDER.json says what should become of each set.
"""

import argparse
import json
import struct
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import cycle, islice
from pathlib import Path

import numpy as np
from bethkit import BsaVersion, BsaWriter

import unbake
from unbake.image.dds.encode import encode_dds
from unbake.image.dds.formats import DxgiFormat
from unbake.image.files import encode_png, read_picture
from unbake.image.mips import mip_chain
from unbake.image.resample import Kind, resize

EXAMPLES = Path(unbake.__file__).parent / "bundled" / "examples" / "legacy" / "textures"


@dataclass(slots=True)
class Expected:
    """The expected outcome for the tree: names of sets, below the texture root; `skipped` are files."""

    converted: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Painted:
    """The pixels of a set as stored, in [0, 1]: colour (H, W, 3 or 4), DirectX normal (alpha: specular mask)."""

    diffuse: np.ndarray
    normal: np.ndarray
    height: np.ndarray | None = None


def assemble(folder: Path, legacy: Path | None = None, side: int = 512, sets: int = 80) -> Expected:
    """Write the tree below `folder`, and return what a conversion should give; 80 sets have 200 textures."""
    expected = Expected()
    paintings = cycle(_painted(legacy, side))
    for at, painted in enumerate(islice(paintings, sets)):
        place = ("architecture/halls", "clutter", "dungeons/caves/walls", "weapons/iron")[at % 4]
        name = f"{place}/{('wall', 'pot', 'rock', 'sword')[at % 4]}{at:03d}"
        suffix = "_d" if at % 9 == 5 else ""
        _put(folder, f"{name}{suffix}.dds", _stored(painted.diffuse, "srgb", at))
        _put(folder, f"{name}_n.dds", _stored(painted.normal, "normal", at + 1))
        if painted.height is not None and at % 10 == 3:
            _put(folder, f"{name}_p.dds", _stored(painted.height, "linear", 0))
        if at % 14 == 6:
            _put(folder, f"{name}_g.dds", _stored(painted.diffuse[..., :3], "srgb", 0))
        expected.converted.append(name)
    _troubles(folder, next(paintings), next(paintings), side, expected)
    return expected


def _troubles(folder: Path, first: Painted, second: Painted, side: int, expected: Expected) -> None:
    """The twelve kinds, each with a normal of its own where a set has one."""
    whole, normal = _stored(first.diffuse, "srgb", 0), _stored(first.normal, "normal", 1)
    wide = tuple(length * side // 512 for length in (1000, 3000))
    small = resize(first.diffuse, 2, 2, "srgb"), resize(first.normal, 2, 2, "normal")
    broad = resize(first.diffuse, *wide, "srgb"), resize(first.normal, *wide, "normal")
    files = {
        "clutter/truncated": (whole[: len(whole) // 2], normal),
        "clutter/empty": (b"", normal),
        "clutter/disguised": (encode_png(first.diffuse), encode_png(first.normal)),
        "clutter/mirror": (_cubemap(first.diffuse), normal),
        "clutter/speck": (_stored(small[0], "srgb", 3), _stored(small[1], "normal", 3)),
        "clutter/banner": (_stored(broad[0], "srgb", 3), _stored(broad[1], "normal", 3)),
        "CLUTTER2/SHIELD": (whole, normal),
        "стены/Дерево": (_stored(second.diffuse, "srgb", 2), _stored(second.normal, "normal", 2)),
        "clutter/Lamp": (_stored(second.diffuse, "srgb", 0), _stored(second.normal, "normal", 1)),
        "locked/chest": (whole, normal),
        "clutter/bare": (whole, None),
    }
    for name, (diffuse, beside) in files.items():
        upper = name.isupper()
        _put(folder, f"{name}{'.DDS' if upper else '.dds'}", diffuse)
        if beside is not None:
            _put(folder, f"{name}{'_N.DDS' if upper else '_n.dds'}", beside)
    _put(folder, "clutter/lamp.dds", whole)  # differs from Lamp.dds only in case
    _put(folder, "clutter/renamed.png", whole)  # a DDS by its content
    _put(folder, "creatures/troll.dds", whole)
    _put(folder, "creatures/troll_msn.dds", normal)
    _put(folder, "clutter/mirror_e.dds", _cubemap(first.diffuse))
    for path in (folder / "textures" / "locked").iterdir():
        path.chmod(0o444)
    (folder / "textures" / "locked").chmod(0o555)
    bad = ["clutter/truncated", "clutter/empty"]
    expected.failed += bad
    expected.skipped += [
        "clutter/lamp.dds",
        "clutter/mirror.dds",
        "clutter/mirror_e.dds",
        "clutter/mirror_n.dds",
    ]
    expected.skipped += ["creatures/troll.dds", "creatures/troll_msn.dds"]
    expected.converted += [
        name for name in (*files, "clutter/renamed") if name not in (*bad, "clutter/mirror")
    ]
    for names in (expected.converted, expected.failed, expected.skipped):
        names.sort()


def pack(folder: Path, archive: Path) -> None:
    """Write a BSA of what the game would see of a tree: of two names that differ in case the first."""
    seen: set[str] = set()
    with BsaWriter(BsaVersion.SSE) as writer:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            name = path.relative_to(folder).as_posix()
            if name.lower() not in seen:
                seen.add(name.lower())
                writer.add(name.replace("/", "\\"), path.read_bytes())
        writer.write_to(archive)


def _painted(legacy: Path | None, side: int) -> list[Painted]:
    """The sets there are to choose from, none longer than `side`."""
    return [*(_from_packs(legacy, side) if legacy else _from_examples(side))]


def _from_packs(legacy: Path, side: int) -> Iterator[Painted]:
    for path in sorted(legacy.glob("*/*_d.jpg")):
        stem = str(path).removesuffix("_d.jpg")
        diffuse = _fitted(read_picture(path).rgb(), "srgb", side)
        normal = _fitted(read_picture(Path(f"{stem}_n.jpg")).rgb(), "normal", side)
        if (mask := Path(f"{stem}_s.jpg")).is_file():
            specular = resize(read_picture(mask).rgb()[..., :1], *normal.shape[:2], "linear")
            normal = np.concatenate([normal, specular], -1)
        relief = Path(f"{stem}_h.jpg")
        height = _fitted(read_picture(relief).rgb()[..., :1], "linear", side) if relief.is_file() else None
        yield Painted(diffuse, normal, height)


def _from_examples(side: int) -> Iterator[Painted]:
    for path in sorted(EXAMPLES.rglob("*_n.dds")):
        stem = str(path).removesuffix("_n.dds")
        painted = next(p for p in (Path(f"{stem}.dds"), Path(f"{stem}_d.dds")) if p.is_file())
        yield Painted(
            _fitted(read_picture(painted).unit(), "srgb", side),
            _fitted(read_picture(path).unit(), "normal", side),
        )


def _fitted(unit: np.ndarray, kind: Kind, side: int) -> np.ndarray:
    """The image no longer than `side`."""
    height, width = (max(1, length * side // max(side, *unit.shape[:2])) for length in unit.shape[:2])
    return resize(unit, height, width, kind)


def _stored(unit: np.ndarray, kind: Kind, way: int) -> bytes:
    """The image as a DDS file in one of the ways that mods store it, or for one channel the plainest."""
    if unit.shape[2] == 1:
        return encode_dds([_codes(unit.repeat(3, 2))], DxgiFormat.BC1_UNORM, legacy=True)
    powers = all(length.bit_count() == 1 for length in unit.shape[:2])
    mips = [_codes(mip) for mip in mip_chain(unit, kind)] if powers else [_codes(unit)]
    match way % 6:
        case 0 | 1:
            dxgi = DxgiFormat.BC3_UNORM if unit.shape[2] == 4 else DxgiFormat.BC1_UNORM
            return encode_dds(mips, dxgi, legacy=True)
        case 2:
            return encode_dds(mips[:1], DxgiFormat.BC7_UNORM)
        case 3:
            return encode_dds(mips[:3], DxgiFormat.B8G8R8A8_UNORM, legacy=True)
        case 4:
            srgb = DxgiFormat.BC7_UNORM_SRGB if kind == "srgb" else DxgiFormat.BC7_UNORM
            return encode_dds(mips, srgb)
        case _:
            return encode_dds(mips[:1], DxgiFormat.R8G8B8A8_UNORM)


def _cubemap(unit: np.ndarray) -> bytes:
    """Six equal faces and the flags that say so."""
    data = bytearray(encode_dds([_codes(unit)], DxgiFormat.BC1_UNORM, legacy=True))
    face = bytes(data[128:])
    struct.pack_into("<I", data, 112, 0xFE00)
    return bytes(data) + face * 5


def _codes(unit: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(unit, 0, 1) * 255).astype(np.uint8)


def _put(folder: Path, name: str, data: bytes) -> None:
    path = folder / "textures" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def main(folder: Path, legacy: Path | None, side: int, sets: int) -> None:
    """Assemble, pack and say what is expected."""
    expected = assemble(folder, legacy, side, sets)
    pack(folder, folder.with_name(folder.name + ".bsa"))
    text = json.dumps(asdict(expected), ensure_ascii=False, indent=1)
    folder.with_name(folder.name + ".json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0] + ".")
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("legacy", type=Path, metavar="LEGACY", nargs="?")
    parser.add_argument("side", type=int, metavar="SIDE", nargs="?", default=512)
    parser.add_argument("sets", type=int, metavar="SETS", nargs="?", default=80)
    main(**vars(parser.parse_args()))

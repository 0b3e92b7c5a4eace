"""Texture sets to time conversion with: procedural materials, painted and stored as mods store theirs."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

import numpy as np

from unbake.domain.maps import MapKind
from unbake.image.arrays import Floats, Maps
from unbake.image.dds.blocks import Effort
from unbake.image.dds.encode import write_dds
from unbake.image.dds.formats import DxgiFormat
from unbake.image.files import write_png
from unbake.image.mips import mip_chain
from unbake.image.normals import encode_normal
from unbake.image.resample import Kind
from unbake.synth.materials import procedural
from unbake.synth.painter import STYLES, paint

FOLDER: Final = "textures/bench"


@dataclass(frozen=True, slots=True)
class Made:
    """One set to make: its side in texels, its materials (one that tiles, or the four of an atlas), how it is stored.

    storage: "old" is BC1 with BC3 normals, as the game ships; "new" is BC7, as mods ship; "loose" is PNG with a height
    map of 16 bits, as authors keep them.
    """

    px: int
    materials: tuple[str, ...]
    style: str
    storage: Literal["old", "new", "loose"]


SETS: Final[dict[str, Made]] = {
    "tile512": Made(512, ("bricks",), "sun", "old"),
    "loose512": Made(512, ("shingles",), "ambient", "loose"),
    "tile1024": Made(1024, ("planks",), "grunge", "old"),
    "atlas1024": Made(1024, ("painted_metal", "leather", "planks", "hammered"), "graded", "old"),
    "tile2048": Made(2048, ("cobbles",), "light", "new"),
}
"""Name → set, small ones first, so that the memory of a large one does not hide theirs."""


def tiling(px: int) -> dict[str, Made]:
    """One set that tiles, of another side than those of `SETS`."""
    return {f"tile{px}": Made(px, ("planks",), "grunge", "old")}


def write_sets(folder: Path, sets: dict[str, Made] = SETS) -> None:
    """Write the files of these sets below `folder / FOLDER`, with mips where they are DDS; the same bytes every time.

    FileError where they cannot be written.
    """
    (folder / FOLDER).mkdir(parents=True, exist_ok=True)
    for name, made in sets.items():
        _write(folder / FOLDER / name, made)


def _write(base: Path, made: Made) -> None:
    """The diffuse, the normal with a specular mask in its alpha, and the height of a loose set."""
    maps = _painted(made)
    diffuse, cut_out = maps[MapKind.DIFFUSE], len(made.materials) > 1
    if cut_out:
        diffuse = np.concatenate([diffuse, _islands(made.px)], -1)
    normal = np.concatenate([encode_normal(maps[MapKind.NORMAL], "directx"), maps[MapKind.SPECULAR]], -1)
    if made.storage == "loose":
        write_png(base.with_name(f"{base.name}.png"), diffuse)
        write_png(base.with_name(f"{base.name}_n.png"), normal)
        write_png(base.with_name(f"{base.name}_p.png"), maps[MapKind.HEIGHT], 16)
        return
    legacy = made.storage == "old"
    colour = DxgiFormat.BC3_UNORM if cut_out else DxgiFormat.BC1_UNORM
    new = DxgiFormat.BC7_UNORM
    _write_dds(base.with_name(f"{base.name}.dds"), diffuse, "srgb", colour if legacy else new, legacy)
    stored = DxgiFormat.BC3_UNORM if legacy else new
    _write_dds(base.with_name(f"{base.name}_n.dds"), normal, "normal", stored, legacy)


def _write_dds(path: Path, image: Floats, kind: Kind, dxgi: DxgiFormat, legacy: bool) -> None:
    mips = [np.rint(mip * 255).astype(np.uint8) for mip in mip_chain(image, kind)]
    write_dds(path, mips, dxgi, Effort.FAST, legacy=legacy)


def _painted(made: Made) -> Maps:
    """The maps of a set: one material, or four in the quarters of a sheet that does not tile."""
    quarters = [_material(name, made) for name in made.materials]
    if len(quarters) == 1:
        return quarters[0]

    def sheet(kind: MapKind) -> Floats:
        parts = [maps[kind] for maps in quarters]
        return np.concatenate([np.concatenate(parts[:2], 1), np.concatenate(parts[2:], 1)], 0)

    wanted = (MapKind.DIFFUSE, MapKind.NORMAL, MapKind.SPECULAR)
    return {kind: sheet(kind) for kind in wanted}


def _material(name: str, made: Made) -> Maps:
    truth = procedural(name, made.px if len(made.materials) == 1 else made.px // 2, 0)
    # Uncompressed here: storing them compresses them, once.
    style = replace(STYLES[made.style], compress=0.0, specular=(1.0, 0.0, 0.0))
    return {**truth, **paint(truth, style, 0)}


def _islands(px: int) -> Floats:
    """Alpha (px, px, 1): a disc in each quarter, and nothing around it."""
    across = (np.arange(px, dtype=np.float32) % (px // 2) + 0.5) / (px // 4) - 1
    inside = across[:, None] ** 2 + across[None, :] ** 2 < 0.9
    return inside[..., None].astype(np.float32)

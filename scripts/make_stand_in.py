"""Assemble a stand-in for a Skyrim mod to look at: `python scripts/make_stand_in.py MATERIALS LEGACY FOLDER`.

LEGACY holds `<pack>/<name>_{d,n[,s]}.jpg`, real game textures; MATERIALS ground truth in MatSynth's layout, painted
as `unbake eval --evidence` paints it (its middle mod). FOLDER gets `named/` with paths as the game's artists name
them, `neutral/` with the same files under numbers, and `sets.json`: of each set its number, its source, and the share
of bare metal that a person saw in the diffuse before anything was converted. The same arguments, the same bytes.
"""

import argparse
import json
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import numpy as np

from unbake.data.sources import list_materials
from unbake.evaluate.declared import DARKNESSES, Companion, environment_mask, paint_declared
from unbake.evaluate.painter import legacy_dds
from unbake.evaluate.run import truth_of
from unbake.image.dds.formats import DxgiFormat
from unbake.image.files import read_picture
from unbake.image.resample import resize

SIDE = 512
MIDDLE = DARKNESSES[1]


class Shown(NamedTuple):
    """A set: its path in the game, its source (legacy: <pack>/<name>), bare metal by eye, and its environment mask.

    mask: a kind of `declared.environment_mask`; "artist" for the specular mask of a legacy pack; "" for none.
    """

    path: str
    source: str
    metal: float
    mask: Companion | str = ""


SETS = (
    Shown("dungeons/dwemer/dwetrim01", "pk01/trims01a", 0.85, "artist"),
    Shown("dungeons/dwemer/dwemetalpanel01", "trak5/panel1", 0.85),
    Shown("dungeons/dwemer/dwemetalfloor01", "trak5/tile3a", 0.85),
    Shown("dungeons/dwemer/dwepipes01", "trak5/pipes1", 0.75),
    Shown("dungeons/imperial/impirongrate01", "pk01/gra_floor02", 0.8),
    Shown("dungeons/imperial/impdooriron01", "pk01/door01a", 0.55),
    Shown("dungeons/ratway/rtwsewergrate01", "trak5/grate1", 0.8),
    Shown("clutter/smithy/ironfloorplate01", "pk01/floor01a", 0.95),
    Shown("clutter/smithy/steelplate01", "pk02/floor12a", 0.95),
    Shown("architecture/windhelm/whironpanels01", "pk02/panels01a", 0.85),
    Shown("landscape/rocks01", "pk02/rock01", 0.0),
    Shown("landscape/dirt02", "pk02/sand01", 0.0),
    Shown("architecture/solitude/sstonefloor01", "pk02/floor_cyl02", 0.0),
    Shown("architecture/markarth/mrktilefloor01", "pk02/floor11", 0.0),
    Shown("architecture/riften/riftenslate01", "pk02/floor09a", 0.0),
    Shown("armor/iron/ironshield", "metal/shield_01", 0.6, "metal"),
    Shown("armor/steel/steelplates01", "metal/metal001", 1.0, "metal"),
    Shown("armor/dwarven/dwarvenchainmail01", "metal/mmn_chainmail_01", 1.0),
    Shown("weapons/steel/steelsword", "metal/sword_wire_135059008", 0.45),
    Shown("weapons/iron/ironbattleaxe", "metal/axe_2_untitled2material_003", 0.65, "metal"),
    Shown("weapons/woodensword", "misc/weapons_of_novice_hero_m_noviceherosword", 0.1),
    Shown("clutter/chandelier01", "metal/chandelier_shd", 0.85, "metal"),
    Shown("clutter/prybar01", "metal/crowbar_01", 0.6),
    Shown("clutter/rustyiron01", "metal/rusty_metal_05", 0.5),
    Shown("furniture/wallsconce01", "metal/metal_manor_torch", 0.85),
    Shown("dungeons/traps/traplever01", "misc/rusty_wall_lever_material", 0.25, "dim"),
    Shown("architecture/farmhouse/farmhousedoor01", "wood/medieval_door_rootnode", 0.12),
    Shown("architecture/farmhouse/farmhouseplanks01", "wood/planks", 0.0),
    Shown("architecture/farmhouse/farmhousethatch01", "ground/thatch", 0.0),
    Shown("architecture/whiterun/wrstonewall01", "stone/rock_wall_08", 0.0),
    Shown("architecture/solitude/gargoyle01", "stone/t_gargoyle", 0.0),
    Shown("furniture/upperclass/upperbookshelf01", "wood/wooden_bookshelf_worn", 0.0),
    Shown("furniture/common/commonstool01", "wood/painted_wooden_stool", 0.0),
    Shown("furniture/noble/noblecouch01", "fabric/sofa_03", 0.0),
    Shown("clutter/books/bookstack01", "misc/theological_book_stack_lambert1", 0.0),
    Shown("clutter/burialurn01", "stone/skulls_polysurface1sg", 0.0),
    Shown("clutter/food/apple01", "misc/food_apple_01", 0.0, "shiny"),
    Shown("armor/leather/leathercuirass", "leather/leather001", 0.0),
    Shown("landscape/snow01", "ground/snow003", 0.0),
    Shown("landscape/trees/treepinebark01", "wood/bark003", 0.0),
)
"""Named after what each picture shows. Half of the materials are of sources that the bundle holds out."""


def painted(materials: Path, shown: Shown) -> dict[str, bytes]:
    """The files of a painted material, by what follows the set's name."""
    folder = materials if (materials / shown.source).is_dir() else materials.with_name("procedural")
    source = next(s for s in list_materials(folder) if s.id == shown.source)
    truth = truth_of(source, SIDE)
    files = paint_declared(shown.source, truth, MIDDLE).files
    files.pop("_m", None)
    if shown.mask:
        rng = np.random.default_rng(crc32(shown.path.encode()))
        mask = environment_mask(shown.mask, truth, rng)  # type: ignore[arg-type]
        files["_m"] = legacy_dds(np.repeat(mask, 3, -1), "linear", DxgiFormat.BC1_UNORM)
    return files


def real(legacy: Path, shown: Shown) -> dict[str, bytes]:
    """The files of a legacy texture; its specular mask, where there is one, is the normal's alpha."""
    diffuse = read_picture(legacy / f"{shown.source}_d.jpg").rgb()
    scale = min(1.0, SIDE / max(diffuse.shape[:2]))
    size = round(diffuse.shape[0] * scale), round(diffuse.shape[1] * scale)
    normal = resize(read_picture(legacy / f"{shown.source}_n.jpg").rgb(), *size, "normal")
    alpha = np.full((*size, 1), 0.5, np.float32)  # as where an artist made no mask
    if (own := legacy / f"{shown.source}_s.jpg").is_file():
        alpha = resize(read_picture(own).rgb()[..., :1], *size, "linear")
    files = {
        "": legacy_dds(resize(diffuse, *size, "srgb"), "srgb", DxgiFormat.BC1_UNORM),
        "_n": legacy_dds(np.concatenate([normal, alpha], -1), "normal", DxgiFormat.BC3_UNORM),
    }
    if shown.mask:
        files["_m"] = legacy_dds(np.repeat(alpha, 3, -1), "linear", DxgiFormat.BC1_UNORM)
    return files


def main(materials: Path, legacy: Path, folder: Path) -> None:
    """Write both trees and the list."""
    listed = {}
    for number, shown in enumerate(SETS):
        is_real = (legacy / f"{shown.source}_d.jpg").is_file()
        files = real(legacy, shown) if is_real else painted(materials, shown)
        for suffix, data in files.items():
            for tree, name in (("named", shown.path), ("neutral", f"tx/{number:04d}")):
                path = folder / tree / "textures" / f"{name}{suffix}.dds"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
        about = {"number": number, "source": shown.source, "metal": shown.metal, "mask": shown.mask}
        listed[shown.path] = about | {"legacy": is_real}
    (folder / "sets.json").write_text(json.dumps(listed, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0] + ".")
    parser.add_argument("materials", type=Path)
    parser.add_argument("legacy", type=Path)
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    main(given.materials, given.legacy, given.folder)

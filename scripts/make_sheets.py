"""Sheets of a converted stand-in, and how its metal meets a person's eye: `make_sheets.py MOD OUT SHEETS`.

MOD: what scripts/make_stand_in.py wrote. OUT: `unbake convert MOD/named OUT`, or of MOD/neutral. SHEETS gets PNGs of
five sets each: diffuse, albedo, roughness, metallic, lit before, lit after; printed are, of each set, the share of
metal by eye and ours, roughness (mean, spread) and the light of albedo by that of the diffuse. With --materials the
true share, and the overlap (IoU) of our metal with the artist's, stand beside.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from make_stand_in import SIDE

from unbake.data.sources import list_materials
from unbake.domain.maps import MapKind
from unbake.evaluate.run import truth_of
from unbake.image.arrays import Maps
from unbake.image.colour import luminance, srgb_to_linear
from unbake.image.files import read_picture, write_png
from unbake.image.normals import decode_normal
from unbake.report.lit import lit_after, lit_before
from unbake.report.pictures import contact_sheet, thumbnail

CELL = 256
A_SHEET = 5
COLUMNS = ("diffuse", "albedo", "roughness", "metallic", "lit before", "lit after")


def maps_of(textures: Path, made: Path) -> Maps:
    """The maps of a set before and after: paths without suffix, of the legacy files and of Skyrim's PBR files."""
    normal = read_picture(Path(f"{textures}_n.dds")).unit()
    rmaos = read_picture(Path(f"{made}_rmaos.dds")).unit()
    return {
        MapKind.DIFFUSE: read_picture(Path(f"{textures}.dds")).unit()[..., :3],
        MapKind.NORMAL: decode_normal(normal[..., :3], "directx"),
        MapKind.SPECULAR: normal[..., 3:],
        MapKind.ALBEDO: read_picture(Path(f"{made}.dds")).unit()[..., :3],
        MapKind.ROUGHNESS: rmaos[..., :1],
        MapKind.METALLIC: rmaos[..., 1:2],
        MapKind.AO: rmaos[..., 2:3],
    }


def row_of(maps: Maps) -> list[np.ndarray | None]:
    """One set's pictures in the order of COLUMNS."""
    shown = (MapKind.DIFFUSE, MapKind.ALBEDO, MapKind.ROUGHNESS, MapKind.METALLIC)
    after = {kind: image for kind, image in maps.items() if kind not in (MapKind.DIFFUSE, MapKind.SPECULAR)}
    lit = [None if image is None else image for image in (lit_before(maps), lit_after(after))]
    small = [
        None if image is None else thumbnail(image / np.float32(255), MapKind.DIFFUSE, CELL) for image in lit
    ]
    return [thumbnail(maps[kind], kind, CELL) for kind in shown] + small


def ranks(values: np.ndarray) -> np.ndarray:
    """Ranks of values (n,), ties sharing their mean rank."""
    return np.array([(values < value).sum() + ((values == value).sum() - 1) / 2 for value in values])


def overlap(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Intersection over union of two masks of metal, nan where neither has any."""
    a, b = ours > 0.5, theirs > 0.5
    return float((a & b).sum() / (a | b).sum()) if (a | b).any() else float("nan")


def main(mod: Path, out: Path, sheets: Path, materials: Path | None) -> None:
    """Write the sheets and print the table."""
    sets = json.loads((mod / "sets.json").read_bytes())
    named = not (out / "textures" / "pbr" / "tx").is_dir()
    known = {}
    for folder in () if materials is None else (materials, materials.with_name("procedural")):
        known |= {source.id: source for source in list_materials(folder)}
    rows, names, ours = [], [], []
    print(
        f"{'set':44} {'eye':>5} {'metal':>6} {'true':>6} {'IoU':>5} {'rough':>6} {'spread':>6} {'light':>6}"
    )
    for path, about in sets.items():
        name = path if named else f"tx/{about['number']:04d}"
        root = mod / ("named" if named else "neutral") / "textures"
        maps = maps_of(root / name, out / "textures" / "pbr" / name)
        truth = truth_of(known[about["source"]], SIDE) if about["source"] in known else {}
        metal, rough = maps[MapKind.METALLIC], maps[MapKind.ROUGHNESS]
        light = [float(luminance(srgb_to_linear(maps[k])).mean()) for k in (MapKind.ALBEDO, MapKind.DIFFUSE)]
        true, iou = "", ""
        if MapKind.METALLIC in truth:
            theirs = truth[MapKind.METALLIC]
            true, iou = f"{float(theirs.mean()):.2f}", f"{overlap(metal, theirs):.2f}"
        ours.append((float(about["metal"]), float((metal > 0.5).mean())))
        print(
            f"{path:44} {ours[-1][0]:5.2f} {ours[-1][1]:6.2f} {true:>6} {iou:>5} {float(rough.mean()):6.2f} "
            f"{float(rough.std()):6.3f} {light[0] / light[1]:6.2f} {about['mask']}"
        )
        rows.append(row_of(maps))
        names.append(f"{about['number']} {path}")
    by_eye, found = np.array(ours).T
    together = np.corrcoef(ranks(by_eye), ranks(found))[0, 1]
    missed = [name for name, (eye, share) in zip(names, ours, strict=True) if eye >= 0.5 and share < 0.1]
    print(f"rank correlation with the eye {together:.2f}; mostly metal, found less than a tenth: {missed}")
    sheets.mkdir(parents=True, exist_ok=True)
    for at in range(0, len(rows), A_SHEET):
        sheet = contact_sheet(rows[at : at + A_SHEET], COLUMNS, names=names[at : at + A_SHEET])
        write_png(sheets / f"sheet{at // A_SHEET}.png", sheet)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0] + ".")
    parser.add_argument("mod", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("sheets", type=Path)
    parser.add_argument("--materials", type=Path)
    given = parser.parse_args()
    main(given.mod, given.out, given.sheets, given.materials)

"""Measure metal on real painted textures that a person labelled: `python scripts/metal_by_eye.py FOLDER [--model M]`.

FOLDER holds the pictures that scripts/metal_by_eye.tsv names (path, "metal" or "none"; each pack is one mod):
../shared/data/legacy, or what `dpkg-deb -x` makes of Debian's megaglest-data 3.13.0, whose medieval atlases are by
painters of another game. Names, masks and paths are left aside: what is printed is what the networks see. A normal
and a specular mask are taken where they lie beside the diffuse (`_d`, `_n`, `_s`), else the surface is flat.
"""

import argparse
import csv
import tempfile
from pathlib import Path

import numpy as np

from unbake.batch.levels import measure_level
from unbake.convert.apply_evidence import apply_evidence
from unbake.convert.convert import convert_set
from unbake.convert.find import find_sets
from unbake.convert.inputs import load_inputs
from unbake.convert.predict import Predictor, load_predictor
from unbake.domain.hints import Hint
from unbake.domain.maps import MapKind
from unbake.evidence.evidence import gather
from unbake.image.files import read_picture, write_png
from unbake.image.resample import resize

SIDE = 256
LABELS = Path(__file__).with_suffix(".tsv")
TOP = 0.9
"""The quantile of a texture's log-odds of metal by which it is said to have some, as `unbake eval` takes it."""


def labels_of(folder: Path) -> dict[str, dict[str, str]]:
    """Labels by path, of each pack whose pictures lie in the folder."""
    with LABELS.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if (folder / row["path"]).is_file()]
    packs: dict[str, dict[str, str]] = {}
    for row in rows:
        packs.setdefault(row["pack"], {})[row["path"]] = row["metal"]
    return packs


def lay_out(picture: Path, base: Path) -> None:
    """Write a set of at most SIDE texels, base.png and base_n.png, of a picture and what lies beside it."""
    diffuse = read_picture(picture).rgb()
    scale = SIDE / max(diffuse.shape[:2])
    height, width = (max(8, round(side * scale)) for side in diffuse.shape[:2])
    normal = np.full((height, width, 3), (0.5, 0.5, 1.0), np.float32)
    if (own := picture.with_name(picture.name.replace("_d.", "_n."))) != picture and own.is_file():
        normal = resize(read_picture(own).rgb(), height, width, "normal")
    if (mask := picture.with_name(picture.name.replace("_d.", "_s."))) != picture and mask.is_file():
        alpha = resize(read_picture(mask).rgb()[..., :1], height, width, "linear")
        normal = np.concatenate([normal, alpha], -1)
    write_png(base.with_suffix(".png"), resize(diffuse, height, width, "srgb"))
    write_png(base.with_name(f"{base.name}_n.png"), normal)


def seen(folder: Path, paths: list[str], predictor: Predictor) -> tuple[np.ndarray, np.ndarray]:
    """Of one mod of these pictures: the log-odds that each has metal, and the share that is decided to be."""
    with tempfile.TemporaryDirectory() as place:
        for number, path in enumerate(paths):
            lay_out(folder / path, Path(place) / f"t{number:04d}")
        sets = sorted(find_sets(Path(place))[0], key=lambda found: found.name)
        level = measure_level(Path(place), sets).level
        found = []
        for files in sets:
            inputs = load_inputs(files)
            made = convert_set(inputs, predictor, level=level)
            decided = apply_evidence(made, inputs, gather(None, Hint(), level))
            assert made.metal_logits is not None
            metal = decided.maps[MapKind.METALLIC]
            found.append((np.quantile(made.metal_logits, TOP), (metal > 0.5).mean()))
    odds, shares = np.array(found).T
    return odds, shares


def main(folder: Path, model: Path | None) -> None:
    """Print the figures of each pack, and of all."""
    predictor = load_predictor(model)
    assert predictor is not None
    every: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for pack, labels in labels_of(folder).items():
        odds, shares = seen(folder, list(labels), predictor)
        every.append((odds, shares, np.array([label == "metal" for label in labels.values()])))
        show(pack, *every[-1])
    if len(every) > 1:
        show("all", *(np.concatenate(column) for column in zip(*every, strict=True)))


def show(name: str, odds: np.ndarray, shares: np.ndarray, metal: np.ndarray) -> None:
    """A line: AUC of whether there is metal, and the share called metal of those that have some and of the others."""
    higher = odds[metal][:, None] - odds[~metal][None]
    auc = ((higher > 0) + 0.5 * (higher == 0)).mean()
    print(
        f"{name}: {metal.sum()} with metal, {(~metal).sum()} without; is there any, AUC {auc:.3f}; "
        f"called metal: {shares[metal].mean():.1%} and {shares[~metal].mean():.1%}"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0] + ".")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", type=Path)
    given = parser.parse_args()
    main(given.folder, given.model)

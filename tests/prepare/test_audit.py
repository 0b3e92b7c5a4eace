import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unbake.data.sources import list_materials
from unbake.data.split import split
from unbake.domain.maps import MapKind
from unbake.errors import UsageError
from unbake.prepare.audit import audit, join
from unbake.synth.materials import procedural


def paint_over(place: Path, stem: str, pixels: np.ndarray) -> None:
    Image.fromarray(pixels.astype(np.uint8)).save(place / f"{stem}.png")


def picture(name: str, seed: int = 0) -> np.ndarray:
    return np.rint(procedural(name, 64, seed)[MapKind.ALBEDO] * 255)


@pytest.fixture
def root(tmp_path, write_material) -> Path:
    """Materials of four kinds, each with one thing wrong, and near-copies that the names do not tell."""
    folder = tmp_path / "data" / "MatSynth"
    for name in ("oak001", "elm002", "ash003", "fir004"):
        paint_over(write_material(folder, f"wood/{name}"), "basecolor", picture("planks", int(name[-1])))
    paint_over(folder / "wood" / "oak001", "roughness", np.full((64, 64), 128))
    paint_over(folder / "wood" / "oak001", "diffuse", np.zeros((64, 64, 3)))
    paint_over(folder / "wood" / "elm002", "normal", np.full((64, 64, 3), 90))
    for name in ("stone/slate", "ground/pebbles"):
        paint_over(write_material(folder, name), "basecolor", picture("cobbles"))
    paint_over(write_material(folder, "metal/bar", size=(64, 32)), "basecolor", picture("bricks")[:32])
    return tmp_path


def found(report: dict) -> set[tuple[str, str]]:
    return {(finding["material"], finding["what"]) for finding in report["findings"]}


def test_what_is_wrong_is_found_and_nothing_else(root):
    report, _ = audit(root, workers=1)
    assert found(report) == {
        ("MatSynth/wood/oak001", "constant map"),
        ("MatSynth/wood/oak001", "black diffuse"),
        ("MatSynth/wood/elm002", "bad normal"),
        ("MatSynth/wood/elm002", "constant map"),
        ("MatSynth/metal/bar", "not square"),
    }


def test_a_normal_map_of_grey_is_a_bad_one(root):
    paint_over(root / "data" / "MatSynth" / "wood" / "ash003", "normal", picture("planks")[..., 0])
    assert ("MatSynth/wood/ash003", "bad normal") in found(audit(root, workers=1)[0])


def test_maps_that_do_not_fit_together_are_found(root):
    paint_over(root / "data" / "MatSynth" / "wood" / "ash003", "roughness", picture("planks")[:32, :, 0])
    assert ("MatSynth/wood/ash003", "other proportions") in found(audit(root, workers=1)[0])


def test_pictures_that_make_no_material_are_found(root):
    (root / "data" / "MatSynth" / "wood" / "ash003" / "normal.png").unlink()
    assert ("MatSynth/wood/ash003", "no material") in found(audit(root, workers=1)[0])


def test_near_copies_are_found_whatever_their_names_and_categories(root):
    (copy,) = audit(root, workers=1)[0]["near_copies"]
    assert copy["materials"] == ["MatSynth/ground/pebbles", "MatSynth/stone/slate"]
    assert copy["categories"] == ["ground", "stone"]


def test_joined_near_copies_are_one_family_and_in_one_split(root):
    report, _ = audit(root, workers=1)
    assert join(root, report) == [["MatSynth/ground/pebbles", "MatSynth/stone/slate"]]
    report, _ = audit(root, workers=1)
    assert len(set(report["near_copies"][0]["families"])) == 1
    assert (report["leaks"], join(root, report)) == ([], [])


@pytest.mark.parametrize("seed", range(5))
def test_near_copies_by_name_share_a_split(tmp_path, write_material, seed):
    for number in range(8):
        for letter in "abc":
            write_material(tmp_path, f"wood/oak{number:03d}{letter}")
    where = split(list_materials(tmp_path), val_fraction=0.4, seed=seed)
    parts = {number: {where[f"wood/oak{number:03d}{letter}"] for letter in "abc"} for number in range(8)}
    assert all(len(splits) == 1 for splits in parts.values())
    assert len(set.union(*parts.values())) == 2


def test_the_split_report_has_every_material_once_in_the_split_of_its_family(root):
    _, splits = audit(root, workers=1)
    told = {
        material: part
        for part, families in splits["matsynth"].items()
        for materials in families.values()
        for material in materials
    }
    assert told == split(list_materials(root / "data" / "MatSynth"))


def test_both_domains_are_looked_at(root):
    shutil.copytree(root / "data" / "MatSynth" / "metal", root / "data" / "Skyrim" / "clutter")
    place = root / "data" / "Skyrim" / "clutter" / "bar"
    paint_over(place, "diffuse", picture("planks")[:32] / 2)
    report, splits = audit(root, workers=1)
    assert report["materials"] == {"matsynth": 7, "skyrim": 1}
    assert [len(splits["counts"][domain]) > 0 for domain in ("matsynth", "skyrim")] == [True, True]


def test_a_picture_that_cannot_be_read_is_named(root):
    (root / "data" / "MatSynth" / "wood" / "fir004" / "normal.png").write_bytes(b"nothing")
    assert audit(root, workers=1)[0]["unreadable"] == ["MatSynth/wood/fir004"]


def test_the_reports_are_json(root):
    for report in audit(root, workers=1):
        assert json.loads(json.dumps(report)) == report


def test_an_empty_project_is_answered_with_what_to_do(tmp_path):
    with pytest.raises(UsageError, match="unbake data matsynth"):
        audit(tmp_path)


def test_a_source_that_no_material_has_is_not_held_out_in_silence(root):
    with pytest.raises(UsageError, match="got owner/typo"):
        audit(root, ("owner/typo",))

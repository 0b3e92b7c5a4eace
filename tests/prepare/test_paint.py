import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unbake.data.sources import list_materials
from unbake.errors import UsageError
from unbake.image.files import read_picture
from unbake.prepare.paint import paint_diffuses, plan_paintings
from unbake.synth.painter import TRAINING_STYLES


def painted(folder: Path, **options) -> dict:
    return paint_diffuses(folder, **{"pairs": 5, "workers": 1} | options)


def told(folder: Path, material: str) -> dict:
    return json.loads((folder / material / "metadata.json").read_text())


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*_syn_*.png")}


@pytest.fixture
def folder(tmp_path, write_material) -> Path:
    for name in ("oak001", "elm002", "ash003"):
        write_material(tmp_path, f"wood/{name}", about={"tileable": True, "metallic": "zero"})
    return tmp_path


def test_so_many_pairs_are_painted_over_the_materials_evenly(folder):
    report = painted(folder)
    counts = Counter(name.rsplit("/", 1)[0] for name in files(folder) if "/diffuse_syn_" in name)
    assert (report["painted"], sorted(counts.values())) == (5, [1, 2, 2])


def test_the_same_seed_paints_the_same_bytes_and_another_does_not(folder):
    painted(folder)
    first = files(folder)
    for name in first:
        (folder / name).unlink()
    painted(folder)
    assert files(folder) == first
    painted(folder, seed=1)
    assert {name: data for name, data in files(folder).items() if first.get(name) == data} == {}


def test_a_painting_depends_on_nothing_but_its_material(folder, write_material):
    painted(folder, pairs=3)
    before = files(folder)
    write_material(folder, "wood/fir004", about={"tileable": True, "metallic": "zero"})
    painted(folder, pairs=4)
    assert {name: files(folder)[name] for name in before} == before


def test_a_second_run_paints_only_what_is_missing(folder):
    painted(folder)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("diffuse_syn_0.png")}
    lost = next(iter(before))
    lost.unlink()
    report = painted(folder)
    assert (report["painted"], report["there_already"]) == (1, 4)
    assert {path: path.stat().st_mtime_ns for path in before if path != lost} == {
        path: time for path, time in before.items() if path != lost
    }


def test_a_run_that_was_stopped_goes_on_to_the_same_pictures(folder):
    painted(folder)
    expected = files(folder)
    for name in expected:
        (folder / name).unlink()

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        painted(folder, on_progress=stop)
    assert 0 < len(files(folder)) < len(expected)
    painted(folder)
    assert files(folder) == expected


def test_a_dry_run_tells_and_changes_nothing(folder):
    before = sorted(folder.rglob("*"))
    assert painted(folder, dry_run=True)["to_paint"] == 5
    assert sorted(folder.rglob("*")) == before


def test_paintings_are_listed_as_written_ones_with_their_masks(folder):
    painted(folder, pairs=30)
    materials = list_materials(folder)
    assert [len(material.painted) for material in materials] == [10, 10, 10]
    masks = [painting.specular is not None for material in materials for painting in material.painted]
    assert 0 < sum(masks) < 30


def test_every_style_has_its_share(folder):
    styles = painted(folder, pairs=len(TRAINING_STYLES) * 3)["styles"]
    assert styles == dict.fromkeys(sorted(TRAINING_STYLES), 3)


def test_overwriting_puts_the_painting_in_place_of_the_diffuse_and_keeps_that(folder):
    own = folder / "wood" / "oak001" / "diffuse.png"
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(own)
    before = own.read_bytes()
    painted(folder, pairs=3, overwrite=True)
    painted(folder, pairs=3, overwrite=True, seed=1)
    assert read_picture(own).pixels.max() > 0
    assert (own.parent / "diffuse_given.png").read_bytes() == before
    assert told(folder, "wood/oak001")["diffuse"] == "synthetic"
    assert files(folder) == {}
    assert [len(material.painted) for material in list_materials(folder)] == [1, 1, 1]


def test_pictures_are_reduced_to_the_side_asked_for(folder):
    painted(folder, px=32)
    assert {read_picture(path).pixels.shape[:2] for path in folder.rglob("*_syn_*.png")} == {(32, 32)}


def test_a_material_that_cannot_be_read_is_named_and_the_rest_is_painted(folder):
    (folder / "wood" / "elm002" / "normal.png").write_bytes(b"nothing")
    report = painted(folder, pairs=3)
    assert ([one["material"] for one in report["failed"]], report["painted"]) == (["wood/elm002"], 2)


def test_processes_paint_what_one_process_paints(folder):
    painted(folder)
    expected = files(folder)
    for name in expected:
        (folder / name).unlink()
    painted(folder, workers=2)
    assert files(folder) == expected


def test_with_more_materials_than_pairs_some_are_left(folder):
    assert len(plan_paintings(list_materials(folder), 2)) == 2


def test_no_pairs_are_no_plan(folder):
    with pytest.raises(UsageError, match="one pair"):
        plan_paintings(list_materials(folder), 0)


def test_what_is_written_is_the_paintings_their_masks_and_the_metadata(folder):
    before = {path for path in folder.rglob("*") if path.is_file()}
    painted(folder, pairs=9)
    new = {path.name for path in folder.rglob("*") if path.is_file()} - {path.name for path in before}
    assert new <= {f"{stem}_syn_{k}.png" for stem in ("diffuse", "specular") for k in range(3)}
    assert {f"diffuse_syn_{k}.png" for k in range(3)} <= new


def test_nothing_is_written_beside_the_materials(folder):
    before = {path for path in folder.rglob("*") if path.is_dir()}
    painted(folder)
    assert {path for path in folder.rglob("*") if path.is_dir()} == before

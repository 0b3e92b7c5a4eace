import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unbake.errors import FileError, UsageError
from unbake.prepare.duplicates import find_duplicates, quarantine, undo


def diffuse(place: Path, change) -> None:
    pixels = np.asarray(Image.open(place / "basecolor.png"))
    Image.fromarray(change(pixels).astype(np.uint8)).save(place / "diffuse.png")


@pytest.fixture
def root(tmp_path, write_material) -> Path:
    """Six game pairs, one a duplicate; in MatSynth one diffuse of each kind."""
    maps = ("basecolor", "normal", "metallic")
    for k in range(6):
        place = write_material(
            tmp_path / "data" / "Skyrim", f"clutter/pot{k}", maps, about={"name": f"pot{k}"}
        )
        diffuse(place, (lambda pixels: pixels) if k == 0 else (lambda pixels: pixels // 2))
    made = {"same": lambda p: p, "black": lambda p: p * 0, "own": lambda p: p // 2}
    for name, change in made.items():
        diffuse(write_material(tmp_path / "data" / "MatSynth", f"wood/{name}", maps), change)
    return tmp_path


def found(root: Path):
    matsynth, skyrim, failed = find_duplicates(root, workers=1)
    assert failed == []
    return matsynth, skyrim


def test_a_game_pair_that_is_one_picture_twice_is_moved_aside(root):
    report = quarantine(root, *found(root))
    assert report["moved"] == ["clutter/pot0"]
    assert (root / "data" / "duplicates" / "clutter" / "pot0" / "diffuse.png").is_file()
    assert not (root / "data" / "Skyrim" / "clutter" / "pot0").exists()


def test_undo_brings_back_every_file(root):
    place = root / "data" / "Skyrim" / "clutter" / "pot0"
    before = {path.name: path.read_bytes() for path in place.iterdir()}
    quarantine(root, *found(root))
    assert undo(root) == ["clutter/pot0"]
    assert {path.name: path.read_bytes() for path in place.iterdir()} == before
    assert list((root / "data" / "duplicates").iterdir()) == []


def test_undo_after_two_runs_brings_back_the_moves_of_both(root):
    quarantine(root, *found(root))
    place = root / "data" / "Skyrim" / "clutter" / "pot1"
    shutil.copy(place / "basecolor.png", place / "diffuse.png")
    quarantine(root, *found(root))
    assert undo(root) == ["clutter/pot0", "clutter/pot1"]


def test_a_run_killed_before_its_move_is_undone_too(root):
    quarantine(root, *found(root))
    (root / "data" / "duplicates" / "clutter" / "pot0").rename(root / "data" / "Skyrim" / "clutter" / "pot0")
    assert undo(root) == []


def test_in_matsynth_diffuses_are_only_marked(root):
    quarantine(root, *found(root))
    marks = {
        name: json.loads((root / "data" / "MatSynth" / "wood" / name / "metadata.json").read_text())[
            "diffuse"
        ]
        for name in ("same", "black", "own")
    }
    assert marks == {"same": "basecolor", "black": "black", "own": "own"}


def test_many_duplicates_are_not_moved_unless_a_person_is_sure(root):
    for k in (1, 2):
        place = root / "data" / "Skyrim" / "clutter" / f"pot{k}"
        shutil.copy(place / "basecolor.png", place / "diffuse.png")
    with pytest.raises(UsageError, match="--yes"):
        quarantine(root, *found(root))
    assert len(list((root / "data" / "Skyrim" / "clutter").iterdir())) == 6
    assert len(quarantine(root, *found(root), sure=True)["moved"]) == 3


def test_a_painted_diffuse_is_nobodys_duplicate(root):
    place = root / "data" / "MatSynth" / "wood" / "same"
    (place / "metadata.json").write_text('{"diffuse": "synthetic"}')
    assert "wood/same" not in found(root)[0]


def test_a_picture_that_cannot_be_read_is_named(root):
    (root / "data" / "Skyrim" / "clutter" / "pot3" / "diffuse.png").write_bytes(b"nothing")
    assert [one["material"] for one in find_duplicates(root, workers=1)[2]] == ["clutter/pot3"]


def test_without_moves_there_is_nothing_to_undo(tmp_path):
    with pytest.raises(UsageError, match="nothing was moved"):
        undo(tmp_path)


def test_a_root_that_is_no_project_is_an_error_and_none_is_made(tmp_path):
    with pytest.raises(UsageError, match="unbake init"):
        find_duplicates(tmp_path / "mistyped", workers=1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../../outside", "/etc", "clutter/../../../x"])
def test_a_list_of_moves_that_leads_outside_is_refused(root, name):
    quarantine(root, *found(root))
    path = root / "data" / "duplicates" / "undo.json"
    path.write_text(json.dumps({"moved": [name]}))
    with pytest.raises(FileError, match="Expected a path inside"):
        undo(root)

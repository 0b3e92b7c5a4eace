import json

import numpy as np
import pytest

from unbake.domain.maps import MapKind
from unbake.errors import FileError
from unbake.image.files import read_picture
from unbake.prepare.folders import read_metadata, safe_name, update_metadata, write_folder

GREY = {
    MapKind.ALBEDO: np.full((4, 4, 3), 0.5, np.float32),
    MapKind.HEIGHT: np.full((4, 4, 1), 0.3, np.float32),
}


def test_a_folder_holds_its_maps_and_metadata_and_nothing_of_an_older_one(tmp_path):
    place = tmp_path / "wood" / "oak"
    place.mkdir(parents=True)
    (place / "old.png").write_bytes(b"old")
    write_folder(place, GREY, {"name": "oak"})
    assert sorted(path.name for path in place.iterdir()) == ["basecolor.png", "height.png", "metadata.json"]
    assert read_picture(place / "height.png").pixels.dtype == np.uint16


def test_a_folder_that_cannot_be_written_leaves_nothing_behind(tmp_path):
    with pytest.raises(TypeError):
        write_folder(tmp_path / "wood" / "oak", GREY, {"name": object()})
    assert list((tmp_path / "wood").iterdir()) == []


def test_a_file_in_the_way_is_told_in_a_sentence(tmp_path):
    (tmp_path / "wood").write_text("")
    with pytest.raises(FileError, match="Expected to write"):
        write_folder(tmp_path / "wood" / "oak", GREY, {})


def test_keys_are_set_and_taken_away_and_the_others_stay(tmp_path):
    write_folder(tmp_path / "oak", {}, {"name": "oak", "diffuse": "own", "ä": "ö"})
    update_metadata(tmp_path / "oak", {"diffuse": None, "family": "trees"})
    assert read_metadata(tmp_path / "oak") == {"name": "oak", "ä": "ö", "family": "trees"}


@pytest.mark.parametrize("content", ["{", "[1]", ""])
def test_metadata_that_are_no_object_are_named_and_kept(tmp_path, content):
    (tmp_path / "metadata.json").write_text(content)
    with pytest.raises(FileError, match=r"metadata\.json"):
        update_metadata(tmp_path, {"name": "oak"})
    assert (tmp_path / "metadata.json").read_text() == content


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("acg_wood_001", "acg_wood_001"),
        ("../../etc", "etc"),
        ("a/b\\c:d", "a_b_c_d"),
        ("NUL", "NUL_"),
        ("дерево", "дерево"),
        ("...", ""),
    ],
)
def test_names_are_safe_for_a_folder_on_any_system(name, expected):
    assert safe_name(name) == expected


def test_metadata_are_readable_json(tmp_path):
    write_folder(tmp_path / "oak", {}, {"name": "oak"})
    assert json.loads((tmp_path / "oak" / "metadata.json").read_text()) == {"name": "oak"}

"""Folders to choose from: what is in one, what is a mod, the usual places and the last conversions."""

from pathlib import Path

import pytest

from unbake.app.folders import KEPT, list_folder, places, recent, remember
from unbake.app.state import Settings
from unbake.errors import UsageError


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNBAKE_CACHE", str(tmp_path / "cache"))


def test_folders_come_first_and_mods_and_archives_are_marked(tmp_path: Path):
    (tmp_path / "b mod" / "Textures").mkdir(parents=True)
    (tmp_path / "A folder").mkdir()
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "old.BSA").write_bytes(b"")
    (tmp_path / "readme.txt").write_text("")
    assert [(item.name, item.folder, item.mod) for item in list_folder(str(tmp_path)).items] == [
        ("A folder", True, False),
        ("b mod", True, True),
        ("old.BSA", False, True),
    ]


def test_a_folder_has_a_way_up_but_the_topmost(tmp_path: Path):
    assert list_folder(str(tmp_path)).parent == str(tmp_path.parent)
    assert list_folder(tmp_path.anchor).parent is None


def test_out_is_proposed_beside_the_mod(tmp_path: Path):
    assert list_folder(str(tmp_path)).out == str(tmp_path.with_name(f"{tmp_path.name} - PBR"))


def test_of_very_many_items_the_rest_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("unbake.app.folders.SHOWN", 2)
    for name in "abc":
        (tmp_path / name).mkdir()
    found = list_folder(str(tmp_path))
    assert ([item.name for item in found.items], found.left) == (["a", "b"], 1)


@pytest.mark.parametrize("path", ["", "mods", "../..", "\0"])
def test_a_path_that_is_not_whole_is_refused(path: str):
    with pytest.raises(UsageError, match="whole path"):
        list_folder(path)


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path: Path):
    with pytest.raises(UsageError, match="can be read"):
        list_folder(str(tmp_path / "none"))


def test_a_link_to_nowhere_is_left_out(tmp_path: Path):
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    assert list_folder(str(tmp_path)).items == []


def test_the_places_are_there():
    found = places()
    assert Path.home() in [Path(place.path) for place in found]
    assert all(Path(place.path).is_dir() for place in found)


def test_the_last_conversions_are_remembered_latest_first_and_once(tmp_path: Path):
    for number in range(KEPT + 2):
        (tmp_path / str(number)).mkdir()
        remember(Settings((str(tmp_path / str(number)),), f"{tmp_path}/out{number}"))
    remember(Settings((str(tmp_path / "5"),), f"{tmp_path}/out5", max_size=64))
    outs = [Path(one.out).name for one in recent()]
    assert outs == ["out5", "out9", "out8", "out7", "out6", "out4", "out3", "out2"]
    assert recent()[0].max_size == 64


def test_a_mod_that_is_gone_is_not_offered(tmp_path: Path):
    remember(Settings((str(tmp_path / "gone"),), f"{tmp_path}/out"))
    assert recent() == []


def test_a_damaged_list_is_empty(tmp_path: Path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "app.json").write_text("{")
    assert recent() == []

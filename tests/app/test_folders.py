"""Folders to choose from: what is in one, what is a mod, the usual places and the last conversions."""

from pathlib import Path

import pytest
from support.mod_managers import deployment, instance, written

from unbake.app.folders import KEPT, chosen, list_folder, managers, places, recent, remember
from unbake.app.state import Chosen, Place, Settings
from unbake.convert import places as places_of_managers
from unbake.errors import UsageError


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNBAKE_CACHE", str(tmp_path / "cache"))


POT = {"textures/pot.dds": b""}


def test_folders_come_first_and_what_can_be_converted_is_marked(tmp_path: Path):
    written(tmp_path / "b mod" / "Textures", {})
    instance(tmp_path / "c organizer", {"Mod": POT}, {"Default": ["+Mod"]})
    deployment(tmp_path / "Data", {"Mod": POT})
    written(tmp_path / "A folder", {})
    written(tmp_path / ".hidden", {})
    written(tmp_path, dict.fromkeys(("old.BSA", "new.7z", "Mod.zip", "x.rar", "readme.txt"), b""))
    assert [(item.name, item.kind) for item in list_folder(str(tmp_path)).items] == [
        ("A folder", "folder"),
        ("b mod", "mod"),
        ("c organizer", "Mod Organizer"),
        ("Data", "Vortex"),
        ("Mod.zip", "archive"),
        ("new.7z", "archive"),
        ("old.BSA", "archive"),
        ("x.rar", "archive"),
    ]
    assert list_folder(str(tmp_path / "c organizer")).kind == "Mod Organizer"


def test_the_path_of_a_file_shows_what_is_around_it(tmp_path: Path):
    written(tmp_path, {"Mod.zip": b""})
    assert list_folder(str(tmp_path / "Mod.zip")) == list_folder(str(tmp_path))


def test_a_folder_has_a_way_up_but_the_topmost(tmp_path: Path):
    assert list_folder(str(tmp_path)).parent == str(tmp_path.parent)
    assert list_folder(tmp_path.anchor).parent is None


def test_out_is_proposed_beside_the_mod_and_is_no_archive(tmp_path: Path):
    written(tmp_path, {"Walls 1.2.zip": b""})
    written(tmp_path / "Roofs 1.2", {})
    outs = [Path(chosen([str(tmp_path / name)]).out).name for name in ("Walls 1.2.zip", "Roofs 1.2")]
    assert outs == ["Walls 1.2 - PBR", "Roofs 1.2 - PBR"]


def test_of_mod_organizer_the_profiles_are_told_and_the_one_that_it_shows(tmp_path: Path):
    root = instance(tmp_path / "mo2", {"Mod": POT}, {"B": ["+Mod"], "A": []}, selected="B")
    out = str(tmp_path / "mo2 - PBR")
    assert chosen([str(root)]) == Chosen(out, "Mod Organizer", ("A", "B"), "B")


def test_what_vortex_has_deployed_is_known_from_the_games_folder_too(tmp_path: Path):
    deployment(tmp_path / "Skyrim" / "Data", {"Mod": POT})
    assert {chosen([str(tmp_path / name)]).manager for name in ("Skyrim", "Skyrim/Data")} == {"Vortex"}


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("mo2/mods", "in which Mod Organizer keeps 2 of them; give its own folder"),
        ("several", "2 folders that each hold one ('A', 'B')"),
        ("Mod.rar", "a RAR archive, which is not read here; unpack it"),
        ("several/A", ""),
        ("mo2", ""),
        ("Mod.zip", ""),
        ("gone", ""),
    ],
)
def test_what_cannot_be_converted_as_it_is_comes_with_what_to_do(tmp_path: Path, name: str, sentence: str):
    instance(tmp_path / "mo2", {"A": POT, "B": POT}, {"Default": ["+A", "+B"]})
    for mod in "AB":
        written(tmp_path / "several" / mod, POT)
    written(tmp_path, {"Mod.rar": b"", "Mod.zip": b""})
    advice = chosen([str(tmp_path / name)]).advice
    assert sentence in advice
    assert bool(advice) == bool(sentence)


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


def test_the_mod_managers_are_offered_by_the_name_of_instance_or_game(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    root = instance(tmp_path / "My Mods", {}, {"Default": []})
    data = tmp_path / "Skyrim VR" / "Data"
    found = [places_of_managers.Place("Mod Organizer", root), places_of_managers.Place("Vortex", data)]
    monkeypatch.setattr("unbake.app.folders.usual_places", lambda: found)
    assert managers() == [
        Place("Mod Organizer: My Mods", str(root)),
        Place("Vortex: Skyrim VR", str(data)),
    ]


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

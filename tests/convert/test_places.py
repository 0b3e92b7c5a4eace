"""The mod managers and games that a person may choose from."""

from pathlib import Path

from support.mod_managers import deployment, instance, written

from unbake.convert.places import Place, usual_places


def test_instances_of_the_account_and_portable_ones_are_listed_with_their_profiles(tmp_path: Path):
    local = instance(tmp_path / "local" / "ModOrganizer" / "SSE", {}, {"A": [], "B": []}, selected="B")
    portable = instance(tmp_path / "d" / "Modding" / "MO2", {}, {"Default": []})
    top = instance(tmp_path / "d" / "MO2", {}, {})
    found = usual_places({"LOCALAPPDATA": str(tmp_path / "local")}, tmp_path / "home", [tmp_path / "d"])
    assert found == [
        Place("Mod Organizer", local, ("A", "B"), "B"),
        Place("Mod Organizer", top),
        Place("Mod Organizer", portable, ("Default",)),
    ]


def test_games_of_steam_and_its_other_libraries_are_listed_those_of_vortex_first(tmp_path: Path):
    steam, games = (
        tmp_path / "c" / "Program Files (x86)" / "Steam",
        "steamapps/common/Skyrim Special Edition/Data",
    )
    data = written(steam / games, {})
    deployed = deployment(tmp_path / "e" / "My Library" / games, {})
    library = f'"libraryfolders" {{ "1" {{ "path" "{tmp_path}/e/My Library" }} }}'
    (steam / "steamapps" / "libraryfolders.vdf").write_text(library)
    assert usual_places({}, tmp_path / "home", [tmp_path / "c"]) == [
        Place("Vortex", deployed),
        Place("Data", data),
    ]


def test_a_place_that_several_links_lead_to_is_listed_once(tmp_path: Path):
    data = written(tmp_path / ".local/share/Steam/steamapps/common/Skyrim Special Edition/Data", {})
    (tmp_path / ".steam").mkdir()
    (tmp_path / ".steam" / "steam").symlink_to(tmp_path / ".local" / "share" / "Steam")
    [found] = usual_places({}, tmp_path, [])
    assert found.path.resolve() == data


def test_what_cannot_be_read_is_left_out(tmp_path: Path):
    (tmp_path / "d").write_text("no folder")
    assert usual_places({"LOCALAPPDATA": str(tmp_path / "none")}, tmp_path / "home", [tmp_path / "d"]) == []

"""The sets of a mod manager's load order are those that the game would see."""

import json
from pathlib import Path

import pytest
from bethkit import BsaVersion, BsaWriter
from support.mod_managers import Files, deployment, instance, written

from unbake.convert.find import find_sets
from unbake.convert.game_paths import why_not_one_mod
from unbake.convert.game_view import GameView, load_order_of, view
from unbake.convert.mod_organizer import profiles_of, read_instance
from unbake.errors import UsageError

OUT = Path("/nowhere/PBR")
POT, PAN = "textures/clutter/pot.dds", "textures/clutter/pan.dds"


def packed(path: Path, files: Files) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with BsaWriter(BsaVersion.SSE) as writer:
        for name, data in files.items():
            writer.add(name, data)
        writer.write_to(path)
    return path


def seen(root: Path, profile: str | None = None, out: Path = OUT, whole_game: bool = False) -> GameView:
    order = load_order_of([root], profile)
    assert order is not None
    return view(order, out, whole_game)


def bytes_of(found: GameView) -> dict[str, list[bytes]]:
    """The files of each set, as they were written."""
    return {files.name: [file.read() for file in files.files] for files in found.sets}


def reasons(found: GameView) -> dict[str, str]:
    return {skip.path: skip.reason for skip in found.skipped}


def pbr(name: str) -> dict[str, bytes]:
    return {f"textures/pbr/{name}{end}.dds": b"pbr" for end in ("", "_n", "_rmaos")}


def test_of_two_mods_the_upper_line_of_modlist_wins_file_by_file(tmp_path: Path):
    mods = {
        "Low": {POT: b"low", "textures/clutter/pot_n.dds": b"low n", PAN: b"low"},
        "High": {"Textures/Clutter/POT.dds": b"high"},
    }
    root = instance(tmp_path, mods, {"Default": ["+High", "+Low"]})
    found = {name.lower(): files for name, files in bytes_of(seen(root)).items()}
    assert found == {"clutter/pot": [b"high", b"low n"], "clutter/pan": [b"low"]}


def test_mods_that_are_off_unmanaged_or_separators_are_not_seen(tmp_path: Path):
    mods = {name: {f"textures/{name}.dds".lower(): b"x"} for name in ("On", "Off", "Tools_separator")}
    root = instance(
        tmp_path, mods, {"Default": ["-Off", "+Tools_separator", "*DLC: Dawnguard", "+On", "+On", "+Gone"]}
    )
    found = seen(root)
    assert list(bytes_of(found)) == ["on"]
    assert any("1 mods of the list have no folder" in note and "Gone" in note for note in found.notes)


def test_what_programs_wrote_into_overwrite_wins_over_all_mods(tmp_path: Path):
    root = instance(tmp_path, {"Mod": {POT: b"mod"}}, {"Default": ["+Mod"]}, overwrite={POT: b"overwrite"})
    assert bytes_of(seen(root)) == {"clutter/pot": [b"overwrite"]}


def test_the_game_sees_only_the_textures_folder_of_a_mod_and_nothing_hidden(tmp_path: Path):
    files = {
        POT: b"x",
        "optional/textures/a.dds": b"x",
        "preview.png": b"x",
        "textures/b.dds.mohidden": b"x",
        "textures/c.mohidden/c.dds": b"x",
    }
    found = seen(instance(tmp_path, {"Mod": files}, {"Default": ["+Mod"]}))
    assert (list(bytes_of(found)), found.skipped) == (["clutter/pot"], [])


def test_a_loose_file_wins_over_the_archive_of_a_later_mod(tmp_path: Path):
    root = instance(
        tmp_path,
        {"Loose": {POT: b"loose"}, "Packed": {}},
        {"Default": ["+Packed", "+Loose"]},
        plugins=["Packed.esp"],
    )
    packed(root / "mods" / "Packed" / "Packed.bsa", {POT: b"packed", PAN: b"packed"})
    assert bytes_of(seen(root)) == {"clutter/pot": [b"loose"], "clutter/pan": [b"packed"]}


def test_archives_win_in_the_order_of_their_plugins_and_without_one_are_not_loaded(tmp_path: Path):
    names = ["A", "B", "C"]
    root = instance(
        tmp_path,
        {name: {f"{name}.esp": b""} for name in names},
        {"Default": [f"+{n}" for n in names]},
        plugins=["B.esp", "A.esp"],
    )
    packed(root / "mods" / "A" / "A - Textures.bsa", {POT: b"a"})
    packed(root / "mods" / "B" / "B.bsa", {POT: b"b"})
    packed(root / "mods" / "C" / "C.bsa", {POT: b"c", PAN: b"c"})
    found = seen(root)
    assert bytes_of(found) == {"clutter/pot": [b"a"]}
    assert any("no active plugin loads them: C.bsa" in note for note in found.notes)


def test_without_a_list_of_plugins_archives_follow_their_mods_and_a_note_says_so(tmp_path: Path):
    root = instance(tmp_path, {"A": {}, "B": {}}, {"Default": ["+B", "+A"]})
    for name in "AB":
        packed(root / "mods" / name / f"{name}.bsa", {POT: name.encode()})
    found = seen(root)
    assert bytes_of(found) == {"clutter/pot": [b"B"]}
    assert any("no list of plugins was found" in note for note in found.notes)


def test_the_game_lends_what_a_mods_set_lacks_and_its_own_sets_are_left_out(tmp_path: Path):
    root = instance(tmp_path, {"Mod": {POT: b"mod"}}, {"Default": ["+Mod"]}, data={})
    own = dict.fromkeys((POT, "textures/clutter/pot_n.dds", PAN, "textures/lost_n.dds"), b"game")
    packed(root / "Stock Game" / "Data" / "Skyrim - Textures0.bsa", own)
    found = seen(root)
    assert (bytes_of(found), found.skipped) == ({"clutter/pot": [b"mod", b"game"]}, [])
    assert any("1 sets of the game itself are left out; --whole-game" in note for note in found.notes)
    assert set(bytes_of(seen(root, whole_game=True))) == {"clutter/pot", "clutter/pan"}


def test_a_file_put_into_data_by_hand_counts_as_a_mods(tmp_path: Path):
    root = instance(tmp_path, {"Mod": {}}, {"Default": ["+Mod"]}, data={POT: b"hand"})
    assert bytes_of(seen(root)) == {"clutter/pot": [b"hand"]}


def test_a_profile_is_named_or_the_only_one_or_the_one_that_is_shown(tmp_path: Path):
    mods = {"A": {POT: b"a"}, "B": {POT: b"b"}}
    root = instance(tmp_path, mods, {"One": ["+A"], "Two": ["+B", "-A"]}, selected="Two")
    assert profiles_of(root) == ("One", "Two")
    assert bytes_of(seen(root, "one")) == {"clutter/pot": [b"a"]}
    shown = seen(root)
    assert bytes_of(shown) == {"clutter/pot": [b"b"]}
    assert any("'Two'" in note and "--profile" in note for note in shown.notes)


@pytest.mark.parametrize(
    ("profile", "said"),
    [(None, r"got 2 \(One, Two\); say which with --profile"), ("Three", "got 'Three'; it has One, Two")],
)
def test_a_profile_that_is_unclear_or_unknown_is_one_sentence(tmp_path: Path, profile: str | None, said: str):
    root = instance(tmp_path, {}, {"One": [], "Two": []})
    with pytest.raises(UsageError, match=said):
        load_order_of([root], profile)


def test_folders_lie_where_the_settings_say(tmp_path: Path):
    base = instance(tmp_path / "báse", {"Mod": {POT: b"x"}}, {"Default": ["+Mod"]})
    (base / "mods").rename(base / "elsewhere")
    (base / "ModOrganizer.ini").unlink()
    escaped = "".join(f"\\x{byte:x}" if byte > 127 else chr(byte) for byte in str(base).encode())
    text = f"[Settings]\nbase_directory=@ByteArray({escaped})\nmod_directory=%BASE_DIR%/elsewhere\n"
    root = written(tmp_path / "instance", {"ModOrganizer.ini": text.encode()})
    assert bytes_of(seen(root)) == {"clutter/pot": [b"x"]}


def test_active_plugins_are_read_from_the_mod_that_wins(tmp_path: Path):
    mods = {"A": {"One.esp": b"a", "Two.esp": b"a"}, "B": {"one.esp": b"b", "Off.esp": b"b"}}
    root = instance(tmp_path, mods, {"Default": ["+B", "+A"]}, plugins=["Two.esp", "One.esp"])
    assert [path.read_bytes() for path in read_instance(root).plugin_files()] == [b"a", b"b"]


def test_a_deployment_is_seen_as_it_lies_in_data(tmp_path: Path):
    mods = {"Low-1-0": {POT: b"low", PAN: b"low"}, "High-2-0": {POT: b"high"}}
    data = deployment(tmp_path / "Skyrim" / "Data", mods)
    assert bytes_of(seen(data)) == {"clutter/pot": [b"high"], "clutter/pan": [b"low"]}
    assert bytes_of(seen(data.parent)) == bytes_of(seen(data))


def test_a_deployment_leaves_the_games_own_archives_out_and_keeps_those_of_mods(tmp_path: Path):
    data = deployment(tmp_path, {"Mod-1": {}})
    packed(data / "Skyrim - Textures0.bsa", {POT: b"game"})
    packed(data / "Mod.bsa", {PAN: b"mod"})
    assert bytes_of(seen(data)) == {"clutter/pan": [b"mod"]}


def test_a_list_of_plugins_that_is_named_orders_the_archives_of_a_deployment(tmp_path: Path):
    data = deployment(tmp_path / "Data", {"A-1": {"A.esp": b""}, "B-1": {"B.esp": b""}})
    for name in "AB":
        packed(data / f"{name}.bsa", {POT: name.encode()})
    (tmp_path / "plugins.txt").write_text("*B.esp\n*A.esp\n")
    order = load_order_of([data], plugins=[tmp_path / "plugins.txt"])
    assert order is not None
    assert bytes_of(view(order, OUT)) == {"clutter/pot": [b"A"]}


def test_a_covered_texture_in_an_archive_is_told_by_its_own_extension(tmp_path: Path):
    data = deployment(tmp_path, {"PBR-1": pbr("clutter/pot")})
    packed(data / "Mod.bsa", {POT: b"x"})
    assert "clutter/pot.dds" in reasons(seen(data))


def test_a_folder_named_from_where_one_stands_gives_whole_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    instance(tmp_path, {"Mod": {POT: b"x"}}, {"Default": ["+Mod"]})
    monkeypatch.chdir(tmp_path)
    [files] = seen(Path()).sets
    assert files.diffuse.path.is_absolute()


def test_textures_that_vortex_lists_and_data_lacks_are_told(tmp_path: Path):
    data = deployment(tmp_path, {"Mod-1": {POT: b"x", PAN: b"x", "readme.txt": b"x"}})
    (data / PAN).unlink()
    assert any("1 textures that the mod manager lists are not there" in note for note in seen(data).notes)


@pytest.mark.parametrize("text", ["{", '{"files": 1}', '{"files": [{"source": "a"}]}'])
def test_a_damaged_manifest_is_one_sentence(tmp_path: Path, text: str):
    (tmp_path / "vortex.deployment.json").write_text(text)
    with pytest.raises(UsageError, match=r"Expected Vortex's list of files .*; deploy again in Vortex\.$"):
        load_order_of([tmp_path])


def test_a_texture_that_a_pbr_mod_has_is_left_out_by_its_name(tmp_path: Path):
    mods = {"Old": {POT: b"x", PAN: b"x"}, "Pots PBR": pbr("clutter/pot")}
    found = seen(instance(tmp_path, mods, {"Default": ["+Pots PBR", "+Old"]}))
    assert list(bytes_of(found)) == ["clutter/pan"]
    assert reasons(found)["clutter/pot.dds"] == "the PBR mod 'Pots PBR' covers it already"


@pytest.mark.parametrize(
    ("entry", "left"),
    [
        ({"texture": r"clutter\pot", "rename": r"new\vessel"}, ["clutter/pan"]),
        ({"match_diffuse": "pot", "rename": r"new\vessel"}, ["clutter/pan"]),
        ({"match_normal": r"clutter\pot_n"}, ["clutter/pan"]),
        ({"path_contains": r"\clutter\p"}, []),
        ({"texture": r"clutter\pot", "rename": r"new\lost"}, ["clutter/pan", "clutter/pot"]),
        ({"texture": r"er\pot", "rename": r"new\vessel"}, ["clutter/pan", "clutter/pot"]),
    ],
)
def test_an_entry_of_pgpatcher_covers_what_it_matches_where_its_files_are(
    tmp_path: Path, entry: dict[str, str], left: list[str]
):
    listed = json.dumps([entry]).encode()
    mods = {"Old": {POT: b"x", PAN: b"x"}, "New": pbr("new/vessel") | {"PBRNIFPatcher/new.json": listed}}
    found = seen(instance(tmp_path, mods, {"Default": ["+New", "+Old"]}))
    assert list(bytes_of(found)) == left


def test_a_pbr_mod_that_vortex_deployed_covers_by_its_name(tmp_path: Path):
    found = seen(deployment(tmp_path, {"Old-1": {POT: b"x"}, "Pots PBR-2": pbr("clutter/pot")}))
    assert (bytes_of(found), "'Pots PBR-2'" in reasons(found)["clutter/pot.dds"]) == ({}, True)


def test_the_conversion_itself_as_a_mod_of_the_list_covers_nothing(tmp_path: Path):
    mods = {"Old": {POT: b"x"}, "Mine": pbr("clutter/pot") | {"PBRNIFPatcher/PBR.json": b"[]"}}
    root = instance(tmp_path / "a", mods, {"Default": ["+Mine", "+Old"]})
    assert list(bytes_of(seen(root))) == ["clutter/pot"]
    data = deployment(tmp_path / "b", mods)
    assert list(bytes_of(seen(data))) == ["clutter/pot"]
    root = instance(
        tmp_path / "c",
        {"Old": {POT: b"x"}, "PBR 2": pbr("clutter/pot")},
        {"Default": ["+PBR 2", "+Old"]},
    )
    assert list(bytes_of(seen(root, out=root / "mods" / "PBR 2"))) == ["clutter/pot"]


def test_json_that_nobody_can_read_covers_nothing(tmp_path: Path):
    files = {
        f"PBRNIFPatcher/{n}.json": text for n, text in enumerate([b"{", b"\xff", b"[1]", b'{"default": 1}'])
    }
    mods = {"Old": {POT: b"x"}, "Broken": files}
    assert list(bytes_of(seen(instance(tmp_path, mods, {"Default": ["+Broken", "+Old"]})))) == ["clutter/pot"]


def test_a_load_order_beside_other_mods_is_one_sentence(tmp_path: Path):
    root = instance(tmp_path / "a", {"Mod": {POT: b"x"}}, {"Default": ["+Mod"]})
    with pytest.raises(UsageError, match=r"Expected the folder of a mod manager alone, got '.*' among 2 IN"):
        load_order_of([root, tmp_path])


def test_a_profile_without_an_instance_is_one_sentence(tmp_path: Path):
    with pytest.raises(UsageError, match="Expected an instance of Mod Organizer for --profile"):
        load_order_of([tmp_path], "Default")


def test_the_folder_in_which_a_manager_keeps_mods_is_refused_with_what_to_give(tmp_path: Path):
    mods = {name: {POT: b"x"} for name in ("A", "B", "C")}
    root = instance(tmp_path / "mo2", mods, {"Default": ["+A"]})
    with pytest.raises(
        UsageError, match=r"Mod Organizer keeps 3 of them; give its own folder.* convert \".*mo2\" OUT"
    ):
        find_sets(root / "mods")
    for name, files in mods.items():
        written(tmp_path / "staging" / name, files)
    (tmp_path / "staging" / "__vortex_staging_folder").write_text("{}")
    with pytest.raises(UsageError, match="Vortex keeps 3 of them; deploy them in Vortex"):
        find_sets(tmp_path / "staging")


@pytest.mark.parametrize("place", ["mo2/mods", "several", "several/A", "mo2/mods/A/textures", "one/textures"])
def test_a_glance_at_a_folder_says_what_converting_it_would_end_with(tmp_path: Path, place: str):
    mods = {name: {POT: b"x"} for name in "ABC"}
    instance(tmp_path / "mo2", mods, {"Default": ["+A"]})
    for name, files in mods.items():
        written(tmp_path / "several" / name, files)
        written(tmp_path / "one" / "textures" / name, files)
    try:
        find_sets(tmp_path / place)
    except UsageError as error:
        assert why_not_one_mod(tmp_path / place) == str(error)
    else:
        assert why_not_one_mod(tmp_path / place) == ""

"""Load orders: which plugins there are, and which comes after which."""

from pathlib import Path

import pytest
from support import plugin_files as made
from support.plugin_files import written

from unbake.errors import UsageError
from unbake.evidence.load_order import find_plugins


def names(paths: tuple[Path, ...]) -> list[str]:
    return [path.name for path in paths]


def test_a_folder_gives_masters_first_and_each_after_its_masters(tmp_path):
    written(
        tmp_path,
        aaa_esp=made.plugin(masters=["zzz.esp"]),
        zzz_esp=made.plugin(masters=["Skyrim.esm"]),
        mmm_esp=made.plugin(flags=made.MASTER),
        Update_esm=made.plugin(masters=["Skyrim.esm"]),
        Skyrim_esm=made.plugin(),
        Light_esl=made.plugin(),
    )
    (tmp_path / "readme.txt").write_text("no plugin")
    assert names(find_plugins(tmp_path).paths) == [
        "Skyrim.esm",
        "Update.esm",
        "Light.esl",
        "mmm.esp",
        "zzz.esp",
        "aaa.esp",
    ]


def test_masters_that_name_each_other_end(tmp_path):
    written(tmp_path, a_esp=made.plugin(masters=["b.esp"]), b_esp=made.plugin(masters=["a.esp"]))
    assert sorted(names(find_plugins(tmp_path).paths)) == ["a.esp", "b.esp"]


def test_a_damaged_plugin_keeps_its_place_in_a_folder(tmp_path):
    written(tmp_path, a_esp=b"no plugin", b_esp=made.plugin())
    assert names(find_plugins(tmp_path).paths) == ["a.esp", "b.esp"]


def test_a_folder_of_mods_is_looked_through_and_doubles_are_told(tmp_path):
    for mod in ("first", "second"):
        (tmp_path / mod).mkdir()
        written(tmp_path / mod, a_esp=made.plugin())
    found = find_plugins(tmp_path)
    assert found.paths == (tmp_path / "first" / "a.esp",)
    assert "a.esp several times" in found.notes[0]


def test_a_folder_without_plugins_is_told(tmp_path):
    assert find_plugins(tmp_path).paths == ()
    assert find_plugins(tmp_path).notes[0].startswith("Expected plugins in ")


def test_one_plugin_may_be_named(tmp_path):
    (path,) = written(tmp_path, a_esp=made.plugin())
    assert find_plugins(path).paths == (path,)


def test_starred_lines_of_plugins_txt_are_active_and_the_game_comes_first(tmp_path):
    written(tmp_path, b_esp=b"", A_esp=b"", off_esp=b"", Skyrim_esm=b"")
    (tmp_path / "plugins.txt").write_text("# comment\r\n*B.esp\r\noff.esp\r\n*a.ESP\r\n*../x.esp\r\n")
    found = find_plugins(tmp_path / "plugins.txt")
    assert names(found.paths) == ["Skyrim.esm", "b.esp", "A.esp"]
    assert "got no ../x.esp" in found.notes[0]


def test_all_lines_are_active_where_none_has_a_star(tmp_path):
    (tmp_path / "data").mkdir()
    written(tmp_path / "data", b_esp=b"", a_esp=b"")
    (tmp_path / "order.txt").write_bytes("b.esp\na.esp\nÄ.esp\n".encode("cp1252"))
    found = find_plugins(tmp_path / "order.txt", [tmp_path / "data"])
    assert names(found.paths) == ["b.esp", "a.esp"]
    assert "ä.esp" in found.notes[0]


def test_plugins_txt_beside_a_load_order_switches_off(tmp_path):
    written(tmp_path, b_esp=b"", a_esp=b"")
    (tmp_path / "loadorder.txt").write_text("b.esp\na.esp\n")
    (tmp_path / "plugins.txt").write_text("*b.esp\na.esp\n")
    assert names(find_plugins(tmp_path / "loadorder.txt").paths) == ["b.esp"]


@pytest.mark.parametrize("name", ["absent", "picture.png"])
def test_what_is_neither_folder_nor_load_order_ends_in_one_sentence(tmp_path, name):
    (tmp_path / "picture.png").write_bytes(b"")
    with pytest.raises(
        UsageError, match=r"^Expected a folder of plugins or a load order .*check the path\.$"
    ):
        find_plugins(tmp_path / name)

"""`unbake explain`: what is known of textures besides their pictures, without a network and soon."""

import json
import subprocess
import sys
from pathlib import Path

from support.command import EXAMPLES, call
from support.mod_managers import instance

from unbake.errors import FileError, UsageError


def told(*arguments: object) -> str:
    done = call("explain", *arguments)
    assert done.exit_code == 0, done.output
    return done.output


def test_a_path_of_the_game_is_explained_by_its_name():
    lines = told("textures\\weapons\\iron\\longsword_d.dds").splitlines()
    assert lines[0] == "weapons/iron/longsword"
    assert "  material: iron" in lines
    assert any(line.startswith("  environment mask: would mark metal") for line in lines)
    assert any(line.startswith("  because: ") and "'iron' says metal" in line for line in lines)


def test_a_hint_comes_first_among_the_reasons():
    text = told("clutter/chair01", "--hint", "clutter/*: metal=some finish=rough painted=dark")
    assert "because: you said: metal some; you said: rough" in text
    assert "finish: rough" in text
    assert "brightness: painted 1.5 stops dark (as told)" in text


def test_a_family_says_how_rough_it_is_unless_a_finish_is_known():
    assert "roughness: up to 0.10 more" in told("architecture/whiterun/wrstonewall01")
    assert "roughness: up to 0.06 less" in told("weapons/iron/ironsword")
    assert "roughness" not in told("weapons/iron/ironsword", "--hint", "*: finish=satin")


def test_a_folder_is_explained_set_by_set_with_the_level_of_all():
    text = told(EXAMPLES)
    assert "\ndungeons/ruins/ruinssilver01\n" in text
    assert text.count("(from 16 textures)") == 16


def test_a_folder_without_textures_is_one_sentence(tmp_path: Path):
    assert isinstance(call("explain", tmp_path).exception, UsageError)


def test_json_is_one_line_a_texture_for_tools():
    first, second = map(json.loads, told("clutter/a.dds", "armor/b.dds", "--json").splitlines())
    assert (first["name"], second["name"]) == ("clutter/a", "armor/b")
    assert {"families", "metal", "finish", "material", "mask_gate", "because", "level"} <= first.keys()


def test_a_conversion_adds_its_level_and_what_it_decided(mod: Path):
    text = told("clutter", "--out", mod)
    assert text.startswith("clutter/toolchest01\n")
    assert "converted: Metal: " in text
    assert "brightness: painted" in text


def test_a_folder_that_is_no_conversion_is_one_sentence(tmp_path: Path):
    assert isinstance(call("explain", "clutter/pot", "--out", tmp_path).exception, FileError)


def test_a_material_that_nobody_knows_is_one_sentence():
    failed = call("explain", "clutter/pot", "--hint", "*: material=unobtainium").exception
    assert isinstance(failed, UsageError)
    assert "titanium" in str(failed)


def test_a_name_alone_needs_neither_arrays_nor_pictures():
    """So it starts as soon as the command line does."""
    script = (
        "import sys; from unbake.cli.entry import run; from unbake.cli import app; sys.argv = ['unbake', 'explain', "
        "'weapons/iron/sword.dds']\n"
        "try: app()\n"
        "except SystemExit: pass\n"
        "print(sorted({'numpy', 'PIL', 'onnxruntime', 'torch'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_sets_of_a_load_order_are_explained(tmp_path: Path):
    pot = (EXAMPLES / "textures" / "clutter" / "LEATHER01.DDS").read_bytes()
    mods = {"On": {"textures/clutter/pot.dds": pot}, "Off": {"textures/clutter/pan.dds": pot}}
    root = instance(tmp_path, mods, {"Default": ["+On", "-Off"]})
    told = [json.loads(line)["name"] for line in call("explain", root, "--json").output.splitlines()]
    assert told == ["clutter/pot"]

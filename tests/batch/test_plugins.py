"""Plugins in a conversion: editor IDs of the ground, and keywords as evidence."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support import plugin_files as made

from unbake.batch import run
from unbake.batch.events import Options
from unbake.batch.plugins import read_told
from unbake.errors import UsageError
from unbake.evidence.load_order import find_all
from unbake.image.dds.blocks import Effort

convert_folder = partial(run.convert_folder, predictor="rules")
SKYRIM = Options(preset="skyrim", threads=1, effort=Effort.FAST, keep_maps=False)
SWORD, DIRT = "weapons/qzx/qzx01", "landscape/dirt02"


def plugins(folder: Path, keyword: int = 0x1E718) -> Path:
    """A folder with a ground and, in a plugin of its own, a sword: of iron (0x1E718) or steel (0x1E719)."""
    folder.mkdir()
    ground = made.plugin(
        made.group("TXST", made.texture_set(0x800, "LandscapeDirt02", r"Landscape\Dirt02.dds")),
        made.group("LTEX", made.ground(0x900, "LDirt02", 0x800)),
        flags=made.MASTER,
    )
    sword = made.record(
        "WEAP", 0x1000, made.text("EDID", "Sword"), made.model("MODT", [SWORD]), made.forms("KWDA", keyword)
    )
    worn = made.plugin(made.group("WEAP", sword), masters=["Skyrim.esm"])
    made.written(folder, ground_esm=ground, sword_esp=worn)
    return folder


def mod(folder: Path) -> Path:
    for seed, name in enumerate((SWORD, DIRT)):
        path = folder / "textures" / f"{name}.png"
        path.parent.mkdir(parents=True)
        pixels = np.random.default_rng(seed).integers(60, 200, (16, 16, 3), np.uint8)
        Image.fromarray(pixels).save(path)
    return folder


def test_the_ground_gets_its_editor_ids_from_plugins(tmp_path):
    options = replace(SKYRIM, plugins=(plugins(tmp_path / "data"),))
    summary = convert_folder(mod(tmp_path / "in"), tmp_path / "out", options)
    assert summary.failed == ()
    assert (tmp_path / "out" / "PBRTextureSets" / "LandscapeDirt02.json").is_file()
    assert any("Skyrim.esm" in note for note in summary.notes)


def test_a_line_of_a_person_counts_instead_of_the_plugins(tmp_path):
    (tmp_path / "edids.txt").write_text(f"{DIRT} = MyDirt")
    options = replace(SKYRIM, plugins=(plugins(tmp_path / "data"),), edid_map=tmp_path / "edids.txt")
    convert_folder(mod(tmp_path / "in"), tmp_path / "out", options)
    assert [path.stem for path in (tmp_path / "out" / "PBRTextureSets").iterdir()] == ["MyDirt"]


def test_keywords_become_evidence_of_the_texture_that_wears_them(tmp_path):
    told = read_told([plugins(tmp_path / "data")], [SWORD, DIRT])
    assert set(told.keywords) == {SWORD}
    assert told.keywords[SWORD].material == "iron"


def test_what_is_told_of_a_texture_is_the_same_whichever_are_asked_for(tmp_path):
    folder = plugins(tmp_path / "data")
    assert read_told([folder], [SWORD]).keywords == read_told([folder], [DIRT, "a/b", SWORD]).keywords


def test_other_keywords_convert_their_texture_again_and_no_other(tmp_path):
    source, out = mod(tmp_path / "in"), tmp_path / "out"
    convert_folder(source, out, replace(SKYRIM, plugins=(plugins(tmp_path / "iron"),)))
    again = convert_folder(source, out, replace(SKYRIM, plugins=(plugins(tmp_path / "steel", 0x1E719),)))
    assert (again.converted, again.unchanged) == ((SWORD,), (DIRT,))


def test_shards_know_the_keywords_that_the_whole_knows(tmp_path):
    source, options = mod(tmp_path / "in"), replace(SKYRIM, plugins=(plugins(tmp_path / "data"),))
    convert_folder(source, tmp_path / "whole", options)
    for number in (1, 2):
        convert_folder(source, tmp_path / "parts", replace(options, shard=(number, 2)))
    whole, parts = (
        {p.relative_to(tmp_path / out): p.read_bytes() for p in (tmp_path / out).rglob("*.dds")}
        for out in ("whole", "parts")
    )
    assert whole == parts != {}


def test_without_evidence_keywords_change_nothing(tmp_path):
    source, options = mod(tmp_path / "in"), replace(SKYRIM, evidence="none")
    convert_folder(source, tmp_path / "out", options)
    again = convert_folder(source, tmp_path / "out", replace(options, plugins=(plugins(tmp_path / "data"),)))
    assert again.converted == ()


def test_a_damaged_plugin_is_told_and_stops_nothing(tmp_path):
    folder = plugins(tmp_path / "data")
    (folder / "broken.esp").write_bytes(b"TES4")
    options = replace(SKYRIM, plugins=(folder,))
    summary = convert_folder(mod(tmp_path / "in"), tmp_path / "out", options)
    assert any("broken.esp" in note for note in summary.notes)
    assert json.loads((tmp_path / "out" / "report.json").read_text())
    assert convert_folder(tmp_path / "in", tmp_path / "out", replace(options, dry_run=True)).notes


def test_what_is_no_plugin_is_wrong_use_and_nothing_is_written(tmp_path):
    with pytest.raises(UsageError, match="nowhere"):
        convert_folder(
            mod(tmp_path / "in"), tmp_path / "out", replace(SKYRIM, plugins=(tmp_path / "nowhere",))
        )
    assert not (tmp_path / "out").exists()


def test_folders_beside_a_load_order_are_where_its_plugins_are_looked_for(tmp_path):
    folder = plugins(tmp_path / "data")
    (tmp_path / "plugins.txt").write_text("*sword.esp\nground.esm\n")
    found = find_all([tmp_path / "plugins.txt", folder])
    assert [path.name for path in found.paths] == ["sword.esp"]


def test_of_several_sources_the_later_are_on_top_and_each_plugin_comes_once(tmp_path):
    first, second = plugins(tmp_path / "a"), plugins(tmp_path / "b")
    found = find_all([first, second / "sword.esp"])
    assert found.paths == (first / "ground.esm", second / "sword.esp")

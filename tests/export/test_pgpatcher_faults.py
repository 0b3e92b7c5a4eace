import json
import os

import pytest
from support.pbr_files import place

from unbake.export.pgpatcher import entry, write_entries
from unbake.export.pgpatcher_faults import validate
from unbake.image.dds.formats import DxgiFormat


def dump(out, content):
    (out / "PBRNIFPatcher").mkdir(exist_ok=True)
    (out / "PBRNIFPatcher/mod.json").write_text(json.dumps(content))


@pytest.mark.parametrize("content", [3, [3], {"default": {}, "entries": {}}, {"default": 1, "entries": []}])
def test_content_of_another_shape_is_reported_as_skipped(tmp_path, content):
    dump(tmp_path, content)
    assert validate(tmp_path) == ["mod.json is skipped: it should be an array of objects."]


@pytest.mark.parametrize(
    ("asked", "missing"),
    [({"parallax": True, "emissive": False}, "_p"), ({"parallax": False, "emissive": True}, "_g")],
)
def test_an_entry_that_implies_a_missing_file_is_reported(tmp_path, asked, missing):
    place(tmp_path, "pot", "pot_n", "pot_rmaos")
    write_entries(tmp_path, "mod", [entry("pot", **asked)])
    assert validate(tmp_path) == [f"mod.json, entry 0: it is dropped, textures/pbr has no pot{missing}.dds."]


@pytest.mark.parametrize(
    ("colour", "others", "word"),
    [
        ({"size": (12, 4)}, {"size": (12, 4)}, "powers of two"),
        ({}, {"size": (8, 8)}, "differ in size"),
        ({"dxgi": DxgiFormat.BC7_UNORM}, {}, "pot.dds has no sRGB flag"),
    ],
)
def test_files_that_the_game_would_not_stand_are_reported(tmp_path, colour, others, word):
    place(tmp_path, "pot", **colour)
    place(tmp_path, "pot_n", "pot_rmaos", **others)
    write_entries(tmp_path, "mod", [entry("pot", parallax=False, emissive=False)])
    (fault,) = validate(tmp_path)
    assert word in fault


def test_a_file_that_is_no_texture_is_reported(tmp_path):
    place(tmp_path, "pot", "pot_n", "pot_rmaos")
    (tmp_path / "textures/pbr/pot_n.dds").write_bytes(b"DDS ")
    write_entries(tmp_path, "mod", [entry("pot", parallax=False, emissive=False)])
    (fault,) = validate(tmp_path)
    assert "pot_n.dds, got other content" in fault


def test_files_are_found_whatever_their_case(tmp_path):
    place(tmp_path, "Clutter/Pot", "Clutter/POT_N", "Clutter/Pot_rmaos")
    write_entries(tmp_path, "mod", [entry("clutter/pot", parallax=False, emissive=False)])
    assert validate(tmp_path) == []


def test_an_object_without_both_keys_is_reported_as_skipped(tmp_path):
    dump(tmp_path, {"entries": []})
    assert validate(tmp_path) == ["mod.json is skipped: an object needs both 'default' and 'entries'."]


def test_defaults_of_an_object_count_for_its_entries(tmp_path):
    place(tmp_path, "pot", "pot_n", "pot_rmaos")
    dump(tmp_path, {"default": {"parallax": True}, "entries": [{"texture": "pot"}]})
    assert [fault.partition("no ")[2] for fault in validate(tmp_path)] == ["pot_p.dds."]


@pytest.mark.parametrize(
    ("one", "word"),
    [
        ({}, "no texture"),
        ({"texture": "a/b"}, "backslashes"),
        ({"texture": "textures\\b"}, "below textures"),
        ({"texture": "töpfe"}, "letters"),
        ({"texture": "pot", "emissive_color": [1, 1, 1]}, "four numbers"),
    ],
)
def test_an_entry_that_would_match_nothing_is_reported(tmp_path, one, word):
    dump(tmp_path, [one])
    assert any(word in fault for fault in validate(tmp_path))


def test_broken_json_is_reported_and_the_other_files_are_still_read(tmp_path):
    dump(tmp_path, [{}])
    (tmp_path / "PBRNIFPatcher/broken.json").write_text("[{")
    assert [fault.split()[0] for fault in validate(tmp_path)] == ["broken.json", "mod.json,"]


@pytest.mark.parametrize(
    "one",
    [
        {"match_normal": "clutter\\bowl_n", "emissive": False},
        {"path_contains": "clutter\\pots", "parallax": False},
        {"match_diffuse": "pot"},
    ],
)
def test_entries_that_others_write_pass(tmp_path, one):
    place(tmp_path, "pot", "pot_n", "pot_rmaos")
    dump(tmp_path, [one])
    assert validate(tmp_path) == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"rename": None}, "rename should be text, got null"),
        ({"texture": None}, "texture should be text, got null"),
        ({"texture": ["pot"]}, 'texture should be text, got ["pot"]'),
        ({"emissive_color": None}, "emissive_color should be a list of numbers, got null"),
        ({"emissive_color": [1, None]}, "emissive_color should be a list of numbers, got [1, null]"),
        ({"parallax": "yes"}, 'parallax should be true or false, got "yes"'),
        ({"roughness_scale": True}, "roughness_scale should be a number, got true"),
    ],
)
def test_a_value_of_another_kind_is_named_and_the_other_entries_are_still_read(tmp_path, change, sentence):
    place(tmp_path, "pot", "pot_n", "pot_rmaos")
    dump(tmp_path, [{"texture": "pot"} | change, {"texture": "a/b"}])
    found = validate(tmp_path)
    assert f"mod.json, entry 0: {sentence}." in found
    assert any("entry 1" in fault for fault in found)


@pytest.mark.parametrize(
    ("extra", "fault"),
    [
        ({"fuzz": True}, "fuzz should be an object"),
        ({"fuzz": {"weight": 1}}, "fuzz is black"),
        ({"fuzz": {"color": [1, 1, 1], "weight": 4}}, "weight of fuzz"),
        ({"fuzz": {"color": [1, 1, 1], "texture": True}}, "no a_f.dds"),
        ({"glint": {"screen_space_scale": 9}}, "screen_space_scale of glint should be a number from 1 to 3"),
        ({"glint": {"density": 9}}, "density of glint is ignored"),
        ({"glint": {}, "fuzz": {"color": [1, 1, 1]}}, "either glints or fuzz"),
        ({"glint": {}, "multilayer": True}, "ignored beside multilayer"),
        ({"emissive_scale": "2"}, "emissive_scale should be a number"),
    ],
)
def test_a_feature_that_is_dropped_or_misread_is_a_fault(tmp_path, extra, fault):
    place(tmp_path, "a", "a_n", "a_rmaos")
    dump(tmp_path, [entry("a", parallax=False, emissive=False) | extra])
    assert fault in " ".join(validate(tmp_path))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pipes in folders")
@pytest.mark.parametrize("folder", ["PBRNIFPatcher", "PBRTextureSets"])
def test_what_is_only_called_like_a_json_file_is_not_waited_for(tmp_path, folder):
    (tmp_path / folder / "folder.json").mkdir(parents=True)
    os.mkfifo(tmp_path / folder / "pipe.json")
    assert validate(tmp_path) == []

import json

import pytest

from unbake.domain.features import Features
from unbake.errors import UsageError
from unbake.export.landscape import faults, read_edid_map, write_landscape
from unbake.export.pgpatcher import entry
from unbake.export.pgpatcher_faults import validate

ENTRIES = [
    entry(name, parallax=True, emissive=False, displacement=0.15)
    for name in ("landscape/dirt02", "landscape/snow01", "landscape/trees/bark01", "clutter/pot")
]


def edids(folder, text):
    path = folder / "edids.txt"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "line",
    [
        "landscape/dirt02 = LandscapeDirt02",
        "Textures\\Landscape\\Dirt02.dds=LandscapeDirt02  # as xEdit shows it",
        "'landscape\\dirt02' = \"LandscapeDirt02\"",
    ],
)
def test_a_line_names_a_texture_however_a_person_writes_it(tmp_path, line):
    assert read_edid_map(edids(tmp_path, f"# ground\n\n{line}\n")) == {
        "landscape/dirt02": ("LandscapeDirt02",)
    }


def test_a_texture_may_have_several_editor_ids(tmp_path):
    path = edids(tmp_path, "landscape/dirt02 = A\nlandscape/dirt02 = B")
    assert read_edid_map(path) == {"landscape/dirt02": ("A", "B")}


@pytest.mark.parametrize("line", ["landscape/dirt02", "landscape/dirt02 = ../x", "= A", "landscape/dirt02 ="])
def test_a_line_that_names_nothing_is_an_error_with_its_number(tmp_path, line):
    with pytest.raises(UsageError, match=r"edids\.txt, line 2"):
        read_edid_map(edids(tmp_path, f"\n{line}"))


def test_a_file_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        read_edid_map(tmp_path / "none.txt")


def test_ground_with_an_editor_id_gets_its_settings_in_camel_case(tmp_path):
    write_landscape(tmp_path, ENTRIES, {"landscape/dirt02": ("A", "B")})
    written = {path.name: json.loads(path.read_text()) for path in (tmp_path / "PBRTextureSets").iterdir()}
    settings = {"roughnessScale": 1, "displacementScale": 0.15, "specularLevel": 0.04}
    assert written == {"A.json": settings, "B.json": settings}
    assert validate(tmp_path) == []


def test_snow_on_the_ground_glints_as_it_does_on_meshes(tmp_path):
    made = entry("landscape/snow01", parallax=False, emissive=False, features=Features(glint=True))
    write_landscape(tmp_path, [made], {"landscape/snow01": ("LandscapeSnow01",)})
    path = tmp_path / "PBRTextureSets/LandscapeSnow01.json"
    glints = json.loads(path.read_text())["glintParameters"]
    assert (glints["enabled"], glints["screenSpaceScale"]) == (True, 1.5)
    assert faults(path) == []
    path.write_text(json.dumps({"glintParameters": {"density": 1}}))
    assert "glintParameters should be an object" in faults(path)[0]


def test_ground_without_an_editor_id_is_left_with_the_reason(tmp_path):
    left = write_landscape(tmp_path, ENTRIES, {"landscape/dirt02": ("A",)})
    assert list(left) == ["landscape/snow01"]
    assert "--edid-map" in left["landscape/snow01"]


def test_without_any_editor_id_nothing_is_written(tmp_path):
    write_landscape(tmp_path, ENTRIES, {})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ('{"roughness_scale": 1}', "camelCase"),
        ('{"roughnessScale": "1"}', "should be a number"),
        ("[]", "should be an object"),
        ("{", "not JSON"),
    ],
)
def test_settings_that_the_game_would_not_take_are_reported(tmp_path, content, word):
    (tmp_path / "PBRTextureSets").mkdir()
    (tmp_path / "PBRTextureSets/Dirt.json").write_text(content)
    (fault,) = validate(tmp_path)
    assert word in fault

import json

import numpy as np
import pytest
from support.pbr_files import place

from unbake.domain.features import Features
from unbake.errors import TextureSetError
from unbake.export.pgpatcher import GLINT, displacement_scale, document, entry, write_entries
from unbake.export.pgpatcher_faults import validate


def test_an_entry_is_the_minimal_one_of_the_format_page():
    made = entry("architecture/whiterun/wrwoodplank01", parallax=True, emissive=False)
    assert made == {
        "texture": "architecture\\whiterun\\wrwoodplank01",
        "emissive": False,
        "parallax": True,
        "subsurface_foliage": False,
        "subsurface": False,
        "specular_level": 0.04,
        "subsurface_color": [1, 1, 1],
        "roughness_scale": 1,
        "subsurface_opacity": 1,
        "displacement_scale": 0.2,
    }


@pytest.mark.parametrize("name", ["textures\\clutter\\pot", "Textures/clutter/pot", "clutter\\pot"])
def test_the_textures_folder_is_left_out_however_it_is_written(name):
    assert entry(name, parallax=False, emissive=False)["texture"] == "clutter\\pot"


def test_a_diffuse_called_d_is_matched_by_its_name_and_renamed_to_the_files_written(tmp_path):
    place(tmp_path, "weapons/sword", "weapons/sword_n", "weapons/sword_rmaos")
    made = entry("weapons/sword_d", files="weapons/sword", parallax=False, emissive=False)
    assert (made["texture"], made["rename"]) == ("weapons\\sword_d", "weapons\\sword")
    write_entries(tmp_path, "mod", [made])
    assert validate(tmp_path) == []


def test_without_explicit_names_a_diffuse_called_d_is_looked_for_by_its_whole_name(tmp_path):
    place(tmp_path, "sword", "sword_n", "sword_rmaos")
    write_entries(tmp_path, "mod", [entry("sword_d", parallax=False, emissive=False)])
    (fault,) = validate(tmp_path)
    assert "sword_d.dds and no sword_d_n.dds and no sword_d_rmaos.dds" in fault


def test_a_dot_in_a_name_is_not_taken_for_an_extension(tmp_path):
    place(tmp_path, "pot1.5", "pot1.5_n", "pot1.5_rmaos")
    made = entry("pot1.5", parallax=False, emissive=False)
    assert (made["texture"], made["rename"]) == ("pot1.5.dds", "pot1.5")
    write_entries(tmp_path, "mod", [made])
    assert validate(tmp_path) == []


def test_the_file_is_a_flat_array_sorted_by_texture(tmp_path):
    names = ["b/two", "A/one", "c/three"]
    path = write_entries(tmp_path, "my mod", [entry(n, parallax=False, emissive=False) for n in names])
    assert path == tmp_path / "PBRNIFPatcher" / "my mod.json"
    assert [one["texture"] for one in json.loads(path.read_text())] == ["A\\one", "b\\two", "c\\three"]


def test_in_the_other_form_what_all_entries_share_is_said_once(tmp_path):
    place(tmp_path, "a", "a_n", "a_rmaos", "b", "b_n", "b_rmaos", "b_p")
    entries = [entry("a", parallax=False, emissive=False), entry("b", parallax=True, emissive=False)]
    content = json.loads(write_entries(tmp_path, "mod", entries, "default").read_text())
    assert [one.keys() for one in content["entries"]] == [{"texture", "parallax"}] * 2
    assert [content["default"] | one for one in content["entries"]] == entries
    assert validate(tmp_path) == []


def test_both_keys_are_there_even_where_nothing_is_shared():
    content = document([{"texture": "a", "parallax": True}, {"texture": "b", "parallax": False}], "default")
    assert content.keys() == {"default", "entries"}


def test_a_name_that_leads_out_of_the_folder_is_refused():
    with pytest.raises(TextureSetError, match="below the texture root"):
        entry("../pot", parallax=False, emissive=False)


@pytest.mark.parametrize(
    ("relief", "contrast", "scale"),
    [
        (0.0034, 0.083, 0.1),
        (0.0034 / 4, 0.083, 0.05),
        (0.0034 * 2.25, 0.083, 0.15),
        (0.0034, 0.166, 0.05),
        (0.1, 0.083, 0.25),
        (0.0, 0.083, 0.02),
        (0.01, 0.0, 0.02),
    ],
)
def test_displacement_goes_with_the_root_of_the_relief_within_bounds(relief, contrast, scale):
    assert displacement_scale(relief, contrast) == pytest.approx(scale, abs=1e-3)


def test_displacement_never_falls_where_relief_grows():
    scales = [displacement_scale(relief, 0.083) for relief in np.geomspace(1e-5, 0.1, 50)]
    assert scales == sorted(scales)
    assert len(set(scales)) > 25


def test_twice_the_contrast_at_half_the_scale_is_the_same_depth():
    assert displacement_scale(0.003, 0.1) == pytest.approx(2 * displacement_scale(0.003, 0.2), abs=1e-3)


def test_a_height_of_twice_the_strength_keeps_its_scale_and_so_is_twice_as_deep():
    assert displacement_scale(0.003, 2 * 0.08, strength=2) == displacement_scale(0.003, 0.08)


def test_light_through_leaves_needs_its_colour_and_says_how_opaque_they_are(tmp_path):
    place(tmp_path, "leaf", "leaf_n", "leaf_rmaos")
    made = entry("leaf", parallax=False, emissive=False, features=Features(subsurface=0.4))
    assert (made["subsurface"], made["subsurface_foliage"], made["subsurface_opacity"]) == (True, False, 0.6)
    write_entries(tmp_path, "mod", [made])
    assert "no leaf_s.dds" in validate(tmp_path)[0]
    place(tmp_path, "leaf_s")
    assert validate(tmp_path) == []


@pytest.mark.parametrize(
    ("features", "key", "value"),
    [
        (
            Features(fuzz=0.5, fuzz_colour=0.04),
            "fuzz",
            {"texture": False, "color": [0.04, 0.04, 0.04], "weight": 0.5},
        ),
        (Features(glint=True), "glint", GLINT),
        (Features(glint=True, fuzz=1.0), "glint", GLINT),
        (Features(emissive=True, emissive_scale=2.0), "emissive_scale", 2.0),
    ],
)
def test_a_feature_is_written_as_pgpatcher_reads_it(tmp_path, features, key, value):
    place(tmp_path, "a", "a_n", "a_rmaos")
    made = entry("a", parallax=False, emissive=False, features=features)
    assert made[key] == value
    assert len({"fuzz", "glint"} & made.keys()) <= 1
    write_entries(tmp_path, "mod", [made])
    assert validate(tmp_path) == []

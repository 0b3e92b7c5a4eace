from pathlib import Path

import pytest

from unbake.data.sources import family, list_materials
from unbake.domain.maps import MapKind
from unbake.errors import FileError, UsageError

SHARED = Path(__file__).parents[3] / "shared" / "data" / "materials"


def test_a_missing_map_is_missing_and_not_zero(tmp_path, write_material):
    write_material(tmp_path, "wood/oak001", ("basecolor", "normal"))
    (material,) = list_materials(tmp_path)
    assert set(material.paths) == {MapKind.ALBEDO, MapKind.NORMAL}


def test_names_and_suffixes_are_read_in_any_case(tmp_path, write_material):
    place = write_material(tmp_path, "wood/oak001", suffix=".jpg")
    (place / "roughness.jpg").rename(place / "Roughness.JPEG")
    (material,) = list_materials(tmp_path)
    assert material.paths[MapKind.ROUGHNESS].name == "Roughness.JPEG"


def test_height_is_preferred_to_displacement_which_stands_in_for_it(tmp_path, write_material):
    write_material(tmp_path, "wood/a001", ("basecolor", "normal", "height", "displacement"))
    write_material(tmp_path, "wood/b001", ("basecolor", "normal", "displacement"))
    a, b = list_materials(tmp_path)
    assert (a.paths[MapKind.HEIGHT].stem, b.paths[MapKind.HEIGHT].stem) == ("height", "displacement")


@pytest.mark.parametrize(
    ("said", "maps", "expected"),
    [
        ({"metallic": "given"}, ("metallic",), "given"),
        ({"metallic": "given"}, (), "unknown"),
        ({"metallic": "zero"}, (), "zero"),
        ({"metallic": "zero"}, ("metallic",), "zero"),
        ({"metallic": "unknown"}, ("metallic",), "unknown"),
        ({}, ("metallic",), "given"),
        ({}, (), "unknown"),
        (None, ("metallic",), "given"),
    ],
)
def test_metal_follows_the_metadata_and_then_the_file(tmp_path, write_material, said, maps, expected):
    write_material(tmp_path, "metal/iron001", ("basecolor", "normal", *maps), about=said)
    assert list_materials(tmp_path)[0].metal == expected


def test_the_source_is_named_without_its_commit(tmp_path, write_material):
    write_material(
        tmp_path, "wood/oak001", about={"source": "owner/repo@abc", "license": "CC0", "tileable": True}
    )
    (material,) = list_materials(tmp_path)
    assert (material.source, material.licence, material.tileable) == ("owner/repo", "CC0", True)


def test_without_metadata_tiling_is_to_be_measured(tmp_path, write_material):
    write_material(tmp_path, "wood/oak001")
    assert list_materials(tmp_path)[0].tileable is None


@pytest.mark.parametrize("maps", [(), ("basecolor",), ("normal", "roughness")])
def test_a_folder_without_base_colour_and_normal_is_answered_with_the_layout(tmp_path, write_material, maps):
    write_material(tmp_path, "wood/oak001", maps)
    with pytest.raises(UsageError, match=r"<category>/<name>/\{basecolor,normal"):
        list_materials(tmp_path)


def test_a_folder_that_is_not_there_is_answered_with_the_layout(tmp_path):
    with pytest.raises(UsageError, match=r"<category>/<name>/\{basecolor,normal"):
        list_materials(tmp_path / "nowhere")


@pytest.mark.parametrize("content", ["{", "[1]", ""])
def test_metadata_that_are_no_object_are_named(tmp_path, write_material, content):
    place = write_material(tmp_path, "wood/oak001")
    (place / "metadata.json").write_text(content)
    with pytest.raises(FileError, match=r"metadata\.json"):
        list_materials(tmp_path)


def test_skyrims_materials_need_a_diffuse_and_a_normal_and_no_target(tmp_path, write_material):
    write_material(tmp_path, "town/wall001", ("diffuse", "normal", "height"))
    write_material(tmp_path, "town/gate002", ("basecolor", "normal"))
    (material,) = list_materials(tmp_path, "skyrim")
    assert (material.id, material.domain, set(material.paths)) == (
        "town/wall001",
        "skyrim",
        {MapKind.NORMAL, MapKind.HEIGHT},
    )


def test_a_skyrim_folder_without_diffuses_is_answered_with_the_layout(tmp_path, write_material):
    write_material(tmp_path, "town/gate002", ("basecolor", "normal"))
    with pytest.raises(UsageError, match="a diffuse of their own and normal"):
        list_materials(tmp_path, "skyrim")


@pytest.mark.parametrize(
    ("said", "given", "marked", "written"),
    [
        (None, "diffuse", False, []),
        ("own", "diffuse", True, []),
        ("basecolor", None, False, []),
        ("black", None, False, []),
        ("synthetic", None, False, ["diffuse"]),
    ],
)
def test_a_diffuse_is_what_the_metadata_say(tmp_path, write_material, said, given, marked, written):
    write_material(tmp_path, "wood/oak001", ("basecolor", "normal", "diffuse"), about={"diffuse": said})
    (material,) = list_materials(tmp_path)
    assert (material.own.diffuse.stem if material.own else None) == given
    assert material.marked == marked
    assert [painting.diffuse.stem for painting in material.painted] == written


def test_a_diffuse_brings_its_specular_mask_with_it(tmp_path, write_material):
    write_material(tmp_path, "wood/oak001", ("basecolor", "normal", "diffuse", "specular"))
    (material,) = list_materials(tmp_path)
    assert material.own.specular.stem == "specular"


def test_written_diffuses_come_in_the_order_of_their_numbers_each_with_its_mask(tmp_path, write_material):
    names = ("diffuse_syn_10", "diffuse_syn_2", "specular_syn_10", "diffuse_syn_x")
    write_material(tmp_path, "wood/oak001", ("basecolor", "normal", *names))
    (material,) = list_materials(tmp_path)
    assert [(w.diffuse.stem, w.specular and w.specular.stem) for w in material.painted] == [
        ("diffuse_syn_2", None),
        ("diffuse_syn_10", "specular_syn_10"),
    ]


@pytest.mark.parametrize(("said", "derived"), [("derived", {MapKind.AO}), ("given", set()), (None, set())])
def test_derived_occlusion_is_told_from_given(tmp_path, write_material, said, derived):
    write_material(tmp_path, "wood/oak001", ("basecolor", "normal", "ao"), about={"ao": said})
    assert list_materials(tmp_path)[0].derived == derived


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Ground049A", "ground049"),
        ("ground049c", "ground049"),
        ("ground_049_b", "ground049"),
        ("Ground049A_1K-JPG", "ground049"),
        ("concrete002", "concrete002"),
        ("concrete020", "concrete020"),
        ("door_2", "door"),
        ("container4", "container"),
        ("painted_wooden_cabinet_02", "painted_wooden_cabinet"),
        ("bishop_black", "bishop"),
        ("tile_tech_panels_color", "tile_tech_panels"),
        ("3d_lidar", "3d_lidar"),
        ("white", "white"),
    ],
)
def test_near_copies_share_a_family(name, expected):
    assert family(name) == expected


def test_plain_names_of_two_sources_are_two_families_but_asset_numbers_are_one():
    assert family("grass", "a/b") != family("grass_2", "c/d")
    assert family("grass004", "a/b") == family("Grass004", "c/d")


def test_the_shared_materials_are_all_found():
    if not SHARED.is_dir():
        pytest.skip("the shared data folder is not here")
    materials = list_materials(SHARED)
    assert len(materials) == len({m.id for m in materials}) == len(list(SHARED.glob("*/*/basecolor.jpg")))
    assert all(m.licence and m.source and MapKind.ROUGHNESS in m.paths for m in materials)


def test_a_folder_that_a_killed_import_left_is_no_material(tmp_path, write_material):
    write_material(tmp_path, "wood/oak001")
    write_material(tmp_path, f"wood/.{'0' * 16}.tmp")
    assert [material.id for material in list_materials(tmp_path)] == ["wood/oak001"]

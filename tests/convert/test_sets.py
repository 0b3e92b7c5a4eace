from pathlib import Path

import pytest
from support.empty_files import reasons, tree

from unbake.convert.find import find_sets
from unbake.convert.sets import TextureSet
from unbake.convert.sources import Source
from unbake.domain.naming import SUFFIXES


def test_a_vanilla_set_is_found_by_its_suffixes(tmp_path: Path) -> None:
    folder = tmp_path / "textures" / "clutter"
    tree(folder, "pot.dds", "pot_n.dds", "pot_m.dds", "pot_g.dds", "pot_p.dds")
    assert find_sets(tmp_path) == (
        [
            TextureSet(
                "clutter/pot",
                "clutter/pot",
                Source(folder / "pot.dds"),
                normal=Source(folder / "pot_n.dds"),
                environment=Source(folder / "pot_m.dds"),
                parallax=Source(folder / "pot_p.dds"),
                glow=Source(folder / "pot_g.dds"),
            )
        ],
        [],
    )


def test_a_set_named_as_mods_do_keeps_the_name_that_meshes_use(tmp_path: Path) -> None:
    tree(tmp_path, "wall_d.jpg", "wall_n.jpg", "wall_s.jpg", "wall_h.jpg")
    [found], skipped = find_sets(tmp_path)
    assert (found.name, found.texture) == ("wall", "wall_d")
    assert len(found.files) == 4
    assert skipped == []


def test_suffixes_and_folders_match_in_any_case(tmp_path: Path) -> None:
    tree(tmp_path, "TEXTURES/Clutter/Pot.DDS", "TEXTURES/Clutter/POT_N.dds")
    [found], _ = find_sets(tmp_path)
    assert found.name == "Clutter/Pot"
    assert found.normal == Source(tmp_path / "TEXTURES/Clutter/POT_N.dds")


def test_names_may_be_cyrillic(tmp_path: Path) -> None:
    tree(tmp_path, "textures/Стены/Дерево.dds", "textures/Стены/дерево_N.dds")
    [found], _ = find_sets(tmp_path)
    assert (found.name, found.normal is not None) == ("Стены/Дерево", True)


def test_a_diffuse_without_a_normal_is_a_set(tmp_path: Path) -> None:
    [found], _ = find_sets(tree(tmp_path, "pot.png"))
    assert found.normal is None


def test_model_space_normals_skip_the_whole_set(tmp_path: Path) -> None:
    sets, skipped = find_sets(tree(tmp_path, "body.dds", "body_msn.dds", "body_s.dds"))
    assert sets == []
    assert set(reasons(skipped)) == {"body.dds", "body_msn.dds", "body_s.dds"}


def test_s_beside_a_plain_normal_is_a_specular_mask(tmp_path: Path) -> None:
    [found], _ = find_sets(tree(tmp_path, "a.dds", "a_n.dds", "a_s.dds"))
    assert found.specular == Source(tmp_path / "a_s.dds")


def test_s_without_a_normal_is_left_alone(tmp_path: Path) -> None:
    [found], skipped = find_sets(tree(tmp_path, "a.dds", "a_s.dds"))
    assert found.specular is None
    assert "subsurface" in reasons(skipped)["a_s.dds"]


def test_a_cubemap_is_skipped_and_its_neighbour_converted(tmp_path: Path) -> None:
    sets, skipped = find_sets(tree(tmp_path, "glass.dds", "glass_n.dds", "glass_e.dds"))
    assert [one.name for one in sets] == ["glass"]
    assert "cubemap" in reasons(skipped)["glass_e.dds"]


def test_a_normal_without_a_diffuse_gives_a_reason(tmp_path: Path) -> None:
    assert "without a diffuse" in reasons(find_sets(tree(tmp_path, "lost_n.dds"))[1])["lost_n.dds"]


def test_variants_without_a_normal_share_the_plain_ones(tmp_path: Path) -> None:
    sets, skipped = find_sets(tree(tmp_path, "rug_n.dds", "rug_red.dds", "rug_blue_d.dds", "rug.dds"))
    assert [(one.name, one.normal, one.shared) for one in sets] == [
        ("rug", Source(tmp_path / "rug_n.dds"), None),
        ("rug_blue", Source(tmp_path / "rug_n.dds"), "rug"),
        ("rug_red", Source(tmp_path / "rug_n.dds"), "rug"),
    ]
    assert skipped == []


def test_a_normal_is_shared_without_a_diffuse_of_its_name(tmp_path: Path) -> None:
    sets, skipped = find_sets(
        tree(tmp_path, "clutter/rug01_n.dds", "clutter/rug01red.dds", "clutter/rug01blue.dds")
    )
    assert [one.shared for one in sets] == ["clutter/rug01", "clutter/rug01"]
    assert skipped == []


def test_of_normals_to_share_the_one_with_the_longest_name_is_taken(tmp_path: Path) -> None:
    sets, _ = find_sets(tree(tmp_path, "rug_n.dds", "rug_old_n.dds", "rug_old_red.dds"))
    assert [one.shared for one in sets] == ["rug_old"]


def test_a_normal_of_its_own_is_never_replaced_by_a_shared_one(tmp_path: Path) -> None:
    sets, _ = find_sets(tree(tmp_path, "rug_n.dds", "rug_red.dds", "rug_red_n.dds", "rug.dds"))
    assert [one.shared for one in sets] == [None, None]


def test_a_name_that_only_begins_alike_shares_nothing(tmp_path: Path) -> None:
    sets, _ = find_sets(tree(tmp_path, "pot.dds", "pot_n.dds", "pottery.dds"))
    assert [(one.name, one.normal is None) for one in sets] == [("pot", False), ("pottery", True)]


def test_a_variant_of_a_body_is_skipped_with_it(tmp_path: Path) -> None:
    sets, skipped = find_sets(tree(tmp_path, "troll.dds", "troll_msn.dds", "troll_old.dds"))
    assert sets == []
    assert "model-space" in reasons(skipped)["troll_old.dds"]


def test_of_two_environment_masks_one_is_read_and_the_other_has_a_reason(tmp_path: Path) -> None:
    [found], skipped = find_sets(tree(tmp_path, "pot.dds", "pot_em.dds", "pot_m.dds"))
    assert found.environment == Source(tmp_path / "pot_m.dds")
    assert reasons(skipped) == {"pot_em.dds": "pot_m.dds is used instead"}


def test_every_file_is_part_of_a_set_or_has_a_reason(tmp_path: Path) -> None:
    suffixes = [*SUFFIXES, "_x"]
    names = {f"textures/{place}a{suffix}.dds" for suffix in ("", *suffixes) for place in ("", "sky/", "b/A_")}
    names |= {f"textures/c{suffix}.png" for suffix in ("", "_n", "_N_N", "_red", "_p", "_h", "_e", "_flow")}
    sets, skipped = find_sets(tree(tmp_path, *names, "readme.jpg"))
    told = [one.path for one in skipped]
    read = {str(file.path.relative_to(tmp_path / "textures")) for one in sets for file in one.files}
    assert len(told) == len(set(told))
    assert read | set(told) == {name.removeprefix("textures/") for name in names} | {"readme.jpg"}
    assert read & set(told) == set()


def test_unsupported_folders_give_a_reason(tmp_path: Path) -> None:
    sets, skipped = find_sets(tree(tmp_path, "textures/sky/moon.dds", "textures/pbr/pot.dds"))
    assert sets == []
    assert set(reasons(skipped)) == {"sky/moon.dds", "pbr/pot.dds"}


def test_of_two_names_that_differ_in_case_the_first_wins(tmp_path: Path) -> None:
    sets, skipped = find_sets(tree(tmp_path, "Pot.dds", "pot.dds"))
    assert [one.name for one in sets] == ["Pot"]
    assert "only in case" in reasons(skipped)["pot.dds"]


def test_two_folders_that_differ_in_case_are_one(tmp_path: Path) -> None:
    sets, skipped = find_sets(tree(tmp_path, "Clutter/pot.dds", "clutter/pot.dds", "clutter/pot_n.dds"))
    assert [(one.name, one.normal is not None) for one in sets] == [("Clutter/pot", True)]
    assert list(reasons(skipped)) == ["clutter/pot.dds"]


def test_dds_is_preferred_to_other_files_of_the_same_stem(tmp_path: Path) -> None:
    [found], skipped = find_sets(tree(tmp_path, "pot.png", "pot.dds", "pot.jpg"))
    assert found.diffuse == Source(tmp_path / "pot.dds")
    assert set(reasons(skipped)) == {"pot.png", "pot.jpg"}


def test_a_d_uses_its_own_normal_before_the_plain_one(tmp_path: Path) -> None:
    sets, _ = find_sets(tree(tmp_path, "sword_d.dds", "sword_d_n.dds"))
    assert [(one.name, one.normal) for one in sets] == [("sword_d", Source(tmp_path / "sword_d_n.dds"))]


def test_pictures_beside_the_textures_folder_are_skipped(tmp_path: Path) -> None:
    sets, skipped = find_sets(tree(tmp_path, "textures/pot.dds", "screenshot.jpg"))
    assert [one.name for one in sets] == ["pot"]
    assert reasons(skipped) == {"screenshot.jpg": "outside the textures folder"}


@pytest.mark.parametrize(
    ("diffuse", "normal", "green"),
    [
        ("rock_diffuse", "rock_normal", None),
        ("rock_albedo", "rock_NormalGL", "opengl"),
        ("rock_Color", "rock_nrm", None),
        ("rock_basecolor", "rock_NormalDX", "directx"),
        ("rock_COL_1K", "rock_NRM_1K", None),
        ("rock_diff_1k", "rock_nor_gl_1k", "opengl"),
        ("rock", "rock_norm", None),
    ],
)
def test_sets_named_as_other_tools_do_are_found(
    tmp_path: Path, diffuse: str, normal: str, green: str | None
) -> None:
    sets, skipped = find_sets(tree(tmp_path, f"{diffuse}.png", f"{normal}.png"))
    assert [(one.texture, one.normal, one.green) for one in sets] == [
        (diffuse, Source(tmp_path / f"{normal}.png"), green)
    ]
    assert skipped == []


def test_the_maps_of_a_finished_material_are_never_painted_over(tmp_path: Path) -> None:
    sets, skipped = find_sets(
        tree(tmp_path, *(f"a_{end}.png" for end in ("albedo", "nrm", "rough", "metallic")))
    )
    assert [one.name for one in sets] == ["a"]
    assert reasons(skipped) == {
        "a_metallic.png": "a metallic map; left alone",
        "a_rough.png": "a roughness map; left alone",
    }


def test_of_two_diffuses_of_one_name_both_are_sets(tmp_path: Path) -> None:
    sets, skipped = find_sets(tree(tmp_path, "rock_albedo.png", "rock_diffuse.png", "rock_normal.png"))
    assert [(one.name, one.normal is not None) for one in sets] == [("rock", True), ("rock_diffuse", True)]
    assert skipped == []


@pytest.mark.parametrize(("one", "other"), [("m", "f"), ("f", "m"), ("0", "1"), ("male", "female")])
def test_a_pair_with_one_normal_gives_two_sets(tmp_path: Path, one: str, other: str) -> None:
    sets, skipped = find_sets(tree(tmp_path, f"robes_{one}.dds", f"robes_{one}_n.dds", f"robes_{other}.dds"))
    assert {files.name: files.shared for files in sets} == {
        f"robes_{one}": None,
        f"robes_{other}": f"robes_{one}",
    }
    assert skipped == []


def test_a_pair_with_a_normal_of_its_plain_name_gives_two_sets(tmp_path: Path) -> None:
    sets, skipped = find_sets(tree(tmp_path, "robes_m.dds", "robes_f.dds", "robes_n.dds"))
    assert [files.shared for files in sets] == ["robes", "robes"]
    assert skipped == []

import subprocess
import sys

import pytest

from unbake.domain.naming import Role, green_of, is_variant, role_among, split_stem


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        ("wrwoodplank01", ("wrwoodplank01", Role.DIFFUSE)),
        ("sword_d", ("sword", Role.DIFFUSE)),
        ("sword_n", ("sword", Role.NORMAL)),
        ("sword_s", ("sword", Role.SPECULAR)),
        ("sword_m", ("sword", Role.ENVIRONMENT)),
        ("sword_em", ("sword", Role.ENVIRONMENT)),
        ("sword_envmask", ("sword", Role.ENVIRONMENT)),
        ("sword_p", ("sword", Role.PARALLAX)),
        ("sword_h", ("sword", Role.PARALLAX)),
        ("sword_g", ("sword", Role.GLOW)),
        ("body_msn", ("body", Role.MODEL_NORMAL)),
        ("body_sk", ("body", Role.SKIN)),
        ("shiny_e", ("shiny", Role.CUBEMAP)),
        ("hair_flow", ("hair", Role.FLOW)),
        ("armor_cnr", ("armor", Role.COAT)),
        ("armor_rmaos", ("armor", Role.PBR)),
    ],
)
def test_a_suffix_tells_the_role(stem: str, expected: tuple[str, Role]) -> None:
    assert split_stem(stem) == expected


def test_suffixes_are_read_in_any_case_and_the_rest_keeps_its_own() -> None:
    assert split_stem("WRWood_EnvMask") == ("WRWood", Role.ENVIRONMENT)


def test_an_unknown_ending_belongs_to_the_name() -> None:
    assert split_stem("wood_plank") == ("wood_plank", Role.DIFFUSE)


def test_a_bare_suffix_is_a_name() -> None:
    assert split_stem("_n") == ("_n", Role.DIFFUSE)


def test_a_stem_with_a_normal_of_its_own_is_a_diffuse() -> None:
    assert role_among("rug_b", {"rug_b", "rug_b_n"}) == ("rug_b", Role.DIFFUSE)


def test_a_d_beside_the_undecorated_stem_is_another_diffuse() -> None:
    assert role_among("sword_d", {"sword", "sword_d"}) == ("sword_d", Role.DIFFUSE)


def test_a_normal_stays_a_normal_whatever_lies_beside_it() -> None:
    assert role_among("rug_n", {"rug_n", "rug_n_n"}) == ("rug", Role.NORMAL)


@pytest.mark.parametrize("name", ["rug_red", "rug-red", "rug red", "rug_red_old"])
def test_an_addition_after_a_separator_makes_a_variant(name: str) -> None:
    assert is_variant(name, "rug")


def test_a_letter_after_a_digit_makes_a_variant() -> None:
    assert is_variant("rug01red", "rug01")


@pytest.mark.parametrize(
    ("name", "of"), [("pottery", "pot"), ("rug012", "rug01"), ("rug", "rug"), ("rug", "rug_red")]
)
def test_other_names_are_other_textures(name: str, of: str) -> None:
    assert not is_variant(name, of)


def test_naming_needs_no_numpy() -> None:
    code = "import sys; import unbake.domain.naming; assert 'numpy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        ("rock_diffuse", ("rock", Role.DIFFUSE)),
        ("wall_albedo", ("wall", Role.DIFFUSE)),
        ("stone_baseColor", ("stone", Role.DIFFUSE)),
        ("stone_base_color", ("stone", Role.DIFFUSE)),
        ("plank_Color", ("plank", Role.DIFFUSE)),
        ("brick_bc", ("brick", Role.DIFFUSE)),
        ("brick_COL_2K", ("brick_2K", Role.DIFFUSE)),
        ("mud_diff_1k", ("mud_1k", Role.DIFFUSE)),
        ("rock_normal", ("rock", Role.NORMAL)),
        ("wall_NormalGL", ("wall", Role.NORMAL)),
        ("wall_normal-ogl", ("wall", Role.NORMAL)),
        ("plank_nrm", ("plank", Role.NORMAL)),
        ("plank_norm", ("plank", Role.NORMAL)),
        ("mud_nor_gl_1k", ("mud_1k", Role.NORMAL)),
        ("mud_n_dx", ("mud", Role.NORMAL)),
        ("rock_spec", ("rock", Role.SPECULAR)),
        ("rock_metallic", ("rock", Role.METALLIC)),
        ("rock_rough", ("rock", Role.ROUGHNESS)),
        ("rock_Displacement", ("rock", Role.PARALLAX)),
    ],
)
def test_the_words_of_other_tools_tell_the_role_too(stem: str, expected: tuple[str, Role]) -> None:
    assert split_stem(stem) == expected


@pytest.mark.parametrize("stem", ["rockcolor", "color", "normal", "iron_colt", "rug_normandy"])
def test_a_word_inside_a_name_is_no_suffix(stem: str) -> None:
    assert split_stem(stem) == (stem, Role.DIFFUSE)


@pytest.mark.parametrize(
    ("stem", "green"),
    [
        ("wall_NormalGL", "opengl"), ("wall_normal_ogl", "opengl"), ("mud_nor_gl_1k", "opengl"),
        ("wall_normal-OpenGL", "opengl"), ("wall_NormalDX", "directx"), ("wall_normal_directx", "directx"),
        ("mud_n_dx", "directx"), ("wall_normal", None), ("wall_n", None),
    ],
)  # fmt: skip
def test_a_normal_map_may_tell_its_green_by_its_name(stem: str, green: str | None) -> None:
    assert green_of(stem) == green


def test_both_of_a_pair_are_diffuses_where_the_plain_name_is_none() -> None:
    assert role_among("robes_f", {"robes_f", "robes_m", "robes_m_n"}) == ("robes_f", Role.DIFFUSE)
    assert role_among("robes_f", {"robes_f", "robes_m", "robes"}) == ("robes", Role.FUZZ)

"""Recipes: the plan's numbers, and errors that name the place in the file."""

import pytest

from unbake import recipe
from unbake.errors import RecipeError


def test_phase_a0_is_the_plans_table():
    r = recipe.load("A0")
    assert (r.tag, r.checkpoint_tag, r.writes) == ("phase_A0", "phase_A0_checkpoint", "A0_best")
    assert (r.data.px, r.data.batch, r.data.patches) == (1024, 4, 1000)
    assert r.optimizer == recipe.AdamW(lr=1e-4, weight_decay=1e-2)
    assert r.schedule == recipe.Cosine(t_max=15)
    assert r.epochs == recipe.Epochs(min=10, max=15)
    assert r.trains == ("all",)
    assert r.augment == recipe.Augment(spatial=False, colour_jitter=0.0, composite2=0.0, composite4=0.0)


def test_phase_a_is_the_plans_table():
    r = recipe.load("phase_A")
    assert (r.tag, r.checkpoint_tag, r.writes) == ("phase_A", "phase_A_checkpoint", "A_best")
    assert r.starts_from == {"all": "A0_best"}
    assert r.epochs == recipe.Epochs(min=30, max=40)
    assert r.schedule == recipe.OneCycle(max_lr=5e-5, pct_start=0.3, final_lr=1e-5)
    assert (r.augment.composite2, r.augment.composite4) == (0.30, 0.15)
    assert r.advance == recipe.Plateau(patience=4)


def test_a_mix_that_does_not_sum_to_one_is_an_error():
    with pytest.raises(RecipeError, match="must sum to 1"):
        recipe.load("A0", ("data.mix.skyrim=0.5",))


def test_a_pool_that_cannot_be_read_yet_is_an_error():
    with pytest.raises(RecipeError, match="only MatSynth"):
        recipe.load("A0", ("data.mix.skyrim=0.5", "data.mix.matsynth=0.5"))


def test_an_unknown_key_is_an_error_with_its_path():
    with pytest.raises(RecipeError, match=r"unknown field `pixels`.*\$\.data"):
        recipe.load("A0", ("data.pixels=3",))


def test_a_wrong_type_is_an_error_with_its_path():
    with pytest.raises(RecipeError, match=r"\$\.data\.px"):
        recipe.load("A0", ("data.px=many",))


def test_an_override_without_a_value_says_what_to_write():
    with pytest.raises(RecipeError, match=r"--set key\.path=value"):
        recipe.load("A0", ("data.px",))


def test_an_unknown_phase_lists_the_known_ones():
    with pytest.raises(RecipeError, match="A0, A"):
        recipe.load("Z")


def test_a_recipe_survives_the_way_through_json():
    import msgspec

    r = recipe.load("A")
    assert msgspec.convert(recipe.as_dict(r), recipe.Recipe, strict=False) == r

"""The stages of a bundle as data: every override is one of its phase's recipe, and the numbers are those asked for."""

import pytest

from unbake import recipe as recipes
from unbake.recipe import Recipe
from unbake.recipe.bundle import Kind, read_bundle, settings_of

BUNDLE = read_bundle()


def loaded(settings: tuple[str, ...]) -> list[Recipe]:
    return [
        recipes.load(
            stage.phase,
            tuple(s.partition(":")[2] for s in settings if s.startswith(f"{stage.phase}:")),
        )
        for stage in BUNDLE.stages
    ]


@pytest.mark.parametrize("kind", ["cpu", "cuda"])
@pytest.mark.parametrize("backbone", ["", "folder"])
def test_every_stage_is_a_recipe_of_one_epoch(kind: Kind, backbone: str):
    for recipe in loaded(settings_of(BUNDLE, kind, side=512, model="small", backbone=backbone)):
        assert (recipe.epochs.max, recipe.advance) == (1, recipes.Always())
        assert recipe.data.px == 256


def test_only_the_heads_of_the_classifier_learn_where_there_is_a_backbone():
    first, second = loaded(settings_of(BUNDLE, "cpu", side=512, model="full", backbone="folder"))
    assert (first.trains, first.warm_start, first.model) == (("head.classes",), "folder", "full")
    assert second.trains == ("segformer", "unet_albedo", "unet_maps")


def test_all_of_the_classifier_learns_where_there_is_no_backbone():
    first, _ = loaded(settings_of(BUNDLE, "cpu", side=512, model="small"))
    assert (first.trains, first.warm_start) == (("vit",), "")


def test_stages_share_what_decides_a_cache_so_that_it_is_built_once():
    stages = loaded(settings_of(BUNDLE, "cpu", side=1024, model="small", held_out=("a/b",)))
    assert len({(r.data.scales, r.data.variants, r.seed, r.data.held_out, r.data.px) for r in stages}) == 1


@pytest.mark.parametrize(("side", "scales"), [(384, (1.0, 0.5)), (512, (1.0, 0.5)), (1024, (0.5, 0.25))])
def test_large_materials_are_shown_smaller(side: int, scales: tuple[float, ...]):
    assert {r.data.scales for r in loaded(settings_of(BUNDLE, "cpu", side=side, model="small"))} == {scales}


def test_held_out_sources_are_held_out_in_every_stage():
    stages = loaded(settings_of(BUNDLE, "cpu", side=512, model="small", held_out=('a/"b', "c/d")))
    assert {r.data.held_out for r in stages} == {('a/"b', "c/d")}


def test_a_persons_overrides_count_last_in_all_stages_or_in_one():
    last = BUNDLE.stages[-1].phase
    own = ("data.px=32", f"{last}:ema=0.5")
    first, second = loaded(settings_of(BUNDLE, "cpu", side=512, model="small", own=own))
    assert (first.data.px, second.data.px, first.ema, second.ema) == (32, 32, 0.0, 0.5)

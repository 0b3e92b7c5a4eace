"""Recipes: how they are named, filled in and overridden, and errors that name the place in the file."""

import tomllib
from pathlib import Path

import msgspec
import pytest

from unbake import recipe
from unbake.domain.maps import OUTPUTS
from unbake.errors import RecipeError


class TestNames:
    @pytest.mark.parametrize("name", recipe.ORDER)
    def test_a_phase_is_found_by_its_file_and_by_its_tag(self, name: str):
        assert recipe.load(recipe.load(name).tag) == recipe.load(name)

    @pytest.mark.parametrize("name", ["A-Albedo-Syn", "A-Albedo-Sync", "a_albedo_syn", "phase_A_albedo_syn"])
    def test_the_plans_two_spellings_of_a_phase_are_one(self, name: str):
        assert recipe.load(name).writes == "A_alb_syn_best"

    def test_an_unknown_phase_lists_the_known_ones(self):
        with pytest.raises(RecipeError, match="A0, A"):
            recipe.load("Z")

    def test_a_file_of_ones_own_is_read_by_its_path(self, tmp_path: Path):
        own = tmp_path / "mine.toml"
        own.write_text(recipe.source_text("B").replace("step_size = 6", "step_size = 3"), encoding="utf-8")
        assert recipe.load(str(own)).schedule == recipe.Step(step_size=3, gamma=0.5)

    def test_a_file_that_is_not_there_is_an_error_with_its_path(self):
        with pytest.raises(RecipeError, match=r"nowhere\.toml"):
            recipe.load("nowhere.toml")

    def test_a_file_that_is_no_toml_is_an_error_with_its_line(self, tmp_path: Path):
        (tmp_path / "mine.toml").write_text("tag = \n", encoding="utf-8")
        with pytest.raises(RecipeError, match="line 1"):
            recipe.load(str(tmp_path / "mine.toml"))

    @pytest.mark.parametrize("name", recipe.ORDER)
    def test_a_recipe_as_written_is_toml_with_its_tag_and_comments(self, name: str):
        text = recipe.source_text(name)
        assert (tomllib.loads(text)["tag"], text[:8]) == (recipe.load(name).tag, "# Phase ")

    def test_the_runs_of_the_plan_are_six_phases_and_one_head_after_the_other(self):
        phases = [(name, "") for name in recipe.ORDER[:-1]]
        assert recipe.all_runs() == phases + [(recipe.ORDER[-1], kind) for kind in OUTPUTS]


class TestOneForEachMap:
    def test_the_map_fills_the_recipe(self):
        r = recipe.load("D", map="ao")
        assert (r.map, r.trains, r.writes, r.checkpoint_tag) == (
            "ao",
            ("head.ao",),
            "D_ao_best",
            "phase_D_ao_checkpoint",
        )

    def test_a_map_that_is_none_lists_those_there_are(self):
        with pytest.raises(RecipeError, match="metallic_mask, albedo"):
            recipe.load("D", map="specular")

    def test_a_phase_that_trains_all_at_once_takes_no_map(self):
        with pytest.raises(RecipeError, match="leave it out"):
            recipe.load("B", map="albedo")


class TestOverrides:
    def test_a_number_is_replaced(self):
        assert recipe.load("A0", ("data.px=256",)).data.px == 256

    def test_a_bare_word_is_a_string(self):
        assert recipe.load("B", ("losses.perceptual=none",)).losses.perceptual == "none"

    def test_a_list_is_replaced(self):
        assert recipe.load("B", ('data.held_out=["someone/pack"]',)).data.held_out == ("someone/pack",)

    def test_a_table_can_become_another_choice(self):
        lion = 'optimizer={type="lion", lr=5e-7, weight_decay=1e-1}'
        assert recipe.load("C", (lion,)).optimizer == recipe.Lion(lr=5e-7, weight_decay=0.1)

    def test_what_a_recipe_leaves_out_can_be_added(self):
        crop = 'data.crop={start=256, end=768, feed="resized"}'
        assert recipe.load("A", (crop,)).data.crop == recipe.Crop(start=256, end=768, feed="resized")

    def test_of_two_the_later_counts(self):
        assert recipe.load("A0", ("data.px=256", "data.px=512")).data.px == 512

    def test_one_without_a_value_says_what_to_write(self):
        with pytest.raises(RecipeError, match=r"--set key\.path=value"):
            recipe.load("A0", ("data.px",))

    def test_one_inside_a_value_says_so(self):
        with pytest.raises(RecipeError, match="not a table"):
            recipe.load("A0", ("data.px.side=3",))


class TestErrors:
    def test_an_unknown_key_is_named_with_its_path(self):
        with pytest.raises(RecipeError, match=r"unknown field `pixels`.*\$\.data"):
            recipe.load("A0", ("data.pixels=3",))

    @pytest.mark.parametrize(
        ("override", "place"),
        [
            ("data.px=many", r"\$\.data\.px"),
            ("data.px=100", r"\$\.data\.px"),
            ("augment.composite2=1.5", r"\$\.augment\.composite2"),
            ("optimizer.lr=0", r"\$\.optimizer\.lr"),
            ("optimizer.lr=inf", r"\$\.optimizer\.lr"),
            ("optimizer.betas=[0.9, 1.0]", r"\$\.optimizer\.betas"),
            ("seed=-1", r"\$\.seed"),
            ("data.scales=[]", r"\$\.data\.scales"),
            ("writes=../B_best", r"\$\.writes"),
            ("tag=a/b", r"\$\.tag"),
            ("optimizer.type=sgd", r"\$\.optimizer"),
            ("losses.perceptual=vgg", r"\$\.losses\.perceptual"),
            ("advance.patience=3", r"\$\.advance"),
        ],
    )
    def test_a_value_that_cannot_be_is_named_with_its_path(self, override: str, place: str):
        with pytest.raises(RecipeError, match=place):
            recipe.load("B", (override,))

    def test_a_mix_that_does_not_sum_to_one_is_an_error(self):
        with pytest.raises(RecipeError, match="must sum to 1"):
            recipe.load("A0", ("data.mix.skyrim=0.5",))

    def test_a_domain_whose_pairs_weigh_nothing_is_an_error(self):
        with pytest.raises(RecipeError, match=r"data\.pairs"):
            recipe.load("A0", ("data.pairs.real=0", "data.pairs.synthetic=0"))

    @pytest.mark.parametrize("fold", ["[6, 5]", "[1, 1]"])
    def test_a_fold_that_would_hold_nothing_or_everything_out_is_an_error(self, fold: str):
        with pytest.raises(RecipeError, match=r"data\.fold"):
            recipe.load("A0", (f"data.fold={fold}",))

    def test_a_range_of_epochs_that_runs_backwards_is_an_error(self):
        with pytest.raises(RecipeError, match=r"epochs\.min"):
            recipe.load("A0", ("epochs.min=20",))

    @pytest.mark.parametrize("override", ["data.px=256", "data.crop.end=2048", "data.crop.start=768"])
    def test_crops_that_outgrow_the_patch_or_shrink_are_an_error_that_names_both_ends(self, override: str):
        with pytest.raises(RecipeError, match=r"data\.px .* set data\.crop\.start and data\.crop\.end"):
            recipe.load("B", (override,))

    def test_a_phase_judged_by_a_domain_that_it_never_sees_is_an_error(self):
        with pytest.raises(RecipeError, match="sky_val_loss"):
            recipe.load("B", ("data.mix={matsynth=1.0, skyrim=0.0}",))
        with pytest.raises(RecipeError, match="mat_val_loss"):
            recipe.load("B", ("data.mix={matsynth=0.0, skyrim=1.0}",))

    def test_a_perceptual_distance_that_weighs_nothing_is_an_error(self):
        with pytest.raises(RecipeError, match="perceptual_weight is 0"):
            recipe.load("A", ("losses.perceptual=lpips",))

    @pytest.mark.parametrize("override", ["best=head_loss", "map=colour"])
    def test_a_head_that_is_not_named_or_not_there_is_an_error(self, override: str):
        with pytest.raises(RecipeError, match="map"):
            recipe.load("A0", (override,))

    @pytest.mark.parametrize(("name", "override"), [("A", 'model="full"'), ("A0", 'starts_from={all="X"}')])
    def test_networks_come_from_a_parent_or_a_size_never_both(self, name: str, override: str):
        with pytest.raises(RecipeError, match="exactly one"):
            recipe.load(name, (override,))


@pytest.mark.parametrize("name", recipe.ORDER)
def test_a_recipe_survives_the_way_through_json(name: str):
    r = recipe.load(name)
    plain = recipe.as_dict(r)
    assert msgspec.json.decode(msgspec.json.encode(plain)) == plain
    assert msgspec.convert(plain, recipe.Recipe, strict=False) == r


def test_a_checkpoint_of_before_its_figures_were_recipe_data_has_those_of_its_phase():
    now = recipe.load("A_albedo_syn")
    old = recipe.as_dict(now)
    del old["advance"]["figures"]
    assert recipe.from_metadata({"recipe": old}) == now

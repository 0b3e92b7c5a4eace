"""The best epoch of a phase and its stopping rules."""

from unbake import recipe as recipes
from unbake.recipe.gate import Verdict
from unbake.train.stopping import best_epoch, ended

NAN = float("nan")


def history(*pairs: tuple[float, float]) -> list[dict[str, float]]:
    """Lines of epochs 0, 1, ... from (mat_val_loss, sky_val_loss)."""
    return [{"epoch": e, "mat_val_loss": mat, "sky_val_loss": sky} for e, (mat, sky) in enumerate(pairs)]


def gated(*more: str) -> recipes.Recipe:
    return recipes.load("B", ("epochs.min=3", "epochs.max=4", *more))


def test_the_best_epoch_has_the_lowest_loss_and_is_never_the_state_before_training():
    assert best_epoch(recipes.load("A"), history((0.1, 0), (0.9, 0), (0.5, 0), (0.6, 0))) == 2


def test_behind_a_gate_an_epoch_that_keeps_the_matsynth_rule_comes_before_a_lower_one_that_breaks_it():
    lines = history((1, 1), (1, 1), (1, 0.9), (1.2, 0.5), (1, 0.8))
    assert best_epoch(gated(), lines) == 4


def test_where_every_epoch_breaks_the_rule_the_lowest_is_kept_all_the_same():
    lines = history((1, 1), (NAN, NAN), (NAN, NAN), (5, 0.7))
    assert best_epoch(gated(), lines) == 3


def test_there_is_no_best_epoch_among_losses_that_are_no_numbers():
    assert best_epoch(recipes.load("A"), history((1, 1), (NAN, 1))) is None


def test_a_gate_that_passes_ends_the_phase_at_once():
    judgement = ended(gated(), history((1, 1), (1, 1), (1, 0.97), (1, 0.94)))
    assert judgement is not None and judgement.verdict is Verdict.PASS


def test_a_gate_is_not_asked_before_the_range_begins():
    assert ended(gated(), history((1, 1), (1, 1), (1, 0.5))) is None


def test_a_gate_that_never_passes_ends_the_phase_in_failure_at_the_upper_end():
    lines = history((1, 1), (1, 1), (1, 1), (1, 1))
    judgement = ended(gated(), [*lines, {"epoch": 4, "mat_val_loss": 1, "sky_val_loss": 0.99}])
    assert ended(gated(), lines) is None
    assert judgement is not None and judgement.verdict is Verdict.FAIL


def test_losses_that_are_never_numbers_fail_a_phase_whatever_its_condition():
    lines = history((1, 1), *[(NAN, NAN)] * 2)
    judgement = ended(recipes.load("Cp"), lines)
    assert judgement is not None and judgement.verdict is Verdict.FAIL


def test_a_phase_without_a_condition_passes_when_its_epochs_are_done():
    judgement = ended(recipes.load("Cp"), history((1, 1), (1, 1), (1, 1)))
    assert judgement is not None and judgement.verdict is Verdict.PASS


def test_an_enlarged_pair_set_pays_only_where_the_albedos_distances_fell():
    recipe = recipes.load("A_albedo_syn", ("epochs.min=1", "epochs.max=1"))
    before = {"epoch": 0, "mat_val_loss": 1.0, "mat/l1/albedo": 0.2, "mat/lpips/albedo": 0.3}
    better = before | {"epoch": 1, "mat/l1/albedo": 0.1, "mat/lpips/albedo": 0.2}
    mixed = better | {"mat/lpips/albedo": 0.4}
    verdicts = [ended(recipe, [before, after], "lpips") for after in (better, mixed)]
    assert [v and v.verdict for v in verdicts] == [Verdict.PASS, Verdict.FAIL]
    assert ended(recipe, [before, mixed], "none") == (
        Verdict.PASS,
        "lower than before training: mat/l1/albedo",
    )


def test_losses_that_did_not_settle_by_the_upper_end_stop_the_pipeline():
    recipe = recipes.load("A0", ("epochs.min=2", "epochs.max=3"))
    level = history((1, 0), (1, 0), (1, 0), (1, 0))
    fallen = history((1, 0), (0.5, 0), (0.5, 0), (0.5, 0))
    verdicts = [ended(recipe, lines) for lines in (level, fallen)]
    assert [v and v.verdict for v in verdicts] == [Verdict.FAIL, Verdict.PASS]


def test_a_head_stops_early_when_its_best_loss_is_three_epochs_old():
    recipe = recipes.load("D", (), "albedo")
    losses = [1.0, 0.9, 0.8, 0.85, 0.85, 0.85]
    lines = [{"epoch": e, "head_loss": loss} for e, loss in enumerate(losses)]
    judgement = ended(recipe, lines)
    assert judgement is not None and judgement.verdict is Verdict.PASS
    assert best_epoch(recipe, lines) == 2


def test_a_head_that_no_epoch_improves_stays_as_it_was():
    recipe = recipes.load("D", (), "albedo")
    lines = [{"epoch": e, "head_loss": loss} for e, loss in enumerate([0.7, 0.9, 0.8, 0.85, 0.85, 0.85])]
    assert best_epoch(recipe, lines) == 0
    assert ended(recipe, lines) == (
        Verdict.PASS,
        "the best validation loss is 3 epochs old; no epoch is better than before training, so the head stays as it "
        "was",
    )


def test_a_head_whose_losses_are_never_numbers_fails_though_it_stays_as_it_was():
    recipe = recipes.load("D", ("epochs.min=1", "epochs.max=1"), "albedo")
    judgement = ended(recipe, [{"epoch": 0, "head_loss": 1.0}, {"epoch": 1, "head_loss": NAN}])
    assert judgement == (Verdict.FAIL, "head_loss was never a finite number")


def test_a_phase_is_lower_by_the_figures_its_recipe_names():
    lower = 'advance={type="lower", figures=["sky/l1/ao"]}'
    recipe = recipes.load("A_albedo_syn", ("epochs.min=1", "epochs.max=1", lower))
    lines = [{"epoch": e, "mat_val_loss": 1.0, "sky/l1/ao": ao} for e, ao in enumerate((0.2, 0.1))]
    assert ended(recipe, lines, "lpips") == (Verdict.PASS, "lower than before training: sky/l1/ao")

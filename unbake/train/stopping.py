"""Best epoch and stopping rule of a phase, from its validation history; asked by the session."""

import math
from collections.abc import Mapping, Sequence

from unbake.recipe import PERCEPTUAL, Always, Gate, Lower, Plateau, Recipe, Settled, gate
from unbake.recipe.gate import Judgement, Verdict

History = Sequence[Mapping[str, float]]
"""One mapping of figures per epoch; history[0] is the validation before any training."""


def best_epoch(recipe: Recipe, history: History) -> int | None:
    """The epoch whose weights are kept: the lowest value of the recipe's figure, None where none is finite.

    For a recipe of one head the state before training, epoch 0, is a candidate: no head is left worse than it was.
    Behind a gate, epochs that keep its MatSynth rule come before those that break it (SPEC section 2, "Best").
    """
    ranked = []
    for line in history if recipe.map else history[1:]:
        epoch, value = int(line["epoch"]), line.get(recipe.best, math.nan)
        if math.isfinite(value):
            breaks = isinstance(recipe.advance, Gate) and not gate.keeps(
                history, epoch, recipe.advance.mat, recipe.advance.back
            )
            ranked.append((breaks, value, epoch))
    return min(ranked)[-1] if ranked else None


def best_value(recipe: Recipe, history: History) -> float:
    """The recipe's figure at its best epoch, NaN where there is none."""
    best = best_epoch(recipe, history)
    return math.nan if best is None else history[best][recipe.best]


def ended(recipe: Recipe, history: History, distance: str = "none") -> Judgement | None:
    """The judgement that ends the phase after the epochs in `history`: may the next begin; None while it goes on.

    distance: the name of the perceptual distance whose figures the history has.
    """
    done = len(history) - 1
    if done < recipe.epochs.min:
        return None
    values = [line.get(recipe.best, math.nan) for line in history]
    judgement = _judged(recipe, history, values, distance)
    if judgement.verdict is Verdict.PASS or done >= recipe.epochs.max:
        if not any(map(math.isfinite, values[1:])):
            return Judgement(Verdict.FAIL, f"{recipe.best} was never a finite number")
        passed = judgement.verdict is Verdict.PASS  # "not yet" at the upper end is never
        unmoved = "; no epoch is better than before training, so the head stays as it was"
        reason = judgement.reason + (unmoved if best_epoch(recipe, history) == 0 else "")
        return Judgement(Verdict.PASS if passed else Verdict.FAIL, reason)
    return None


def _judged(recipe: Recipe, history: History, values: list[float], distance: str) -> Judgement:
    """PASS at any epoch from epochs.min on ends the phase; what it is at epochs.max counts then."""
    done, at_the_end = len(history) - 1, len(history) - 1 >= recipe.epochs.max
    match recipe.advance:
        case Settled(fall=fall, window=window, within=within):
            if gate.settled(values, fall, window, within):
                return Judgement(Verdict.PASS, "the validation loss fell sharply and is stable")
            return Judgement(
                Verdict.FAIL,
                f"after {done} epochs {recipe.best} {values[-1]:.4f} (before training {values[0]:.4f}) has not fallen "
                f"by {fall:.0%} and stayed within {within:.0%} over {window} epochs",
            )
        case Plateau(patience=patience):
            if gate.plateaued(values[1:], patience):
                return Judgement(Verdict.PASS, f"the best validation loss is {patience} epochs old")
            return _all_done(done, at_the_end)
        case Lower(figures=figures):
            if not at_the_end:
                return Judgement(Verdict.NOT_YET, "")
            names = [name.replace(PERCEPTUAL, distance) for name in figures]
            if distance == "none":
                names = [name for name in figures if PERCEPTUAL not in name]
            best = best_epoch(recipe, history)
            return gate.lowered([history[0], history[done if best is None else best]], names)
        case Gate(sky=sky, mat=mat, back=back):
            return gate.judge(history, sky=sky, mat=mat, back=back)
        case Always():
            return _all_done(done, at_the_end)


def _all_done(done: int, at_the_end: bool) -> Judgement:
    return Judgement(Verdict.PASS if at_the_end else Verdict.NOT_YET, f"all {done} epochs are done")

"""Gates between phases: pure judgements over a history of validation figures."""

import math
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import NamedTuple

MAT, SKY = "mat_val_loss", "sky_val_loss"
"""Total validation loss on MatSynth and on Skyrim (plan: "Gate explanation")."""

ROUNDING = 1e-9
"""Relative tolerance of the comparison: 0.0665 must pass 0.95 x 0.07, whose binary product is slightly less."""


class Verdict(Enum):
    """Answer of a gate; the value is the exit code of `check_gate.py`."""

    PASS = 0
    FAIL = 1
    NOT_YET = 3


class Judgement(NamedTuple):
    """A verdict and the sentence that says why."""

    verdict: Verdict
    reason: str


def judge(
    history: Iterable[Mapping[str, float]],
    epoch: int | None = None,
    sky: float = 0.95,
    mat: float = 1.10,
    back: int = 2,
) -> Judgement:
    """The plan's gate at an epoch (the last one by default): sky[e] ≤ 0.95 · sky[e-2] and mat[e] ≤ 1.10 · mat[e-2].

    history: one mapping per epoch with "epoch", MAT and SKY; the state before training, epoch 0, is no epoch of
    the phase. NOT_YET where there is no epoch e-2. A missing or non-finite value of either epoch fails.

    >>> before, now = {"epoch": 14, SKY: 0.1, MAT: 0.09}, {"epoch": 16, SKY: 0.0948, MAT: 0.0935}
    >>> judge([before, now]).verdict
    <Verdict.PASS: 0>
    """
    lines = {int(line["epoch"]): line for line in history if line["epoch"] >= 1}
    last = max(lines, default=0) if epoch is None else epoch
    values = [lines[e].get(name, math.nan) for e in (last,) if e in lines for name in (SKY, MAT)]
    if values and not all(map(math.isfinite, values)):
        return Judgement(
            Verdict.FAIL, f"epoch {last}: {SKY} {values[0]}, {MAT} {values[1]}: not finite numbers"
        )
    if last not in lines:
        return Judgement(Verdict.NOT_YET, f"there is no epoch {max(last, 1)} of this phase yet")
    if last - back not in lines:
        return Judgement(
            Verdict.NOT_YET, f"epoch {last}: there is no epoch {last - back} of this phase to compare with"
        )
    rules = [_rule(name, factor, lines, last, back) for name, factor in ((SKY, sky), (MAT, mat))]
    verdict = Verdict.PASS if all(holds for holds, _ in rules) else Verdict.FAIL
    return Judgement(verdict, f"epoch {last}: " + "; ".join(sentence for _, sentence in rules))


def keeps(history: Iterable[Mapping[str, float]], epoch: int, mat: float, back: int) -> bool:
    """True where an epoch keeps the MatSynth rule: mat[e] ≤ `mat` · mat[e-back]; true where there is no e-back yet."""
    lines = {int(line["epoch"]): line for line in history if line["epoch"] >= 1}
    return epoch - back not in lines or _rule(MAT, mat, lines, epoch, back)[0]


def _rule(
    name: str, factor: float, lines: Mapping[int, Mapping[str, float]], last: int, back: int
) -> tuple[bool, str]:
    now, before = (lines[e].get(name, math.nan) for e in (last, last - back))
    bound = factor * before
    holds = math.isfinite(before) and now <= bound * (1 + ROUNDING)  # false for a NaN of today, too
    change = f" ({now / before - 1:+.1%})" if math.isfinite(before) and before else ""
    sign = "<=" if holds else "is not <="
    limit = f"{factor:g} x {before:.6g} (= {bound:.6g}) of epoch {last - back}"
    return holds, f"{name} {now:.6g} {sign} {limit}{change}"


def settled(values: list[float], fall: float, window: int, within: float) -> bool:
    """True when the last `window` values differ by at most the share `within` and lie `fall` below the first.

    values: validation loss before training, then one per epoch. NaN never settles.

    >>> settled([2.0, 1.0, 0.8, 0.8, 0.8], fall=0.5, window=3, within=0.05)
    True
    """
    if len(values) < window + 1 or not all(map(math.isfinite, values)):
        return False
    last = values[-window:]
    return max(last) <= (1.0 - fall) * values[0] and max(last) - min(last) <= within * max(last)


def plateaued(values: list[float], patience: int) -> bool:
    """True when the lowest finite value is at least `patience` epochs old.

    >>> plateaued([3.0, 1.0, 1.1, 1.2], patience=2)
    True
    """
    finite = [value if math.isfinite(value) else math.inf for value in values]
    if not finite:
        return False
    return len(finite) - 1 - finite.index(min(finite)) >= patience


def lowered(history: list[Mapping[str, float]], figures: list[str]) -> Judgement:
    """PASS where each of `figures` is lower in the last line of the history than in the first (before training)."""
    first, last = history[0], history[-1]
    higher = [
        f"{name} {last.get(name, math.nan):.4f}, at first {first.get(name, math.nan):.4f}"
        for name in figures
        if not last.get(name, math.nan) < first.get(name, math.nan)
    ]
    if higher:
        return Judgement(Verdict.FAIL, "not lower than before training: " + "; ".join(higher))
    return Judgement(Verdict.PASS, "lower than before training: " + ", ".join(figures))

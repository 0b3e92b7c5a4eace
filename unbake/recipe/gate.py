"""When a phase may end and whether the next may begin: pure judgements over a history of validation figures."""

import json
import math
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import NamedTuple

from unbake.errors import UsageError

MAT, SKY = "mat_val_loss", "sky_val_loss"
"""Total validation loss on MatSynth and on Skyrim (plan: "Gate explanation")."""

ROUNDING = 1e-9
"""Share of a bound that a value may lie above it: 0.0665 passes 0.95 x 0.07, whose binary product is a hair less."""


class Verdict(Enum):
    """What a gate answers; the value is the exit code of `check_gate.py`."""

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
    verdict = Verdict.PASS if all(kept for kept, _ in rules) else Verdict.FAIL
    return Judgement(verdict, f"epoch {last}: " + "; ".join(sentence for _, sentence in rules))


def keeps(history: Iterable[Mapping[str, float]], epoch: int, mat: float, back: int) -> bool:
    """Whether an epoch keeps the MatSynth rule: mat[e] ≤ `mat` · mat[e-back]; true where there is no e-back yet."""
    lines = {int(line["epoch"]): line for line in history if line["epoch"] >= 1}
    return epoch - back not in lines or _rule(MAT, mat, lines, epoch, back)[0]


def _rule(
    name: str, factor: float, lines: Mapping[int, Mapping[str, float]], last: int, back: int
) -> tuple[bool, str]:
    now, before = (lines[e].get(name, math.nan) for e in (last, last - back))
    bound = factor * before
    kept = math.isfinite(before) and now <= bound * (1 + ROUNDING)  # false for a NaN of today, too
    change = f" ({now / before - 1:+.1%})" if math.isfinite(before) and before else ""
    sign = "<=" if kept else "is not <="
    told = f"{factor:g} x {before:.6g} (= {bound:.6g}) of epoch {last - back}"
    return kept, f"{name} {now:.6g} {sign} {told}{change}"


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
    """Whether every one of `figures` is lower in the last line of the history than in the first (before training)."""
    first, last = history[0], history[-1]
    higher = [
        f"{name} {last.get(name, math.nan):.4f}, at first {first.get(name, math.nan):.4f}"
        for name in figures
        if not last.get(name, math.nan) < first.get(name, math.nan)
    ]
    if higher:
        return Judgement(Verdict.FAIL, "not lower than before training: " + "; ".join(higher))
    return Judgement(Verdict.PASS, "lower than before training: " + ", ".join(figures))


def read_history(text: str) -> list[dict[str, float]]:
    """A history out of text: metrics.jsonl, a list in JSON, CSV, or a table in Markdown or in columns.

    Its keys or headings are epoch, SKY and MAT in any order and case, and others, which are left out. A value
    that is missing or no number is NaN. Raises UsageError where there is no table, or a row without its epoch.

    >>> read_history("| Epoch | `sky_val_loss` |\\n|---|---|\\n| 14 | 0.1 |")
    [{'epoch': 14.0, 'sky_val_loss': 0.1, 'mat_val_loss': nan}]
    """
    rows = _json_rows(text) if text.lstrip()[:1] in ("{", "[") else _table_rows(text)
    history = [{name: _number(row.get(name)) for name in ("epoch", SKY, MAT)} for row in rows]
    if not history or not all(line["epoch"].is_integer() for line in history):
        raise UsageError(
            f"Expected rows with epoch, {SKY} and {MAT}, got "
            f"{'a row without its epoch' if history else 'none'}; see `check_gate.py --help` for the formats."
        )
    return history


def _json_rows(text: str) -> list[Mapping[str, object]]:
    try:
        if text.lstrip().startswith("["):
            rows = json.loads(text)
        else:
            rows = [json.loads(line) for line in text.splitlines() if line.strip()]
    except json.JSONDecodeError as error:
        raise UsageError(
            f"Expected JSON, one object a line or one list, but {error}; mend the file."
        ) from None
    if not all(isinstance(row, dict) for row in rows):
        raise UsageError("Expected JSON objects, one for each epoch, got other values; mend the file.")
    return [{str(name).lower(): value for name, value in row.items()} for row in rows]


def _table_rows(text: str) -> list[Mapping[str, object]]:
    """Rows of a table whose cells are parted by bars, commas, semicolons, tabs or, without any of these, spaces."""
    lines = [line.strip(" \r") for line in text.splitlines() if set(line) - set("|-:+= \t")]
    mark = next((mark for mark in "|,;\t" if lines and mark in lines[0]), None)
    rows = [line.removeprefix("|").removesuffix("|") if mark == "|" else line for line in lines]
    table = [[cell.strip("\"'`* \t") for cell in row.split(mark)] for row in rows]
    if table and len({len(row) for row in table}) > 1:
        raise UsageError(
            "Expected as many cells in each row as there are headings, got fewer or more; mend the table."
        )
    return [dict(zip(map(str.lower, table[0]), row, strict=True)) for row in table[1:]]


def _number(value: object) -> float:
    try:
        return float(value) if isinstance(value, int | float | str) else math.nan
    except (ValueError, OverflowError):
        return math.nan

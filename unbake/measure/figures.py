"""Scores of materials gathered into figures with floors, ratios and bootstrap intervals: an evaluation's end."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
import numpy as np

RESAMPLES = 2000
_SEED = 20250613

Interval = tuple[float, float]
"""95 % of what other draws of as many materials would have given (percentile bootstrap)."""


@dataclass(frozen=True, slots=True)
class Score:
    """One metric of one map on one material: ours and each floor's, by name."""

    map: str
    metric: str
    better: Literal["lower", "higher"]
    ours: float
    floors: dict[str, float]


@dataclass(frozen=True, slots=True)
class Scored:
    """One evaluated material and the painter it met."""

    id: str
    category: str
    style: str
    scores: tuple[Score, ...]


@dataclass(frozen=True, slots=True)
class Floor:
    """What a rule reaches on the same materials; ratio = ours ÷ value, NaN where the value is 0."""

    name: str
    value: float
    ratio: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Row:
    """One metric of one map: the mean over the materials that have its truth."""

    map: str
    metric: str
    better: Literal["lower", "higher"]
    materials: int
    ours: float
    interval: Interval
    floors: tuple[Floor, ...]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything measured: rows to read, scores per material, and who was left out with the reason."""

    rows: tuple[Row, ...]
    materials: tuple[Scored, ...]
    left_out: tuple[str, ...]


def gather(materials: Sequence[Scored], left_out: Sequence[str] = ()) -> Evaluation:
    """The evaluation of scored materials, rows by map and then metric, each in the order it first comes."""
    groups: dict[str, dict[str, list[Score]]] = {}
    for material in materials:
        for score in material.scores:
            groups.setdefault(score.map, {}).setdefault(score.metric, []).append(score)
    rows = tuple(_row(scores) for metrics in groups.values() for scores in metrics.values())
    return Evaluation(rows, tuple(materials), tuple(left_out))


def _row(scores: Sequence[Score]) -> Row:
    first = scores[0]
    ours = np.array([score.ours for score in scores])
    floors = []
    for name in first.floors:
        theirs = np.array([score.floors[name] for score in scores])
        ratio = _divide(ours.mean(), theirs.mean())
        floors.append(Floor(name, float(theirs.mean()), float(ratio), bootstrap(ours, theirs)))
    return Row(
        map=first.map,
        metric=first.metric,
        better=first.better,
        materials=len(scores),
        ours=float(ours.mean()),
        interval=bootstrap(ours),
        floors=tuple(floors),
    )


def bootstrap(values: np.ndarray, others: np.ndarray | None = None) -> Interval:
    """The 95 % interval of the mean of `values`, or of mean(values) ÷ mean(others), drawn in pairs.

    values, others: (N,), one entry a material. NaN where every draw of `others` sums to 0.

    >>> bootstrap(np.array([2.0, 2.0, 2.0]))
    (2.0, 2.0)
    """
    draws = np.random.default_rng(_SEED).integers(0, len(values), (RESAMPLES, len(values)))
    means = values[draws].mean(1)
    if others is not None:
        means = _divide(means, others[draws].mean(1))
    means = means[np.isfinite(means)]
    if len(means) == 0:
        return (float("nan"), float("nan"))
    low, high = np.percentile(means, [2.5, 97.5])
    return (float(low), float(high))


def _divide(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.where(b != 0, a / np.where(b != 0, b, 1.0), np.nan)


def as_dict(evaluation: Evaluation) -> dict[str, Any]:
    """Plain dicts, lists, strings and numbers for JSON; NaN becomes None.

    >>> sorted(as_dict(gather([])))
    ['left_out', 'materials', 'rows']
    """
    return msgspec.json.decode(msgspec.json.encode(evaluation))


def table(evaluation: Evaluation) -> list[list[str]]:
    """A heading and one line per metric and floor, as text; a metric without floors keeps its line.

    >>> table(gather([]))[0]
    ['map', 'metric', 'materials', 'ours', '95 %', 'floor', 'its value', 'ratio', '95 %']
    """
    lines = [["map", "metric", "materials", "ours", "95 %", "floor", "its value", "ratio", "95 %"]]
    for row in evaluation.rows:
        arrow = "↓" if row.better == "lower" else "↑"
        start = [row.map, f"{row.metric} {arrow}", str(row.materials), _number(row.ours), _span(row.interval)]
        floors = [
            [floor.name, _number(floor.value), _number(floor.ratio, 2), _span(floor.interval, 2)]
            for floor in row.floors
        ] or [["", "", "", ""]]
        lines += [start + floor for floor in floors]
    return lines


def _number(value: float, digits: int = 4) -> str:
    return f"{value:.{digits}f}" if np.isfinite(value) else "–"


def _span(interval: Interval, digits: int = 4) -> str:
    return " – ".join(_number(end, digits) for end in interval) if np.isfinite(interval[0]) else "–"

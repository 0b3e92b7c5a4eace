"""Scores of paintings gathered into figures with floors, ratios and bootstrap intervals: an evaluation's end."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import msgspec
import numpy as np

from unbake.domain.maps import MapKind
from unbake.errors import UsageError
from unbake.metrics.calibration import calibration_error, rank_correlation
from unbake.metrics.mask import Confusion, pooled

RESAMPLES = 2000
_SEED = 20250613

_RANKED = 500
"""Resamples of a rank correlation, which sorts each anew."""

_FEWEST = 3
"""Fewer materials have no order to speak of."""

OURS: Final = "ours"

HEADLINES: Final[dict[str, str]] = {
    MapKind.ALBEDO.value: "rmse",
    MapKind.ROUGHNESS.value: "rmse",
    MapKind.METALLIC.value: "rmse",
    MapKind.AO.value: "mae",
    MapKind.HEIGHT.value: "shape_rmse",
    "all": "relight_rmse",
}
"""The one metric of each map that decides and orders; every material that has the map has it, and less is better."""

Interval = tuple[float, float]
"""95 % of what other draws of as many materials would have given (percentile bootstrap)."""

Table = tuple[tuple[float, ...], ...]
"""What `calibration.reliability` counts of one painting, as numbers for JSON."""


@dataclass(frozen=True, slots=True)
class Score:
    """One metric of one map on one painting: ours and each floor's, by name."""

    map: str
    metric: str
    better: Literal["lower", "higher"]
    ours: float
    floors: dict[str, float]


@dataclass(frozen=True, slots=True)
class Scored:
    """One evaluated painting of a material.

    style: the painter it met. confidence: of `report.confidence`. metal: counts of metal pixels, `OURS` and each
    floor's. reliability: tables of the metal mask and of the classes.
    """

    id: str
    category: str
    style: str
    scores: tuple[Score, ...]
    confidence: float = 1.0
    metal: dict[str, Confusion] = field(default_factory=dict)
    reliability: dict[str, Table] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Floor:
    """What a rule reaches on the same materials; ratio = ours ÷ value, NaN where the value is 0."""

    name: str
    value: float
    ratio: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Row:
    """One metric of one map: the mean over the materials that have its truth, each the mean of its paintings."""

    map: str
    metric: str
    better: Literal["lower", "higher"]
    materials: int
    ours: float
    interval: Interval
    floors: tuple[Floor, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """How well something is told beforehand: a calibration error, or a rank correlation, over these materials."""

    value: float
    interval: Interval
    materials: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything measured.

    rows: what to read. categories, styles: the same rows of those materials, or paintings, alone.
    pooled: F1, IoU and false metal over all pixels of all paintings together, `OURS` and each floor's (the rows
    have the means over materials, which are the headline). calibration: expected calibration error of the metal
    mask, by pixel, and of the classes, by label. confidence: for each map the rank correlation of 1 − confidence
    with the error. paintings: scores of each. left_out: who was left out, with the reason.
    """

    rows: tuple[Row, ...]
    categories: dict[str, tuple[Row, ...]]
    styles: dict[str, tuple[Row, ...]]
    pooled: dict[str, dict[str, float]]
    calibration: dict[str, Told]
    confidence: dict[str, Told]
    paintings: tuple[Scored, ...]
    left_out: tuple[str, ...]

    @property
    def materials(self) -> int:
        """How many materials were measured."""
        return len({one.id for one in self.paintings})


def gather(paintings: Sequence[Scored], left_out: Sequence[str] = ()) -> Evaluation:
    """The evaluation of scored paintings, rows by map and then metric, each in the order it first comes."""
    return Evaluation(
        rows=rows_of(paintings),
        categories=_apart(paintings, lambda one: one.category),
        styles=_apart(paintings, lambda one: one.style),
        pooled=_pooled(paintings),
        calibration=_calibration(paintings),
        confidence=_confidence(paintings),
        paintings=tuple(paintings),
        left_out=tuple(left_out),
    )


def rows_of(paintings: Iterable[Scored]) -> tuple[Row, ...]:
    """A row for each metric of each map."""
    groups: dict[str, dict[str, dict[str, list[Score]]]] = {}
    for one in paintings:
        for score in one.scores:
            metrics = groups.setdefault(score.map, {})
            metrics.setdefault(score.metric, {}).setdefault(one.id, []).append(score)
    return tuple(_row(by_id.values()) for metrics in groups.values() for by_id in metrics.values())


def _row(materials: Iterable[Sequence[Score]]) -> Row:
    """The row of one metric, from the scores of each material's paintings."""
    per_material = list(materials)
    first = per_material[0][0]
    ours = np.array([np.mean([score.ours for score in scores]) for scores in per_material])
    floors = []
    for name in first.floors:
        theirs = np.array([np.mean([score.floors[name] for score in scores]) for scores in per_material])
        ratio = _divide(ours.mean(), theirs.mean())
        floors.append(Floor(name, float(theirs.mean()), float(ratio), bootstrap(ours, theirs)))
    return Row(
        map=first.map,
        metric=first.metric,
        better=first.better,
        materials=len(ours),
        ours=float(ours.mean()),
        interval=bootstrap(ours),
        floors=tuple(floors),
    )


def _apart(paintings: Sequence[Scored], key: Callable[[Scored], str]) -> dict[str, tuple[Row, ...]]:
    return {
        name: rows_of(one for one in paintings if key(one) == name)
        for name in sorted(set(map(key, paintings)))
    }


def _pooled(paintings: Sequence[Scored]) -> dict[str, dict[str, float]]:
    names = dict.fromkeys(name for one in paintings for name in one.metal)
    return {name: pooled(one.metal[name] for one in paintings if name in one.metal) for name in names}


def _calibration(paintings: Sequence[Scored]) -> dict[str, Told]:
    told = {}
    for name in dict.fromkeys(name for one in paintings for name in one.reliability):
        by_id: dict[str, list[Table]] = defaultdict(list)
        for one in paintings:
            if name in one.reliability:
                by_id[one.id].append(one.reliability[name])
        tables = np.array([np.mean(of_one, axis=0) for of_one in by_id.values()])
        drawn = np.einsum("rm,mbk->rbk", _draws(len(tables)), tables)
        errors = np.array([calibration_error(table) for table in drawn])
        told[name] = Told(calibration_error(tables.sum(0)), _percentiles(errors), len(tables))
    return told


def _confidence(paintings: Sequence[Scored]) -> dict[str, Told]:
    """By map, of its headline; the intervals draw materials, whose paintings stay together."""
    told = {}
    for name, metric in HEADLINES.items():
        errors: dict[str, list[tuple[float, float]]] = defaultdict(list)
        for one in paintings:
            for score in one.scores:
                if (score.map, score.metric) == (name, metric):
                    errors[one.id].append((1 - one.confidence, score.ours))
        if len(errors) < _FEWEST:
            continue
        doubt, error = np.concatenate(list(errors.values())).T
        whose = np.repeat(np.arange(len(errors)), [len(of_one) for of_one in errors.values()])
        drawn = (np.repeat(np.arange(len(whose)), counts[whose]) for counts in _draws(len(errors), _RANKED))
        correlations = np.array([rank_correlation(doubt[taken], error[taken]) for taken in drawn])
        told[name] = Told(rank_correlation(doubt, error), _percentiles(correlations), len(errors))
    return told


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
    return _percentiles(means)


def _draws(materials: int, resamples: int = RESAMPLES) -> np.ndarray:
    """How often each material is drawn, (resamples, materials)."""
    rng = np.random.default_rng(_SEED)
    return rng.multinomial(materials, np.full(materials, 1 / materials), resamples)


def _percentiles(values: np.ndarray) -> Interval:
    values = values[np.isfinite(values)]
    if len(values) == 0:
        return (float("nan"), float("nan"))
    low, high = np.percentile(values, [2.5, 97.5])
    return (float(low), float(high))


def _divide(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.where(b != 0, a / np.where(b != 0, b, 1.0), np.nan)


def as_dict(evaluation: Evaluation) -> dict[str, Any]:
    """Plain dicts, lists, strings and numbers for JSON; NaN becomes None.

    >>> sorted(as_dict(gather([])))[:3]
    ['calibration', 'categories', 'confidence']
    """
    return msgspec.json.decode(msgspec.json.encode(evaluation))


def rows_from(told: Any) -> tuple[Row, ...]:
    """The rows that `as_dict` made plain, None NaN again; UsageError where they are something else.

    >>> rows_from(as_dict(gather([]))["rows"])
    ()
    """
    try:
        return msgspec.convert(_with_nan(told), tuple[Row, ...])
    except msgspec.ValidationError as error:
        raise UsageError(
            f"Expected the rows of an evaluation (unbake eval DIR --json FILE), got something else ({error}); "
            "write the file again."
        ) from error


def _with_nan(told: Any) -> Any:
    match told:
        case None:
            return float("nan")
        case dict():
            return {key: _with_nan(value) for key, value in told.items()}
        case list():
            return [_with_nan(value) for value in told]
    return told

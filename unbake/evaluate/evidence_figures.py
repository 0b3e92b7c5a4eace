"""The table of `unbake eval --evidence`: one line a figure and variant, by darkness and overall; after the scores."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from unbake.evaluate.bootstrap import Interval, drawn_counts, percentiles
from unbake.evaluate.declared import ALPHAS, DARKNESSES
from unbake.evaluate.evidence_run import EvidenceSetting, Measured
from unbake.evaluate.evidence_scores import (
    BOTH,
    CONSTANTS,
    DELIT,
    FINISH,
    FLAT,
    GEOMETRY,
    IDENTITY,
    LEVELLED,
    LEVELLED_FLAT,
    MASK_ALONE,
    MASKS,
    NAMES,
    NONE,
    OFF,
    PERSON,
    RULES,
    Record,
)  # fmt: skip
from unbake.evaluate.traced import painter_name
from unbake.metrics.mask import METAL_SHARE

_ALBEDOS: Final = (NONE, OFF, MASKS, NAMES, BOTH, RULES, LEVELLED, LEVELLED_FLAT, FLAT)
_METALS: Final = (NONE, OFF, MASKS, NAMES, BOTH, PERSON)
_RELIT: Final = (NONE, OFF, MASKS, NAMES, BOTH, PERSON, RULES, DELIT)
_RESAMPLES: Final = 500

Statistic = Callable[[Sequence[Record], np.ndarray], float]
"""(records, how often each counts) → a figure."""


@dataclass(frozen=True, slots=True)
class Line:
    """One figure of one variant, over the paintings of each mod and over all.

    interval: 95 % over materials, of all paintings. materials: that have the figure.
    """

    figure: str
    variant: str
    materials: int
    by_darkness: dict[str, float]
    all: float
    interval: Interval


def lines_of(records: Sequence[Record]) -> list[Line]:
    """Every line of the table, in its order."""
    lines = []
    for name in _ALBEDOS:
        lines.append(_line(records, "albedo RMSE / identity ↓", name, ratio("albedo", name, IDENTITY)))
    for name in _ALBEDOS:
        lines.append(_line(records, "albedo worse than identity ↓", name, worse("albedo", name, IDENTITY)))
    for name in (IDENTITY, *_ALBEDOS):
        lines.append(_line(records, "albedo level-free RMSE ↓", name, mean("level-free", name)))
    lines += _metal_lines(records)
    lines += _roughness_lines(records)
    tiling = [record for record in records if record.tiles]
    for name in (OFF, GEOMETRY):
        lines.append(_line(tiling, "AO MAE, tiling ↓", name, mean("ao", name)))
    for name in (OFF, GEOMETRY):
        lines.append(_line(records, "height shape RMSE ↓", name, mean("height", name)))
    for name in _RELIT:
        lines.append(_line(records, f"relit / {CONSTANTS} ↓", name, ratio("relit", name, CONSTANTS)))
    return [line for line in lines if line.materials]


def _metal_lines(records: Sequence[Record]) -> list[Line]:
    masked = [r for r in records if r.companion in ("metal", "dim")]
    shiny = [r for r in records if r.companion == "shiny"]
    lines = [_line(records, "metal F1 ↑", name, mean("metal F1", name)) for name in _METALS]
    lines += [_line(records, "false metal ↓", name, mean("false metal", name)) for name in _METALS]
    for name in (MASKS, BOTH, MASK_ALONE):
        lines.append(_line(masked, "metal F1 where a mask marks metal ↑", name, mean("metal F1", name)))
    for name in (MASKS, BOTH, MASK_ALONE):
        lines.append(_line(shiny, "metal on shiny others with a mask ↓", name, mean("metal share", name)))
    lines.append(_line(records, "presence of metal, AUC ↑", OFF, presence_auc))
    return lines


def _roughness_lines(records: Sequence[Record]) -> list[Line]:
    lines = []
    for alpha in ALPHAS:
        of_alpha = [record for record in records if record.alpha == alpha]
        for name in (NONE, OFF, NAMES, FINISH):
            figure = f"roughness RMSE / best constant, alpha {alpha} ↓"
            lines.append(_line(of_alpha, figure, name, to_constant("roughness", name)))
        for figure in ("correlation", "deviation"):
            label = f"roughness {figure} inside, alpha {alpha} ↑"
            lines.append(_line(of_alpha, label, OFF, mean(f"roughness {figure}", OFF)))
    return lines


def mean(figure: str, variant: str) -> Statistic:
    """The mean of a figure over the paintings that have it; NaN without any."""

    def of(records: Sequence[Record], counts: np.ndarray) -> float:
        values, weights = _values(records, counts, figure, variant)
        return _mean(values, weights)

    return of


def ratio(figure: str, variant: str, other: str) -> Statistic:
    """The mean of a variant divided by the mean of another."""

    def of(records: Sequence[Record], counts: np.ndarray) -> float:
        below = mean(figure, other)(records, counts)
        return _quotient(mean(figure, variant)(records, counts), below)

    return of


def worse(figure: str, variant: str, other: str) -> Statistic:
    """The share of paintings on which a variant has the larger error."""

    def of(records: Sequence[Record], counts: np.ndarray) -> float:
        ours, weights = _values(records, counts, figure, variant)
        theirs, _ = _values(records, counts, figure, other)
        return _mean((ours > theirs).astype(float), weights)

    return of


def to_constant(figure: str, variant: str) -> Statistic:
    """The mean RMSE divided by that of the best constant, which is fitted on these very paintings."""

    def of(records: Sequence[Record], counts: np.ndarray) -> float:
        held = [(r, n) for r, n in zip(records, counts, strict=True) if figure in r.values]
        if not held:
            return float("nan")
        ours = np.array([r.values[figure][variant] for r, _ in held])
        means, squares = np.array([r.roughness for r, _ in held]).T
        weights = np.array([n for _, n in held], float)
        best = _mean(means, weights)
        errors = np.sqrt(np.maximum(squares - 2 * best * means + best**2, 0))
        return _quotient(_mean(ours, weights), _mean(errors, weights))

    return of


def presence_auc(records: Sequence[Record], counts: np.ndarray) -> float:
    """How well the networks' presence tells paintings with metal from others; ties count half."""
    values, weights = _values(records, counts, "presence", OFF)
    metal = np.array([(r.metal or 0) > METAL_SHARE for r in records if "presence" in r.values])
    if not metal.any() or metal.all():
        return float("nan")
    above = (values[metal][:, None] > values[~metal]) + 0.5 * (values[metal][:, None] == values[~metal])
    pairs = weights[metal][:, None] * weights[~metal]
    return float((above * pairs).sum() / pairs.sum()) if pairs.sum() else float("nan")


def _values(
    records: Sequence[Record], counts: np.ndarray, figure: str, variant: str
) -> tuple[np.ndarray, np.ndarray]:
    held = [
        (r.values[figure][variant], n)
        for r, n in zip(records, counts, strict=True)
        if variant in r.values.get(figure, {})
    ]
    return np.array([value for value, _ in held], float), np.array([n for _, n in held], float)


def _quotient(value: float, other: float) -> float:
    """value ÷ other, infinite where only the other is 0; NaN where one is undefined."""
    return value / other if other != 0 else value * float("inf") if value > 0 else value


def _mean(values: np.ndarray, weights: np.ndarray) -> float:
    total = float(weights.sum())
    return float((values * weights).sum() / total) if total > 0 else float("nan")


def _line(records: Sequence[Record], figure: str, variant: str, statistic: Statistic) -> Line:
    """The line of a figure; the interval draws materials, whose paintings stay together."""

    def over(chosen: Sequence[Record]) -> float:
        return statistic(chosen, np.ones(len(chosen)))

    defined = [r for r in records if not np.isnan(over([r])) or statistic is presence_auc]
    ids = sorted({record.id for record in defined})
    by_darkness = {
        one.name: over([record for record in defined if record.darkness == one.name]) for one in DARKNESSES
    }
    interval = (float("nan"), float("nan"))
    if ids:
        places = np.array([ids.index(record.id) for record in defined])
        draws = drawn_counts(len(ids), _RESAMPLES)
        interval = percentiles(np.array([statistic(defined, counts[places]) for counts in draws]))
    return Line(figure, variant, len(ids), by_darkness, over(defined), interval)


def table_of_evidence(lines: Sequence[Line]) -> list[list[str]]:
    """A heading and the lines; a figure's name stands at its first line only.

    >>> table_of_evidence([])[0][:3]
    ['figure', 'of', 'materials']
    """
    table = [["figure", "of", "materials", *(one.name for one in DARKNESSES), "all", "95 %"]]
    before = ""
    for line in lines:
        numbers = [*line.by_darkness.values(), line.all]
        table.append(
            [
                "" if line.figure == before else line.figure,
                line.variant,
                str(line.materials),
                *(_number(value) for value in numbers),
                " – ".join(_number(end) for end in line.interval),
            ]
        )
        before = line.figure
    return table


def table_of_levels(measured: Measured) -> list[list[str]]:
    """The levels of the mods, declared and estimated."""
    rows = {name: list(levels) for name, levels in measured.levels.items()}
    columns = next(iter(rows.values()), [])
    table = [["mod", *columns]]
    for name, levels in measured.levels.items():
        table.append([name, *(_number(levels[column]) for column in columns)])
    return table


def sentences_of(measured: Measured, setting: EvidenceSetting, method: str) -> list[str]:
    """What was measured and how."""
    records = measured.records
    materials = len({record.id for record in records})
    clipped = max((record.clipped for record in records), default=0.0)
    mean_clipped = np.mean([r.clipped for r in records if r.darkness == DARKNESSES[-1].name] or [0.0])
    with_mask = {
        c: len({r.id for r in records if r.companion == c}) for c in ("metal", "dim", "shiny", "black")
    }
    counted = ", ".join(f"{count} {kind}" for kind, count in with_mask.items())
    return [
        f"{materials} materials at {setting.size} px, each in {len(DARKNESSES)} mods of declared darkness (painter "
        f"{painter_name(setting.traced)}, seed {setting.seed}), {method}.",
        f"Environment masks: {counted}. Values cut at 1 in the bright mod: {mean_clipped:.1%} on average, at most "
        f"{clipped:.0%} of a painting.",
        "Mean over paintings; 95 % intervals over materials.",
    ]


def evidence_report(
    measured: Measured, lines: Sequence[Line], about: Sequence[str], setting: EvidenceSetting
) -> dict[str, Any]:
    """All figures and how they were measured, ready for JSON; NaN is for `msgspec` to turn into null."""
    return {
        "about": list(about),
        "painter": painter_name(setting.traced),
        "setting": {name: value for name, value in asdict(setting).items() if not isinstance(value, Path)},
        "levels": measured.levels,
        "lines": [asdict(line) for line in lines],
        "paintings": [asdict(record) for record in measured.records],
        "left_out": list(measured.left_out),
    }


def _number(value: float) -> str:
    return f"{value:.3f}" if np.isfinite(value) else "–"

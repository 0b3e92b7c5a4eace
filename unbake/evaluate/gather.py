"""Gathers the scores of paintings into figures with baselines, ratios and intervals; after `scores`."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from unbake.evaluate.bootstrap import bootstrap, divide, drawn_counts, percentiles
from unbake.evaluate.figures import HEADLINES, Baseline, Estimate, Evaluation, Row, Score, Scored, Table
from unbake.metrics.calibration import calibration_error, rank_correlation
from unbake.metrics.mask import pooled

_RANKED = 500
"""Resamples of a rank correlation, which sorts each anew."""

_FEWEST = 3
"""Fewer materials have no order to speak of."""


def gather(paintings: Sequence[Scored], left_out: Sequence[str] = ()) -> Evaluation:
    """The evaluation of scored paintings, rows by map and then metric, each in the order it first comes."""
    return Evaluation(
        rows=rows_of(paintings),
        categories=_apart(paintings, lambda painting: painting.category),
        styles=_apart(paintings, lambda painting: painting.style),
        pooled=_pooled(paintings),
        calibration=_calibration(paintings),
        confidence=_confidence(paintings),
        paintings=tuple(paintings),
        left_out=tuple(left_out),
    )


def rows_of(paintings: Iterable[Scored]) -> tuple[Row, ...]:
    """A row for each metric of each map."""
    groups: dict[str, dict[str, dict[str, list[Score]]]] = {}
    for painting in paintings:
        for score in painting.scores:
            metrics = groups.setdefault(score.map, {})
            metrics.setdefault(score.metric, {}).setdefault(painting.id, []).append(score)
    return tuple(_row(by_id.values()) for metrics in groups.values() for by_id in metrics.values())


def _row(materials: Iterable[Sequence[Score]]) -> Row:
    """The row of one metric, from the scores of each material's paintings."""
    per_material = list(materials)
    first = per_material[0][0]
    ours = np.array([np.mean([score.ours for score in scores]) for scores in per_material])
    baselines = []
    for name in first.baselines:
        theirs = np.array([np.mean([score.baselines[name] for score in scores]) for scores in per_material])
        ratio = divide(ours.mean(), theirs.mean())
        worse = ours > theirs if first.better == "lower" else ours < theirs
        baselines.append(
            Baseline(name, float(theirs.mean()), float(ratio), bootstrap(ours, theirs), float(worse.mean()))
        )
    return Row(
        map=first.map,
        metric=first.metric,
        better=first.better,
        materials=len(ours),
        ours=float(ours.mean()),
        interval=bootstrap(ours),
        baselines=tuple(baselines),
    )


def _apart(paintings: Sequence[Scored], key: Callable[[Scored], str]) -> dict[str, tuple[Row, ...]]:
    return {
        name: rows_of(painting for painting in paintings if key(painting) == name)
        for name in sorted(set(map(key, paintings)))
    }


def _pooled(paintings: Sequence[Scored]) -> dict[str, dict[str, float]]:
    names = dict.fromkeys(name for painting in paintings for name in painting.metal)
    return {
        name: pooled(painting.metal[name] for painting in paintings if name in painting.metal)
        for name in names
    }


def _calibration(paintings: Sequence[Scored]) -> dict[str, Estimate]:
    estimates = {}
    for name in dict.fromkeys(name for painting in paintings for name in painting.reliability):
        by_id: dict[str, list[Table]] = defaultdict(list)
        for painting in paintings:
            if name in painting.reliability:
                by_id[painting.id].append(painting.reliability[name])
        tables = np.array([np.mean(of_one, axis=0) for of_one in by_id.values()])
        drawn = np.einsum("rm,mbk->rbk", drawn_counts(len(tables)), tables)
        errors = np.array([calibration_error(table) for table in drawn])
        estimates[name] = Estimate(calibration_error(tables.sum(0)), percentiles(errors), len(tables))
    return estimates


def _confidence(paintings: Sequence[Scored]) -> dict[str, Estimate]:
    """By map, of its headline; the intervals draw materials, whose paintings stay together."""
    estimates = {}
    for name, metric in HEADLINES.items():
        errors: dict[str, list[tuple[float, float]]] = defaultdict(list)
        for painting in paintings:
            for score in painting.scores:
                if (score.map, score.metric) == (name, metric):
                    errors[painting.id].append((1 - painting.confidence, score.ours))
        if len(errors) < _FEWEST:
            continue
        doubt, error = np.concatenate(list(errors.values())).T
        whose = np.repeat(np.arange(len(errors)), [len(of_one) for of_one in errors.values()])
        drawn = (
            np.repeat(np.arange(len(whose)), counts[whose]) for counts in drawn_counts(len(errors), _RANKED)
        )
        correlations = np.array([rank_correlation(doubt[taken], error[taken]) for taken in drawn])
        estimates[name] = Estimate(rank_correlation(doubt, error), percentiles(correlations), len(errors))
    return estimates

"""An evaluation as lines of text: for the terminal, for cards and for the page."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from unbake.evaluate.bootstrap import Interval
from unbake.evaluate.figures import OURS, Evaluation, Row

_PARTS: Final = (
    ("albedo", "rmse"),
    ("roughness", "rmse"),
    ("metallic", "f1"),
    ("metallic", "false_metal"),
    ("ao", "mae"),
    ("height", "shape_rmse"),
    ("all", "relight_rmse"),
)
"""The columns of the table of categories."""


def table(rows: Sequence[Row]) -> list[list[str]]:
    """A heading and one line per metric and baseline; a metric without baselines keeps its line.

    "worse on" is the share of materials on which ours is worse than that baseline.

    >>> table([])[0]
    ['map', 'metric', 'materials', 'ours', '95 %', 'baseline', 'its value', 'ratio', '95 %', 'worse on']
    """
    lines = [
        ["map", "metric", "materials", "ours", "95 %", "baseline", "its value", "ratio", "95 %", "worse on"]
    ]
    for row in rows:
        start = [
            row.map,
            f"{row.metric} {_arrow(row)}",
            str(row.materials),
            _number(row.ours),
            _span(row.interval),
        ]
        baselines = [
            [
                baseline.name,
                _number(baseline.value),
                _number(baseline.ratio, 2),
                _span(baseline.interval, 2),
                _share(baseline.worse),
            ]
            for baseline in row.baselines
        ] or [[""] * 5]
        lines += [start + baseline for baseline in baselines]
    return lines


def table_of_parts(parts: dict[str, tuple[Row, ...]], heading: str) -> list[list[str]]:
    """A line for each part (a category, a style): ours, and in brackets its ratio to the best of the baselines.

    >>> table_of_parts({}, "category")[0][:2]
    ['category', 'materials']
    """
    lines = [[heading, "materials", *(f"{kind} {metric}" for kind, metric in _PARTS)]]
    for name, rows in parts.items():
        found = {(row.map, row.metric): row for row in rows}
        most = max((row.materials for row in rows), default=0)
        lines.append([name, str(most), *(_cell(found.get(key)) for key in _PARTS)])
    return lines


def table_of_trust(evaluation: Evaluation) -> list[list[str]]:
    """Calibration and confidence of the model, and its metal over all pixels.

    >>> from unbake.evaluate.gather import gather
    >>> table_of_trust(gather([]))
    [['what', 'of', 'value', '95 %', 'materials']]
    """
    lines = [["what", "of", "value", "95 %", "materials"]]
    for name, estimate in evaluation.calibration.items():
        lines.append(
            [
                "calibration error ↓",
                name,
                _number(estimate.value),
                _span(estimate.interval),
                str(estimate.materials),
            ]
        )
    for name, estimate in evaluation.confidence.items():
        what = "rank correlation of doubt and error ↑"
        lines.append(
            [what, name, _number(estimate.value, 2), _span(estimate.interval, 2), str(estimate.materials)]
        )
    for metric, value in evaluation.pooled.get(OURS, {}).items():
        lines.append(
            [f"{metric}, all pixels pooled", "metallic", _number(value), "–", str(evaluation.materials)]
        )
    return lines


def _cell(row: Row | None) -> str:
    if row is None:
        return "–"
    best = min if row.better == "lower" else max
    hardest = best(row.baselines, key=lambda baseline: baseline.value, default=None)
    ratio = f" ({_number(hardest.ratio, 2)})" if hardest and np.isfinite(hardest.ratio) else ""
    return _number(row.ours, 3) + ratio


def _arrow(row: Row) -> str:
    return "↓" if row.better == "lower" else "↑"


def _number(value: float, digits: int = 4) -> str:
    return f"{value:.{digits}f}" if np.isfinite(value) else "–"


def _share(value: float) -> str:
    return f"{value:.0%}" if np.isfinite(value) else "–"


def _span(interval: Interval, digits: int = 4) -> str:
    return " – ".join(_number(end, digits) for end in interval) if np.isfinite(interval[0]) else "–"

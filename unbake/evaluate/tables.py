"""An evaluation as lines of text: for the terminal, for cards and for the page."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from unbake.evaluate.figures import OURS, Evaluation, Interval, Row

_TOLD: Final = (
    ("albedo", "rmse"),
    ("roughness", "rmse"),
    ("metallic", "f1"),
    ("metallic", "false_metal"),
    ("ao", "mae"),
    ("height", "shape_rmse"),
    ("all", "relight_rmse"),
)
"""What the table of categories has a column for."""


def table(rows: Sequence[Row]) -> list[list[str]]:
    """A heading and one line per metric and floor; a metric without floors keeps its line.

    >>> table([])[0]
    ['map', 'metric', 'materials', 'ours', '95 %', 'floor', 'its value', 'ratio', '95 %']
    """
    lines = [["map", "metric", "materials", "ours", "95 %", "floor", "its value", "ratio", "95 %"]]
    for row in rows:
        start = [
            row.map,
            f"{row.metric} {_arrow(row)}",
            str(row.materials),
            _number(row.ours),
            _span(row.interval),
        ]
        floors = [
            [floor.name, _number(floor.value), _number(floor.ratio, 2), _span(floor.interval, 2)]
            for floor in row.floors
        ] or [["", "", "", ""]]
        lines += [start + floor for floor in floors]
    return lines


def table_of_parts(parts: dict[str, tuple[Row, ...]], heading: str) -> list[list[str]]:
    """A line for each part (a category, a style): ours, and in brackets its ratio to the best of the floors.

    >>> table_of_parts({}, "category")[0][:2]
    ['category', 'materials']
    """
    lines = [[heading, "materials", *(f"{kind} {metric}" for kind, metric in _TOLD)]]
    for name, rows in parts.items():
        found = {(row.map, row.metric): row for row in rows}
        most = max((row.materials for row in rows), default=0)
        lines.append([name, str(most), *(_cell(found.get(key)) for key in _TOLD)])
    return lines


def table_of_trust(evaluation: Evaluation) -> list[list[str]]:
    """What is known of how far the model can be believed: calibration, confidence, and metal by pixel.

    >>> from unbake.evaluate.figures import gather
    >>> table_of_trust(gather([]))
    [['what', 'of', 'value', '95 %', 'materials']]
    """
    lines = [["what", "of", "value", "95 %", "materials"]]
    for name, told in evaluation.calibration.items():
        lines.append(
            ["calibration error ↓", name, _number(told.value), _span(told.interval), str(told.materials)]
        )
    for name, told in evaluation.confidence.items():
        what = "rank correlation of doubt and error ↑"
        lines.append([what, name, _number(told.value, 2), _span(told.interval, 2), str(told.materials)])
    for metric, value in evaluation.pooled.get(OURS, {}).items():
        lines.append(
            [f"{metric}, all pixels pooled", "metallic", _number(value), "–", str(evaluation.materials)]
        )
    return lines


def _cell(row: Row | None) -> str:
    if row is None:
        return "–"
    best = min if row.better == "lower" else max
    hardest = best(row.floors, key=lambda floor: floor.value, default=None)
    ratio = f" ({_number(hardest.ratio, 2)})" if hardest and np.isfinite(hardest.ratio) else ""
    return _number(row.ours, 3) + ratio


def _arrow(row: Row) -> str:
    return "↓" if row.better == "lower" else "↑"


def _number(value: float, digits: int = 4) -> str:
    return f"{value:.{digits}f}" if np.isfinite(value) else "–"


def _span(interval: Interval, digits: int = 4) -> str:
    return " – ".join(_number(end, digits) for end in interval) if np.isfinite(interval[0]) else "–"

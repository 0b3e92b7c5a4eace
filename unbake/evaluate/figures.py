"""The records of an evaluation, from the scores of one painting to the whole, and their form as JSON."""

from dataclasses import dataclass, field
from typing import Any, Final, Literal

import msgspec

from unbake.domain.maps import MapKind
from unbake.errors import UsageError
from unbake.evaluate.bootstrap import Interval
from unbake.metrics.mask import Confusion

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

Table = tuple[tuple[float, ...], ...]
"""Counts of `calibration.reliability` for one painting, as numbers for JSON."""


@dataclass(frozen=True, slots=True)
class Score:
    """One metric of one map on one painting: ours and each baseline's, by name."""

    map: str
    metric: str
    better: Literal["lower", "higher"]
    ours: float
    baselines: dict[str, float]


@dataclass(frozen=True, slots=True)
class Scored:
    """One evaluated painting of a material.

    style: the painter it met. confidence: of `report.confidence`. metal: counts of metal pixels, `OURS` and each
    baseline's. reliability: tables of the metal mask and of the classes.
    """

    id: str
    category: str
    style: str
    scores: tuple[Score, ...]
    confidence: float = 1.0
    metal: dict[str, Confusion] = field(default_factory=dict)
    reliability: dict[str, Table] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Baseline:
    """Figures of a baseline on the same materials.

    ratio: ours ÷ value, NaN where the value is 0. interval: the ratio's. worse: share of the materials on which ours
    is worse than this baseline; NaN in figures of before it was measured.
    """

    name: str
    value: float
    ratio: float
    interval: Interval
    worse: float = float("nan")


@dataclass(frozen=True, slots=True)
class Row:
    """One metric of one map: the mean over the materials that have its truth, each the mean of its paintings."""

    map: str
    metric: str
    better: Literal["lower", "higher"]
    materials: int
    ours: float
    interval: Interval
    baselines: tuple[Baseline, ...]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its interval, over so many materials: a calibration error, or a rank correlation."""

    value: float
    interval: Interval
    materials: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything measured.

    rows: what to read. categories, styles: the same rows of those materials, or paintings, alone.
    pooled: F1, IoU and false metal over all pixels of all paintings together, `OURS` and each baseline's (the rows
    have the means over materials, which are the headline). calibration: expected calibration error of the metal
    mask, by pixel, and of the classes, by label. confidence: for each map the rank correlation of 1 − confidence
    with the error. paintings: scores of each. left_out: materials left out, with the reason.
    """

    rows: tuple[Row, ...]
    categories: dict[str, tuple[Row, ...]]
    styles: dict[str, tuple[Row, ...]]
    pooled: dict[str, dict[str, float]]
    calibration: dict[str, Estimate]
    confidence: dict[str, Estimate]
    paintings: tuple[Scored, ...]
    left_out: tuple[str, ...]

    @property
    def materials(self) -> int:
        """Number of materials measured."""
        return len({painting.id for painting in self.paintings})


def as_dict(evaluation: Evaluation) -> dict[str, Any]:
    """Plain dicts, lists, strings and numbers for JSON; NaN becomes None.

    >>> sorted(as_dict(Evaluation((), {}, {}, {}, {}, {}, (), ())))[:3]
    ['calibration', 'categories', 'confidence']
    """
    return msgspec.json.decode(msgspec.json.encode(evaluation))


_KEYS: Final = {"floors": "baselines"}
"""Keys of older files and what they are called now."""


def rows_from(plain: Any) -> tuple[Row, ...]:
    """The rows that `as_dict` made plain, None NaN again; UsageError where they are something else.

    Rows of older files, which call the baselines "floors", are read too.

    >>> rows_from([])
    ()
    """
    try:
        return msgspec.convert(_with_nan(plain), tuple[Row, ...])
    except msgspec.ValidationError as error:
        raise UsageError(
            f"Expected the rows of an evaluation (unbake eval DIR --json FILE), got something else ({error}); "
            "write the file again."
        ) from error


def _with_nan(plain: Any) -> Any:
    match plain:
        case None:
            return float("nan")
        case dict():
            return {_KEYS.get(key, key): _with_nan(value) for key, value in plain.items()}
        case list():
            return [_with_nan(value) for value in plain]
    return plain

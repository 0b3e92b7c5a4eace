"""Metrics of the metallic mask."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from unbake.domain.maps import METAL_THRESHOLD
from unbake.metrics.pixel import Metric

METAL_SHARE = 0.02
"""A material with a larger share of metal pixels counts as one with metal; the rest must stay free of it."""


def has_metal(truth: Any) -> bool:
    """True where more than 2 % of a metallic map's pixels are metal."""
    return float((1.0 * (truth > METAL_THRESHOLD)).mean()) > METAL_SHARE


def iou(pred: Any, truth: Any, threshold: float = METAL_THRESHOLD) -> Any:
    """Intersection ÷ union of the metal pixels; 1 where neither has any. Arrays of one shape, in [0, 1].

    >>> float(iou(np.float32([1, 1, 0, 0]), np.float32([1, 0, 1, 0]))) == 1 / 3
    True
    """
    p, t = pred > threshold, truth > METAL_THRESHOLD
    union = (p | t).sum()
    return ((p & t).sum() + 1.0 * (union == 0)) / union.clip(1, None)


def f1(pred: Any, truth: Any, threshold: float = METAL_THRESHOLD) -> Any:
    """Harmonic mean of precision and recall of the metal pixels; 1 where neither has any.

    >>> float(f1(np.float32([1, 1, 0, 0]), np.float32([1, 0, 1, 0])))
    0.5
    """
    p, t = pred > threshold, truth > METAL_THRESHOLD
    size = p.sum() + t.sum()
    return (2.0 * (p & t).sum() + 1.0 * (size == 0)) / size.clip(1, None)


def false_metal(pred: Any, truth: Any, threshold: float = METAL_THRESHOLD) -> Any:
    """Share of the pixels that are not metal in truth and yet called so; 0 where all is metal.

    >>> float(false_metal(np.float32([1, 1, 0, 0, 0]), np.float32([1, 0, 0, 0, 0])))
    0.25
    """
    p, t = pred > threshold, truth > METAL_THRESHOLD
    return 1.0 * (p & ~t).sum() / (~t).sum().clip(1, None)


Confusion = tuple[int, int, int, int]
"""Pixels that are metal and called so, that are called so, that are metal, and all; those of textures add up."""


def confusion(pred: Any, truth: Any) -> Confusion:
    """The four counts of a texture, from which `pooled` makes figures over many.

    >>> confusion(np.float32([1, 1, 0, 0]), np.float32([1, 0, 1, 0]))
    (1, 2, 2, 4)
    """
    p, t = pred > METAL_THRESHOLD, truth > METAL_THRESHOLD
    return int((p & t).sum()), int(p.sum()), int(t.sum()), int(t.size)


def pooled(counts: Iterable[Confusion]) -> dict[str, float]:
    """F1, IoU and false metal over all pixels of all textures together; NaN where there is nothing to judge.

    >>> pooled([(1, 2, 2, 4), (0, 1, 0, 4)])["f1"]
    0.4
    """
    both, called, metal, every = np.array([(0, 0, 0, 0), *counts], np.float64).sum(0)

    def share(a: float, b: float) -> float:
        return float(a / b) if b else float("nan")

    return {
        F1.name: share(2 * both, called + metal),
        IOU.name: share(both, called + metal - both),
        FALSE_METAL.name: share(called - both, every - metal),
    }


IOU = Metric("iou", "higher", iou)
F1 = Metric("f1", "higher", f1)
FALSE_METAL = Metric("false_metal", "lower", false_metal)

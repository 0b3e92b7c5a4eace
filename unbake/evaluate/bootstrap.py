"""Percentile bootstrap over materials: the 95 % intervals of an evaluation's figures."""

from typing import Final

import numpy as np

RESAMPLES: Final = 2000
_SEED: Final = 20250613

Interval = tuple[float, float]
"""95 % of what other draws of as many materials would have given."""


def bootstrap(values: np.ndarray, others: np.ndarray | None = None) -> Interval:
    """The 95 % interval of the mean of `values`, or of mean(values) ÷ mean(others), drawn in pairs.

    values, others: (N,), one entry a material. NaN where every draw of `others` sums to 0.

    >>> bootstrap(np.array([2.0, 2.0, 2.0]))
    (2.0, 2.0)
    """
    draws = np.random.default_rng(_SEED).integers(0, len(values), (RESAMPLES, len(values)))
    means = values[draws].mean(1)
    if others is not None:
        means = divide(means, others[draws].mean(1))
    return percentiles(means)


def drawn_counts(materials: int, resamples: int = RESAMPLES) -> np.ndarray:
    """Number of times each material is drawn, (resamples, materials)."""
    rng = np.random.default_rng(_SEED)
    return rng.multinomial(materials, np.full(materials, 1 / materials), resamples)


def percentiles(values: np.ndarray) -> Interval:
    """The 2.5th and the 97.5th percentile of the finite values, NaN where there is none."""
    values = values[np.isfinite(values)]
    if len(values) == 0:
        return (float("nan"), float("nan"))
    low, high = np.percentile(values, [2.5, 97.5])
    return (float(low), float(high))


def divide(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a ÷ b, NaN where b is 0."""
    return np.where(b != 0, a / np.where(b != 0, b, 1.0), np.nan)

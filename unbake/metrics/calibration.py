"""Calibration of probabilities, and rank correlation of confidence with error; for validation and evaluation."""

import numpy as np

BINS = 15
"""Equally wide bins of probability; Guo et al., "On Calibration of Modern Neural Networks" (2017)."""

HOLD = 0.1
"""Strength of the prior that keeps a fitted calibration near the identity, in units of examples."""

_EDGE = 1e-4
_STEPS = 25


def reliability(probability: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Per bin of probability: how many, the sum of their probabilities, how many are true; (BINS, 3), float64.

    probability: any shape, in [0, 1]. truth: the same shape, bool. Tables of several textures add up.

    >>> reliability(np.float32([0.95, 0.97]), np.array([True, False]))[-1].round(2).tolist()
    [2.0, 1.92, 1.0]
    """
    values = np.asarray(probability, np.float64).ravel()
    where = np.minimum((values * BINS).astype(np.int64), BINS - 1)
    columns = (None, values, np.asarray(truth, np.float64).ravel())
    return np.stack([np.bincount(where, column, BINS) for column in columns], -1)


def calibration_error(table: np.ndarray) -> float:
    """Expected calibration error of a `reliability` table: mean |probability − share that is true|, by bin.

    The bins weigh as much as they hold. NaN for an empty table.

    >>> calibration_error(reliability(np.full(4, 0.75), np.array([True, True, True, False])))
    0.0
    """
    count = table[:, 0].sum()
    return float(np.abs(table[:, 1] - table[:, 2]).sum() / count) if count else float("nan")


def fit_calibration(probability: np.ndarray, truth: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
    """Scale and shift of the logits with the least weighted cross-entropy: Platt's scaling.

    probability: (N,) in [0, 1]. truth: (N,), the share that is true of each. weight: (N,), how much each counts.
    Where there is little to go by the fit stays near (1, 0): both are held there by `HOLD`. Source: Platt,
    "Probabilistic Outputs for Support Vector Machines" (1999). `convert.predict` applies it.

    >>> scale, shift = fit_calibration(np.array([0.1, 0.9]), np.array([0.3, 0.7]), np.array([5.0, 5.0]))
    >>> scale < 0.5, abs(shift) < 1e-6
    (True, True)
    """
    p = np.clip(np.asarray(probability, np.float64), _EDGE, 1 - _EDGE)
    columns = np.stack([np.log(p / (1 - p)), np.ones_like(p)], -1)
    none = np.array([1.0, 0.0])
    fitted = np.zeros(2)  # from where Newton's steps never overshoot, as they do from far out on the logits
    for _ in range(_STEPS):
        said = 1 / (1 + np.exp(-np.clip(columns @ fitted, -30, 30)))
        slope = columns.T @ (weight * (said - truth)) + HOLD * (fitted - none)
        bend = (columns * (weight * said * (1 - said))[:, None]).T @ columns + HOLD * np.eye(2)
        fitted = fitted - np.linalg.solve(bend, slope)
    scale, shift = map(float, fitted)
    return (scale, shift) if np.isfinite(fitted).all() and scale > 0 else (1.0, 0.0)


def rank_correlation(x: np.ndarray, y: np.ndarray) -> float:
    """Spearman's rank correlation of two (N,) arrays, equal values sharing their mean rank; NaN where one is constant.

    >>> round(rank_correlation(np.array([1.0, 2.0, 3.0]), np.array([1.0, 4.0, 9.0])), 6)
    1.0
    """
    a, b = (_ranks(np.asarray(values)) for values in (x, y))
    a, b = a - a.mean(), b - b.mean()
    length = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum() / length) if length > 0 else float("nan")


def _ranks(values: np.ndarray) -> np.ndarray:
    """Rank of each, from 1; those that are equal get the mean of theirs."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[which.reshape(-1)]

"""Pixel metrics of numpy arrays and torch tensors alike: what validation logs and evaluation compares."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from unbake.domain.maps import MapKind, spec

_SSIM_SIGMA = 1.5
_SSIM_REACH = 5
_C1, _C2 = 0.01**2, 0.03**2


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure with its direction.

    fn: prediction and truth of one sample, of one shape and range → a scalar of the same array kind.
    """

    name: str
    better: Literal["lower", "higher"]
    fn: Callable[[Any, Any], Any]


def mae(pred: Any, truth: Any) -> Any:
    """Mean |pred − truth|, also called L1."""
    return abs(pred - truth).mean()


def mse(pred: Any, truth: Any) -> Any:
    """Mean squared difference, also called L2."""
    return ((pred - truth) ** 2).mean()


def rmse(pred: Any, truth: Any) -> Any:
    """Root of the mean squared difference, over all channels together."""
    return mse(pred, truth) ** 0.5


def affine_rmse(pred: Any, truth: Any) -> Any:
    """RMSE after the best offset and the best scale ≥ 0 of the prediction, in the truth's own units.

    The scale may not be negative: an upside-down height is as wrong as a flat one, which scores the
    truth's standard deviation.

    >>> import numpy as np
    >>> t = np.float64([0.0, 0.5, 1.0]); float(affine_rmse(0.1 * t + 0.4, t)) < 1e-9
    True
    """
    return rmse(fitted(pred, truth), truth)


def gradient_error(pred: Any, truth: Any, axes: tuple[int, int] = (-2, -1)) -> Any:
    """RMS of what the slopes are wrong by ÷ RMS of the truth's, after the offset and scale of `affine_rmse`.

    Slopes are steps between neighbours along both `axes`; 1 is what a flat prediction gets.

    >>> import numpy as np
    >>> t = np.float64([[0.0, 0.5], [0.5, 1.0]]); float(gradient_error(0.1 * t + 0.4, t)) < 1e-9
    True
    """
    p = fitted(pred, truth)
    wrong, there = 0.0, 0.0
    for axis in (axis for axis in axes if truth.shape[axis] > 1):
        length = truth.shape[axis] - 1
        step = _part(truth, axis, 1, length) - _part(truth, axis, 0, length)
        ours = _part(p, axis, 1, length) - _part(p, axis, 0, length)
        wrong, there = wrong + ((step - ours) ** 2).mean(), there + (step**2).mean()
    return (wrong / (there + 1e-12)) ** 0.5


def fitted(pred: Any, truth: Any) -> Any:
    """The prediction with the offset and the scale of 0 or more that bring it nearest to the truth."""
    p, t = pred - pred.mean(), truth - truth.mean()
    scale = (p * t).mean().clip(0.0, None) / ((p * p).mean() + 1e-12)
    return truth.mean() + scale * p


def ssim(pred: Any, truth: Any, axes: tuple[int, int] = (-2, -1)) -> Any:
    """Structural similarity of values in [0, 1], averaged over channels and every whole 11 × 11 window.

    axes: the rows and columns of the images: the last two of (B, C, H, W), (0, 1) of (H, W, C); where one is shorter
    than 11 the window is smaller. Gaussian window of σ 1.5. Source: Wang et al., "Image Quality Assessment" (2004).
    """
    reach = min(_SSIM_REACH, *((pred.shape[axis] - 1) // 2 for axis in axes))
    mean_p, mean_t = _blur(pred, axes, reach), _blur(truth, axes, reach)
    var_p = _blur(pred * pred, axes, reach) - mean_p**2
    var_t = _blur(truth * truth, axes, reach) - mean_t**2
    both = _blur(pred * truth, axes, reach) - mean_p * mean_t
    above = (2 * mean_p * mean_t + _C1) * (2 * both + _C2)
    below = (mean_p**2 + mean_t**2 + _C1) * (var_p + var_t + _C2)
    return (above / below).mean()


def _blur(x: Any, axes: tuple[int, int], reach: int) -> Any:
    """Weighted mean over every window of 2 · reach + 1 texels that lies inside the image."""
    taps = [math.exp(-0.5 * (i / _SSIM_SIGMA) ** 2) for i in range(-reach, reach + 1)]
    for axis in axes:
        length = x.shape[axis] - len(taps) + 1
        x = sum(tap / sum(taps) * _part(x, axis, i, length) for i, tap in enumerate(taps))
    return x


def _part(x: Any, axis: int, start: int, length: int) -> Any:
    where = [slice(None)] * x.ndim
    where[axis] = slice(start, start + length)
    return x[tuple(where)]


def multilabel_accuracy(logits: Any, classes: Any) -> Any:
    """Share of class decisions that are right: logits > 0 against classes > 0.5, (K,) or (B, K).

    >>> import numpy as np
    >>> float(multilabel_accuracy(np.float32([2.0, -1.0, 1.0, -3.0]), np.float32([1, 0, 0, 0])))
    0.75
    """
    return 1.0 * ((logits > 0) == (classes > 0.5)).sum() / math.prod(logits.shape)


L1 = Metric("l1", "lower", mae)
L2 = Metric("l2", "lower", mse)
RMSE = Metric("rmse", "lower", rmse)
SSIM = Metric("ssim", "higher", ssim)
SHAPE_RMSE = Metric("shape_rmse", "lower", affine_rmse)
ACCURACY = Metric("accuracy", "higher", multilabel_accuracy)


def metrics_of(kind: MapKind) -> tuple[Metric, ...]:
    """Metrics that validation reports of a predicted map, by its spec: tensors (C, H, W) or (B, C, H, W).

    >>> [metric.name for metric in metrics_of(MapKind.HEIGHT)]
    ['shape_rmse']
    """
    if spec(kind).affine_free:
        return (SHAPE_RMSE,)
    return (L1, L2, RMSE, SSIM)

"""Visibility of the border of a tiling map: the step across it against the steps inside."""

import numpy as np

from unbake.image.arrays import Wrap

_QUIET = 0.25 / 255.0


def seam_ratio(image: np.ndarray, wrap: Wrap = (True, True)) -> float:
    """Mean step across the border ÷ mean step inside, averaged over the axes that tile; 1 = no seam.

    image: (H, W, C), any range near [0, 1]. wrap: whether rows wrap (top meets bottom) and whether columns
    do. Both means get a quarter of an 8-bit step on top, so a constant map has ratio 1. A map that tiles
    may well differ a little from 1: compare with the truth's own.

    >>> seam_ratio(np.zeros((8, 8, 1)))
    1.0
    """
    ratios = [_ratio(np.moveaxis(image, axis, 0)) for axis, wraps in enumerate(wrap) if wraps]
    return float(np.mean(ratios)) if ratios else 1.0


def _ratio(image: np.ndarray) -> float:
    if len(image) < 2:
        return 1.0  # one row has no steps
    image = image.astype(np.float64)
    across = np.abs(image[0] - image[-1]).mean()
    inside = np.abs(np.diff(image, axis=0)).mean()
    return float((across + _QUIET) / (inside + _QUIET))

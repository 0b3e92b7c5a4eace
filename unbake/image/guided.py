"""A map made on a small copy, brought to full size along a guide: what changes with the guide changes in detail too.

Source: He and Sun, "Fast guided filter", 2015. Around each texel of the small copy the map is fitted as a linear
function of the guides; its coefficients vary smoothly, so they can be enlarged where the map itself would blur.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from unbake.image.arrays import Floats, Wrap, bands
from unbake.image.resample import by_area, smooth_rows, smoothly

FIT_SIDE: Final = 512
"""Longest side on which the function is fitted; a larger small copy is reduced for it."""

RADIUS: Final = 8
"""Texels to each side that are fitted together."""

RIDGE: Final = 0.05
"""Share of a guide's variance over the picture that is added to that of a neighbourhood: a flat one guides nothing."""

ALONE: Final = 0.5
"""Share that stays of what the map says beside its guides. Of a network's roughness at half the size, none would come
nearer to the truth (13 held-out materials at 1024: correlation 0.41; a half 0.39; all 0.37), and blur every patch."""

_STILL: Final = 1e-6


def guided(
    small: Floats, guides: Floats, guides_of: Callable[[slice], Floats], size: tuple[int, int], wrap: Wrap
) -> Floats:
    """A map at full size, float32 (H, W, 1), not clipped, of the mean and deviation of the small one.

    small: (h, w, 1). guides: (h, w, n), one or two of them, on the small copy. guides_of: the same at full size, some
    rows at a time, (rows, W, n), so that they need not be held. size: (H, W). wrap: which axes tile.

    >>> step = np.repeat(np.float32([0, 1]), 16)[None, :, None] * np.ones((32, 1, 1), np.float32)
    >>> large = step.repeat(2, 0).repeat(2, 1)
    >>> bool(np.abs(guided(step / 2, step, large.__getitem__, (64, 64), (False, False)) - large / 2).max() < 0.05)
    True
    """
    longest = max(small.shape[:2])
    fit = tuple(max(1, round(side * min(longest, FIT_SIDE) / longest)) for side in small.shape[:2])
    coarse, at = (by_area(image, fit[0], fit[1], wrap) for image in (small, guides))
    slopes, offset = _fitted(coarse[..., 0], np.moveaxis(at, -1, 0), wrap)
    fitted = np.stack([*slopes, offset], -1)
    explained = _applied(smoothly(fitted, small.shape[0], small.shape[1], wrap), guides)
    alone = np.asarray(np.float32(ALONE) * (small - explained), np.float32)
    along, beside = (smooth_rows(image, *size, wrap) for image in (fitted, alone))
    made = np.empty((*size, 1), np.float32)
    total = squares = 0.0
    for rows in bands(*size):
        made[rows] = _applied(along(rows), guides_of(rows)) + beside(rows)
        total += float(made[rows].sum(dtype=np.float64))
        squares += float(np.square(made[rows], dtype=np.float64).sum())
    # What a neighbourhood has in common with its guides is less than all of it.
    mean = total / made.size
    deviation = max(squares / made.size - mean * mean, 0.0) ** 0.5
    made -= np.float32(mean)
    made *= np.float32(float(small.std()) / deviation if deviation > _STILL else 1)
    made += np.float32(small.mean())
    return made


def _applied(fitted: Floats, guides: Floats) -> Floats:
    """The linear function (h, w, n + 1), slopes and offset, of guides (h, w, n): (h, w, 1)."""
    made = fitted[..., -1:].copy()
    for number in range(guides.shape[2]):
        made += fitted[..., number : number + 1] * guides[..., number : number + 1]
    return made


def _fitted(small: Floats, guides: Floats, wrap: Wrap) -> tuple[list[Floats], Floats]:
    """Slopes of each guide and the offset, (h, w), of the map as a linear function of its guides, smoothly varying."""
    mean = _boxed(small, wrap)
    means = [_boxed(guide, wrap) for guide in guides]
    with_map = [_boxed(guide * small, wrap) - m * mean for guide, m in zip(guides, means, strict=True)]
    squares = [
        _boxed(guide * guide, wrap) - m * m + np.float32(RIDGE * float(guide.var()) + _STILL)
        for guide, m in zip(guides, means, strict=True)
    ]
    if len(means) == 1:
        slopes = [with_map[0] / squares[0]]
    else:
        cross = _boxed(guides[0] * guides[1], wrap) - means[0] * means[1]
        determinant = squares[0] * squares[1] - cross * cross
        slopes = [
            (squares[1] * with_map[0] - cross * with_map[1]) / determinant,
            (squares[0] * with_map[1] - cross * with_map[0]) / determinant,
        ]
    offset = mean
    for slope, m in zip(slopes, means, strict=True):
        offset = np.asarray(offset - slope * m, np.float32)
    return [_boxed(np.asarray(slope, np.float32), wrap) for slope in slopes], _boxed(offset, wrap)


def _boxed(plane: Floats, wrap: Wrap) -> Floats:
    """Means of (2 RADIUS + 1)² texels of a plane (h, w); beyond an axis that does not tile it is mirrored."""
    for axis, wraps in enumerate(wrap):
        pad = [(RADIUS + 1, RADIUS) if axis == at else (0, 0) for at in (0, 1)]
        sums = np.pad(plane, pad, "wrap" if wraps else "symmetric").cumsum(axis, dtype=np.float64)
        count = plane.shape[axis]
        last = np.take(sums, range(2 * RADIUS + 1, 2 * RADIUS + 1 + count), axis)
        first = np.take(sums, range(count), axis)
        plane = ((last - first) / (2 * RADIUS + 1)).astype(np.float32)
    return plane

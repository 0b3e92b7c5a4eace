"""A map brought to full size with the detail of its guides: what changes with a guide changes in detail too.

After He and Sun, "Fast guided filter", 2015. Around each texel of a coarse copy the map is fitted as a linear function
of the guides; its coefficients vary smoothly, so they can be enlarged where the map itself would blur. Broad shapes are
the map's own, detail is the guides': both are blurred before the fit, since a network's detail is blurred by some
texels, says little of the truth's, and would make the guides' look as weak as itself (docs/LAB.md).
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from unbake.image.arrays import Floats, Wrap, bands
from unbake.image.resample import by_area, smooth_rows

FINER: Final = 2
"""Texels of the map, along each side, that are one of the copy that the function is fitted on."""

BLUR: Final = 3
"""Texels of that copy, to each side, that map and guides are blurred by before they are fitted."""

RADIUS: Final = 16
"""Texels of that copy, to each side, that are fitted together."""

RIDGE: Final = 0.05
"""Share of a guide's variance over the picture that is added to that of a neighbourhood: a flat one guides nothing."""

_STILL: Final = 1e-6


def guided(
    small: Floats, guides: Floats, guides_of: Callable[[slice], Floats], size: tuple[int, int], wrap: Wrap
) -> Floats:
    """A map at full size, float32 (H, W, 1), not clipped, of the mean of the small one and broadly equal to it.

    small: (h, w, 1). guides: (h, w, n), one or two of them, at the size of the small map. guides_of: the same at full
    size, some rows at a time, (rows, W, n), so that they need not be held. size: (H, W), at least (h, w). wrap: which
    axes tile.

    >>> step = np.repeat(np.float32([0, 1]), 16)[None, :, None] * np.ones((32, 1, 1), np.float32)
    >>> large = step.repeat(2, 0).repeat(2, 1)
    >>> bool(np.abs(guided(step / 2, step, large.__getitem__, (64, 64), (False, False)) - large / 2).max() < 0.1)
    True
    """
    height, width = small.shape[:2]
    at = max(1, height // FINER), max(1, width // FINER)
    blurred, beside = (_blurred(by_area(image, *at, wrap), wrap) for image in (small, guides))
    slopes, offset = _fitted(blurred[..., 0], np.moveaxis(beside, -1, 0), wrap)
    fitted = np.stack([*slopes, offset], -1)
    rest = blurred - _applied(fitted, beside)  # what is broad in the map, and not of its guides
    along, left = (smooth_rows(image, *size, wrap) for image in (fitted, rest))
    made = np.empty((*size, 1), np.float32)
    total = 0.0
    for rows in bands(*size):
        made[rows] = _applied(along(rows), guides_of(rows)) + left(rows)
        total += float(made[rows].sum(dtype=np.float64))
    made += np.float32(float(small.mean()) - total / made.size)
    return made


def _blurred(image: Floats, wrap: Wrap) -> Floats:
    return np.stack([_boxed(image[..., i], wrap, BLUR) for i in range(image.shape[2])], -1)


def _applied(fitted: Floats, guides: Floats) -> Floats:
    """The linear function (h, w, n + 1), slopes and offset, of guides (h, w, n): (h, w, 1)."""
    made = fitted[..., -1:].copy()
    for number in range(guides.shape[2]):
        made += fitted[..., number : number + 1] * guides[..., number : number + 1]
    return made


def _fitted(small: Floats, guides: Floats, wrap: Wrap) -> tuple[list[Floats], Floats]:
    """Slopes of each guide and the offset, (h, w), of the map as a linear function of its guides, smoothly varying."""
    mean = _boxed(small, wrap, RADIUS)
    means = [_boxed(guide, wrap, RADIUS) for guide in guides]
    with_map = [
        _boxed(guide * small, wrap, RADIUS) - m * mean for guide, m in zip(guides, means, strict=True)
    ]
    squares = [
        _boxed(guide * guide, wrap, RADIUS) - m * m + np.float32(RIDGE * float(guide.var()) + _STILL)
        for guide, m in zip(guides, means, strict=True)
    ]
    if len(means) == 1:
        slopes = [with_map[0] / squares[0]]
    else:
        cross = _boxed(guides[0] * guides[1], wrap, RADIUS) - means[0] * means[1]
        determinant = squares[0] * squares[1] - cross * cross
        slopes = [
            (squares[1] * with_map[0] - cross * with_map[1]) / determinant,
            (squares[0] * with_map[1] - cross * with_map[0]) / determinant,
        ]
    offset = mean
    for slope, m in zip(slopes, means, strict=True):
        offset = np.asarray(offset - slope * m, np.float32)
    return [_boxed(np.asarray(slope, np.float32), wrap, RADIUS) for slope in slopes], _boxed(
        offset, wrap, RADIUS
    )


def _boxed(plane: Floats, wrap: Wrap, radius: int) -> Floats:
    """Means of (2 radius + 1)² texels of a plane (h, w); beyond an axis that does not tile it is mirrored."""
    for axis, wraps in enumerate(wrap):
        pad = [(radius + 1, radius) if axis == at else (0, 0) for at in (0, 1)]
        sums = np.pad(plane, pad, "wrap" if wraps else "symmetric").cumsum(axis, dtype=np.float64)
        count = plane.shape[axis]
        last = np.take(sums, range(2 * radius + 1, 2 * radius + 1 + count), axis)
        first = np.take(sums, range(count), axis)
        plane = ((last - first) / (2 * radius + 1)).astype(np.float32)
    return plane

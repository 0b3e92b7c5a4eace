"""Reduced copies of a texture for the networks that see it whole, and the way back up; across the seams."""

from math import ceil

import numpy as np
from PIL import Image

Wrap = tuple[bool, bool]
"""Whether a texture tiles from its bottom to its top, and from its right to its left."""

MULTIPLE = 32
"""Sides of SegFormer's input are multiples of this."""


def reduced_size(height: int, width: int, longest: int) -> tuple[int, int]:
    """Sides of SegFormer's copy: multiples of 32, the longest at most `longest`, the shape nearly kept.

    >>> reduced_size(2048, 1024, 512), reduced_size(100, 30, 512)
    ((512, 256), (96, 32))
    """
    scale = min(1.0, longest / max(height, width))
    rows, columns = (
        min(max(round(side * scale / MULTIPLE), 1), longest // MULTIPLE) * MULTIPLE
        for side in (height, width)
    )
    return rows, columns


def by_area(image: np.ndarray, height: int, width: int, wrap: Wrap) -> np.ndarray:
    """The image (H, W, C) float32 smaller, each texel the mean of what it covers, as training reduces.

    An axis that must grow, of a texture smaller than the least size, is interpolated instead.

    >>> by_area(np.ones((4, 6, 1), np.float32), 2, 3, (True, True)).shape
    (2, 3, 1)
    """
    grows = height > image.shape[0] or width > image.shape[1]
    return _resampled(
        image, height, width, wrap, Image.Resampling.BILINEAR if grows else Image.Resampling.BOX
    )


def smoothly(image: np.ndarray, height: int, width: int, wrap: Wrap = (False, False)) -> np.ndarray:
    """The image (H, W, C) float32 at another size by a triangle filter that widens where it shrinks.

    The same as torch's antialiased bilinear interpolation, by which N1 reads its copy in training. On an axis
    that wraps the filter reads across the seam.
    """
    return _resampled(image, height, width, wrap, Image.Resampling.BILINEAR)


def _resampled(
    image: np.ndarray, height: int, width: int, wrap: Wrap, method: Image.Resampling
) -> np.ndarray:
    rows, columns = image.shape[:2]
    if (rows, columns) == (height, width):
        return image
    above, left = (
        ceil(max(1.0, old / new)) + 1 if wraps else 0
        for old, new, wraps in zip((rows, columns), (height, width), wrap, strict=True)
    )
    around = np.pad(image, ((above, above), (left, left), (0, 0)), mode="wrap")
    box = (left, above, left + columns, above + rows)
    planes = [
        np.asarray(
            Image.fromarray(np.ascontiguousarray(plane, np.float32)).resize((width, height), method, box)
        )
        for plane in np.moveaxis(around, -1, 0)
    ]
    return np.stack(planes, -1)

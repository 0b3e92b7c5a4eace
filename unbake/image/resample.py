"""Maps at another size by Pillow's filters, across the seams where they tile; used by data and by conversion.

`image.mips` has a resizer of its own for what is exported: exact areas and bicubic growth.
"""

from math import ceil

import numpy as np
from PIL import Image

from unbake.image.arrays import Wrap
from unbake.image.colour import linear_to_srgb, srgb_to_linear


def resized(image: np.ndarray, height: int, width: int, colour: str = "linear") -> np.ndarray:
    """The image (H, W, C) float32 at another size: mean over areas when reduced, bilinear when enlarged.

    colour: "srgb" values are averaged in linear light.

    >>> resized(np.float32([[[0.0], [1.0]]]), 1, 1).tolist()
    [[[0.5]]]
    """
    if image.shape[:2] == (height, width):
        return image
    if colour != "srgb":
        return by_area(image, height, width)
    return np.asarray(linear_to_srgb(by_area(srgb_to_linear(image), height, width)), np.float32)


def by_area(image: np.ndarray, height: int, width: int, wrap: Wrap = (False, False)) -> np.ndarray:
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

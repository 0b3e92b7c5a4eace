"""Images at another size: the two resizers of the package, and maps resized each as its spec says.

Training and conversion see copies by Pillow's filters (`by_area`, `smoothly`); files of a game are made by
`resize`, whose areas are exact where Pillow's box counts whole texels only, and whose growth is bicubic.
"""

from collections.abc import Callable
from math import ceil
from typing import Literal

import numpy as np
from PIL import Image

from unbake.domain.maps import spec
from unbake.image.arrays import Floats, Maps, Wrap, unit
from unbake.image.colour import linear_to_srgb, srgb_to_linear
from unbake.image.normals import decode_normal, encode_normal

Kind = Literal["srgb", "linear", "normal"]
"""Meaning of the first three channels of a stored image; a fourth is alpha (srgb) or data, linear either way."""

_BILINEAR_REACH = 2
_BICUBIC_REACH = 2
"""Texels to each side that a filter reads where it enlarges, at least."""


def at_size(maps: Maps, height: int, width: int) -> Maps:
    """All maps (H, W, C) at one size by `by_area`, each averaged as its spec says; normals are unit vectors again.

    >>> from unbake.domain.maps import MapKind
    >>> at_size({MapKind.AO: np.ones((4, 4, 1), np.float32)}, 2, 2)[MapKind.AO].shape
    (2, 2, 1)
    """
    out: Maps = {}
    for kind, image in maps.items():
        image = by_area(image, height, width, colour=spec(kind).colour)
        if spec(kind).vector:
            image = image / np.maximum(np.linalg.norm(image, axis=-1, keepdims=True), 1e-6)
        out[kind] = image
    return out


def reduced(maps: Maps, size: int) -> Maps:
    """The maps with their longest side at most `size` texels, by `at_size`; no side gets below 4."""
    height, width = next(iter(maps.values())).shape[:2]
    scale = min(1.0, size / max(height, width))
    return at_size(maps, max(4, round(height * scale)), max(4, round(width * scale)))


def by_area(
    image: Floats, height: int, width: int, wrap: Wrap = (False, False), colour: str = "linear"
) -> Floats:
    """The image (H, W, C) float32 smaller, each texel the mean of what it covers, as training reduces.

    An axis that must grow, of a texture smaller than the least size, is interpolated instead (bilinear).
    wrap: which axes tile, and so are read across their seam. colour: "srgb" values are averaged in linear light.

    >>> by_area(np.float32([[[0.0], [1.0]]]), 1, 1).tolist()
    [[[0.5]]]
    """
    if image.shape[:2] == (height, width):
        return image
    if colour == "srgb":
        light = by_area(srgb_to_linear(image), height, width, wrap)
        return np.asarray(linear_to_srgb(light), np.float32)
    grows = height > image.shape[0] or width > image.shape[1]
    method = Image.Resampling.BILINEAR if grows else Image.Resampling.BOX
    return _resampled(image, height, width, wrap, method)


def codes_by_area(
    codes: np.ndarray,
    height: int,
    width: int,
    wrap: Wrap = (False, False),
    decode: Callable[[np.ndarray], Floats] = unit,
) -> Floats:
    """Codes (H, W, C) as floats, smaller as by `by_area`; a channel at a time, since floats of all take much memory.

    decode: what the codes stand for, of any shape: values in [0, 1], or the linear light of sRGB (`light.light_of`).

    >>> codes_by_area(np.uint8([[[0], [255]]]), 1, 1).tolist()
    [[[0.5]]]
    """
    channels = [codes[..., i : i + 1] for i in range(codes.shape[2])]
    return np.concatenate([by_area(decode(channel), height, width, wrap) for channel in channels], -1)


def smoothly(image: Floats, height: int, width: int, wrap: Wrap = (False, False)) -> Floats:
    """The image (H, W, C) float32 at another size by a triangle filter that widens where it shrinks.

    The same as torch's antialiased bilinear interpolation, by which N1 reads its copy in training. On an axis
    that wraps the filter reads across the seam.
    """
    return _resampled(image, height, width, wrap, Image.Resampling.BILINEAR)


def smooth_rows(image: Floats, height: int, width: int, wrap: Wrap) -> Callable[[slice], Floats]:
    """`smoothly` of an image that grows, some rows of the result at a time: gives (rows, width, C) float32.

    >>> smooth_rows(np.ones((2, 2, 1), np.float32), 8, 8, (True, True))(slice(2, 5)).shape
    (3, 8, 1)
    """
    rows, columns = image.shape[:2]
    beyond = tuple(_BILINEAR_REACH if wraps else 0 for wraps in wrap)
    around = np.pad(image, ((beyond[0],) * 2, (beyond[1],) * 2, (0, 0)), mode="wrap")
    planes = [
        Image.fromarray(np.ascontiguousarray(plane, np.float32)) for plane in np.moveaxis(around, -1, 0)
    ]

    def some(part: slice) -> Floats:
        first, last = (beyond[0] + place * rows / height for place in (part.start, part.stop))
        box = (beyond[1], first, beyond[1] + columns, last)
        size = width, part.stop - part.start
        return np.stack(
            [np.asarray(plane.resize(size, Image.Resampling.BILINEAR, box)) for plane in planes], -1
        )

    return some


def _resampled(image: Floats, height: int, width: int, wrap: Wrap, method: Image.Resampling) -> Floats:
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


def resize(unit: Floats, height: int, width: int, kind: Kind, wrap: Wrap = (False, False)) -> Floats:
    """A stored image (H, W, C) in [0, 1] at another size: each axis by area where it shrinks, bicubic where it grows.

    wrap: which axes (rows, columns) tile, and so are read across their seam. Colour under alpha 0 counts:
    `mips.bleeding` first.

    >>> resize(np.ones((3, 5, 1), np.float32), 4, 4, "linear").shape
    (4, 4, 1)
    """
    if unit.shape[:2] == (height, width):
        return unit
    values = opened(unit, kind)
    values = _resized_rows(values, height, wrap[0])
    values = _resized_rows(values.swapaxes(0, 1), width, wrap[1]).swapaxes(0, 1)
    return closed(values, kind)


def opened(unit: Floats, kind: Kind) -> Floats:
    """Stored values (H, W, C) in the space where they are averaged: linear light, unit vectors, or as they are."""
    match kind:
        case "srgb":
            return np.concatenate([srgb_to_linear(unit[..., :3]), unit[..., 3:]], axis=2)
        case "normal":
            return np.concatenate([decode_normal(unit, "opengl"), unit[..., 3:]], axis=2)
        case "linear":
            return unit


def closed(values: Floats, kind: Kind) -> Floats:
    """Back from the space of `opened`, stored values in [0, 1]; mean normals become unit vectors again."""
    match kind:
        case "srgb":
            stored = np.concatenate([linear_to_srgb(values[..., :3]), values[..., 3:]], axis=2)
        case "normal":
            length = np.linalg.norm(values[..., :3], axis=2, keepdims=True)
            stored = np.concatenate(
                [encode_normal(values[..., :3] / length, "opengl"), values[..., 3:]], axis=2
            )
        case "linear":
            stored = values
    return np.ascontiguousarray(np.clip(stored, 0, 1), np.float32)


def _resized_rows(values: Floats, height: int, wraps: bool) -> Floats:
    """Another number of rows: by the area that each new row covers, or bicubic when there are more."""
    rows, width, _ = values.shape
    if height > rows:
        beyond = _BICUBIC_REACH if wraps else 0
        around = np.pad(values, ((beyond, beyond), (0, 0), (0, 0)), mode="wrap")
        box = (0, beyond, width, beyond + rows)
        grown = [
            np.asarray(Image.fromarray(plane).resize((width, height), Image.Resampling.BICUBIC, box))
            for plane in np.ascontiguousarray(np.moveaxis(around, -1, 0), np.float32)
        ]
        return np.stack(grown, axis=-1)
    # Pillow's box counts whole texels only, which shifts the mean; here a row counts by its covered part.
    first = np.arange(height) * (rows / height)
    last = first + rows / height
    result = np.zeros((height, *values.shape[1:]), np.float32)
    for tap in range(-(-rows // height) + 1):
        row = np.floor(first).astype(int) + tap
        covered = np.clip(np.minimum(last, row + 1) - np.maximum(first, row), 0, None) * (height / rows)
        result += values[np.minimum(row, rows - 1)] * covered[:, None, None].astype(np.float32)
    return result

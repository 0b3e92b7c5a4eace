"""Smaller copies of a stored image, and other sizes of it; between the maps and the files of a game.

Every step averages what the values mean: colour in linear light, normals as vectors, the rest as it is.
"""

from typing import Literal

import numpy as np
from PIL import Image

from unbake.image.colour import linear_to_srgb, srgb_to_linear
from unbake.image.normals import decode_normal, encode_normal

Kind = Literal["srgb", "linear", "normal"]
"""What the first three channels of a stored image hold; a fourth is alpha (srgb) or data, linear either way."""

_LEAST_WEIGHT = 1e-6
"""What the colour of a texel with alpha 0 weighs: nothing, unless all its neighbours have alpha 0 too."""

_NEARLY = 16 / 255
"""How far from 0 or 1 the alpha of a cut-out may lie: compression and one resampling leave that much."""


def mip_chain(unit: np.ndarray, kind: Kind) -> list[np.ndarray]:
    """The image and its halves down to 1×1, box-filtered: float32 (H, W, C) in [0, 1], sides powers of two.

    An axis that has reached one texel stays, so 8×2 gives 4×1, 2×1, 1×1. Colour with alpha (srgb, four
    channels) is weighted by it; where `is_cut_out`, each mip's alpha is bent so that as many texels stay above
    one half as at the top. ValueError when a side is not a power of two.

    >>> [mip.shape[:2] for mip in mip_chain(np.zeros((4, 2, 1), np.float32), "linear")]
    [(4, 2), (2, 1), (1, 1)]
    """
    height, width, channels = unit.shape
    if height.bit_count() != 1 or width.bit_count() != 1:
        raise ValueError(f"a mip chain needs sides that are powers of two, not {width}×{height}")
    colour_alpha = kind == "srgb" and channels == 4
    coverage = float((unit[..., 3] > 0.5).mean()) if colour_alpha and is_cut_out(unit[..., 3:]) else None
    chain = [unit.astype(np.float32)]
    values = _opened(chain[0], kind)
    while values.shape[:2] != (1, 1):
        values = _halved_colour(values) if colour_alpha else _halved(values)
        chain.append(_closed(values, kind))
        if coverage is not None:
            chain[-1][..., 3] = _with_coverage(chain[-1][..., 3], coverage)
    return chain


def resize(unit: np.ndarray, height: int, width: int, kind: Kind) -> np.ndarray:
    """The image at another size, (H, W, C) in [0, 1]: each axis by area where it shrinks, bicubic where it grows.

    It does not know of tiling: pad an image that wraps before, and crop after. Colour under alpha 0 counts:
    `bleed_colour` first.

    >>> resize(np.ones((3, 5, 1), np.float32), 4, 4, "linear").shape
    (4, 4, 1)
    """
    if unit.shape[:2] == (height, width):
        return unit
    values = _opened(unit, kind)
    values = _resized_rows(values, height)
    values = _resized_rows(values.swapaxes(0, 1), width).swapaxes(0, 1)
    return _closed(values, kind)


def bleed_colour(rgb: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Display-encoded colour (H, W, 3) with what lies under alpha 0 (H, W, 1) filled from its neighbours.

    Push-pull: each hidden texel takes the alpha-weighted mean of the smallest aligned square around it in which
    anything is seen. Seen texels keep their bits; with nothing seen at all, everything stays.

    >>> bleed_colour(np.float32([[[1, 1, 1], [0, 0, 0]]]), np.float32([[[1], [0]]])).round(3).tolist()[0][1]
    [1.0, 1.0, 1.0]
    """
    seen = alpha > 0
    if seen.all() or not seen.any():
        return rgb
    weight = alpha.astype(np.float32)
    levels = [(srgb_to_linear(rgb.astype(np.float32)) * weight, weight)]
    while not (levels[-1][1] > 0).all():
        levels.append((_summed(levels[-1][0]), _summed(levels[-1][1])))
    filled = levels[-1][0] / levels[-1][1]
    for total, weight in reversed(levels[:-1]):
        height, width = weight.shape[:2]
        filled = filled.repeat(2, axis=0)[:height].repeat(2, axis=1)[:, :width]
        filled = np.where(weight > 0, total / np.maximum(weight, np.finfo(np.float32).tiny), filled)
    return np.where(seen, rgb, np.clip(linear_to_srgb(filled), 0, 1)).astype(np.float32)


def is_cut_out(alpha: np.ndarray) -> bool:
    """Whether alpha (H, W, 1) in [0, 1] is a stencil, for a game's alpha test: both ends, little between.

    >>> is_cut_out(np.float32([[[0], [1]]])), is_cut_out(np.float32([[[0.4], [1]]]))
    (True, False)
    """
    low, high = float((alpha <= _NEARLY).mean()), float((alpha >= 1 - _NEARLY).mean())
    return low > 0 and high > 0 and low + high >= 0.9


def _opened(unit: np.ndarray, kind: Kind) -> np.ndarray:
    """Stored values in the space where their means mean something."""
    match kind:
        case "srgb":
            return np.concatenate([srgb_to_linear(unit[..., :3]), unit[..., 3:]], axis=2)
        case "normal":
            return np.concatenate([decode_normal(unit, "opengl"), unit[..., 3:]], axis=2)
        case "linear":
            return unit


def _closed(values: np.ndarray, kind: Kind) -> np.ndarray:
    """Back from the space of `_opened`, in [0, 1]; mean normals become unit vectors again."""
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


def _halved(values: np.ndarray) -> np.ndarray:
    """Means of 2×2 texels, or of 2 along the only axis that is left."""
    for axis in (0, 1):
        if values.shape[axis] > 1:
            even, odd = (values[start::2] if axis == 0 else values[:, start::2] for start in (0, 1))
            values = (even + odd) * np.float32(0.5)
    return values


def _halved_colour(values: np.ndarray) -> np.ndarray:
    """`_halved` for linear RGB with alpha: each colour counts as much as is seen of it."""
    weight = values[..., 3:] + np.float32(_LEAST_WEIGHT)
    alpha = _halved(values[..., 3:])
    return np.concatenate([_halved(values[..., :3] * weight) / _halved(weight), alpha], axis=2)


def _resized_rows(values: np.ndarray, height: int) -> np.ndarray:
    """Another number of rows: by the area that each new row covers, or bicubic when there are more."""
    rows, width, _ = values.shape
    if height > rows:
        grown = [
            np.asarray(Image.fromarray(plane).resize((width, height), Image.Resampling.BICUBIC))
            for plane in np.ascontiguousarray(np.moveaxis(values, -1, 0), np.float32)
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


def _summed(values: np.ndarray) -> np.ndarray:
    """Sums of 2×2 texels, an odd last row or column by itself."""
    height, width = values.shape[:2]
    padded = np.pad(values, ((0, height % 2), (0, width % 2), (0, 0)))
    rows = padded[0::2] + padded[1::2]
    return rows[:, 0::2] + rows[:, 1::2]


def _with_coverage(alpha: np.ndarray, coverage: float) -> np.ndarray:
    """Alpha of any shape, bent so that the share of it above one half is as near to `coverage` as can be.

    The bend keeps 0, 1 and the order of values: straight from 0 to one half, and from there to 1.
    (The aim is Castaño's, "Computing alpha mipmaps", 2010; he scales, which clips or fades the opaque parts.)
    """
    values, counts = np.unique(alpha, return_counts=True)
    # Cut i puts values[i:] above one half; a 0 can never be, a 1 always is.
    above = np.append(counts[::-1].cumsum()[::-1], 0) / alpha.size
    cuts = np.append(values, np.float32(1)) + np.insert(values, 0, np.float32(0))
    possible = (np.append(values, 1) > 0) & (np.insert(values, 0, 0) < 1)
    best = int(np.where(possible, np.abs(above - coverage), np.inf).argmin())
    return np.interp(alpha, [0, cuts[best] / 2, 1], [0, 0.5, 1]).astype(np.float32)

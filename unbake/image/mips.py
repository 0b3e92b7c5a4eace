"""Mip chains of stored images, their alpha coverage, and colour under alpha 0; between the maps and a game's files.

Every step averages what the values mean: colour in linear light, normals as vectors, the rest as it is.
"""

from collections.abc import Callable

import numpy as np

from unbake.image.arrays import Floats, Reals
from unbake.image.colour import linear_to_srgb, srgb_to_linear
from unbake.image.resample import Kind, closed, opened

_LEAST_WEIGHT = 1e-6
"""Weight of fully transparent texels: used only if all their neighbours are transparent too."""

_BAND = 256
"""Rows read at a time where an image is not held as floats: even, so that mips of bands fit together."""

_NEARLY = 16 / 255
"""Largest distance from 0 or 1 of a cut-out's alpha: compression and one resampling leave that much."""


def mip_chain(unit: Floats, kind: Kind) -> list[Floats]:
    """The image and its halves down to 1×1, box-filtered: float32 (H, W, C) in [0, 1], sides powers of two.

    An axis that has reached one texel stays, so 8×2 gives 4×1, 2×1, 1×1. Colour with alpha (srgb, four
    channels) is weighted by it; where `is_cut_out`, each mip's alpha is bent so that as many texels stay above
    one half as at the top. ValueError when a side is not a power of two.

    >>> [mip.shape[:2] for mip in mip_chain(np.zeros((4, 2, 1), np.float32), "linear")]
    [(4, 2), (2, 1), (1, 1)]
    """
    height, width, _ = unit.shape
    if height.bit_count() != 1 or width.bit_count() != 1:
        raise ValueError(
            f"Expected sides that are powers of two for a mip chain, got {width}×{height}; resize."
        )
    top = unit.astype(np.float32)
    if unit[..., 0].size == 1:
        return [top]
    coverage = coverage_of(top[..., 3:]) if _has_alpha(top, kind) else None
    return [top, *mips_below(halved(top, kind), kind, coverage)]


def halved(unit: Floats, kind: Kind) -> Floats:
    """The values of the mip below, in the space where they are averaged: what `mips_below` goes on from.

    Bands of an even number of rows can be halved one by one and put together.
    """
    values = opened(unit, kind)
    return _halved_colour(values) if _has_alpha(values, kind) else _halved(values)


def coverage_of(alpha: Reals) -> float | None:
    """Share of texels that an alpha test keeps, if alpha (H, W, 1) is a cut-out, whose mips are to keep it."""
    return float((alpha > 0.5).mean()) if is_cut_out(alpha) else None


def mips_below(values: Floats, kind: Kind, coverage: float | None) -> list[Floats]:
    """The mips from `halved` on down to 1×1, float32 in [0, 1]; `coverage` as `coverage_of` the top gives it."""
    chain = []
    while True:
        chain.append(closed(values, kind))
        if coverage is not None:
            chain[-1][..., 3] = _with_coverage(chain[-1][..., 3], coverage)
        if values.shape[:2] == (1, 1):
            return chain
        values = _halved_colour(values) if _has_alpha(values, kind) else _halved(values)


def bleeding(read: Callable[[int, int], Floats], height: int) -> Callable[[int, int], Floats]:
    """Display-encoded colour with what lies under alpha 0 filled from its neighbours, read and given by bands.

    Push-pull: each hidden texel takes the alpha-weighted mean of the smallest aligned square around it in which
    anything is seen. Seen texels keep their bits; where nothing at all is seen everything turns black.
    read: rows from `top` to `bottom` of colour with alpha, (rows, W, 4) in [0, 1]. height: of the image. What comes
    back gives rows (`top` even, `bottom` even or the last) of colour, (rows, W, 3) float32: a quarter of the memory
    of the whole.

    >>> rgba = np.float32([[[1, 1, 1, 1], [0, 0, 0, 0]]])
    >>> bleeding(lambda top, bottom: rgba[top:bottom], 1)(0, 1).round(3).tolist()[0][1]
    [1.0, 1.0, 1.0]
    """
    sums = []
    for top in range(0, height, _BAND):
        band = read(top, min(top + _BAND, height)).astype(np.float32)
        weight = band[..., 3:]
        sums.append((_summed(srgb_to_linear(band[..., :3]) * weight), _summed(weight)))
    levels = [(np.concatenate([total for total, _ in sums]), np.concatenate([weight for _, weight in sums]))]
    del sums
    while not (levels[-1][1] > 0).all() and levels[-1][1].size > 1:
        levels.append((_summed(levels[-1][0]), _summed(levels[-1][1])))
    filled = levels[-1][0] / np.maximum(levels[-1][1], np.finfo(np.float32).tiny)
    for total, weight in reversed(levels[:-1]):
        filled = _filled(total, weight, filled)
    levels.clear()

    def bled(top: int, bottom: int) -> Floats:
        band = read(top, bottom).astype(np.float32)
        rgb, alpha = band[..., :3], band[..., 3:]
        under = filled[top // 2 : -(-bottom // 2)].repeat(2, axis=0)[: len(band)]
        under = under.repeat(2, axis=1)[:, : band.shape[1]]
        return np.where(alpha > 0, rgb, np.clip(linear_to_srgb(under), 0, 1)).astype(np.float32)

    return bled


def _filled(total: Floats, weight: Floats, below: Floats) -> Floats:
    """Means of a level where anything is seen, of the level below (half its size) elsewhere."""
    rows, columns = weight.shape[:2]
    below = below.repeat(2, axis=0)[:rows].repeat(2, axis=1)[:, :columns]
    return np.where(weight > 0, total / np.maximum(weight, np.finfo(np.float32).tiny), below)


def is_cut_out(alpha: Reals) -> bool:
    """Whether alpha (H, W, 1) in [0, 1] is a stencil, for a game's alpha test: both ends, little between.

    >>> is_cut_out(np.float32([[[0], [1]]])), is_cut_out(np.float32([[[0.4], [1]]]))
    (True, False)
    """
    low, high = float((alpha <= _NEARLY).mean()), float((alpha >= 1 - _NEARLY).mean())
    return low > 0 and high > 0 and low + high >= 0.9


def _has_alpha(values: Floats, kind: Kind) -> bool:
    return kind == "srgb" and values.shape[2] == 4


def _halved(values: Floats) -> Floats:
    """Means of 2×2 texels, or of 2 along the only axis that is left."""
    for axis in (0, 1):
        if values.shape[axis] > 1:
            even, odd = (values[start::2] if axis == 0 else values[:, start::2] for start in (0, 1))
            values = (even + odd) * np.float32(0.5)
    return values


def _halved_colour(values: Floats) -> Floats:
    """`_halved` for linear RGB with alpha: each colour counts as much as is seen of it."""
    weight = values[..., 3:] + np.float32(_LEAST_WEIGHT)
    alpha = _halved(values[..., 3:])
    return np.concatenate([_halved(values[..., :3] * weight) / _halved(weight), alpha], axis=2)


def _summed(values: Floats) -> Floats:
    """Sums of 2×2 texels, an odd last row or column by itself."""
    height, width = values.shape[:2]
    padded = np.pad(values, ((0, height % 2), (0, width % 2), (0, 0)))
    rows = padded[0::2] + padded[1::2]
    return rows[:, 0::2] + rows[:, 1::2]


def _with_coverage(alpha: Floats, coverage: float) -> Floats:
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

"""BC1 encoding, the colour of BC3 included: `blocks` hands it pixels padded to whole blocks.

ISPC's encoder is quick and good where a block varies, and poor where it hardly does: its endpoints are then equal and
the colour is as coarse as 5:6:5. Such blocks are encoded anew around their mean, from a table of the endpoint pairs
that give each code at a third of the way, where that comes nearer. For files that are kept, the endpoints of all
blocks are then fitted once more with 5:6:5 in mind, since each rounded for itself is not the best pair.
"""

from functools import cache
from typing import Final

import etcpak
import numpy as np

try:
    import ispc_texcomp
except ImportError:  # no wheel for this machine: etcpak encodes BC1 as well, 3 dB less well
    ispc_texcomp = None  # type: ignore[assignment]

_STILL: Final = 16 * 3 * 6**2
"""Summed squared distance of a block's texels to their mean, below which the table is tried."""

_CHUNK: Final = 8192
"""Blocks that are compared at a time, so that their floats stay in the processor's cache."""

_DEPTHS: Final = (5, 6, 5)


def encode_bc1(rgba: np.ndarray, fast: bool) -> np.ndarray:
    """BC1 blocks (N, 8) of uint8 (H, W, 4), sides multiples of 4; alpha is not looked at.

    fast: without the second fit, which is worth 0.3 dB and takes most of the time.

    Every block is in four-colour order, its first endpoint the greater, or of one colour by selector 0: no decoder
    reads a transparent texel in it, and none reads it differently as the colour of BC3.
    """
    height, width, _ = rgba.shape
    opaque = rgba.copy()
    opaque[..., 3] = 255
    if ispc_texcomp is None:
        data = etcpak.compress_bc1(opaque.tobytes(), width, height)
    else:
        data = ispc_texcomp.compress_blocks_bc1(ispc_texcomp.RGBASurface(opaque.tobytes(), width, height))
    count = height // 4 * (width // 4)
    blocks = _four_colours(np.frombuffer(data, np.uint8, count * 8).reshape(-1, 8))  # ISPC's buffer is longer
    texels = to_blocks(rgba)
    for start in range(0, count, _CHUNK):
        part = slice(start, start + _CHUNK)
        blocks[part] = _improved(blocks[part], texels[part], fast)
    return blocks


def endpoints(blocks: np.ndarray) -> np.ndarray:
    """The two 5:6:5 endpoints of each BC1 colour block (N, 8): uint16 (N, 2)."""
    return np.ascontiguousarray(blocks[:, :4]).view("<u2")


def selectors_of(blocks: np.ndarray) -> np.ndarray:
    """The sixteen 2-bit selectors of each BC1 colour block (N, 8): (N, 16)."""
    return (blocks[:, 4:, None] >> np.array([0, 2, 4, 6], np.uint8) & 3).reshape(-1, 16)


def rgb565(codes: np.ndarray) -> np.ndarray:
    """5:6:5 codes of any shape as 8-bit RGB: (..., 3)."""
    red, green, blue = codes >> 11, codes >> 5 & 63, codes & 31
    return np.stack([red << 3 | red >> 2, green << 2 | green >> 4, blue << 3 | blue >> 2], axis=-1)


def to_blocks(image: np.ndarray) -> np.ndarray:
    """(H, W, C) as (blocks, 16, C), texels row by row in a block."""
    height, width, channels = image.shape
    split = image.reshape(height // 4, 4, width // 4, 4, channels).swapaxes(1, 2)
    return split.reshape(-1, 16, channels)


def packed(ends: np.ndarray, selectors: np.ndarray) -> np.ndarray:
    """Blocks (N, 8) of endpoints (N, 2), in the order given, and the selectors (N, 16) of their texels."""
    blocks = np.empty((len(ends), 8), np.uint8)
    blocks[:, :4] = np.ascontiguousarray(ends, "<u2").view(np.uint8).reshape(-1, 4)
    four = selectors.astype(np.uint8).reshape(-1, 4, 4)
    blocks[:, 4:] = four[..., 0] | four[..., 1] << 2 | four[..., 2] << 4 | four[..., 3] << 6
    return blocks


def _four_colours(blocks: np.ndarray) -> np.ndarray:
    """Blocks without the three-colour mode, which an encoder of opaque texels only falls into by equal endpoints."""
    fixed = blocks.copy()
    ends = endpoints(blocks)
    fixed[ends[:, 0] == ends[:, 1], 4:] = 0
    swap = ends[:, 0] < ends[:, 1]
    fixed[swap, :4] = blocks[swap][:, [2, 3, 0, 1]]
    fixed[swap, 4:] ^= 0x55  # selectors 0 ↔ 1, 2 ↔ 3
    return fixed


def _improved(blocks: np.ndarray, texels: np.ndarray, fast: bool) -> np.ndarray:
    """Blocks (N, 8) at least as near to their texels uint8 (N, 16, 4) as they came."""
    # Blocks last, so that numpy's loops are long: float32 (16, 3, N).
    colours = np.ascontiguousarray(texels[..., :3].transpose(1, 2, 0), np.float32)
    mean = colours.mean(axis=0)
    still = np.flatnonzero(((colours - mean) ** 2).sum((0, 1)) < _STILL)
    better = blocks.copy()
    if still.size:
        better[still] = _nearer(blocks[still], _mean_endpoints(mean[:, still]), colours[..., still])
    return better if fast else _nearer(better, _fitted_endpoints(better, colours), colours)


def _nearer(blocks: np.ndarray, ends: np.ndarray, texels: np.ndarray) -> np.ndarray:
    """Each block as it came or between other endpoints (N, 2), whichever is nearer to its texels (16, 3, N)."""
    _, error = _selected(endpoints(blocks), texels)
    ends = np.sort(ends, axis=1)[:, ::-1]  # the greater first
    selectors, new_error = _selected(ends, texels)
    selectors[ends[:, 0] == ends[:, 1]] = 0
    return np.where((new_error < error)[:, None], packed(ends, selectors), blocks)


def _selected(ends: np.ndarray, texels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The best selectors (N, 16) between endpoints (N, 2), and each block's summed squared error (N,)."""
    first, second = np.ascontiguousarray(rgb565(ends).transpose(1, 2, 0), np.float32)
    step = first - second
    length = (step**2).sum(0)
    apart = texels - second
    along = (apart * step).sum(1)
    thirds = np.rint(np.clip(along * (3 / np.maximum(length, 1)), 0, 3))
    share = thirds / 3
    error = (apart**2).sum((0, 1)) + (share * (share * length - 2 * along)).sum(0)
    return np.array([1, 3, 2, 0], np.uint8)[thirds.astype(np.intp)].T, error


def _mean_endpoints(mean: np.ndarray) -> np.ndarray:
    """Endpoints uint16 (N, 2) that give these colours (3, N) nearest at selector 2."""
    codes = np.rint(mean).astype(np.intp)
    return _joined(*(_around(depth)[:, code] for depth, code in zip(_DEPTHS, codes, strict=True)))


def _fitted_endpoints(blocks: np.ndarray, texels: np.ndarray) -> np.ndarray:
    """Endpoints uint16 (N, 2) that fit texels (16, 3, N) best by least squares, given the blocks' selectors.

    Of the nine pairs of 5:6:5 codes about the unrounded optimum, channel by channel, the one with the least error.
    """
    share = np.array([1, 0, 2 / 3, 1 / 3], np.float32)[np.ascontiguousarray(selectors_of(blocks).T)]
    aa, ab, bb = (share**2).sum(0), (share * (1 - share)).sum(0), ((1 - share) ** 2).sum(0)
    ta = (share[:, None] * texels).sum(0)
    tb = texels.sum(0) - ta
    det = aa * bb - ab**2
    known = det > 1e-3  # else all texels take one selector, and the endpoints stay
    det[~known] = 1
    corner = rgb565(endpoints(blocks)).transpose(1, 2, 0)
    exact = [
        np.where(known, (bb * ta - ab * tb) / det, corner[0]),
        np.where(known, (aa * tb - ab * ta) / det, corner[1]),
    ]
    fitted = []
    for channel, depth in enumerate(_DEPTHS):
        top = 2**depth - 1
        near = [np.rint(end[channel] * np.float32(top / 255)) for end in exact]
        tried = [[np.clip(codes + move, 0, top) for move in (-1, 0, 1)] for codes in near]
        pairs = [(a, b) for a in tried[0] for b in tried[1]]
        scale = np.float32(255 / top)
        errors = [
            scale * (aa * a * a + 2 * ab * a * b + bb * b * b) - 2 * (ta[channel] * a + tb[channel] * b)
            for a, b in pairs
        ]
        best = np.argmin(errors, axis=0)
        fitted.append(np.stack([np.choose(best, ends) for ends in zip(*pairs, strict=True)]))
    return _joined(*fitted)


def _joined(red: np.ndarray, green: np.ndarray, blue: np.ndarray) -> np.ndarray:
    """Codes of each channel, (2, N), as 5:6:5 endpoints uint16 (N, 2)."""
    return (red.astype(np.uint16) << 11 | green.astype(np.uint16) << 5 | blue.astype(np.uint16)).T


@cache
def _around(depth: int) -> np.ndarray:
    """For each 8-bit code the pair of endpoints of so many bits that gives it nearest at selector 2: (2, 256).

    Of pairs that do equally, the closest together: hardware rounds the steps between them differently.
    """
    codes = np.arange(2**depth)
    wide = codes << (8 - depth) | codes >> (2 * depth - 8)
    given = (2 * wide[:, None] + wide) / 3
    apart = np.abs(wide[:, None] - wide)
    cost = np.abs(given[..., None] - np.arange(256)) + 0.03 * apart[..., None]
    best = cost.reshape(-1, 256).argmin(axis=0)
    return np.stack([best >> depth, best & 2**depth - 1])

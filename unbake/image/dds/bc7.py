"""BC7 encoding whose alpha keeps its ends: `blocks` hands it padded RGBA.

Encoders weigh alpha like a colour, so that half of an opaque texture comes out at 254. Blocks in which that (or
worse) happened are mended here: opaque ones in place, others encoded anew in the two modes that store alpha apart
from colour, where alpha is then written by us. Blocks of one colour become exact, as flat maps are common.
Bit layouts: Khronos Data Format Specification 1.3, chapter 20.
"""

from functools import cache

import etcpak
import numpy as np
import texture2ddecoder
from numpy.typing import NDArray

from unbake.image.dds.bc1 import to_blocks

try:
    import ispc_texcomp
except ImportError:  # no wheel for this machine: etcpak encodes BC7 as well, slower in previews
    ispc_texcomp = None  # type: ignore[assignment]

ALPHA_TOLERANCE = 2
"""Alphas between 0 and 255 may be off by this much before a block is encoded anew."""

_WEIGHTS = {2: np.array([0, 21, 43, 64]), 3: np.array([0, 9, 18, 27, 37, 46, 55, 64])}
"""Of the second endpoint, out of 64, for each index of so many bits."""

_STRIP = 4096
"""Blocks per row of the scratch image that holds blocks to be encoded anew."""


def encode_bc7(rgba: NDArray[np.uint8], fast: bool, painted: bool = False) -> bytes:
    """BC7 blocks of uint8 (H, W, 4), sides multiples of 4; alpha 0 and 255 come back exactly.

    fast: for previews. painted: whether the colours are to be looked at, not vectors or data: opaque blocks of such
    are encoded as for previews, which takes a fifteenth of the time and costs 0.2 to 0.8 dB at 50.

    Alphas between come back within ALPHA_TOLERANCE wherever a block's alphas leave room for that; eight levels
    a block is all that BC7 has for an alpha of its own.
    """
    texels = to_blocks(rgba)
    opaque = (texels[..., 3] == 255).all(axis=1)
    blocks = _encode(rgba, opaque, fast, painted)
    alpha = texels[..., 3].astype(np.int32)
    first = opaque & (blocks[:, 0] & 0x7F == 0x40)
    blocks[first] = _opaque_mode6(blocks[first])
    flat = (texels == texels[:, :1]).all(axis=(1, 2))
    blocks[flat] = _flat_mode5(texels[flat, 0])
    # Modes 0 to 3 have no alpha, and those above are exact by now.
    doubtful = np.flatnonzero(~(flat | first | (opaque & (blocks[:, 0] & 0x0F != 0))))
    if not doubtful.size:
        return blocks.tobytes()
    ends, error = _alpha_errors(blocks[doubtful], alpha[doubtful])
    wrong = ends | (error > ALPHA_TOLERANCE)
    bad, ends, error = doubtful[wrong], ends[wrong], error[wrong]
    if bad.size:
        again = _encode_apart(texels[bad])
        new_ends, new_error = _alpha_errors(again, alpha[bad])
        better = (ends & ~new_ends) | ((ends == new_ends) & (new_error < error))
        blocks[bad[better]] = again[better]
    return blocks.tobytes()


def _encode(
    rgba: NDArray[np.uint8], opaque: NDArray[np.bool_], fast: bool, painted: bool
) -> NDArray[np.uint8]:
    """Blocks (N, 16). opaque: (N,), whether each is; a search that minds alpha takes three times as long."""
    if ispc_texcomp is None:
        height, width, _ = rgba.shape
        params = etcpak.BC7CompressBlockParams()
        params.m_max_partitions = 0 if fast or painted else 16
        data = etcpak.compress_bc7(rgba.tobytes(), width, height, params)
        return np.frombuffer(data, np.uint8).reshape(-1, 16).copy()
    choose = ispc_texcomp.BC7EncSettings.from_profile
    searches = {
        True: choose("ultrafast" if fast or painted else "veryfast"),
        False: choose("alpha_ultrafast" if fast else "alpha_fast"),
    }
    blocks = np.empty((len(opaque), 16), np.uint8)
    texels = None if opaque.all() or not opaque.any() else to_blocks(rgba)
    for kind, settings in searches.items():
        chosen = opaque == kind
        if chosen.any():
            image = rgba if texels is None else _strips(texels[chosen])
            surface = ispc_texcomp.RGBASurface(image.tobytes(), image.shape[1], image.shape[0])
            data = ispc_texcomp.compress_blocks_bc7(surface, settings)
            blocks[chosen] = np.frombuffer(data, np.uint8).reshape(-1, 16)[: int(chosen.sum())]
    return blocks


def _strips(texels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Blocks of texels (N, 16, 4) as a scratch image of whole rows of blocks, the last repeated to fill it."""
    count = len(texels)
    rows, columns = -(-count // _STRIP), min(count, _STRIP)
    padded = np.pad(texels, ((0, rows * columns - count), (0, 0), (0, 0)), mode="edge")
    return padded.reshape(rows, columns, 4, 4, 4).swapaxes(1, 2).reshape(rows * 4, columns * 4, 4)


def _alpha_errors(
    blocks: NDArray[np.uint8], alpha: NDArray[np.int32]
) -> tuple[NDArray[np.bool_], NDArray[np.int32]]:
    """Per block: whether an alpha of 0 or 255 is not exact, and the largest error of the others."""
    # All blocks in one row, so that the image is 4 texels high.
    bgra = texture2ddecoder.decode_bc7(blocks.tobytes(), 4 * len(blocks), 4)
    decoded = np.frombuffer(bgra, np.uint8).reshape(4, -1, 4, 4)[..., 3].swapaxes(0, 1).reshape(-1, 16)
    error = np.abs(decoded.astype(np.int32) - alpha)
    end = (alpha == 0) | (alpha == 255)
    return (error * end).any(axis=1), (error * ~end).max(axis=1)


def _opaque_mode6(blocks: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Blocks of mode 6 with both alpha endpoints at 255, their colours moved by one code at most.

    An alpha of 255 needs the endpoint's lowest bit, which colour shares. Where it was 0, the first endpoint goes
    up by one and the second down by one, so that the block as a whole gets neither brighter nor darker.
    """
    bits = np.unpackbits(blocks, axis=1, bitorder="little")
    down = bits[:, 64] == 0
    powers = 1 << np.arange(7)
    for start in (14, 28, 42):  # red, green and blue of the second endpoint, seven bits each
        code = np.maximum(bits[down, start : start + 7] @ powers - 1, 0)
        bits[down, start : start + 7] = code[:, None] >> np.arange(7) & 1
    bits[:, 49:65] = 1  # two alphas of seven bits, then the two lowest bits
    return np.packbits(bits, axis=1, bitorder="little")


def _flat_mode5(colours: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Blocks (N, 16) of one colour each, uint8 (N, 4), exactly: mode 5 with every texel at index 1."""
    bits = np.zeros((len(colours), 128), np.uint8)
    bits[:, 5] = 1
    ends = _flat_endpoints()[colours[:, :3]].reshape(-1, 6)  # red 0, red 1, green 0, ...
    bits[:, 8:50] = (ends[:, :, None] >> np.arange(7) & 1).reshape(-1, 42)
    bits[:, 50:58] = bits[:, 58:66] = np.unpackbits(colours[:, 3:], axis=1, bitorder="little")
    bits[:, [66, *range(67, 97, 2)]] = 1
    return np.packbits(bits, axis=1, bitorder="little")


@cache
def _flat_endpoints() -> NDArray[np.integer]:
    """For each 8-bit code the pair of 7-bit endpoints that gives it at index 1: (256, 2)."""
    codes = np.arange(128)
    wide = codes << 1 | codes >> 6
    decoded = (wide[:, None] * 43 + wide * 21 + 32) >> 6
    return np.stack([np.argwhere(decoded == code)[0] for code in range(256)])


def _encode_apart(texels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Blocks (N, 16) of texels (N, 16, 4) in modes 4 and 5, alpha from its least to its greatest value."""
    count = len(texels)
    image = _strips(texels)
    rows, columns = image.shape[0] // 4, image.shape[1] // 4
    if ispc_texcomp is None:
        params = etcpak.BC7CompressBlockParams()
        params.m_mode_mask = 1 << 5
        params.m_force_alpha = True
        data = etcpak.compress_bc7(image.tobytes(), columns * 4, rows * 4, params)
    else:
        settings = ispc_texcomp.BC7EncSettings(
            [False, False, True, False],  # modes 4 and 5
            [2] * 8,  # refinements per mode
            True, 0, 0, 0,
            3,  # alpha alone is stored apart: no colour channel takes its place
            2, 4,
        )  # fmt: skip
        surface = ispc_texcomp.RGBASurface(image.tobytes(), columns * 4, rows * 4)
        data = ispc_texcomp.compress_blocks_bc7(surface, settings)
    blocks = np.frombuffer(data, np.uint8).reshape(-1, 16)[:count]
    bits = np.unpackbits(blocks, axis=1, bitorder="little")
    alpha = texels[..., 3].astype(np.int32)
    mode5 = blocks[:, 0] & 0x3F == 0x20
    swapped = ~mode5 & (bits[:, 7] == 1)
    # Where each layout keeps alpha: first bit and width of the endpoints, first bit and width of the indices.
    layouts = ((mode5, (50, 8, 97, 2)), (swapped, (38, 6, 50, 2)), (~mode5 & ~swapped, (38, 6, 81, 3)))
    for chosen, layout in layouts:
        bits[chosen] = _with_alpha(bits[chosen], alpha[chosen], *layout)
    return np.packbits(bits, axis=1, bitorder="little")


def _with_alpha(
    bits: NDArray[np.uint8], alpha: NDArray[np.int32], ends_at: int, depth: int, indices_at: int, width: int
) -> NDArray[np.uint8]:
    """Bits (N, 128) of blocks with alpha (N, 16) written into them."""
    codes = np.stack([alpha.min(axis=1), alpha.max(axis=1)], axis=1)
    codes = (codes * (2**depth - 1) + 127) // 255
    ends = codes << (8 - depth) | codes >> (2 * depth - 8)
    weights = _WEIGHTS[width]
    palette = (ends[:, :1] * (64 - weights) + ends[:, 1:] * weights + 32) >> 6
    index = np.abs(alpha[:, :, None] - palette[:, None]).argmin(axis=2)
    turned = index[:, 0] >= 2 ** (width - 1)  # the first index has no top bit to store: it must be 0
    index[turned] = 2**width - 1 - index[turned]
    codes[turned] = codes[turned][:, ::-1]
    out = bits.copy()
    out[:, ends_at : ends_at + 2 * depth] = (codes[:, :, None] >> np.arange(depth) & 1).reshape(-1, 2 * depth)
    spread = (index[:, :, None] >> np.arange(width) & 1).reshape(-1, 16 * width)
    out[:, indices_at : indices_at + 16 * width - 1] = np.delete(spread, width - 1, axis=1)
    return out

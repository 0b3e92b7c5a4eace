"""DDS files of finished mips: after packing, the last step before a game reads them."""

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unbake.files import write_atomic
from unbake.image.dds.blocks import BlockFormat, Effort, encode_blocks
from unbake.image.dds.formats import DxgiFormat

_CAPS, _HEIGHT, _WIDTH, _PITCH, _PIXELFORMAT, _MIPS, _LINEAR_SIZE = (
    0x1,
    0x2,
    0x4,
    0x8,
    0x1000,
    0x20000,
    0x80000,
)
_ALPHA_PIXELS, _FOURCC, _RGB = 0x1, 0x4, 0x40
_COMPLEX, _TEXTURE, _HAS_MIPS = 0x8, 0x1000, 0x400000
_TEXTURE_2D = 3
_STRAIGHT, _OPAQUE = 1, 3
"""Alpha modes of the DX10 header."""

_UNCOMPRESSED = (
    DxgiFormat.R8G8B8A8_UNORM,
    DxgiFormat.R8G8B8A8_UNORM_SRGB,
    DxgiFormat.B8G8R8A8_UNORM,
    DxgiFormat.B8G8R8A8_UNORM_SRGB,
)
_LEGACY_FOURCC = {DxgiFormat.BC1_UNORM: b"DXT1", DxgiFormat.BC3_UNORM: b"DXT5"}


def encode_dds(
    mips: list[NDArray[np.uint8]], dxgi: DxgiFormat, effort: Effort = Effort.GOOD, *, legacy: bool = False
) -> bytes:
    """A DDS file of these mips, each uint8 (H, W, C) and half as large as the one before it.

    C: 1 for BC4, 2 or more for BC5, 3 or 4 else; values go in as they are, the format's name says whether a
    sampler takes them for sRGB, and so how long BC7 is searched. A fourth channel in BC1 cuts texels out below 128.
    The header is DX10, which alone can flag sRGB; `legacy` writes the older one (BC1, BC3 and B8G8R8A8 only), as old
    games ship.
    ValueError for formats that are not written and for mips that do not follow each other.

    >>> len(encode_dds([np.zeros((4, 4, 3), np.uint8)], DxgiFormat.BC7_UNORM))
    164
    """
    height, width, channels = mips[0].shape
    sizes = [(max(height >> level, 1), max(width >> level, 1), channels) for level in range(len(mips))]
    if [mip.shape for mip in mips] != sizes:
        raise ValueError(f"Expected mips of {sizes}, got {[mip.shape for mip in mips]}; halve each.")
    if legacy and dxgi not in (*_LEGACY_FOURCC, DxgiFormat.B8G8R8A8_UNORM):
        raise ValueError(
            f"Expected BC1, BC3 or B8G8R8A8 for a legacy header, got {dxgi.name}; write a DX10 one."
        )
    payload = [_encode(mip, dxgi, effort) for mip in mips]
    flags = _CAPS | _HEIGHT | _WIDTH | _PIXELFORMAT | (_PITCH if dxgi in _UNCOMPRESSED else _LINEAR_SIZE)
    caps = _TEXTURE
    if len(mips) > 1:
        flags, caps = flags | _MIPS, caps | _HAS_MIPS | _COMPLEX
    pitch = width * 4 if dxgi in _UNCOMPRESSED else len(payload[0])
    header = struct.pack("<4s7I44x", b"DDS ", 124, flags, height, width, pitch, 0, len(mips))
    header += _pixel_format(dxgi, legacy) + struct.pack("<5I", caps, 0, 0, 0, 0)
    if not legacy:
        mode = _STRAIGHT if channels == 4 else _OPAQUE
        header += struct.pack("<5I", dxgi, _TEXTURE_2D, 0, 1, mode)
    return b"".join([header, *payload])


def write_dds(
    path: Path,
    mips: list[NDArray[np.uint8]],
    dxgi: DxgiFormat,
    effort: Effort = Effort.GOOD,
    *,
    legacy: bool = False,
) -> None:
    """Write `encode_dds` of the mips, whole or not at all; FileError when the file cannot be written."""
    write_atomic(path, encode_dds(mips, dxgi, effort, legacy=legacy))


def _pixel_format(dxgi: DxgiFormat, legacy: bool) -> bytes:
    """The 32 bytes that say how pixels are stored, or that the DX10 header says it."""
    if legacy and dxgi not in _LEGACY_FOURCC:
        return struct.pack("<8I", 32, _RGB | _ALPHA_PIXELS, 0, 32, 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    return struct.pack("<2I4s5I", 32, _FOURCC, _LEGACY_FOURCC[dxgi] if legacy else b"DX10", 0, 0, 0, 0, 0)


def _encode(mip: NDArray[np.uint8], dxgi: DxgiFormat, effort: Effort) -> bytes:
    if dxgi in _UNCOMPRESSED:
        rgba = np.full((*mip.shape[:2], 4), 255, np.uint8)
        rgba[..., : mip.shape[2]] = mip
        return (rgba if dxgi.name.startswith("R") else rgba[..., [2, 1, 0, 3]]).tobytes()
    if dxgi.block is None:
        raise ValueError(
            f"Expected a format that is written, got {dxgi.name}, which is only read; choose another."
        )
    pixels = mip[..., :2] if dxgi.block is BlockFormat.BC5 else mip
    return encode_blocks(pixels, dxgi.block, effort, painted=dxgi.name.endswith("_SRGB"))

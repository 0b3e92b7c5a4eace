"""Pixel formats of DDS files, and how headers name them: Direct3D 10's numbers, four letters, Direct3D 9's numbers."""

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from unbake.image.dds.blocks import BlockFormat


class DxgiFormat(IntEnum):
    """Direct3D's pixel formats that a texture can be met in; two are only named."""

    R32G32B32A32_FLOAT = 2
    R32G32B32_FLOAT = 6
    R16G16B16A16_FLOAT = 10
    R16G16B16A16_UNORM = 11
    R16G16B16A16_SNORM = 13
    R32G32_FLOAT = 16
    R10G10B10A2_UNORM = 24
    R11G11B10_FLOAT = 26
    R8G8B8A8_UNORM = 28
    R8G8B8A8_UNORM_SRGB = 29
    R8G8B8A8_SNORM = 31
    R16G16_FLOAT = 34
    R16G16_UNORM = 35
    R16G16_SNORM = 37
    R32_FLOAT = 41
    R8G8_UNORM = 49
    R8G8_SNORM = 51
    R16_FLOAT = 54
    R16_UNORM = 56
    R16_SNORM = 58
    R8_UNORM = 61
    R8_SNORM = 63
    A8_UNORM = 65
    BC1_UNORM = 71
    BC1_UNORM_SRGB = 72
    BC2_UNORM = 74
    BC2_UNORM_SRGB = 75
    BC3_UNORM = 77
    BC3_UNORM_SRGB = 78
    BC4_UNORM = 80
    BC4_SNORM = 81
    BC5_UNORM = 83
    BC5_SNORM = 84
    B5G6R5_UNORM = 85
    B5G5R5A1_UNORM = 86
    B8G8R8A8_UNORM = 87
    B8G8R8X8_UNORM = 88
    B8G8R8A8_UNORM_SRGB = 91
    B8G8R8X8_UNORM_SRGB = 93
    BC6H_UF16 = 95
    BC6H_SF16 = 96
    BC7_UNORM = 98
    BC7_UNORM_SRGB = 99
    B4G4R4A4_UNORM = 115

    @property
    def srgb(self) -> bool:
        """Whether a sampler turns the values into linear light."""
        return self.name.endswith("_SRGB")

    @property
    def block(self) -> BlockFormat | None:
        """The block format of the data, or None when it is not block-compressed (or signed BC6H)."""
        name = self.name.removesuffix("_SRGB").removesuffix("_UNORM").removesuffix("_UF16").lower()
        return BlockFormat(name) if name in set(BlockFormat) else None


@dataclass(frozen=True, slots=True)
class Masks:
    """An uncompressed layout: bits per pixel and, per channel in the order of the picture, its bits.

    numbers: meaning of a channel's bits: a share of the largest code, the same from -1 to 1, a float, or one of 10 or
    11 bits without a sign.
    """

    bits: int
    channels: tuple[int, ...]
    numbers: Literal["unorm", "snorm", "float", "small float"] = "unorm"


_RGBA8 = Masks(32, (0xFF, 0xFF00, 0xFF0000, 0xFF000000))
_BGRA8 = Masks(32, (0xFF0000, 0xFF00, 0xFF, 0xFF000000))
_BGRX8 = Masks(32, (0xFF0000, 0xFF00, 0xFF))
_RGBA16 = tuple(0xFFFF << shift for shift in (0, 16, 32, 48))

MASKS: dict[DxgiFormat, Masks] = {
    DxgiFormat.R32G32B32A32_FLOAT: Masks(128, tuple((2**32 - 1) << at for at in (0, 32, 64, 96)), "float"),
    DxgiFormat.R32G32B32_FLOAT: Masks(96, tuple((2**32 - 1) << at for at in (0, 32, 64)), "float"),
    DxgiFormat.R32G32_FLOAT: Masks(64, tuple((2**32 - 1) << at for at in (0, 32)), "float"),
    DxgiFormat.R16G16_FLOAT: Masks(32, _RGBA16[:2], "float"),
    DxgiFormat.R11G11B10_FLOAT: Masks(32, (0x7FF, 0x3FF800, 0xFFC00000), "small float"),
    DxgiFormat.R16G16B16A16_FLOAT: Masks(64, _RGBA16, "float"),
    DxgiFormat.R16G16B16A16_UNORM: Masks(64, _RGBA16),
    DxgiFormat.R16G16B16A16_SNORM: Masks(64, _RGBA16, "snorm"),
    DxgiFormat.R8G8B8A8_SNORM: Masks(32, _RGBA8.channels, "snorm"),
    DxgiFormat.R32_FLOAT: Masks(32, (0xFFFFFFFF,), "float"),
    DxgiFormat.R8G8_SNORM: Masks(16, (0xFF, 0xFF00), "snorm"),
    DxgiFormat.R8_SNORM: Masks(8, (0xFF,), "snorm"),
    DxgiFormat.R16_SNORM: Masks(16, (0xFFFF,), "snorm"),
    DxgiFormat.R16G16_SNORM: Masks(32, _RGBA16[:2], "snorm"),
    DxgiFormat.R16_FLOAT: Masks(16, (0xFFFF,), "float"),
    DxgiFormat.R10G10B10A2_UNORM: Masks(32, (0x3FF, 0xFFC00, 0x3FF00000, 0xC0000000)),
    DxgiFormat.R8G8B8A8_UNORM: _RGBA8,
    DxgiFormat.R8G8B8A8_UNORM_SRGB: _RGBA8,
    DxgiFormat.R16G16_UNORM: Masks(32, (0xFFFF, 0xFFFF0000)),
    DxgiFormat.R8G8_UNORM: Masks(16, (0xFF, 0xFF00)),
    DxgiFormat.R16_UNORM: Masks(16, (0xFFFF,)),
    DxgiFormat.R8_UNORM: Masks(8, (0xFF,)),
    DxgiFormat.A8_UNORM: Masks(8, (0xFF,)),
    DxgiFormat.B5G6R5_UNORM: Masks(16, (0xF800, 0x7E0, 0x1F)),
    DxgiFormat.B5G5R5A1_UNORM: Masks(16, (0x7C00, 0x3E0, 0x1F, 0x8000)),
    DxgiFormat.B8G8R8A8_UNORM: _BGRA8,
    DxgiFormat.B8G8R8A8_UNORM_SRGB: _BGRA8,
    DxgiFormat.B8G8R8X8_UNORM: _BGRX8,
    DxgiFormat.B8G8R8X8_UNORM_SRGB: _BGRX8,
    DxgiFormat.B4G4R4A4_UNORM: Masks(16, (0xF00, 0xF0, 0xF, 0xF000)),
}

FOURCC: dict[bytes, DxgiFormat] = {
    b"DXT1": DxgiFormat.BC1_UNORM,
    b"DXT2": DxgiFormat.BC2_UNORM,
    b"DXT3": DxgiFormat.BC2_UNORM,
    b"DXT4": DxgiFormat.BC3_UNORM,
    b"DXT5": DxgiFormat.BC3_UNORM,
    b"ATI1": DxgiFormat.BC4_UNORM,
    b"BC4U": DxgiFormat.BC4_UNORM,
    b"BC4S": DxgiFormat.BC4_SNORM,
    b"ATI2": DxgiFormat.BC5_UNORM,
    b"BC5U": DxgiFormat.BC5_UNORM,
    b"BC5S": DxgiFormat.BC5_SNORM,
    b"RXGB": DxgiFormat.BC3_UNORM,
}

_DIRECT3D_9: dict[int, DxgiFormat] = {
    21: DxgiFormat.B8G8R8A8_UNORM,
    22: DxgiFormat.B8G8R8X8_UNORM,
    23: DxgiFormat.B5G6R5_UNORM,
    25: DxgiFormat.B5G5R5A1_UNORM,
    26: DxgiFormat.B4G4R4A4_UNORM,
    28: DxgiFormat.A8_UNORM,
    31: DxgiFormat.R10G10B10A2_UNORM,
    32: DxgiFormat.R8G8B8A8_UNORM,
    34: DxgiFormat.R16G16_UNORM,
    36: DxgiFormat.R16G16B16A16_UNORM,
    50: DxgiFormat.R8_UNORM,
    60: DxgiFormat.R8G8_SNORM,
    63: DxgiFormat.R8G8B8A8_SNORM,
    64: DxgiFormat.R16G16_SNORM,
    81: DxgiFormat.R16_UNORM,
    110: DxgiFormat.R16G16B16A16_SNORM,
    111: DxgiFormat.R16_FLOAT,
    112: DxgiFormat.R16G16_FLOAT,
    113: DxgiFormat.R16G16B16A16_FLOAT,
    114: DxgiFormat.R32_FLOAT,
    115: DxgiFormat.R32G32_FLOAT,
    116: DxgiFormat.R32G32B32A32_FLOAT,
}
"""The numbers of its own formats that Direct3D 9 puts where the four letters are."""

FOURCC |= {struct.pack("<I", number): dxgi for number, dxgi in _DIRECT3D_9.items()}

TYPELESS = {27: 28, 48: 49, 60: 61, 70: 71, 73: 74, 76: 77, 79: 80, 82: 83, 90: 87, 92: 88, 97: 98}
"""Typeless formats, which some writers use, and the plain ones their bits are read as."""

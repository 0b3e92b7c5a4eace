"""DDS headers, legacy and DX10: read before any pixel, their formats written by `dds.encode`."""

import struct
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Literal

from unbake.errors import FileError
from unbake.image.dds.blocks import BlockFormat, block_size

MAX_SIDE = 16384
"""Largest side of any picture, as in Direct3D 11; more is taken for a damaged header."""


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


@dataclass(frozen=True, slots=True)
class DdsInfo:
    """Contents of a DDS header.

    format: Direct3D's name ("BC7_UNORM_SRGB"); a legacy layout that has none is named by its bits ("RGB24").
    srgb: whether the format is flagged so; old games store sRGB colour in unflagged ones.
    offset: where the pixels of the top mip begin; layout: how they are stored. pitch: bytes of a row of it as the
    header has them, 0 where it does not say. premultiplied: whether colours are stored times alpha. swapped: whether
    red is stored in alpha, as Doom 3's RXGB does.
    """

    width: int
    height: int
    mips: int
    format: str
    srgb: bool
    legacy: bool
    cubemap: bool
    volume: bool
    array: int
    offset: int
    layout: BlockFormat | Masks
    pitch: int = 0
    premultiplied: bool = False
    swapped: bool = False

    @property
    def top_bytes(self) -> int:
        """Bytes of the top mip."""
        if isinstance(self.layout, BlockFormat):
            return block_size(self.width, self.height, self.layout)
        return self.width * self.height * self.layout.bits // 8

    def row_bytes(self, length: int) -> int:
        """Bytes from one row of an uncompressed top mip to the next, in a file of so many bytes.

        Rows are stored without gaps, unless the file has room for whole rows of 4 bytes' multiples (or of the header's
        pitch) in all its mips, and either the header says so or it says nothing and the length fits exactly.
        """
        bits = 0 if isinstance(self.layout, BlockFormat) else self.layout.bits
        tight = self.width * bits // 8
        for pitch in {-(-tight // 4) * 4, self.pitch}:
            if tight < pitch < tight + _MOST_PADDING:
                rest = [
                    (max(self.width >> mip, 1) * bits, max(self.height >> mip, 1))
                    for mip in range(1, self.mips)
                ]
                padded = pitch * self.height + sum(-(-row // 32) * 4 * rows for row, rows in rest)
                room = length - self.offset
                if (pitch == self.pitch and room >= padded) or (self.pitch == 0 and room == padded):
                    return pitch
        return tight


_MOST_PADDING = 256
"""Bytes: no writer pads a row by more."""

_RGBA8 = Masks(32, (0xFF, 0xFF00, 0xFF0000, 0xFF000000))
_BGRA8 = Masks(32, (0xFF0000, 0xFF00, 0xFF, 0xFF000000))
_BGRX8 = Masks(32, (0xFF0000, 0xFF00, 0xFF))
_RGBA16 = tuple(0xFFFF << shift for shift in (0, 16, 32, 48))

_MASKS: dict[DxgiFormat, Masks] = {
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

_FOURCC: dict[bytes, DxgiFormat] = {
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

_FOURCC |= {struct.pack("<I", number): dxgi for number, dxgi in _DIRECT3D_9.items()}

_PREMULTIPLIED = (b"DXT2", b"DXT4")

_HEADER = struct.Struct("<4s7I44x2I4s5I5I")
_DX10 = struct.Struct("<5I")
_SIZES, _FORMAT_SIZES = (124, 24), (32, 24, 0)
"""Sizes of the header and of its pixel format: as they should be, then as some writers put them."""

_PITCH, _ALPHA_MODE, _MODE_PREMULTIPLIED = 0x8, 0x7, 2
_ALPHA_PIXELS, _ALPHA_ONLY, _FOURCC_FLAG, _RGB, _LUMINANCE, _SIGNED = (
    0x1, 0x2, 0x4, 0x40, 0x20000, 0x80000,
)  # fmt: skip
_KINDS = _ALPHA_ONLY | _FOURCC_FLAG | _RGB | _LUMINANCE | _SIGNED


def read_dds_info(source: bytes | Path, name: str = "") -> DdsInfo:
    """The header of a DDS file, without decoding a pixel.

    `source` is the file's bytes (its first 148 will do) or its path; `name` is what errors call it. FileError
    when it is not a DDS file, is damaged, has a side over 16384 or a format that is not supported.
    """
    if isinstance(source, Path):
        name, source = name or str(source), _start(source, name or str(source))
    if len(source) < _HEADER.size or source[:4] != b"DDS ":
        raise FileError(f"Expected a DDS header of 128 bytes in {name}, got other content; export it again.")
    (_, size, has, height, width, pitch, _, mips, pf_size, flags, fourcc, bits, *masks_and_caps) = (
        _HEADER.unpack_from(source)
    )
    masks, caps2 = tuple(masks_and_caps[:4]), masks_and_caps[5]
    if size not in _SIZES or pf_size not in _FORMAT_SIZES:
        raise FileError(
            f"Expected sizes 124, 32 in the DDS header of {name}, got {size}, {pf_size}; export it again."
        )
    if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE):
        raise FileError(
            f"Expected sides from 1 to {MAX_SIDE} texels in {name}, got {width}×{height}; export it again."
        )
    cubemap, volume, array, offset = bool(caps2 & 0x200), bool(caps2 & 0x200000), 1, _HEADER.size
    premultiplied = bool(flags & _FOURCC_FLAG) and fourcc in _PREMULTIPLIED
    dxgi: DxgiFormat | None = None
    layout: BlockFormat | Masks
    if flags & _FOURCC_FLAG and fourcc == b"DX10":
        if len(source) < _HEADER.size + _DX10.size:
            raise FileError(f"Expected a DX10 header of 20 bytes in {name}, got fewer; export it again.")
        number, dimension, misc, array, misc2 = _DX10.unpack_from(source, _HEADER.size)
        array, offset = max(array, 1), offset + _DX10.size  # Pillow writes 0 for one texture
        cubemap, volume = cubemap or bool(misc & 4), volume or dimension == 4
        dxgi, premultiplied = _known(number, name), misc2 & _ALPHA_MODE == _MODE_PREMULTIPLIED
    elif flags & _FOURCC_FLAG or (not flags & _KINDS and fourcc in _FOURCC):
        if fourcc not in _FOURCC:
            raise FileError(f"Expected a supported DDS format in {name}, got {_spell(fourcc)}; {_ADVICE}.")
        dxgi = _FOURCC[fourcc]
    if dxgi is not None:
        layout, label = dxgi.block or _MASKS[dxgi], dxgi.name
    else:
        layout, label = _legacy_masks(name, flags, bits, (masks[0], masks[1], masks[2], masks[3]))
    return DdsInfo(
        width=width,
        height=height,
        mips=min(max(mips, 1), max(width, height).bit_length()),
        format=label,
        srgb=dxgi is not None and dxgi.srgb,
        legacy=offset == _HEADER.size,
        cubemap=cubemap,
        volume=volume,
        array=array,
        offset=offset,
        layout=layout,
        pitch=pitch if has & _PITCH and not isinstance(layout, BlockFormat) else 0,
        premultiplied=premultiplied,
        swapped=fourcc == b"RXGB",
    )


def _start(path: Path, name: str) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_HEADER.size + _DX10.size)
    except OSError as error:
        raise FileError(
            f"Expected a file that can be read in {name}, got: {error.strerror}; check it."
        ) from error


_TYPELESS = {27: 28, 48: 49, 60: 61, 70: 71, 73: 74, 76: 77, 79: 80, 82: 83, 90: 87, 92: 88, 97: 98}
"""Typeless formats, which some writers use, and the plain ones their bits are read as."""

_ADVICE = "save it as BC1 to BC7 or as plain RGBA"


def _known(number: int, name: str) -> DxgiFormat:
    """The format of this number, if its pixels can be read."""
    number = _TYPELESS.get(number, number)
    known = number in set(DxgiFormat)
    if known and (DxgiFormat(number).block or DxgiFormat(number) in _MASKS):
        return DxgiFormat(number)
    label = DxgiFormat(number).name if known else f"DXGI {number}"
    raise FileError(f"Expected a supported DDS format in {name}, got {label}; {_ADVICE}.")


def _spell(fourcc: bytes) -> str:
    """A FourCC as a person reads it: letters, or its number."""
    if fourcc.isascii() and fourcc.isalnum():
        return fourcc.decode("ascii")
    return str(int.from_bytes(fourcc, "little"))


def _legacy_masks(name: str, flags: int, bits: int, masks: tuple[int, int, int, int]) -> tuple[Masks, str]:
    """The layout that a legacy header's masks describe, and its name."""
    whole = 2**bits - 1 if bits in (8, 16, 24, 32) else 0
    half = 2 ** (bits // 2) - 1 if whole else 0  # the bits may be any number up to 2^32: a power of gigabytes
    translucent = bool(flags & _ALPHA_PIXELS and masks[3])
    colours: tuple[int, ...] = ()
    label = ""
    signed = bool(flags & _SIGNED)
    if signed:  # Direct3D 9's V8U8 and Q8W8V8U8
        colours = tuple(mask for mask in masks if mask)
        label = f"{'XYZW'[: len(colours)]}_SNORM"
    elif flags & _RGB and not any(masks[1:3]):  # grey, called a colour by its flag
        colours, label = ((masks[0], masks[3]), "LA") if translucent else (masks[:1], "L")
    elif flags & _RGB and not masks[2] and bits == 32:  # Direct3D 9's G16R16
        colours, label = masks[:2], "RG"
    elif flags & _RGB:
        colours, label = (masks, "RGBA") if translucent else (masks[:3], "RGB")
    elif flags & _LUMINANCE:  # writers leave nonsense in its masks; the halves of a pixel are all there is
        colours, label = ((half, whole ^ half), "LA") if flags & _ALPHA_PIXELS else ((whole,), "L")
    elif flags & _ALPHA_ONLY:
        colours, label = (whole,), "A"
    # A mask must be one run of bits inside the pixel: with its lowest bit added it is a power of two.
    runs = all(mask and mask <= whole and (mask + (mask & -mask)).bit_count() == 1 for mask in colours)
    if not (colours and whole and runs):
        shown = ", ".join(f"{mask:#x}" for mask in masks)
        raise FileError(
            f"Expected a known DDS layout in {name}, got {bits} bits with masks {shown}; {_ADVICE}."
        )
    layout = Masks(bits, colours, "snorm" if signed else "unorm")
    found = next((dxgi for dxgi, known in _MASKS.items() if known == layout), None)
    return layout, found.name if found and label != "LA" else f"{label}{bits}"

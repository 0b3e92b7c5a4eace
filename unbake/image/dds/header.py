"""DDS headers, legacy and DX10: read before any pixel, their formats written by `dds.encode`."""

import struct
from dataclasses import dataclass
from pathlib import Path

from unbake.errors import FileError
from unbake.image.dds.blocks import BlockFormat, block_size
from unbake.image.dds.formats import FOURCC, MASKS, TYPELESS, DxgiFormat, Masks

MAX_SIDE = 16384
"""Largest side of any picture, as in Direct3D 11; more is taken for a damaged header."""


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
    has_fourcc = bool(flags & _FOURCC_FLAG)
    dx10 = _read_dx10(source, name) if has_fourcc and fourcc == b"DX10" else _Dx10()
    dxgi = dx10.format
    if dxgi is None and (has_fourcc or (not flags & _KINDS and fourcc in FOURCC)):
        dxgi = _of_fourcc(fourcc, name)
    layout: BlockFormat | Masks
    if dxgi is not None:
        layout, label = dxgi.block or MASKS[dxgi], dxgi.name
    else:
        layout, label = _legacy_masks(name, flags, bits, (masks[0], masks[1], masks[2], masks[3]))
    return DdsInfo(
        width=width,
        height=height,
        mips=min(max(mips, 1), max(width, height).bit_length()),
        format=label,
        srgb=dxgi is not None and dxgi.srgb,
        legacy=dx10.format is None,
        cubemap=bool(caps2 & 0x200) or dx10.cubemap,
        volume=bool(caps2 & 0x200000) or dx10.volume,
        array=dx10.array,
        offset=dx10.end,
        layout=layout,
        pitch=pitch if has & _PITCH and not isinstance(layout, BlockFormat) else 0,
        premultiplied=dx10.premultiplied or (has_fourcc and fourcc in _PREMULTIPLIED),
        swapped=fourcc == b"RXGB",
    )


@dataclass(frozen=True, slots=True)
class _Dx10:
    """Contents of the second header, as `DdsInfo` has them, or of none; end: where the headers end."""

    format: DxgiFormat | None = None
    cubemap: bool = False
    volume: bool = False
    array: int = 1
    premultiplied: bool = False
    end: int = _HEADER.size


def _read_dx10(source: bytes, name: str) -> _Dx10:
    """The second header of a file whose FourCC says that it has one."""
    if len(source) < _HEADER.size + _DX10.size:
        raise FileError(f"Expected a DX10 header of 20 bytes in {name}, got fewer; export it again.")
    number, dimension, misc, array, misc2 = _DX10.unpack_from(source, _HEADER.size)
    return _Dx10(
        _known(number, name),
        cubemap=bool(misc & 4),
        volume=dimension == 4,
        array=max(array, 1),  # Pillow writes 0 for one texture
        premultiplied=misc2 & _ALPHA_MODE == _MODE_PREMULTIPLIED,
        end=_HEADER.size + _DX10.size,
    )


def _of_fourcc(fourcc: bytes, name: str) -> DxgiFormat:
    if fourcc not in FOURCC:
        raise FileError(f"Expected a supported DDS format in {name}, got {_spell(fourcc)}; {_ADVICE}.")
    return FOURCC[fourcc]


def _start(path: Path, name: str) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_HEADER.size + _DX10.size)
    except OSError as error:
        raise FileError(
            f"Expected a file that can be read in {name}, got: {error.strerror}; check it."
        ) from error


_ADVICE = "save it as BC1 to BC7 or as plain RGBA"


def _known(number: int, name: str) -> DxgiFormat:
    """The format of this number, if its pixels can be read."""
    number = TYPELESS.get(number, number)
    known = number in set(DxgiFormat)
    if known and (DxgiFormat(number).block or DxgiFormat(number) in MASKS):
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
    found = next((dxgi for dxgi, known in MASKS.items() if known == layout), None)
    return layout, found.name if found and label != "LA" else f"{label}{bits}"

"""Small copies of pictures, read without the rest of their files where mips allow it; for what looks at a whole mod."""

from typing import BinaryIO, Final

from unbake.convert.sources import Source
from unbake.errors import FileError
from unbake.image.arrays import Floats, unit
from unbake.image.dds.blocks import BlockFormat, block_size
from unbake.image.dds.header import DdsInfo, read_dds_info
from unbake.image.files import decode_picture, regular_size
from unbake.image.resample import codes_by_area

HEADER: Final = 148
"""Bytes of the longest DDS header."""

_HEIGHT, _WIDTH, _MIPS = 12, 16, 28
"""Offsets in a DDS header."""


def small_picture(source: Source, side: int = 64) -> Floats:
    """A picture reduced to a shorter side of at least `side` texels, where it has as many: float32 (h, w, C) in [0, 1].

    The values are as stored (sRGB of a colour); C is 1, 3 or 4. Of a DDS file with mips only one mip is read.
    FileError where the file cannot be read.
    """
    data = _small_dds(source, side)
    image = unit(decode_picture(source.read() if data is None else data, str(source)).pixels)
    height, width = image.shape[:2]
    scale = side / min(height, width)
    if scale >= 0.5:
        return image
    size = max(1, round(height * scale)), max(1, round(width * scale))
    return codes_by_area(image, *size)


def _small_dds(source: Source, side: int) -> bytes | None:
    """A DDS file of one small mip of a loose DDS file in a block format; None for all other files."""
    if source.entry is not None:
        return None
    try:
        regular_size(source.path)
        with source.path.open("rb") as file:
            head = file.read(HEADER)
            if not head.startswith(b"DDS "):
                return None
            return _one_mip(file, head, read_dds_info(head, str(source)), side)
    except (OSError, FileError):
        return None  # reading the whole says why


def _one_mip(file: BinaryIO, head: bytes, info: DdsInfo, side: int) -> bytes | None:
    if not isinstance(info.layout, BlockFormat) or info.cubemap or info.volume or info.array != 1:
        return None
    width, height, skipped = info.width, info.height, 0
    for _ in range(info.mips - 1):
        if min(width, height) < 2 * side:
            break
        skipped += block_size(width, height, info.layout)
        width, height = max(1, width // 2), max(1, height // 2)
    if not skipped:
        return None
    file.seek(info.offset + skipped)
    body = file.read(block_size(width, height, info.layout))
    patched = bytearray(head[: info.offset])
    for offset, value in ((_HEIGHT, height), (_WIDTH, width), (_MIPS, 1)):
        patched[offset : offset + 4] = value.to_bytes(4, "little")
    return bytes(patched) + body

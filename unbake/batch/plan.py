"""Estimates what a conversion needs before it begins: the memory of a set, the disk of all of them."""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import psutil

from unbake.convert.small import HEADER
from unbake.convert.sources import Source
from unbake.domain.packing import FileFormat, Preset
from unbake.errors import UnbakeError, UsageError
from unbake.export.packs import target_size
from unbake.image.files import picture_size

MEMORY_PER_TEXEL: Final = 46
"""Bytes of a set on its way through all stages, its evidence and the word on patches included, for a cut-out that does
not tile, at 2048²; an opaque one that tiles needs about 10 less."""

MEMORY_PER_SET: Final = 48 << 20
"""Fixed memory per set, in bytes."""

LEAST_MEMORY: Final = 2 << 30

CACHE_PER_TEXEL: Final = 6
"""Bytes of the cached maps, compressed, at most (noise)."""

REPORT_BYTES: Final = 256 << 10
"""Of a set's thumbnails and records."""

_HEADER: Final = 1 << 20
"""Bytes from the start of a picture file that hold its size; of a DDS file `small.HEADER` are enough."""

_BITS: Final = {FileFormat.BC1: 4, FileFormat.BC1_SRGB: 4, FileFormat.BC4: 4}
"""Of a texel in a block format; 8 where it is not named."""


def memory_of(size: tuple[int, int]) -> int:
    """Peak memory of converting a set of this (height, width), in bytes.

    >>> memory_of((8192, 8192)) < 4 << 30
    True
    """
    return MEMORY_PER_SET + MEMORY_PER_TEXEL * size[0] * size[1]


def memory_limit(free: int | None = None) -> int:
    """Bytes that all sets under way may need together: a quarter of what is free, at least 2 GiB.

    free: bytes that programs can still have, None to ask the system.

    >>> memory_limit(64 << 30) >> 30
    16
    """
    return max(LEAST_MEMORY, (psutil.virtual_memory().available if free is None else free) // 4)


def disk_of(size: tuple[int, int], preset: Preset, keep_maps: bool) -> int:
    """Bytes that a set of this (height, width) takes in OUT at most, but for the few that light comes through.

    >>> from unbake.export.packs import load_preset
    >>> disk_of((1024, 1024), load_preset("skyrim"), keep_maps=False) < 6 << 20
    True
    """
    height, width = target_size(size, preset)
    bits = sum(_bits(file.format, len(file.channels)) for file in preset.files if file.when != "subsurface")
    cached = CACHE_PER_TEXEL * size[0] * size[1] if keep_maps else 0
    return height * width * bits // 8 + cached + REPORT_BYTES


def size_of(source: Source, max_size: int | None) -> tuple[int, int] | None:
    """The (height, width) in which a diffuse is converted, by its header; None where that cannot be read or lies."""
    try:
        head = source.read() if source.entry is not None else source.head(HEADER)
        if source.entry is None and not head.startswith(b"DDS "):
            head = source.head(_HEADER)
        length = source.path.stat().st_size if source.entry is None else len(head)
        height, width = picture_size(head, str(source), length)
    except (OSError, UnbakeError):
        return None  # loading it says why
    scale = min(1.0, (max_size or max(height, width)) / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def check_disk(out: Path, needed: int) -> None:
    """UsageError unless the disk of `out` has `needed` bytes left."""
    existing = next(folder for folder in (out.absolute(), *out.absolute().parents) if folder.is_dir())
    free = shutil.disk_usage(existing).free
    if needed > free:
        raise UsageError(
            f"Expected up to {_gb(needed)} to be free for '{out}', got {_gb(free)}; make room, choose another OUT, or "
            "take less with --max-size or --no-keep-maps."
        )


def total_disk(sizes: Iterable[tuple[int, int] | None], preset: Preset, keep_maps: bool) -> int:
    """`disk_of` of all sets whose size is known."""
    return sum(disk_of(size, preset, keep_maps) for size in sizes if size is not None)


def _bits(chosen: FileFormat, channels: int) -> int:
    """Of a texel of one file, mips included."""
    if chosen.extension == ".png":
        return channels * (16 if chosen is FileFormat.PNG16 else 8)
    return -(-_BITS.get(chosen, 8) * 4 // 3)


def _gb(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"

"""Squares of cached materials: where they lie, and their codes read by plain slices; used by `sample` and `batch`."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from unbake.data.cache_format import MASKS, Entry
from unbake.data.turn import UPRIGHT, Turn, before
from unbake.domain.maps import MapKind, spec

_FIRST = ((0.5, 0.5), (0.25, 0.25), (0.75, 0.75), (0.25, 0.75), (0.75, 0.25))
_R2 = (0.7548776662466927, 0.5698402909980532)

_PAINTED = "painted.npy"


@dataclass(frozen=True, slots=True)
class Crop:
    """A square of px × px texels of a cached material under one of its diffuses; nothing of it is read yet.

    folder: of the cache. variant: which diffuse. (top, left): its first texel. Beyond its border a texture goes on
    round where it tiles, and mirrored where it does not.
    """

    folder: Path
    entry: Entry
    variant: int
    top: int
    left: int
    px: int

    @property
    def kinds(self) -> frozenset[MapKind]:
        """The maps that it has."""
        masks = (mask for mask in MASKS if self.entry.has(mask, self.variant))
        return frozenset((MapKind.DIFFUSE, *self.entry.maps8, *self.entry.maps16, *masks))

    @property
    def bytes(self) -> int:
        """Size of its codes."""
        return sum(block.bytes for block in blocks(self))


class Block(NamedTuple):
    """The part of a crop that one file holds: codes (px, px, channels), little-endian, its maps side by side.

    at: first byte among the crop's.
    """

    file: str
    kinds: tuple[MapKind, ...]
    channels: int
    bits: int
    at: int
    bytes: int


def blocks(crop: Crop) -> Iterator[Block]:
    """The three parts of a crop's codes, one behind the other; those of 16 bits first, so that they lie at even bytes.

    The last holds the diffuse and places for all masks, whether or not its variant has them.
    """
    at = 0
    for file, kinds, bits in (
        ("maps16.npy", crop.entry.maps16, 16),
        ("maps8.npy", crop.entry.maps8, 8),
        (_PAINTED, (MapKind.DIFFUSE, *MASKS), 8),
    ):
        channels = sum(spec(kind).channels for kind in kinds)
        size = crop.px * crop.px * channels * bits // 8
        yield Block(file, kinds, channels, bits, at, size)
        at += size


def read_crop(crop: Crop, into: np.ndarray, turn: Turn = UPRIGHT) -> None:
    """Read the codes of a crop, and nothing beside them, into its bytes (`Crop.bytes`,), uint8, turned.

    Normals are as stored: their vectors stay as they were before the turn.
    """
    rows = list(_runs(crop.entry.height, crop.px, crop.top, crop.entry.wrap[0]))
    columns = list(_runs(crop.entry.width, crop.px, crop.left, crop.entry.wrap[1]))
    for block in blocks(crop):
        codes = into[block.at : block.at + block.bytes].view(f"<u{block.bits // 8}")
        square = before(codes.reshape(crop.px, crop.px, block.channels), turn)
        file = _opened(crop.folder / crop.entry.folder / block.file)
        file = file[crop.variant] if block.file == _PAINTED else file
        for down in rows:
            for across in columns:
                square[down.to, across.to] = file[down.of, across.of]


def mirrored(crop: Crop) -> tuple[list[slice], list[slice]]:
    """The rows and the columns of a crop that show its texture in the mirror; y and x of their normals turn round."""
    down = _runs(crop.entry.height, crop.px, crop.top, crop.entry.wrap[0])
    across = _runs(crop.entry.width, crop.px, crop.left, crop.entry.wrap[1])
    return [run.to for run in down if run.mirrored], [run.to for run in across if run.mirrored]


def random_corner(entry: Entry, px: int, rng: np.random.Generator) -> tuple[int, int]:
    """The first texel (row, column) of a random crop: anywhere on an axis that tiles, inside on another."""
    top, left = (
        int(rng.integers(size if wraps else max(1, size - px + 1)))
        for size, wraps in zip((entry.height, entry.width), entry.wrap, strict=True)
    )
    return top, left


def fixed_corner(entry: Entry, px: int, n: int) -> tuple[int, int]:
    """The first texel (row, column) of the n-th of the crops that are the same at every validation.

    The first is in the middle, four are around the middles of the quarters, the others are spread evenly by
    Roberts's sequence R2 (2018). On an axis that does not tile all stay inside.
    """
    shares = _FIRST[n] if n < len(_FIRST) else tuple((0.5 + n * step) % 1 for step in _R2)
    top, left = (
        int(share * size - px / 2) % size
        if wraps
        else min(max(0, int(share * size - px / 2)), max(0, size - px))
        for size, wraps, share in zip((entry.height, entry.width), entry.wrap, shares, strict=True)
    )
    return top, left


class _Run(NamedTuple):
    """Texels `to` of a crop that show the texels `of` of its texture along one axis, backwards where mirrored."""

    to: slice
    of: slice
    mirrored: bool


def _runs(size: int, px: int, start: int, wraps: bool) -> Iterator[_Run]:
    """The runs of a crop of px texels from `start` along an axis of `size`, in their order."""
    done = 0
    while done < px:
        at = (start + done) % (size if wraps else 2 * size)
        mirrored = at >= size
        count = min(px - done, 2 * size - at if mirrored else size - at)
        first = 2 * size - 1 - at if mirrored else at
        last = first - count if mirrored else first + count
        of = slice(first, last if last >= 0 else None, -1 if mirrored else 1)
        yield _Run(slice(done, done + count), of, mirrored)
        done += count


@lru_cache(maxsize=256)
def _opened(path: Path) -> np.ndarray:
    """A mapped file, kept open: a process may hold some hundred, so the least used are let go."""
    # A plain array over the mapping: numpy's memmap class costs more than a small crop does.
    return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))

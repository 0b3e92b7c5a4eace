"""Reads one crop of a cached material (three files, however many maps); used by `dataset`."""

from functools import lru_cache
from pathlib import Path

import numpy as np

from unbake.data.cache_format import MASKS, Entry
from unbake.domain.maps import MapKind, spec
from unbake.image.arrays import dequantise

_FIRST = ((0.5, 0.5), (0.25, 0.25), (0.75, 0.75), (0.25, 0.75), (0.75, 0.25))
_R2 = (0.7548776662466927, 0.5698402909980532)


def read_crop(
    folder: Path, entry: Entry, variant: int, top: int, left: int, px: int
) -> dict[MapKind, np.ndarray]:
    """All maps of the crop of px × px whose first texel is (top, left), float32 (px, px, C) in their ranges.

    folder: of the cache. variant: which diffuse. Beyond its border a texture goes on round where it tiles, and
    mirrored, normals and all, where it does not.
    """
    rows, mirrored_rows = _along(entry.height, px, top, entry.wrap[0])
    columns, mirrored_columns = _along(entry.width, px, left, entry.wrap[1])
    files = folder / entry.folder
    painted = _gather(_opened(files / "painted.npy")[variant], rows, columns)
    stored = {MapKind.DIFFUSE: painted[..., :3]}
    for place, kind in enumerate(MASKS, 3):
        if entry.has(kind, variant):
            stored[kind] = painted[..., place : place + 1]
    for name, kinds in (("maps8.npy", entry.maps8), ("maps16.npy", entry.maps16)):
        together = _gather(_opened(files / name), rows, columns)
        ends = np.cumsum([spec(kind).channels for kind in kinds])[:-1]
        stored |= dict(zip(kinds, np.split(together, ends, -1), strict=True))
    maps = {kind: dequantise(kind, values) for kind, values in stored.items()}
    for kind, values in maps.items():
        if spec(kind).vector:
            values[:, mirrored_columns, 0] *= -1
            values[mirrored_rows, :, 1] *= -1
    return maps


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


def _along(size: int, px: int, start: int, wraps: bool) -> tuple[np.ndarray, np.ndarray]:
    """The texel that each of px texels of a crop shows along an axis of `size`, and whether it is mirrored."""
    along = np.arange(start, start + px)
    if wraps:
        return along % size, np.zeros(px, bool)
    along %= 2 * size
    mirrored = along >= size
    return np.where(mirrored, 2 * size - 1 - along, along), mirrored


def _gather(stored: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Copies stored[rows][:, columns], by plain slices where they run on: that reads far faster."""
    if rows[-1] - rows[0] == len(rows) - 1 and columns[-1] - columns[0] == len(columns) - 1:
        return np.array(stored[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    return np.asarray(stored[np.ix_(rows, columns)])


@lru_cache(maxsize=256)
def _opened(path: Path) -> np.ndarray:
    """A mapped file, kept open: a process may hold some hundred, so the least used are let go."""
    # A plain array over the mapping: numpy's memmap class costs more than a small crop does.
    return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))

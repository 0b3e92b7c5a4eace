"""Whole textures through networks that see a window at a time, seamless where they tile; between maps and networks.

A network with zero padding and a stride sees the same around a window's core as around the same place in the
whole picture when (1) the window begins on a multiple of the stride, (2) it reaches half a receptive field
beyond its core, or to where the picture itself ends, and (3) the picture ends in the same way both times. An
axis that tiles has no end: windows read on round it. One that does not ends at the next multiple of the stride,
the last texels repeated up to there, and beyond is the network's own padding.

A network that can go on round by itself needs no halo where one window holds a whole axis that tiles: only a narrow
ring of texels, for its finest levels.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np

from unbake.image.arrays import Wrap, bands, unit

Key = TypeVar("Key")

LEAST_AROUND: Final = 4
"""Strides of the shortest side that a network goes on round by itself: its coarsest level is to be as wide as what it
adds there."""

Network = Callable[[dict[Key, np.ndarray], Wrap], Mapping[Key, np.ndarray]]
"""Takes crops (h, w, C) and the axes to go on round by itself; gives outputs of the same h and w."""

_SEAM_SCALES = (2, 4, 8)
_SEAM_THRESHOLD = 1.2
_ROUNDING = 0.5 / 255


@dataclass(frozen=True, slots=True)
class Span:
    """One side of a window, in texels of the picture.

    start, stop: the core, on multiples of the stride; the last core may reach past the picture's end.
    low, high: what the network sees, low <= start < stop <= high; beyond the ends on an axis that tiles.
    around: whether the core is a whole axis that tiles, which the network is to go on round by itself.
    """

    start: int
    stop: int
    low: int
    high: int
    around: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a picture that goes through a network at once."""

    rows: Span
    columns: Span

    @property
    def around(self) -> Wrap:
        """The axes that the network is to go on round by itself."""
        return self.rows.around, self.columns.around

    @property
    def texels(self) -> int:
        """Texels that the network sees."""
        return (self.rows.high - self.rows.low) * (self.columns.high - self.columns.low)


def tileable_axes(rgb_unit: np.ndarray) -> Wrap:
    """Whether a picture (H, W, C), floats in [0, 1] or codes, tiles, measured: (rows, columns).

    The step across the border, between strips 2, 4 and 8 texels wide, is held against the steps between such
    strips inside: an axis tiles when it is at most 1.2 times what nine in ten of them stay below. A side shorter
    than 16 texels says too little, and such a picture is taken to tile.

    >>> x = np.sin(np.arange(64) * 2 * np.pi / 64)[None, :, None] / 2 + 0.5
    >>> tileable_axes(np.tile(x, (64, 1, 1))), tileable_axes(np.tile(x[:, :40], (64, 1, 1)))
    ((True, True), (True, False))
    """
    rows = columns = True
    blocks = rgb_unit
    for scale in _SEAM_SCALES:
        if 8 * scale > min(rgb_unit.shape[:2]):
            break
        blocks = _halved(blocks)
        bottom, right = unit(rgb_unit[-scale:]), unit(rgb_unit[:, -scale:].swapaxes(0, 1))
        rows &= _seam(blocks, bottom, scale) <= _SEAM_THRESHOLD
        columns &= _seam(blocks.swapaxes(0, 1), right, scale) <= _SEAM_THRESHOLD
    return rows, columns


def _halved(picture: np.ndarray) -> np.ndarray:
    """Means of 2 × 2 texels, float32; what is left over at the end is dropped."""
    rows, columns = (side // 2 * 2 for side in picture.shape[:2])
    means = np.empty((rows // 2, columns // 2, picture.shape[2]), np.float32)
    for half in bands(rows // 2, columns):
        band = unit(picture[2 * half.start : 2 * half.stop, :columns]).astype(np.float32)
        upright = band[0::2] + band[1::2]
        means[half] = (upright[:, 0::2] + upright[:, 1::2]) / 4
    return means


def _seam(strips: np.ndarray, end: np.ndarray, scale: int) -> float:
    """Step across the border ÷ the step that 90 % inside stay below.

    strips: (H / scale, W / scale, C), means of blocks from the first row on. end: the last `scale` rows as they are.
    """
    columns = strips.shape[1]
    last = end[:, : columns * scale].reshape(scale, columns, scale, -1).mean((0, 2), dtype=np.float32)
    inside = np.quantile(np.abs(np.diff(strips, axis=0)).mean((1, 2)), 0.9)
    return float((np.abs(strips[0] - last).mean() + _ROUNDING) / (inside + _ROUNDING))


def windows(
    height: int, width: int, tile: int, halo: int, stride: int, wrap: Wrap, ring: int = 0
) -> list[Window]:
    """The windows of a picture, row by row; their cores cover it and do not overlap.

    tile: longest side of a core, texels. halo: half the receptive field, texels. Both are rounded to multiples of
    `stride` (tile down, halo up), and the cores of an axis are as equal as the stride allows, on a grid that
    depends on the picture's size, the tile and the stride alone. ring: texels that a network which can go on round by
    itself needs around a whole axis, a multiple of 4; 0 where it cannot. Such an axis is a multiple of the stride
    long, from LEAST_AROUND strides up.

    >>> [(w.rows.low, w.rows.high) for w in windows(64, 32, 32, 5, 8, (False, True))]
    [(0, 40), (24, 64)]
    >>> windows(64, 64, 64, 96, 16, (True, True), ring=16)[0].texels / 64**2
    2.25
    """
    return [
        Window(rows, columns)
        for rows in _spans(height, tile, halo, stride, wrap[0], ring)
        for columns in _spans(width, tile, halo, stride, wrap[1], ring)
    ]


def _spans(side: int, tile: int, halo: int, stride: int, wraps: bool, ring: int) -> Iterator[Span]:
    whole, reach = _up(side, stride), _up(halo, stride)
    count = -(-whole // max(stride, tile // stride * stride))
    if wraps and ring and count == 1 and side % stride == 0 and side >= LEAST_AROUND * stride:
        yield Span(0, side, -ring, side + ring, around=True)
        return
    core = _up(-(-whole // count), stride)
    for start in range(0, whole, core):
        stop = min(start + core, whole)
        low, high = start - reach, stop + reach
        yield Span(start, stop, *((low, high) if wraps else (max(0, low), min(whole, high))))


def _up(texels: int, stride: int) -> int:
    """The next multiple of the stride."""
    return -(-texels // stride) * stride


def crop(image: np.ndarray, window: Window, wrap: Wrap) -> np.ndarray:
    """The part of an image (H, W, C) below a window, (h, w, C): a copy, or the image itself where that is all of it."""
    rows, columns = window.rows, window.columns
    if (rows.low, columns.low, rows.high, columns.high) == (0, 0, *image.shape[:2]):
        return image
    part = np.empty((rows.high - rows.low, columns.high - columns.low, image.shape[2]), image.dtype)
    across = list(_pieces(columns, image.shape[1], wrap[1]))
    for to_rows, from_rows in _pieces(rows, image.shape[0], wrap[0]):
        for to_columns, from_columns in across:
            part[to_rows, to_columns] = image[from_rows, from_columns]
    return part


def _pieces(span: Span, side: int, wraps: bool) -> Iterator[tuple[slice, slice]]:
    """Where each unbroken piece of what is seen of an axis goes, and where in the picture it is."""
    at = span.low
    while at < span.high:
        start = at % side if wraps else min(at, side - 1)
        length = min(side - start, span.high - at)
        yield slice(at - span.low, at - span.low + length), slice(start, start + length)
        at += length


def run_tiled(
    inputs: Mapping[Key, np.ndarray],
    network: Network[Key],
    tile: int,
    halo: int,
    stride: int,
    wrap: Wrap,
    ring: int = 0,
) -> dict[Key, np.ndarray]:
    """A network's outputs (H, W, C) for whole pictures (H, W, C), a window at a time.

    network: takes the inputs' crops (h, w, C), gives outputs of the same h and w: multiples of `stride`, or a whole
    axis and a ring around it, which it is told.
    tile: longest side of a core, texels; the network sees a halo on each side more. halo: half the network's
    receptive field or more. wrap: the axes that tile. ring: see `windows`.

    The result does not depend on `tile` or `ring`, and rolling the inputs along a tiling axis by a multiple of the
    stride rolls the outputs, where that side is itself a multiple of the stride. Where it is not, the picture goes on
    round through every window, so that no seam opens, but past the border the grid of the stride is out of step.

    >>> grey = {"x": np.zeros((20, 30, 3), np.float32)}
    >>> run_tiled(grey, lambda crops, _: {"y": crops["x"][..., :1]}, 16, 4, 8, (True, False))["y"].shape
    (20, 30, 1)
    """
    height, width = next(iter(inputs.values())).shape[:2]
    outputs: dict[Key, np.ndarray] = {}
    for window in windows(height, width, tile, halo, stride, wrap, ring):
        rows, columns = window.rows, window.columns
        seen = network({key: crop(image, window, wrap) for key, image in inputs.items()}, window.around)
        for key, part in seen.items():
            if key not in outputs:
                outputs[key] = np.empty((height, width, part.shape[2]), part.dtype)
            target = outputs[key][
                rows.start : rows.stop, columns.start : columns.stop
            ]  # cut at the picture's end
            top, left = rows.start - rows.low, columns.start - columns.low
            target[...] = part[top : top + target.shape[0], left : left + target.shape[1]]
    return outputs


def run_tiled_in_memory(
    inputs: Mapping[Key, np.ndarray],
    network: Network[Key],
    tile: int,
    halo: int,
    stride: int,
    wrap: Wrap,
    smallest: int,
    ring: int = 0,
) -> tuple[dict[Key, np.ndarray], int]:
    """`run_tiled`, its tiles halved each time memory runs out, and the side of the tiles that fitted.

    smallest: the shortest side to try, texels. MemoryError where memory does not suffice for that either.
    """
    while True:
        try:
            return run_tiled(inputs, network, tile, halo, stride, wrap, ring), tile
        except MemoryError:
            if tile // 2 < smallest:
                raise
            tile //= 2

"""Softens the edges between the 4×4 blocks of block-compressed colours, before anything reads light into them."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from unbake.image.arrays import BAND_TEXELS, Wrap

BLOCKY: Final = ("dds/bc1", "dds/bc2", "dds/bc3")
"""Beginnings of a `Picture.format` with visible blocks: two colours of 5 to 6 bits a block. BC7's hardly show."""

_SIDE = 4
_REAL = 26.0
"""Codes of 255: a step as large as this is the picture's own, and stays; the smaller, the nearer it comes to half."""


def soften_blocks(colour: NDArray[np.uint8], wrap: Wrap, band: int = BAND_TEXELS) -> None:
    """Moves the two texels at every edge between blocks towards each other, in place.

    colour: uint8 (H, W, C), decoded from a `BLOCKY` format, where no block knows its neighbours. wrap: whether rows and
    columns go on round; then their border is such an edge, too. A step between two texels is halved when it is small,
    and the less the larger it is. What lies inside a block stays. band: texels that are worked on at a time.

    >>> row = np.uint8([[[10]] * 4 + [[18]] * 4])
    >>> soften_blocks(row, (False, False))
    >>> row.ravel().tolist()
    [10, 10, 10, 11, 17, 18, 18, 18]
    """
    for axis, wraps in enumerate(wrap):
        lines = np.moveaxis(colour, axis, 0)
        size = len(lines)
        edges = np.arange(0 if wraps and size % _SIDE == 0 else _SIDE, size, _SIDE)
        for some in np.array_split(edges, 1 + colour.size // (_SIDE * band)):
            before, after = lines[some - 1].astype(np.float32), lines[some].astype(np.float32)
            step = after - before
            largest = np.abs(step).max(-1, keepdims=True)
            move = step * np.maximum(0, 1 - largest / _REAL) / 4
            lines[some - 1] = np.rint(before + move)
            lines[some] = np.rint(after - move)

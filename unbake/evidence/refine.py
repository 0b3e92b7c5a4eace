"""Orders texels by how likely they are metal: the networks' log-odds made as sharp as the picture's colours.

The networks' word is coarse, a patch of the classifier at a time, while a part of metal ends where its colour does. So
texels of like colour get the mean of what was said of them, wherever they lie (a grid over colour: each texel is
spread over the cells around it, the cells are blurred, and each texel reads its own back).
"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from unbake.image.arrays import Floats
from unbake.image.colour import srgb_to_linear
from unbake.image.noise import blur

LIGHT_STEP: Final = 0.6
HUE_STEP: Final = 0.15
"""Sides of a cell: in the mean log light of the channels, and in differences of their logs."""

DARK: Final = 0.01
"""Added to linear light before its logarithm: what is darker differs by noise."""

GREY: Final = 1.5
"""Log-odds by which a grey texel is likelier metal than a saturated one; none where a metal of a colour is known."""

COLOURED: Final = frozenset({"gold", "copper", "bronze", "dwarven"})
"""Fine materials that are metals of a colour."""

SPECKLES: Final = 1.0
"""Deviation, in texels, of the blur afterwards: single texels of another colour are grain, or a compressor's."""

_SEEN: Final = 0.1
"""sRGB value below which a colour's saturation says less and less."""


def refined(logits: Floats, diffuse: Floats, material: str | None = None) -> Floats:
    """Log-odds (H, W, 1), float32, that follow the picture's colours; their mean stays nearly the same.

    logits: (H, W, 1). diffuse: (H, W, 3) sRGB in [0, 1], of the same size. material: as a name or a person says it.
    """
    size = logits.shape[:2]
    made = _meaned(logits.reshape(-1).astype(np.float64), _colours(diffuse))
    if material not in COLOURED:
        made = made - GREY * _saturation(diffuse).reshape(-1)
    return blur(made.reshape(*size, 1), SPECKLES).astype(np.float32)


def chroma(diffuse: Floats, weight: Floats) -> float:
    """How coloured a picture is where it counts: 0 for grey, 0.6 for wood, 2 for a red; in logs of linear channels.

    diffuse: (H, W, 3) sRGB in [0, 1]. weight: (H, W, 1), not negative; all zero counts as grey.

    >>> round(chroma(np.full((2, 2, 3), 0.5, np.float32), np.ones((2, 2, 1), np.float32)), 6)
    0.0
    """
    red, green, blue = np.log(srgb_to_linear(diffuse.reshape(-1, 3).astype(np.float64)) + DARK).T
    apart = np.stack([red - green, blue - (red + green) / 2], 1)
    total = float(weight.sum())
    if total <= 0:
        return 0.0
    return float(np.hypot(*(weight.reshape(1, -1) @ apart)[0] / total))


def _colours(diffuse: Floats) -> np.ndarray:
    """Each texel's place in the grid, (N, 3) in cells from 0: log light and two differences of channels."""
    log = np.log(srgb_to_linear(diffuse.reshape(-1, 3).astype(np.float64)) + DARK)
    red, green, blue = log.T
    places = np.stack(
        [
            log.mean(1) / LIGHT_STEP,
            (red - green) / HUE_STEP,
            (blue - (red + green) / 2) / HUE_STEP,
        ],
        1,
    )
    return np.asarray(places - np.floor(places.min(0)))


def _meaned(values: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The mean of the values (N,) of texels of like colour, at each texel."""
    shape = tuple(int(side) + 2 for side in places.max(0))
    count, total = np.zeros(shape), np.zeros(shape)
    for cells, share in _corners(places, shape):
        count += np.bincount(cells, share, count.size).reshape(shape)
        total += np.bincount(cells, share * values, count.size).reshape(shape)
    means = (_blurred(total) / np.maximum(_blurred(count), 1e-9)).reshape(-1)
    made = np.zeros(len(values))
    for cells, share in _corners(places, shape):
        made += share * means[cells]
    return made


def _corners(places: np.ndarray, shape: tuple[int, ...]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The eight cells around each place, as flat indices (N,), and the share of the texel that each holds."""
    low = np.floor(places).astype(np.intp)
    part = places - low
    for corner in range(8):
        step = np.array([corner & 1, corner >> 1 & 1, corner >> 2 & 1])
        yield (
            np.ravel_multi_index(tuple((low + step).T), shape),
            np.where(step, part, 1 - part).prod(1),
        )


def _blurred(grid: np.ndarray) -> np.ndarray:
    """The grid blurred by one cell along each axis."""
    for axis in range(grid.ndim):
        padded = np.pad(grid, [(int(i == axis),) * 2 for i in range(grid.ndim)])
        low, mid, high = (np.take(padded, range(at, at + grid.shape[axis]), axis) for at in range(3))
        grid = (low + 2 * mid + high) / 4
    return grid


def _saturation(diffuse: Floats) -> Floats:
    """How much more saturated a texel (H, W) is than the picture on average; near black 0."""
    top = diffuse.max(-1)
    saturation = (top - diffuse.min(-1)) / (top + np.float32(0.05))
    weight = np.minimum(top / np.float32(_SEEN), 1)
    return np.asarray(weight * (saturation - saturation.mean()), np.float32)

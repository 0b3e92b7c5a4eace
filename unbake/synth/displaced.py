"""The surface that light is traced over: a material's height with a drawn relief, repeated, as a grid; for `traced`.

Numpy alone: what renders the grid is a program of its own, `scripts/trace_light.py`.
"""

from typing import Final, NamedTuple

import numpy as np

from unbake.domain.maps import MapKind
from unbake.image.arrays import Floats, Maps, Wrap
from unbake.image.normals import alike, from_slopes, slopes
from unbake.image.surface import DRIFT, LEAST_DEVIATION, RELIEF_DRIFT, height_of, surface_of
from unbake.synth.layers import Rng

RELIEF: Final = (0.03, 0.06)
"""Range of the relief that is drawn: from the 1st to the 99th percentile of height, as a share of the longest side."""

STEEPER: Final = 2.0
"""A height is made at most so many times as steep (root mean square) as its normal map says: what is flat stays so."""

STEEPEST: Final = 0.7
"""Greatest root mean square slope; gravel of the full relief would be a bed of needles."""

_CLIFF = 4.0

AGREES: Final = 0.4
"""Correlation of the slopes of height and normal map from which the height map is taken; below, it is another's."""


class Displaced(NamedTuple):
    """A surface to trace light on.

    height: (H, W), texels, zero mean. normal: (H, W, 3), unit vectors, OpenGL, the normal map's made as steep as the
    height is; they hold what no height can (atlases, maps that are no surface's). relief: share of the longest side.
    """

    height: Floats
    normal: Floats
    relief: float


def displaced(truth: Maps, wrap: Wrap, rng: Rng) -> Displaced:
    """The height of a material (NORMAL, HEIGHT where there is one; (H, W, C), ranges of their specs) to trace light on.

    From the height map where it agrees with the normal map, else integrated from the normals; on an axis that does
    not tile, shapes broader than a quarter of it are an atlas's accidents and are taken out. rng: draws the relief.
    """
    normal = truth[MapKind.NORMAL]
    height = truth[MapKind.HEIGHT][..., 0] if MapKind.HEIGHT in truth else None
    if height is None or not agrees(height, normal):
        height = height_of(surface_of(normal, wrap), DRIFT if all(wrap) else RELIEF_DRIFT)
    height = height - height.mean()
    low, high = np.percentile(height, [1, 99])
    longest = max(height.shape)
    wanted = rng.uniform(*RELIEF) * longest
    spread, steepness = float(high - low), _steepness(*_steps(height))
    told = _steepness(*slopes(normal))
    if spread <= 0 or steepness <= 0 or told < LEAST_DEVIATION:
        return Displaced(np.zeros_like(height, np.float32), normal, 0.0)
    scale = min(wanted / spread, min(STEEPER * told, STEEPEST) / steepness)
    gain = scale * steepness / told
    steep = from_slopes(*(np.clip(gain * slope, -_CLIFF, _CLIFF) for slope in slopes(normal)))
    return Displaced((height * scale).astype(np.float32), steep, scale * spread / longest)


def agrees(height: Floats, normal: Floats) -> bool:
    """Whether a height (H, W) is that of the normals (H, W, 3), OpenGL, by the correlation of their slopes."""
    return (
        float(np.mean([alike(*pair) for pair in zip(_steps(height), slopes(normal), strict=True)])) >= AGREES
    )


def repeated(height: Floats, wrap: Wrap) -> Floats:
    """The height with half of itself more on every side, as its axes go on: the centre of a 2 × 2 repeat.

    >>> repeated(np.float32([[0, 1], [2, 3]]), (True, True)).tolist()[0]
    [3.0, 2.0, 3.0, 2.0]
    """
    rows, columns = (side // 2 for side in height.shape)
    across = np.pad(height, ((0, 0), (columns, columns)), "wrap" if wrap[1] else "symmetric")
    return np.pad(across, ((rows, rows), (0, 0)), "wrap" if wrap[0] else "symmetric")


def repeated_normal(normal: Floats, wrap: Wrap) -> Floats:
    """Normals (H, W, 3) repeated as `repeated` does their height: what is mirrored leans the other way."""
    grown = np.stack([repeated(normal[..., axis], wrap) for axis in range(3)], -1)
    rows, columns = (side // 2 for side in normal.shape[:2])
    if not wrap[1]:
        grown[:, :columns, 0] *= -1
        grown[:, columns + normal.shape[1] :, 0] *= -1
    if not wrap[0]:
        grown[:rows, :, 1] *= -1
        grown[rows + normal.shape[0] :, :, 1] *= -1
    return grown


def grid(height: Floats) -> tuple[Floats, np.ndarray]:
    """Corners (H·W, 3) and faces ((H-1)·(W-1), 4) of a height in texels: x right, y UP the picture, z to the viewer.

    Units are texels, the origin the picture's middle; a corner is the middle of its texel, in the order of rows.
    Faces are seen counter-clockwise by the viewer.

    >>> grid(np.float32([[0, 1], [2, 3]]))[0].tolist()
    [[-0.5, 0.5, 0.0], [0.5, 0.5, 1.0], [-0.5, -0.5, 2.0], [0.5, -0.5, 3.0]]
    """
    rows, columns = height.shape
    down, right = np.mgrid[:rows, :columns]
    corners = np.stack([right + 0.5 - columns / 2, rows / 2 - down - 0.5, height], -1)
    first = (down * columns + right)[:-1, :-1].ravel()
    faces = np.stack([first, first + columns, first + columns + 1, first + 1], -1)
    return corners.reshape(-1, 3).astype(np.float32), faces.astype(np.int32)


def _steps(height: Floats) -> tuple[np.ndarray, np.ndarray]:
    """Slopes (dh/dx, dh/dy) of a height, y UP."""
    down, right = np.gradient(height)
    return np.asarray(right), np.asarray(-down)


def _steepness(right: np.ndarray, up: np.ndarray) -> float:
    return float(np.sqrt(((right - right.mean()) ** 2 + (up - up.mean()) ** 2).mean()))

"""Tangent normals: stored colours to unit vectors and back, their slopes, and turns of the surface.

Inside the program a normal map is float32 (H, W, 3) of unit vectors, OpenGL: x points right, y points UP the
picture, z towards the viewer. Row numbers grow downwards, so a step of one row is a step of -1 in y.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from unbake.domain.layout import LEAST_NORMAL_BLUE, LEAST_NORMAL_LEAD

Green = Literal["opengl", "directx"]
"""Direction of the green channel in a file: up (OpenGL) or down (DirectX, Skyrim's)."""

Z_FLOOR = 0.02
"""Least z of a unit vector: a height field has no overhangs, and the steepest slope is about 50."""

# Lengths that compression and filtering can leave of a unit vector; beyond them the texel is paint
# (grey 0.0, black and white 1.73), not a normal.
SHORTEST, LONGEST = 0.2, 1.6


def _unit(vectors: np.ndarray) -> NDArray[np.float32]:
    """Unit vectors with z at least about Z_FLOOR, float32."""
    vectors = np.ascontiguousarray(vectors, np.float32)
    np.maximum(vectors[..., 2], Z_FLOOR, out=vectors[..., 2])
    vectors /= np.sqrt(np.einsum("...c,...c->...", vectors, vectors))[..., None]
    return vectors


def decode_normal(unit_rgb: NDArray[np.floating], green: Green) -> NDArray[np.float32]:
    """Unit vectors (H, W, 3), OpenGL, of a stored normal map (H, W, 3 or more) in [0, 1].

    Vectors are made unit length again, a z at or below 0 is lifted to a small positive one, and texels that
    hold no normal at all (flat grey, black, white) become (0, 0, 1).

    >>> decode_normal(np.full((1, 1, 3), 0.5, np.float32), "directx").tolist()
    [[[0.0, 0.0, 1.0]]]
    """
    vectors = unit_rgb[..., :3].astype(np.float32) * 2 - 1
    if green == "directx":
        vectors[..., 1] *= -1
    length = np.sqrt(np.einsum("...c,...c->...", vectors, vectors))
    vectors[(length < SHORTEST) | (length > LONGEST)] = (0, 0, 1)
    return _unit(vectors)


def is_tangent(unit_rgb: NDArray[np.floating]) -> bool:
    """Whether a stored picture (H, W, 3 or more) in [0, 1] can be a tangent normal map: blue leads in the mean.

    >>> is_tangent(np.full((1, 1, 3), (0.5, 0.5, 1.0))), is_tangent(np.full((1, 1, 3), 0.7))
    (True, False)
    """
    red, green, blue = unit_rgb[..., :3].mean(axis=(0, 1), dtype=np.float64)
    return bool(blue >= LEAST_NORMAL_BLUE and blue - max(red, green) >= LEAST_NORMAL_LEAD)


def with_blue(pixels: np.ndarray) -> np.ndarray:
    """RGB codes (H, W, 3) of unit normals of which only the codes of X and Y (H, W, 2) are stored.

    >>> with_blue(np.full((1, 1, 2), 128, np.uint8)).tolist()
    [[[128, 128, 255]]]
    """
    top = np.iinfo(pixels.dtype).max
    square = ((pixels.astype(np.float32) * (2 / top) - 1) ** 2).sum(axis=2, keepdims=True)
    blue = (np.sqrt(np.clip(1 - square, 0, 1)) + 1) * (top / 2)
    return np.concatenate([pixels, np.rint(blue).astype(pixels.dtype)], axis=2)


def seems_flipped(normal: NDArray[np.float32], height: NDArray[np.floating]) -> bool | None:
    """Whether unit normals (H, W, 3), OpenGL, run against a height (H, W, 1) up the picture, while across they agree.

    None where they do not agree across, or where up the picture nothing can be told.
    """
    if min(normal.shape[:2]) < 2:
        return None
    dx, dy = slopes(normal)
    down, right = (np.gradient(height[..., 0], axis=axis) for axis in (0, 1))
    up = alike(-down, dy)
    return up < 0 if alike(right, dx) > _AGREES and abs(up) > _AGREES else None


_AGREES = 0.2
"""Correlation of two slopes above which they are one surface's."""


def alike(a: np.ndarray, b: np.ndarray) -> float:
    """Correlation of two arrays of one shape, 0 where either is flat."""
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((a * a).mean() * (b * b).mean()))
    return float((a * b).mean()) / scale if scale > 1e-9 else 0.0


def encode_normal(normal: NDArray[np.float32], green: Green) -> NDArray[np.float32]:
    """Stored colours (H, W, 3) in [0, 1] of unit vectors (H, W, 3), OpenGL; undoes `decode_normal`.

    >>> encode_normal(np.float32([[[0, 0, 1]]]), "opengl").tolist()
    [[[0.5, 0.5, 1.0]]]
    """
    vectors = flip_green(normal) if green == "directx" else normal
    return np.clip(vectors * np.float32(0.5) + np.float32(0.5), 0, 1)


def octahedral(unit_rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    """The two codes (H, W, 2) in [0, 1] of stored normals (H, W, 3) in [0, 1], as RTX Remix samples them.

    Vectors of the upper hemisphere are cast onto an octahedron, |x| + |y| + |z| = 1, whose upper half seen from
    above is a square that stands on a corner; turned by 45° it fills [0, 1]². Remix takes y down (DirectX):
    toolkit-remix, `lightspeed.tool.octahedral_converter`, where the same mapping is published. (Cigolle et al.,
    "A Survey of Efficient Representations for Independent Unit Vectors", 2014, hemi-oct.)

    >>> octahedral(np.float32([[[0.5, 0.5, 1.0], [1.0, 0.5, 0.5]]])).tolist()
    [[[0.5, 0.5], [1.0, 1.0]]]
    """
    vectors = unit_rgb[..., :3].astype(np.float32) * 2 - 1
    vectors[..., 2] = np.maximum(vectors[..., 2], 0)
    x, y, z = np.moveaxis(vectors, -1, 0)
    scale = 0.5 / np.maximum(np.abs(x) + np.abs(y) + z, np.finfo(np.float32).tiny)
    return np.stack([(x + y) * scale + 0.5, (x - y) * scale + 0.5], -1).astype(np.float32)


def flip_green(normal: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same picture with y turned over: OpenGL to DirectX vectors or back.

    >>> flip_green(np.float32([[[0, 0.6, 0.8]]])).round(1).tolist()[0][0][1] < 0
    True
    """
    return normal * np.array([1, -1, 1], np.float32)


def slopes(
    normal: NDArray[np.float32], least_z: float = Z_FLOOR
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Slopes (dh/dx, dh/dy), each (H, W), of the surface under a normal map: x right, y UP, height in texels.

    Down the rows the height changes by -dh/dy a row. least_z: a vector that lies flatter is read as if its z were this.

    >>> dx, dy = slopes(np.float32([[[-0.6, 0, 0.8]]]))
    >>> round(float(dx[0, 0]), 2)
    0.75
    """
    z = np.maximum(normal[..., 2], np.float32(least_z))
    return -normal[..., 0] / z, -normal[..., 1] / z


def from_slopes(dx: NDArray[np.floating], dy: NDArray[np.floating]) -> NDArray[np.float32]:
    """Unit vectors (H, W, 3), OpenGL, of slopes (dh/dx, dh/dy) as `slopes` gives them.

    >>> from_slopes(np.zeros((1, 1)), np.zeros((1, 1))).tolist() == [[[0, 0, 1]]]
    True
    """
    return _unit(np.stack([-dx, -dy, np.ones_like(dx)], -1))

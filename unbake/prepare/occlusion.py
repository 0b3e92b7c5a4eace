"""Ambient occlusion of a material that was published with a height and no AO; used by `matsynth`.

The one definition: the height is brought to texels by the scale whose slopes fit the normal map's best in least
squares, and its occlusion is then the GEO_AO channel of `image.geometry` (horizon occlusion, same strength), with
that height in place of the one integrated from the normal. `metadata.json` says "derived" of such a map: it is
trained on, and never counts as truth in an evaluation.
"""

import numpy as np

from unbake.domain.maps import MapKind
from unbake.image.arrays import Wrap
from unbake.image.geometry import geometry_channels
from unbake.image.normals import slopes


def derived_ao(height: np.ndarray, normal: np.ndarray, wrap: Wrap) -> np.ndarray | None:
    """AO (H, W, 1) in [0, 1] of a height (H, W, 1) of any unit and unit normals (H, W, 3), OpenGL; 1 is open.

    None where one of the two is flat, so that nothing tells how high the height is.

    >>> flat = np.zeros((8, 8, 3), np.float32) + np.array([0, 0, 1], np.float32)
    >>> derived_ao(np.zeros((8, 8, 1), np.float32), flat, (True, True)) is None
    True
    """
    relief = np.ascontiguousarray(height[..., 0], np.float32)
    scale = texels_per_unit(relief, normal)
    if scale is None:
        return None
    return geometry_channels(normal, wrap, height=(relief - relief.mean()) * np.float32(scale))[
        MapKind.GEO_AO
    ]


def texels_per_unit(height: np.ndarray, normal: np.ndarray) -> float | None:
    """The scale that turns a height (H, W) into texels, as its normal map (H, W, 3) tells; None where flat.

    Where height and normal do not agree (a normal of another author), the deviations of the slopes decide.
    """
    right, up = slopes(normal)
    # Borders are left out, so that it does not matter whether the texture tiles.
    dx = (height[1:-1, 2:] - height[1:-1, :-2]) / 2
    dy = (height[:-2, 1:-1] - height[2:, 1:-1]) / 2
    sx, sy = (axis[1:-1, 1:-1] - axis[1:-1, 1:-1].mean() for axis in (right, up))
    ours, published = float((dx**2 + dy**2).mean()), float((sx**2 + sy**2).mean())
    if ours <= 1e-12 or published <= 1e-8:
        return None
    fitted = float((dx * sx + dy * sy).mean()) / ours
    return fitted if fitted > 0 else (published / ours) ** 0.5

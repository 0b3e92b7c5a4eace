"""Height, curvature and ambient occlusion of the surface under a normal map: inputs of the UNets beside it.

Computed once on a whole texture, in training for the cache and in conversion by the same function. An axis that
does not tile is mirrored at its borders; one that does goes on round.
"""

import numpy as np

from unbake.domain.maps import GEOMETRY, MapKind
from unbake.image.arrays import Codes, Floats, Wrap, bands, quantise
from unbake.image.normals import Z_FLOOR
from unbake.image.surface import LEAST_DEVIATION, centred_slopes, height_of, surface_of

GEOMETRY_VERSION = 1
"""Goes up whenever the channels of the same normal map change: a model fits the version it was trained on."""


# Normal maps over- and understate slopes by what their author liked; heights are brought half the way (in
# logarithm) to a common steepness before occlusion and curvature are read off. The figures are those that bring
# occlusion closest to the AO maps of real materials.
_COMMON_SLOPE = 0.4
_LEAST_SLOPE = 0.05
_GAIN = 4.0
_AO_STRENGTH = 0.36
_CURVATURE_STRENGTH = 1.5

_FARTHEST = 64
_CHUNK = 1 << 17


def geometry_channels(
    normal: Floats | Codes,
    wrap: Wrap = (True, True),
    height: Floats | None = None,
    bits: int | None = None,
    band: int | None = None,
    least_z: float = Z_FLOOR,
) -> dict[MapKind, np.ndarray]:
    """GEO_HEIGHT, GEO_CURVATURE and GEO_AO, each (H, W, 1) in [0, 1], of a normal map.

    normal: unit vectors (H, W, 3), OpenGL, or their codes (`image.arrays`). height: what `integrate` gives for
    them, where the caller has it already. bits: None gives float32, 8 or 16 codes of so many bits. band: texels
    that are worked on at a time (`image.arrays.bands`). least_z: as `slopes` takes it.

    Height is 0.5 at its mean and 1/6 per standard deviation, cut at three; curvature is 0.5 where flat, bright
    where convex; AO is 1 where open. Turning or mirroring the surface turns them, rolling a tiling one rolls
    them. Any size from 4 × 4.

    >>> flat = np.zeros((8, 8, 3), np.float32) + np.array([0, 0, 1], np.float32)
    >>> {str(kind): float(channel.mean()) for kind, channel in geometry_channels(flat).items()}
    {'geo_height': 0.5, 'geo_curvature': 0.5, 'geo_ao': 1.0}
    """
    if height is None:
        height = integrate(normal, wrap, band, least_z)
    deviation = np.float32(max(float(height.std()), LEAST_DEVIATION))
    gain = np.float32(_GAIN * (_COMMON_SLOPE / max(_rms_slope(normal, band, least_z), _LEAST_SLOPE)) ** 0.5)
    reach = _reach(height)
    around = _surround(height * gain, reach, wrap)
    dtype = {None: np.float32, 8: np.uint8, 16: np.uint16}[bits]
    channels = {kind: np.empty((*height.shape, 1), dtype) for kind in GEOMETRY}
    for rows in bands(height.shape[0], height.shape[1], texels=band):
        parts = {
            MapKind.GEO_HEIGHT: 0.5 + np.clip(height[rows] / deviation, -3, 3) / 6,
            MapKind.GEO_CURVATURE: 0.5 + 0.5 * np.tanh(_CURVATURE_STRENGTH * _curvature(around, reach, rows)),
            MapKind.GEO_AO: 1 - _AO_STRENGTH * (1 - _open_sky(around, reach, rows)),
        }
        for kind, values in parts.items():
            channels[kind][rows] = (values if bits is None else quantise(kind, values, bits))[..., None]
    return channels


def integrate(
    normal: Floats | Codes, wrap: Wrap, band: int | None = None, least_z: float = Z_FLOOR
) -> Floats:
    """Height (H, W) in texels, zero mean, whose slopes fit the normals (H, W, 3) best; see `surface`.

    normal, band, least_z: as in `geometry_channels`.

    >>> bool(integrate(np.zeros((4, 4, 3), np.float32) + np.array([0, 0, 1], np.float32), (True, False)).any())
    False
    """
    return height_of(surface_of(normal, wrap, band, least_z))


def horizon_ao(height: Floats, wrap: Wrap) -> Floats:
    """Share of a cosine-weighted sky that each point of a height (H, W), in texels, sees: (H, W) in [0, 1].

    In eight directions the steepest way up to a neighbour, 1, 1.4, 2, 2.8, 4 ... texels off (rounded) up to an
    eighth of the shorter side and at most 64, is the horizon. Where it has the slope t, 1 / (1 + t²) of the light
    of that direction comes in.

    >>> float(horizon_ao(np.zeros((8, 8), np.float32), (True, True)).min())
    1.0
    """
    reach = _reach(height)
    around = _surround(height, reach, wrap)
    return np.concatenate([_open_sky(around, reach, rows) for rows in bands(*height.shape)])


def _open_sky(around: Floats, reach: int, rows: slice) -> Floats:
    """`horizon_ao` of some rows, (rows, W). around: the height with `reach` texels more on every side."""
    columns = around.shape[1] - 2 * reach
    distances = [2 ** (half / 2) for half in range(13) if 2 ** (half / 2) <= reach]
    sky = np.zeros((rows.stop - rows.start, columns), np.float32)
    step = max(1, _CHUNK // columns)  # so many rows at once that the work stays in the processor's cache
    for first in range(rows.start, rows.stop, step):
        count = min(step, rows.stop - first)
        here = around[reach + first : reach + first + count, reach : reach + columns]
        horizon, slope = np.empty_like(here), np.empty_like(here)
        for down, right in ((0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1)):
            texel = float(np.hypot(down, right))
            horizon.fill(0)
            for n in sorted({max(1, round(distance / texel)) for distance in distances}):
                top, left = reach + first + n * down, reach + n * right
                np.subtract(around[top : top + count, left : left + columns], here, out=slope)
                slope *= np.float32(1 / (n * texel))
                np.maximum(horizon, slope, out=horizon)
            np.multiply(horizon, horizon, out=horizon)
            horizon += 1
            np.reciprocal(horizon, out=horizon)
            sky[first - rows.start : first - rows.start + count] += horizon
    sky /= 8
    return sky


def _curvature(around: Floats, reach: int, rows: slice) -> Floats:
    """Height of each point of some rows over its neighbours, as a slope: (rows, W), positive where convex.

    The mean over neighbours 1, 4 and 16 texels away (those within `reach`): minus the divergence of the slopes,
    fine and coarse. around: the height, (H, W), with `reach` texels more on every side.
    """
    columns = around.shape[1] - 2 * reach
    top, bottom = reach + rows.start, reach + rows.stop
    here = around[top:bottom, reach : reach + columns]
    scales = [scale for scale in (1, 4, 16) if scale <= reach]
    total = np.zeros_like(here)
    for scale in scales:
        left, right = reach - scale, reach + scale
        upright, level = around[:, reach : reach + columns], around[top:bottom]
        beside = upright[top - scale : bottom - scale] + upright[top + scale : bottom + scale]
        beside += level[:, left : left + columns] + level[:, right : right + columns]
        total += (here - beside / 4) / scale
    total /= len(scales)
    return total


def _rms_slope(normal: Floats | Codes, band: int | None, least_z: float) -> float:
    """Root mean square of the slopes, their mean taken out."""
    return float(np.hypot(*(axis.std() for axis in centred_slopes(normal, band, least_z))))


def _reach(height: Floats) -> int:
    """Texels to the farthest neighbour that counts: an eighth of the shorter side, from 1 to _FARTHEST."""
    return max(1, min(_FARTHEST, min(height.shape) // 8))


def _surround(height: Floats, reach: int, wrap: Wrap) -> Floats:
    """The height with `reach` texels more on every side, as its axes go on."""
    across = np.pad(height, ((0, 0), (reach, reach)), "wrap" if wrap[1] else "symmetric")
    return np.pad(across, ((reach, reach), (0, 0)), "wrap" if wrap[0] else "symmetric")

"""Height, curvature and ambient occlusion of the surface under a normal map: what the UNets read beside it.

Computed once on a whole texture, in training for the cache and in conversion by the same function. An axis that
does not tile is mirrored at its borders; one that does goes on round.
"""

import numpy as np

from unbake.domain.maps import MapKind
from unbake.image.normals import slopes

GEOMETRY_VERSION = 1
"""Goes up whenever the channels of the same normal map change: a model fits the version it was trained on."""

Wrap = tuple[bool, bool]
"""Which axes tile: (rows, up and down the picture; columns, across it)."""

# Normal maps over- and understate slopes by what their author liked; heights are brought half the way (in
# logarithm) to a common steepness before occlusion and curvature are read off. The figures are those that bring
# occlusion closest to the AO maps of real materials.
_COMMON_SLOPE = 0.4
_LEAST_SLOPE = 0.05
_GAIN = 4.0
_AO_STRENGTH = 0.36
_CURVATURE_STRENGTH = 1.5

_LEAST_DEVIATION = 0.02
"""Texels; a height that varies less than this is rounding noise and stays flat."""

_FARTHEST = 64
_CHUNK = 1 << 17


def geometry_channels(
    normal: np.ndarray, wrap: Wrap = (True, True), height: np.ndarray | None = None
) -> dict[MapKind, np.ndarray]:
    """GEO_HEIGHT, GEO_CURVATURE and GEO_AO, each (H, W, 1) in [0, 1], of unit vectors (H, W, 3), OpenGL.

    height: what `integrate` gives for them, where the caller has it already.

    Height is 0.5 at its mean and 1/6 per standard deviation, cut at three; curvature is 0.5 where flat, bright
    where convex; AO is 1 where open. Turning or mirroring the surface turns them, rolling a tiling one rolls
    them. Any size from 4 × 4.

    >>> flat = np.zeros((8, 8, 3), np.float32) + np.array([0, 0, 1], np.float32)
    >>> {str(kind): float(channel.mean()) for kind, channel in geometry_channels(flat).items()}
    {'geo_height': 0.5, 'geo_curvature': 0.5, 'geo_ao': 1.0}
    """
    if height is None:
        height = integrate(normal, wrap)
    deviation = max(float(height.std()), _LEAST_DEVIATION)
    shown = 0.5 + np.clip(height / np.float32(deviation), -3, 3) / 6
    height = height * np.float32(_GAIN * (_COMMON_SLOPE / max(_rms_slope(normal), _LEAST_SLOPE)) ** 0.5)
    bent = 0.5 + 0.5 * np.tanh(_CURVATURE_STRENGTH * curvature(height, wrap))
    open_sky = 1 - _AO_STRENGTH * (1 - horizon_ao(height, wrap))
    return {
        MapKind.GEO_HEIGHT: shown[..., None],
        MapKind.GEO_CURVATURE: bent[..., None],
        MapKind.GEO_AO: open_sky[..., None],
    }


def integrate(normal: np.ndarray, wrap: Wrap) -> np.ndarray:
    """Height (H, W) in texels, zero mean, whose slopes fit the normals (H, W, 3) best in least squares.

    The mean slope is taken out first: on a tiling axis it cannot be, on another it is an error of rounding or a tilt
    that says nothing about the material. Source: Frankot and Chellappa, 1988.

    >>> bool(integrate(np.zeros((4, 4, 3), np.float32) + np.array([0, 0, 1], np.float32), (True, False)).any())
    False
    """
    right, up = slopes(normal)
    rows, columns = right.shape
    right -= right.mean()
    down = up.mean() - up
    if not wrap[0]:  # the height goes on even beyond the border, so the slope across it is odd
        right = np.concatenate([right, right[::-1]], 0)
        down = np.concatenate([down, -down[::-1]], 0)
    if not wrap[1]:
        right = np.concatenate([right, -right[:, ::-1]], 1)
        down = np.concatenate([down, down[:, ::-1]], 1)
    shape = right.shape
    across = _frequencies(np.fft.rfftfreq(shape[1]))[None, :]
    along = _frequencies(np.fft.fftfreq(shape[0]))[:, None]
    spectrum = np.fft.rfft2(right)
    spectrum *= _odd(across)
    other = np.fft.rfft2(down)
    other *= _odd(along)
    spectrum += other
    del other, right, down, up
    power = across**2 + along**2
    power[0, 0] = np.inf
    spectrum *= np.complex64(-1j)
    spectrum /= power
    return np.ascontiguousarray(np.fft.irfft2(spectrum, s=shape)[:rows, :columns], np.float32)


def horizon_ao(height: np.ndarray, wrap: Wrap) -> np.ndarray:
    """How much of a cosine-weighted sky each point of a height (H, W), in texels, sees: (H, W) in [0, 1].

    In eight directions the steepest way up to a neighbour, 1, 1.4, 2, 2.8, 4 ... texels off (rounded) up to an
    eighth of the shorter side and at most 64, is the horizon. Where it has the slope t, 1 / (1 + t²) of the light
    of that direction comes in.

    >>> float(horizon_ao(np.zeros((8, 8), np.float32), (True, True)).min())
    1.0
    """
    reach = _reach(height)
    around = _surround(height, reach, wrap)
    rows, columns = height.shape
    distances = [2 ** (half / 2) for half in range(13) if 2 ** (half / 2) <= reach]
    sky = np.zeros((rows, columns), np.float32)
    step = max(1, _CHUNK // columns)  # so many rows at once that the work stays in the processor's cache
    for first in range(0, rows, step):
        count = min(step, rows - first)
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
            sky[first : first + count] += horizon
    sky /= 8
    return sky


def curvature(height: np.ndarray, wrap: Wrap) -> np.ndarray:
    """How far each point of a height (H, W) stands above its neighbours, as a slope: (H, W), positive where convex.

    The mean over neighbours 1, 4 and 16 texels away (those within an eighth of the shorter side): minus the
    divergence of the slopes, fine and coarse.
    """
    reach = _reach(height)
    around = _surround(height, reach, wrap)
    rows, columns = height.shape
    scales = [scale for scale in (1, 4, 16) if scale <= reach]
    total = np.zeros_like(height)
    for scale in scales:
        low, high = reach - scale, reach + scale
        upright, level = around[:, reach : reach + columns], around[reach : reach + rows]
        beside = upright[low : low + rows] + upright[high : high + rows]
        beside += level[:, low : low + columns] + level[:, high : high + columns]
        total += (height - beside / 4) / scale
    return total / len(scales)


def _rms_slope(normal: np.ndarray) -> float:
    """Root mean square of the slopes, their mean taken out."""
    return float(np.hypot(*(axis.std() for axis in slopes(normal))))


def _frequencies(cycles: np.ndarray) -> np.ndarray:
    return (2 * np.pi * cycles).astype(np.float32)


def _odd(frequencies: np.ndarray) -> np.ndarray:
    """Without the Nyquist frequency, whose slope a sampled picture cannot tell from its mirror image's."""
    return np.where(np.abs(frequencies) < 3.1415, frequencies, np.float32(0))


def _reach(height: np.ndarray) -> int:
    return max(1, min(_FARTHEST, min(height.shape) // 8))


def _surround(height: np.ndarray, reach: int, wrap: Wrap) -> np.ndarray:
    """The height with `reach` texels more on every side, as its axes go on."""
    across = np.pad(height, ((0, 0), (reach, reach)), "wrap" if wrap[1] else "symmetric")
    return np.pad(across, ((reach, reach), (0, 0)), "wrap" if wrap[0] else "symmetric")

"""Height, curvature and ambient occlusion of the surface under a normal map: what the UNets read beside it.

Computed once on a whole texture, in training for the cache and in conversion by the same function. An axis that
does not tile is mirrored at its borders; one that does goes on round.
"""

from collections.abc import Iterator

import numpy as np

from unbake.domain.maps import GEOMETRY, MapKind
from unbake.image.arrays import Wrap, bands, dequantise, quantise
from unbake.image.normals import slopes

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

_LEAST_DEVIATION = 0.02
"""Texels; a height that varies less than this is rounding noise and stays flat."""

_FARTHEST = 64
_CHUNK = 1 << 17


def geometry_channels(
    normal: np.ndarray, wrap: Wrap = (True, True), height: np.ndarray | None = None, bits: int | None = None
) -> dict[MapKind, np.ndarray]:
    """GEO_HEIGHT, GEO_CURVATURE and GEO_AO, each (H, W, 1) in [0, 1], of a normal map.

    normal: unit vectors (H, W, 3), OpenGL, or their codes (`image.coded`). height: what `integrate` gives for
    them, where the caller has it already. bits: None gives float32, 8 or 16 codes of so many bits.

    Height is 0.5 at its mean and 1/6 per standard deviation, cut at three; curvature is 0.5 where flat, bright
    where convex; AO is 1 where open. Turning or mirroring the surface turns them, rolling a tiling one rolls
    them. Any size from 4 × 4.

    >>> flat = np.zeros((8, 8, 3), np.float32) + np.array([0, 0, 1], np.float32)
    >>> {str(kind): float(channel.mean()) for kind, channel in geometry_channels(flat).items()}
    {'geo_height': 0.5, 'geo_curvature': 0.5, 'geo_ao': 1.0}
    """
    if height is None:
        height = integrate(normal, wrap)
    deviation = np.float32(max(float(height.std()), _LEAST_DEVIATION))
    gain = np.float32(_GAIN * (_COMMON_SLOPE / max(_rms_slope(normal), _LEAST_SLOPE)) ** 0.5)
    reach = _reach(height)
    around = _surround(height * gain, reach, wrap)
    dtype = {None: np.float32, 8: np.uint8, 16: np.uint16}[bits]
    channels = {kind: np.empty((*height.shape, 1), dtype) for kind in GEOMETRY}
    for rows in bands(*height.shape):
        band = {
            MapKind.GEO_HEIGHT: 0.5 + np.clip(height[rows] / deviation, -3, 3) / 6,
            MapKind.GEO_CURVATURE: 0.5 + 0.5 * np.tanh(_CURVATURE_STRENGTH * _bent(around, reach, rows)),
            MapKind.GEO_AO: 1 - _AO_STRENGTH * (1 - _open_sky(around, reach, rows)),
        }
        for kind, values in band.items():
            channels[kind][rows] = (values if bits is None else quantise(kind, values, bits))[..., None]
    return channels


def integrate(normal: np.ndarray, wrap: Wrap) -> np.ndarray:
    """Height (H, W) in texels, zero mean, whose slopes fit the normals (H, W, 3) best in least squares.

    The mean slope is taken out first: on a tiling axis it cannot be, on another it is an error of rounding or a tilt
    that says nothing about the material. normal: as in `geometry_channels`. Source: Frankot and Chellappa, 1988.

    >>> bool(integrate(np.zeros((4, 4, 3), np.float32) + np.array([0, 0, 1], np.float32), (True, False)).any())
    False
    """
    right, down = _slopes(normal)
    rows, columns = right.shape
    along, across = _frequencies(rows, wrap[0], real=not wrap[1])[:, None], _frequencies(columns, wrap[1])
    # Beyond a border that is mirrored the height goes on even, so the slope across it is odd.
    spectrum = _analysed(_analysed(right, 1, wrap[1], odd=True), 0, wrap[0], odd=False)
    del right
    spectrum *= _without_nyquist(across)
    other = _analysed(_analysed(down, 1, wrap[1], odd=False), 0, wrap[0], odd=True)
    del down
    other *= _without_nyquist(along)
    spectrum += other
    del other
    for part in bands(*spectrum.shape):
        power = across**2 + along[part] ** 2
        power[power == 0] = np.inf
        spectrum[part] /= power
    return _synthesised(
        _synthesised(spectrum, 0, wrap[0], rows, real=not wrap[1]), 1, wrap[1], columns, real=True
    )


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
    return np.concatenate([_open_sky(around, reach, rows) for rows in bands(*height.shape)])


def curvature(height: np.ndarray, wrap: Wrap) -> np.ndarray:
    """How far each point of a height (H, W) stands above its neighbours, as a slope: (H, W), positive where convex.

    The mean over neighbours 1, 4 and 16 texels away (those within an eighth of the shorter side): minus the
    divergence of the slopes, fine and coarse.
    """
    reach = _reach(height)
    around = _surround(height, reach, wrap)
    return np.concatenate([_bent(around, reach, rows) for rows in bands(*height.shape)])


def _open_sky(around: np.ndarray, reach: int, rows: slice) -> np.ndarray:
    """`horizon_ao` of some rows of a height with its surroundings."""
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


def _bent(around: np.ndarray, reach: int, rows: slice) -> np.ndarray:
    """`curvature` of some rows of a height with its surroundings."""
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
    return total / len(scales)


def _slopes(normal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slopes to the right and DOWN, each (H, W), their means taken out."""
    right, down = (np.empty(normal.shape[:2], np.float32) for _ in range(2))
    for rows in bands(*normal.shape[:2]):
        right[rows], down[rows] = slopes(dequantise(MapKind.NORMAL, normal[rows]))
    right -= right.mean()
    np.subtract(down.mean(), down, out=down)
    return right, down


def _rms_slope(normal: np.ndarray) -> float:
    """Root mean square of the slopes, their mean taken out."""
    return float(np.hypot(*(axis.std() for axis in _slopes(normal))))


def _frequencies(side: int, wraps: bool, real: bool = True) -> np.ndarray:
    """Of the coefficients of `_analysed`, radians per texel; real: whether they are those of real values."""
    if not wraps:
        return (np.pi / side * np.arange(side)).astype(np.float32)
    return (2 * np.pi * (np.fft.rfftfreq if real else np.fft.fftfreq)(side)).astype(np.float32)


def _without_nyquist(frequencies: np.ndarray) -> np.ndarray:
    """The Nyquist frequency's slope a sampled picture cannot tell from its mirror image's."""
    return np.where(np.abs(frequencies) < 3.1415, frequencies, np.float32(0))


def _analysed(field: np.ndarray, axis: int, wraps: bool, odd: bool) -> np.ndarray:
    """Fourier coefficients of a field (H, W) along one axis; it is overwritten where they fit in its place.

    On an axis that goes round those of a periodic function; on one that is mirrored the real amplitudes of cosines
    (odd: of sines) of half as many periods, so that mirrored halves are never held. odd: those of a slope, turned
    by a quarter period, so that a slope's coefficients are the height's times the frequency.
    """
    side = field.shape[axis]
    real = field.dtype.kind == "f"
    if wraps and real:
        shape = tuple(side // 2 + 1 if i == axis else count for i, count in enumerate(field.shape))
        target = np.empty(shape, np.complex64)
    else:
        target = field
    turned = np.complex64(-1j if odd else 1)
    phase = np.exp(np.arange(side) * (-0.5j * np.pi / side)).astype(np.complex64)

    def mirrored(lines: np.ndarray) -> np.ndarray:
        beyond = -lines[:, ::-1] if odd else lines[:, ::-1]
        both = np.fft.rfft(np.concatenate([lines, beyond], 1))[:, :side] * phase
        return both.imag if odd else both.real

    for lines, there in _lines(field, target, axis):
        if wraps:
            there[...] = (np.fft.rfft(lines) if real else np.fft.fft(lines)) * turned
        elif real:
            there[...] = mirrored(lines)
        else:
            there[...] = mirrored(lines.real) + np.complex64(1j) * mirrored(lines.imag)
    return target


def _synthesised(spectrum: np.ndarray, axis: int, wraps: bool, side: int, real: bool) -> np.ndarray:
    """Undoes `_analysed` with odd = False; real: whether what comes out is."""
    if wraps and real:
        shape = tuple(side if i == axis else count for i, count in enumerate(spectrum.shape))
        target = np.empty(shape, np.float32)
    else:
        target = spectrum
    phase = np.exp(np.arange(side) * (0.5j * np.pi / side)).astype(np.complex64)

    def mirrored(lines: np.ndarray) -> np.ndarray:
        half = np.pad(lines * phase, ((0, 0), (0, 1)))
        return np.fft.irfft(half, 2 * side)[:, :side]

    for lines, there in _lines(spectrum, target, axis):
        if wraps:
            there[...] = np.fft.irfft(lines, side) if real else np.fft.ifft(lines)
        elif real:
            there[...] = mirrored(lines)
        else:
            there[...] = mirrored(lines.real) + np.complex64(1j) * mirrored(lines.imag)
    return target


def _lines(source: np.ndarray, target: np.ndarray, axis: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Some lines along an axis at a time, as rows: copies from the source, views of the target."""
    read, written = (source, target) if axis == 1 else (source.T, target.T)
    for rows in bands(*read.shape):
        yield np.ascontiguousarray(read[rows]), written[rows]


def _reach(height: np.ndarray) -> int:
    return max(1, min(_FARTHEST, min(height.shape) // 8))


def _surround(height: np.ndarray, reach: int, wrap: Wrap) -> np.ndarray:
    """The height with `reach` texels more on every side, as its axes go on."""
    across = np.pad(height, ((0, 0), (reach, reach)), "wrap" if wrap[1] else "symmetric")
    return np.pad(across, ((reach, reach), (0, 0)), "wrap" if wrap[0] else "symmetric")

"""Periodic primitives (noise, blur) from which painted diffuses and procedural materials are made."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from unbake.image.arrays import Reals


@lru_cache(maxsize=32)
def _squared_frequency(height: int, width: int) -> Reals:
    """|f|² in (cycles per texel)² of the half spectrum, (H, W // 2 + 1)."""
    fy = np.fft.fftfreq(height)[:, None]
    fx = np.fft.rfftfreq(width)[None]
    return (fy * fy + fx * fx).astype(np.float32)


def blur(image: Reals, sigma: float) -> Reals:
    """Gaussian blur of (H, W) or (H, W, C), sigma in texels, both axes wrapping; the mean is kept.

    >>> float(blur(np.eye(8, dtype=np.float32), 2.0).mean().round(4))
    0.125
    """
    if sigma <= 0:
        return image
    height, width = image.shape[:2]
    transfer = np.exp(np.float32(-2 * (np.pi * sigma) ** 2) * _squared_frequency(height, width))
    transfer = transfer.reshape(transfer.shape + (1,) * (image.ndim - 2))
    spectrum = np.fft.rfft2(image.astype(np.float32, copy=False), axes=(0, 1)) * transfer
    return np.ascontiguousarray(np.fft.irfft2(spectrum, s=(height, width), axes=(0, 1)))


def smooth_noise(
    rng: np.random.Generator,
    shape: tuple[int, int],
    cycles: float,
    slope: float = 1.5,
    stretch: tuple[float, float] = (1.0, 1.0),
) -> Reals:
    """Band-limited periodic noise (H, W), mean 0, deviation 1: amplitude falls as frequency^-slope.

    `cycles`, the highest frequency, counts waves along the shorter side. `stretch` (rows, columns) lengthens the
    grain along an axis (wood, brushed metal). The same generator state gives the same pattern at every size.

    >>> smooth_noise(np.random.default_rng(0), (16, 16), 3).shape
    (16, 16)
    """
    height, width = shape
    kept = smooth_spectrum(rng, shape, cycles, slope, stretch)
    rows, columns = kept.shape[0] // 2, kept.shape[1]
    spectrum = np.zeros((height, width // 2 + 1), np.complex64)
    spectrum[np.arange(-rows, rows + 1), :columns] = kept
    return normalised(np.fft.irfft2(spectrum, s=shape))


def smooth_spectrum(
    rng: np.random.Generator,
    shape: tuple[int, int],
    cycles: float,
    slope: float = 1.5,
    stretch: tuple[float, float] = (1.0, 1.0),
) -> NDArray[np.complex64]:
    """The waves of `smooth_noise`, (2 R + 1, C): down the rows -R to R a side, across the columns 0 to C - 1."""
    height, width = shape
    # Waves per side that the band reaches along each axis.
    reach_y = round(cycles * height / min(shape) / stretch[0])
    reach_x = round(cycles * width / min(shape) / stretch[1])
    ky = np.arange(-reach_y, reach_y + 1)[:, None] * min(shape) / height * stretch[0]
    kx = np.arange(reach_x + 1)[None] * min(shape) / width * stretch[1]
    wave = np.hypot(ky, kx)
    waves = rng.standard_normal((2, 2 * reach_y + 1, reach_x + 1), dtype=np.float32)
    amplitude = np.where((wave > 0) & (wave <= cycles), np.maximum(wave, 1) ** -slope, 0).astype(np.float32)
    rows, columns = min(reach_y, (height - 1) // 2), min(reach_x, (width - 1) // 2)
    kept: NDArray[np.complex64] = (waves[0] + 1j * waves[1]) * amplitude
    return kept[reach_y - rows : reach_y + rows + 1, : columns + 1]


def rough_noise(
    rng: np.random.Generator,
    shape: tuple[int, int],
    slope: float,
    stretch: tuple[float, float] = (1.0, 1.0),
    shortest: float = 2.0,
) -> Reals:
    """Fractal periodic noise (H, W), mean 0, deviation 1: amplitude falls as frequency^-slope everywhere.

    `stretch` (rows, columns) lengthens the grain along an axis (wood, brushed metal); waves shorter than
    `shortest` texels are faded out.
    """
    height, width = shape
    fy = np.fft.fftfreq(height)[:, None] * height * stretch[0]
    fx = np.fft.rfftfreq(width)[None] * width * stretch[1]
    wave = np.hypot(fy, fx).astype(np.float32)
    wave[0, 0] = np.inf
    filtered = np.fft.rfft2(rng.standard_normal(shape, dtype=np.float32))
    filtered *= np.maximum(wave, 0.5) ** np.float32(-slope)
    filtered *= np.exp(np.float32(-((shortest / 2) ** 2)) * 4 * _squared_frequency(height, width))
    return normalised(np.fft.irfft2(filtered, s=shape))


def normalised(field: Reals) -> Reals:
    """The field (H, W) with mean 0 and deviation 1, float32; a constant field becomes zeros."""
    field = field - field.mean()
    return (field / max(float(field.std()), 1e-12)).astype(np.float32)


def smoothstep(x: Reals, low: float, high: float) -> Reals:
    """0 below `low`, 1 above `high`, an S-curve between; any shape.

    >>> smoothstep(np.float32([0.5]), 0, 1).tolist()
    [0.5]
    """
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def coordinates(size: int) -> tuple[Reals, Reals]:
    """Texel centres (x, y), each (size, size) in [0, 1): x to the right, y DOWN the rows."""
    centres = ((np.arange(size) + 0.5) / size).astype(np.float32)
    x, y = np.meshgrid(centres, centres)
    return x, y


def sheared(field: Reals, columns_per_row: int) -> Reals:
    """The field (H, W) with row r rolled by r times as many columns: slanted, still periodic if H divides W.

    >>> sheared(np.eye(3), 1).tolist()[1]
    [0.0, 0.0, 1.0]
    """
    rows = np.arange(field.shape[0])[:, None]
    columns = np.arange(field.shape[1])[None] - columns_per_row * rows
    return field[rows, columns % field.shape[1]]


def mix(first: Reals, second: Reals, share: Reals) -> Reals:
    """`first` where share (H, W) is 0, `second` where it is 1; colours (3,) or (H, W, 3) give (H, W, 3).

    >>> mix(np.zeros(3), np.ones(3), np.full((1, 1), 0.25)).tolist()
    [[[0.25, 0.25, 0.25]]]
    """
    return first + (second - first) * share[..., None]

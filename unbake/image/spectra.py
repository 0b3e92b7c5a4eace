"""Fourier coefficients of fields, axis by axis, periodic or mirrored at the borders: by which `geometry` integrates.

The mirrored ones are cosine and sine transforms (scipy.fft has them; the core does not depend on scipy), written so
that a field and its coefficients share memory and only a band of lines is ever held twice.
"""

from collections.abc import Iterator

import numpy as np

from unbake.image.arrays import Floats, bands


def frequencies(side: int, wraps: bool, real: bool = True) -> Floats:
    """Frequencies of the coefficients of `analysed`, in radians per texel; real: whether the values were real."""
    if not wraps:
        return (np.pi / side * np.arange(side)).astype(np.float32)
    return (2 * np.pi * (np.fft.rfftfreq if real else np.fft.fftfreq)(side)).astype(np.float32)


def without_nyquist(frequency: Floats) -> Floats:
    """The frequencies, 0 for Nyquist's: its slope cannot be told from its mirror image's in a sampled picture."""
    return np.where(np.abs(frequency) < 3.1415, frequency, np.float32(0))


def high_pass(along: Floats, across: Floats, size: tuple[int, int], drift: float) -> Floats:
    """Factors on coefficients, k² / (k² + drift²): 0 at the mean, a half at `drift` cycles a side, 1 far above.

    along (n, 1), across (m,): frequencies in radians per texel, of a field of `size` (height, width). k: cycles over
    the sides, so a picture that is not square loses equally broad swells, relative to it, either way.

    >>> high_pass(np.float32([[0]]), frequencies(8, True), (8, 8), 1.0)[0, :2].tolist()
    [0.0, 0.5]
    """
    upright, level = (np.float32(side / (2 * np.pi)) for side in size)
    power = (along * upright) ** 2 + (across * level) ** 2
    return (power / (power + np.float32(drift**2))).astype(np.float32, copy=False)


def energy_weights(side: int, wraps: bool, real: bool = True) -> Floats:
    """Factors (n,) by which the squares of the coefficients of `analysed` add up to those of the values (Parseval)."""
    if not wraps:
        weights = np.full(side, 0.5 / side)
        weights[0] /= 2
    elif real:
        weights = np.full(side // 2 + 1, 2 / side)
        weights[0] /= 2
        if side % 2 == 0:
            weights[-1] /= 2
    else:
        weights = np.full(side, 1 / side)
    return weights.astype(np.float32)


def analysed(field: np.ndarray, axis: int, wraps: bool, odd: bool, band: int | None = None) -> np.ndarray:
    """Fourier coefficients of a field (H, W) along one axis; it is overwritten where they fit in its place.

    On an axis that goes round those of a periodic function; on one that is mirrored the real amplitudes of cosines
    (odd: of sines) of half as many periods, so that mirrored halves are never held. odd: those of a slope, turned
    by a quarter period, so that a slope's coefficients are the height's times the frequency. band: values that are
    worked on at a time.
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

    for lines, there in _lines(field, target, axis, band):
        if wraps:
            there[...] = (np.fft.rfft(lines) if real else np.fft.fft(lines)) * turned
        elif real:
            there[...] = mirrored(lines)
        else:
            there[...] = mirrored(lines.real) + np.complex64(1j) * mirrored(lines.imag)
    return target


def synthesised(
    spectrum: np.ndarray, axis: int, wraps: bool, side: int, real: bool, band: int | None = None
) -> np.ndarray:
    """Undoes `analysed` with odd = False: a field of `side` values along the axis; real: whether it is of reals."""
    if wraps and real:
        shape = tuple(side if i == axis else count for i, count in enumerate(spectrum.shape))
        target = np.empty(shape, np.float32)
    else:
        target = spectrum
    phase = np.exp(np.arange(side) * (0.5j * np.pi / side)).astype(np.complex64)

    def mirrored(lines: np.ndarray) -> np.ndarray:
        half = np.pad(lines * phase, ((0, 0), (0, 1)))
        return np.fft.irfft(half, 2 * side)[:, :side]

    for lines, there in _lines(spectrum, target, axis, band):
        if wraps:
            there[...] = np.fft.irfft(lines, side) if real else np.fft.ifft(lines)
        elif real:
            there[...] = mirrored(lines)
        else:
            there[...] = mirrored(lines.real) + np.complex64(1j) * mirrored(lines.imag)
    return target


def _lines(
    source: np.ndarray, target: np.ndarray, axis: int, band: int | None
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Some lines along an axis at a time, as rows: copies from the source, views of the target."""
    read, written = (source, target) if axis == 1 else (source.T, target.T)
    for rows in bands(read.shape[0], read.shape[1], texels=band):
        yield np.ascontiguousarray(read[rows]), written[rows]

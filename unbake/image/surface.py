"""The surface under a normal map: its height by integration in Fourier space, drift removed there; for `geometry`.

Normals say slopes, and a small error of many slopes adds up to broad swells that the material does not have. They
lie in the lowest frequencies, where a high-pass on the coefficients takes them out at no cost.
"""

from typing import Final, NamedTuple

import numpy as np

from unbake.domain.maps import MapKind
from unbake.image.arrays import Codes, Floats, Wrap, bands, dequantise, quantise
from unbake.image.normals import Z_FLOOR, slopes
from unbake.image.spectra import (
    analysed,
    energy_weights,
    frequencies,
    high_pass,
    synthesised,
    without_nyquist,
)

SURFACE_VERSION: Final = 2
"""Goes up whenever height or relief of the same normal map change."""

LEAST_Z: Final = 0.25
"""Least z of normals that artists painted, where heights are made of them: a slope of 4. Texels that lie on their side,
as tools and layers over layers leave them, would be cliffs of 50 texels, with a bright and a dark lobe around each."""

LEAST_DEVIATION: Final = 0.02
"""Texels; a height that varies less than this is rounding noise and stays flat."""

DRIFT: Final = 0.5
"""Cycles a side at which half of a height is taken for drift: real materials' heights are met as well as without it,
and the broad clouds go."""

RELIEF_DRIFT: Final = 4.0
"""The same for relief: shapes larger than a quarter of the texture are none that parallax should show."""

FARTHEST: Final = 6.0
"""Standard deviations from the mean at which a height map is cut."""


class Surface(NamedTuple):
    """A surface as Fourier coefficients of its height in texels.

    coefficients: complex64, or float32 where both axes are mirrored; along axis 1, then 0 (`spectra.analysed`).
    size: (height, width) in texels. band: texels that are worked on at a time (`image.arrays.bands`).
    """

    coefficients: np.ndarray
    size: tuple[int, int]
    wrap: Wrap
    band: int | None = None


def surface_of(
    normal: Floats | Codes, wrap: Wrap, band: int | None = None, least_z: float = Z_FLOOR
) -> Surface:
    """The surface whose slopes fit the normals (H, W, 3), OpenGL, or their codes, best in least squares.

    least_z: as `slopes` takes it. The mean slope is taken out first: on a tiling axis it cannot be, on another it is
    an error of rounding or a tilt that says nothing about the material. Source: Frankot and Chellappa, 1988.
    """
    right, down = centred_slopes(normal, band, least_z)
    rows, columns = right.shape
    along, across = _frequencies((rows, columns), wrap)
    # Beyond a border that is mirrored the height goes on even, so the slope across it is odd.
    spectrum = analysed(analysed(right, 1, wrap[1], True, band), 0, wrap[0], False, band)
    del right
    spectrum *= without_nyquist(across)
    of_down = analysed(analysed(down, 1, wrap[1], False, band), 0, wrap[0], True, band)
    del down
    of_down *= without_nyquist(along)
    spectrum += of_down
    del of_down
    for part in bands(spectrum.shape[0], spectrum.shape[1], texels=band):
        power = across**2 + along[part] ** 2
        power[power == 0] = np.inf
        spectrum[part] /= power
    return Surface(spectrum, (rows, columns), wrap, band)


def height_of(surface: Surface, drift: float = 0.0) -> Floats:
    """Height (H, W) in texels, zero mean. drift: cycles a side below which it is removed (`spectra.high_pass`).

    >>> normal = np.zeros((4, 4, 3), np.float32) + np.array([0, 0, 1], np.float32)
    >>> bool(height_of(surface_of(normal, (True, False))).any())
    False
    """
    spectrum = surface.coefficients.copy()
    if drift:
        along, across = _frequencies(surface.size, surface.wrap)
        for part in bands(spectrum.shape[0], spectrum.shape[1], texels=surface.band):
            spectrum[part] *= high_pass(along[part], across, surface.size, drift)
    (rows, columns), wrap = surface.size, surface.wrap
    upright = synthesised(spectrum, 0, wrap[0], rows, not wrap[1], surface.band)
    del spectrum
    return synthesised(upright, 1, wrap[1], columns, True, surface.band)


def height_map(surface: Surface) -> Codes:
    """The HEIGHT map by rule, (H, W, 1) codes of 16 bits: without drift, 0.5 at its mean, 1/12 a standard deviation.

    It is cut at six of them, so a lone rivet neither flattens the rest nor loses its top.
    """
    height = height_of(surface, DRIFT)
    height /= np.float32(2 * FARTHEST * max(float(height.std()), LEAST_DEVIATION))
    height += np.float32(0.5)
    return quantise(MapKind.HEIGHT, height[..., None], band=surface.band)


def relief_of(surface: Surface, drift: float = RELIEF_DRIFT) -> float:
    """Standard deviation of the height without drift, as a share of the texture's width; by Parseval's theorem.

    >>> normal = np.zeros((8, 8, 3), np.float32) + np.array([0, 0, 1], np.float32)
    >>> relief_of(surface_of(normal, (True, True)))
    0.0
    """
    spectrum, (rows, columns), wrap = surface.coefficients, surface.size, surface.wrap
    along, across = _frequencies(surface.size, wrap)
    by_row = energy_weights(rows, wrap[0], real=not wrap[1])
    by_column = energy_weights(columns, wrap[1])
    energy = 0.0
    for part in bands(spectrum.shape[0], spectrum.shape[1], texels=surface.band):
        kept = np.abs(spectrum[part] * high_pass(along[part], across, surface.size, drift))
        np.square(kept, out=kept)
        energy += float(by_row[part] @ (kept @ by_column))
    return float(np.sqrt(energy / (rows * columns))) / columns


def centred_slopes(
    normal: Floats | Codes, band: int | None, least_z: float = Z_FLOOR
) -> tuple[Floats, Floats]:
    """Slopes to the right and DOWN, each (H, W), their means taken out."""
    right, down = (np.empty(normal.shape[:2], np.float32) for _ in range(2))
    for rows in bands(normal.shape[0], normal.shape[1], texels=band):
        right[rows], down[rows] = slopes(dequantise(MapKind.NORMAL, normal[rows]), least_z)
    right -= right.mean()
    np.subtract(down.mean(), down, out=down)
    return right, down


def _frequencies(size: tuple[int, int], wrap: Wrap) -> tuple[Floats, Floats]:
    """Frequencies of a surface's coefficients in radians per texel: down (n, 1), and across (m,)."""
    return frequencies(size[0], wrap[0], real=not wrap[1])[:, None], frequencies(size[1], wrap[1])

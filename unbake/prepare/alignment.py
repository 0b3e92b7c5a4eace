"""Score of whether two texture sets are one artwork, which decides the game pairs that are kept; used by `skyrim`."""

from dataclasses import dataclass

import numpy as np

from unbake.image.colour import luminance, srgb_to_linear
from unbake.image.resample import by_area

COMPARED_AT = 256
"""Long side at which pairs are compared, texels."""

THRESHOLD = 0.25
"""Least score of a pair that is kept.

On 44 real materials (512 px, painted in every style) the same artwork scored 0.25 to 1.0, half of it over 0.93, and
with half of the normal's slopes replaced by noise 0.65 in the median; other artwork -0.02 to 0.16.
"""

_FLAT = 1e-3


@dataclass(frozen=True, slots=True)
class Alignment:
    """Fit of two sets, each figure in [-1, 1], 1 = the same; None where one of the two is flat.

    gradients: correlation of the gradients of their luminance (displayed). normals: correlation of the slopes of
    their normals.
    """

    gradients: float | None
    normals: float | None

    @property
    def score(self) -> float:
        """The mean of what there is; -1 where nothing can be compared."""
        scores = [value for value in (self.gradients, self.normals) if value is not None]
        return sum(scores) / len(scores) if scores else -1.0


def alignment(
    diffuse: np.ndarray, normal: np.ndarray, basecolor: np.ndarray, other_normal: np.ndarray | None
) -> Alignment:
    """Fit of a painted diffuse (H, W, 3) sRGB and normal (H, W, 3) unit vectors with a PBR set of another size.

    The correlations are of vectors, pooled over the picture: moved, mirrored or turned artwork scores near 0.

    >>> wave = np.sin(np.arange(32, dtype=np.float32))[:, None, None] * np.ones((32, 32, 3), np.float32) / 4 + 0.5
    >>> up = np.zeros((32, 32, 3), np.float32) + np.array([0, 0, 1], np.float32)
    >>> round(alignment(wave, up, wave, up).score, 3)
    1.0
    """
    factor = min(1.0, COMPARED_AT / max(diffuse.shape[0], diffuse.shape[1]))
    height, width = (max(8, round(side * factor)) for side in diffuse.shape[:2])
    first, second = (
        _gradients(by_area(image, height, width, colour="srgb")) for image in (diffuse, basecolor)
    )
    bent = None
    if other_normal is not None:
        bent = _correlation(*(_slants(by_area(n, height, width)) for n in (normal, other_normal)))
    return Alignment(_correlation(first, second), bent)


def _gradients(srgb: np.ndarray) -> np.ndarray:
    """(2, H-2, W-2) central differences of displayed grey."""
    grey = np.cbrt(luminance(srgb_to_linear(srgb)))[..., 0]
    return np.stack([grey[1:-1, 2:] - grey[1:-1, :-2], grey[2:, 1:-1] - grey[:-2, 1:-1]])


def _slants(normal: np.ndarray) -> np.ndarray:
    """(2, H, W) x and y of the normals: to the right and up."""
    return np.moveaxis(normal[..., :2], -1, 0)


def _correlation(first: np.ndarray, second: np.ndarray) -> float | None:
    """Pearson's correlation of two vector fields (2, H, W), each component's mean taken out."""
    first, second = (field - field.mean((1, 2), keepdims=True) for field in (first, second))
    lengths = float(np.sqrt((first**2).mean())), float(np.sqrt((second**2).mean()))
    if min(lengths) < _FLAT:
        return None
    return float((first * second).mean()) / (lengths[0] * lengths[1])

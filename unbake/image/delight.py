"""Albedo from a painted diffuse by three rules, no network: level, direction of light, contrast; used by conversion.

The rules, in log light. Level: the painter's darkness is divided out, metal's apart. Direction: no albedo knows where
the light stood, so what follows the normal's x and y linearly is painted light and goes, and half of what follows its
tilt. Contrast: what is left of painted light is about as strong in every picture, so an even picture's brightness is
drawn towards its mean, a varied one's hardly; light is nearly white, so colours keep their distances.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unbake.image.colour import linear_to_srgb, luminance, srgb_to_linear

PAINTED: Final = 0.2
"""Deviation of log luminance that painted light leaves in a picture after the other rules; beside an albedo's own, a
Wiener filter's noise. Chosen on paintings by a formula and by traced light, see docs/LAB.md."""

LEAST_CONTRAST: Final = 0.5
"""Share of a picture's contrast that stays at the least: of an even one all might be light, or all its own."""

TILT: Final = 0.5
"""Share of the fitted dependence on the slope's steepness that goes: grooves are dirty, too."""

METAL_LIFT: Final = 0.5
"""Share of metal's own darkness, in log light, that is divided out: where metal is, is known only so well."""

FLOOR: Final = 2e-3
"""Added to linear light before its logarithm: about one step of 8 bits above black."""

_RIDGE: Final = 0.0012
"""Of the fit, for each texel: what hardly slopes says nothing of the light."""

BRIGHTEST_MEAN: Final = 0.65
"""Mean linear albedo that no picture is lifted beyond: snow and plaster are there already."""

_KNEE: Final = 0.7
_TOP: Final = 0.95
"""No surface is whiter than fresh snow: brighter than _KNEE approaches _TOP."""

Floats = NDArray[np.float32]


class Delight(NamedTuple):
    """Result of `fit` for a picture.

    slopes: change of log light with the normal's x, y and with 1 - z. shade: mean of that over the picture.
    pivot: mean log luminance, what contrast is drawn towards. scale: keeps the picture's mean. mean: of its linear
    light. contrast: share of the contrast of log luminance that stays.
    """

    slopes: tuple[float, float, float]
    shade: float
    pivot: float
    scale: float
    mean: float = 0.0
    contrast: float = 1.0


def fit(
    diffuse: Floats, normal: Floats, weight: Floats | None = None, contrast: float | None = None
) -> Delight:
    """The painted light of a picture, by least squares on a small copy.

    diffuse: (H, W, 3) sRGB in [0, 1]. normal: (H, W, 3) unit vectors, OpenGL. weight: (H, W, 1), 0 where a texel
    does not count (transparent, metal, unused space of an atlas), or None. contrast: share that stays; None for what
    `kept_contrast` says of the picture's own.

    >>> flat = np.zeros((4, 4, 3), np.float32) + np.float32([0, 0, 1])
    >>> fit(np.full((4, 4, 3), 0.5, np.float32), flat).slopes
    (0.0, 0.0, 0.0)
    """
    linear = srgb_to_linear(diffuse.astype(np.float64))
    counts = np.ones(linear.shape[:2]) if weight is None else weight[..., 0].astype(np.float64)
    if counts.sum() < 1:
        counts = np.ones(linear.shape[:2])
    counts = counts / counts.sum()
    log = np.log(luminance(linear)[..., 0] + FLOOR)
    features = _features(normal.astype(np.float64))
    means = np.einsum("hw,hwk->k", counts, features)
    centred = features - means
    gram = np.einsum("hw,hwj,hwk->jk", counts, centred, centred) + _RIDGE * np.eye(3)
    slopes = np.linalg.solve(gram, np.einsum("hw,hwk,hw->k", counts, centred, log - (counts * log).sum()))
    slopes[2] = TILT * min(slopes[2], 0.0)  # steep texels are painted darker, or it is not light
    slopes = slopes.round(5) + 0.0
    log -= (features - means) @ slopes
    pivot = float((counts * log).sum())
    if contrast is None:
        contrast = kept_contrast(float(np.sqrt((counts * (log - pivot) ** 2).sum())))
    drawn = (linear + FLOOR) * np.exp(
        ((contrast - 1) * (log - pivot) - (features - means) @ slopes)[..., None]
    )
    scale = float((counts[..., None] * (linear + FLOOR)).sum() / (counts[..., None] * drawn).sum())
    return Delight(
        (float(slopes[0]), float(slopes[1]), float(slopes[2])),
        float(means @ slopes),
        pivot,
        scale,
        float((counts[..., None] * linear).sum() / 3),
        contrast,
    )


def kept_contrast(deviation: float) -> float:
    """Share of a picture's contrast that is its albedo's, by the deviation of its log luminance.

    >>> [round(kept_contrast(deviation), 2) for deviation in (0.1, 0.3, 0.5, 1.0)]
    [0.5, 0.69, 0.86, 0.96]
    """
    return max(LEAST_CONTRAST, deviation**2 / (deviation**2 + PAINTED**2))


def albedo(
    diffuse: Floats,
    normal: Floats,
    metal: Floats,
    found: Delight,
    gain: float,
    metal_gain: float = 1.0,
) -> Floats:
    """The albedo (H, W, 3), sRGB in [0, 1], of a picture or of some of its rows; each texel stands on its own.

    diffuse, normal: as `fit` takes them, at any size. metal: (H, W, 1) probability of metal. found: by `fit`.
    gain: the painter's level, linear; metal_gain: what metal is darkened by besides.
    """
    gain = max(gain, min(1.0, found.mean / BRIGHTEST_MEAN))
    light = srgb_to_linear(diffuse)
    shade = (_features(normal) @ np.array(found.slopes, np.float32) - np.float32(found.shade))[..., None]
    bare = np.log(luminance(light) + np.float32(FLOOR)) - shade
    log = (
        np.log(light + np.float32(FLOOR))
        - shade
        + np.float32(found.contrast - 1) * (bare - np.float32(found.pivot))
    )
    log += np.float32(np.log(found.scale / gain)) - metal * np.float32(METAL_LIFT * np.log(metal_gain))
    linear = np.clip(np.exp(log) - np.float32(FLOOR / gain), 0, None)
    over = np.clip(linear - _KNEE, 0, None)
    span = np.float32(_TOP - _KNEE)
    linear = np.where(over > 0, _KNEE + span * (1 - np.exp(-over / span)), linear)
    return np.clip(linear_to_srgb(linear), 0, 1).astype(np.float32)


def relevelled(diffuse: Floats, factor: float) -> Floats:
    """A picture (sRGB in [0, 1], any shape) times a factor in linear light, clipped: what the networks read."""
    return np.clip(linear_to_srgb(srgb_to_linear(diffuse) * np.float32(factor)), 0, 1).astype(np.float32)


def _features(normal: np.ndarray) -> np.ndarray:
    """Regressors of painted light: the normal's x and y, and how far it is tilted."""
    return np.concatenate([normal[..., :2], 1 - normal[..., 2:]], axis=-1)

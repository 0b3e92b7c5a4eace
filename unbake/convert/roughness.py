"""Brings the networks' roughness to the level and spread of materials they never saw, and to what evidence says of it.

A network that is unsure answers near the middle, and ours does not know how sure it may be: where the specular mask
holds gloss, its order of textures is right and its spread half of the truth's; where the mask repeats the painted
brightness, or where there is none, it says little. So the two are told apart here, and each is calibrated by itself.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from unbake.domain.card import RoughnessFit
from unbake.image.arrays import Codes, Floats, Wrap, unit
from unbake.image.noise import smoothstep
from unbake.image.resample import by_area

_SIDE: Final = 128
"""Side of the copies that mask and brightness are compared on, in texels."""

_REPEATS: Final = (0.7, 0.93)
"""Shares of a mask's variance that the painted brightness explains: below it holds something else, above nothing."""

_VARIES: Final = (0.004, 0.012)
"""Standard deviations of a mask: below is the noise of block compression, above is drawn."""

FINISH_SPREAD: Final = 0.8
"""Share of the roughness's own pattern that stays under a finish."""

SMOOTHEST, ROUGHEST = 0.03, 0.97
"""Roughness that no surface goes beyond: at 0 a light is a point."""


def mask_tells(picture: Floats, mask: Floats | None, wrap: Wrap) -> float:
    """How far a specular mask tells of gloss: 0 where it is missing, constant or the painted brightness, at most 1.

    picture: the diffuse (H, W, 3), sRGB in [0, 1]. mask: (H, W, 1) in [0, 1], None where the set has none.

    >>> ramp = np.tile(np.linspace(0, 1, 64, dtype=np.float32)[:, None, None], (1, 64, 1))
    >>> mask_tells(np.repeat(ramp, 3, 2), ramp, (False, False))
    0.0
    """
    if mask is None:
        return 0.0
    light = _small(picture, wrap) @ (0.2126, 0.7152, 0.0722)
    light -= light.mean()
    told = _small(mask, wrap)[:, 0]
    columns = np.stack([np.ones_like(light), light, light**2, light**3], -1)
    fitted = columns @ np.linalg.lstsq(columns, told, rcond=None)[0]
    spread = float(told.std())
    explained = 1 - float((told - fitted).var()) / max(spread**2, 1e-9)
    repeats, varies = smoothstep(np.array([explained]), *_REPEATS), smoothstep(np.array([spread]), *_VARIES)
    return float((1 - repeats[0]) * varies[0])


def calibrated(roughness: Codes, word: float, tells: float, fits: tuple[RoughnessFit, RoughnessFit]) -> Codes:
    """Codes of the roughness (H, W, 1), its mean and its deviations from it as `fits` have them.

    word: the classifier's (`predict.Seen.roughness`). tells: of `mask_tells`. fits: where the mask tells, and where
    it does not.
    """
    mean = float(unit(roughness).mean())
    shares = (tells, 1 - tells)
    level = sum(share * fit.level(mean, word) for share, fit in zip(shares, fits, strict=True))
    spread = sum(share * fit.spread for share, fit in zip(shares, fits, strict=True))
    return _through(roughness, lambda values: np.clip(level + spread * (values - mean), SMOOTHEST, ROUGHEST))


def moved(roughness: Codes, by: float) -> Codes:
    """Codes of the roughness (H, W, 1), rougher by so much everywhere."""
    return _through(roughness, lambda values: np.clip(values + by, SMOOTHEST, ROUGHEST))


def finished(roughness: Codes, target: float, weight: float) -> Codes:
    """Codes of the roughness (H, W, 1), its mean by `weight` of the way nearer to `target`; its pattern stays."""
    mean = float(unit(roughness).mean())
    level, spread = mean + weight * (target - mean), 1 - weight * (1 - FINISH_SPREAD)
    return _through(roughness, lambda values: np.clip(level + spread * (values - mean), 0, 1))


def _through(roughness: Codes, change: Callable[[Floats], Floats]) -> Codes:
    """Codes of the roughness, each value in [0, 1] changed into another."""
    top = np.iinfo(roughness.dtype).max
    table = change(np.arange(top + 1, dtype=np.float32) / np.float32(top))
    return np.rint(table * top).astype(roughness.dtype)[roughness]


def _small(image: Floats, wrap: Wrap) -> np.ndarray:
    """The texels of a small copy, (n, channels), float64."""
    height, width, channels = image.shape
    return (
        by_area(image, min(height, _SIDE), min(width, _SIDE), wrap).reshape(-1, channels).astype(np.float64)
    )

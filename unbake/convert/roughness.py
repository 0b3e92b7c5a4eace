"""Brings the networks' roughness to the level and spread of materials they never saw, and to what evidence says of it.

A network that is unsure answers near the middle, and ours does not know how sure it may be: where the specular mask
holds gloss, its order of textures is right and its spread half of the truth's; where the mask repeats the painted
brightness, or where there is none, it says little. So the two are told apart here, and each is calibrated by itself.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from unbake.domain.card import RoughnessFit
from unbake.image.arrays import Codes, Floats, unit

FINISH_SPREAD: Final = 0.8
"""Share of the roughness's own pattern that stays under a finish."""

SMOOTHEST, ROUGHEST = 0.03, 0.97
"""Roughness that no surface goes beyond: at 0 a light is a point."""


def calibrated(roughness: Codes, word: float, tells: float, fits: tuple[RoughnessFit, RoughnessFit]) -> Codes:
    """Codes of the roughness (H, W, 1), its mean and its deviations from it as `fits` have them.

    word: the classifier's (`predict.Seen.roughness`). tells: of `specular.mask_tells`. fits: where the mask tells, and
    where it does not.
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

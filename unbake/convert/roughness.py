"""Brings the networks' roughness to the level and spread of materials they never saw; between `predict` and `reading`.

A network that is unsure answers near the middle, and ours does not know how sure it may be: where the specular mask
holds gloss, its order of textures is right and its spread half of the truth's; where the mask repeats the painted
brightness, or where there is none, it says little. So the two are told apart here, and each is calibrated by itself.
"""

from typing import Final

import numpy as np

from unbake.domain.card import RoughnessFit
from unbake.domain.maps import MapKind
from unbake.image.arrays import Codes, Stored, Wrap, unit
from unbake.image.noise import smoothstep
from unbake.image.resample import by_area

_SIDE: Final = 128
"""Side of the copies that mask and brightness are compared on, in texels."""

_REPEATS: Final = (0.7, 0.93)
"""Shares of a mask's variance that the painted brightness explains: below it holds something else, above nothing."""

_VARIES: Final = (0.004, 0.012)
"""Standard deviations of a mask: below is the noise of block compression, above is drawn."""

_LEAST, _MOST = 0.03, 0.97


def mask_tells(codes: Stored, wrap: Wrap) -> float:
    """How far a specular mask tells of gloss: 0 where it is missing, constant or the painted brightness, at most 1.

    codes: DIFFUSE (H, W, 3), and SPECULAR (H, W, 1) where the set has one.

    >>> ramp = np.tile(np.arange(64, dtype=np.uint8)[:, None, None] * 4, (1, 64, 1))
    >>> mask_tells({MapKind.DIFFUSE: np.repeat(ramp, 3, 2), MapKind.SPECULAR: ramp}, (False, False))
    0.0
    """
    if MapKind.SPECULAR not in codes:
        return 0.0
    mask = _small(codes[MapKind.SPECULAR], wrap).astype(np.float64)
    red, green, blue = (_small(codes[MapKind.DIFFUSE][..., i : i + 1], wrap) for i in range(3))
    light = (0.2126 * red + 0.7152 * green + 0.0722 * blue).astype(np.float64)
    light -= light.mean()
    columns = np.stack([np.ones_like(light), light, light**2, light**3], -1)
    fitted = columns @ np.linalg.lstsq(columns, mask, rcond=None)[0]
    spread = float(mask.std())
    explained = 1 - float((mask - fitted).var()) / max(spread**2, 1e-9)
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
    top = np.iinfo(roughness.dtype).max
    values = np.arange(top + 1, dtype=np.float32) / top
    table = np.clip(level + spread * (values - mean), _LEAST, _MOST)
    return np.rint(table * top).astype(roughness.dtype)[roughness]


def _small(codes: Codes, wrap: Wrap) -> np.ndarray:
    """A channel (H, W, 1) on a small copy, flat, in [0, 1]."""
    height, width = codes.shape[:2]
    return by_area(unit(codes), min(height, _SIDE), min(width, _SIDE), wrap).ravel()

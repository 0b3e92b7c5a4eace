"""Tells a specular mask that holds gloss from one that repeats the painted brightness; read by roughness and report."""

from typing import Final

import numpy as np

from unbake.image.arrays import Floats, Wrap
from unbake.image.noise import smoothstep
from unbake.image.resample import by_area

_SIDE: Final = 128
"""Side of the copies that mask and brightness are compared on, in texels."""

_REPEATS: Final = (0.7, 0.93)
"""Shares of a mask's variance that the painted brightness explains: below it holds something else, above nothing."""

_VARIES: Final = (0.004, 0.012)
"""Standard deviations of a mask: below is the noise of block compression, above is drawn."""


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


def _small(image: Floats, wrap: Wrap) -> np.ndarray:
    """The texels of a small copy, (n, channels), float64."""
    height, width, channels = image.shape
    return (
        by_area(image, min(height, _SIDE), min(width, _SIDE), wrap).reshape(-1, channels).astype(np.float64)
    )

"""Linear light of sRGB codes and back by tables: for whole textures, where a power for each texel costs too much."""

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from unbake.image.arrays import Codes, Floats
from unbake.image.colour import linear_to_srgb, srgb_to_linear

_STEPS: Final = 65535
"""Of linear light: a step is a twentieth of an sRGB code of 8 bits where those are finest."""


def light_of(codes: Codes) -> Floats:
    """Linear light in [0, 1], float32, of sRGB codes of any shape.

    >>> light_of(np.uint8([0, 255])).tolist()
    [0.0, 1.0]
    """
    table = _light(np.iinfo(codes.dtype).max)
    return np.take(table, codes)


def codes_of(light: Floats) -> NDArray[np.uint8]:
    """sRGB codes of 8 bits of linear light of any shape, clipped to [0, 1].

    >>> codes_of(np.float32([-1, 0.2140, 2])).tolist()
    [0, 127, 255]
    """
    steps = light * np.float32(_STEPS)
    steps += np.float32(0.5)
    np.clip(steps, 0, _STEPS, out=steps)
    return np.take(_codes(), steps.astype(np.uint16))


@cache
def _light(top: int) -> Floats:
    return np.asarray(srgb_to_linear(np.arange(top + 1, dtype=np.float64) / top), np.float32)


@cache
def _codes() -> NDArray[np.uint8]:
    srgb = linear_to_srgb(np.arange(_STEPS + 1, dtype=np.float64) / _STEPS)
    return np.asarray(np.rint(np.clip(srgb, 0, 1) * 255), np.uint8)

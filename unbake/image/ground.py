"""Tells what is painted from the unused black between an atlas's islands; where a texture is measured as a whole."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from unbake.image.arrays import Floats

BLACK: Final = 0.001
"""Mean linear light of RGB, 3 of 255 in sRGB, below which a texel is unused: no painter's darkest paint is."""

LEAST: Final = 0.02
"""Share that must be left: a texture that is black nearly everywhere is painted black."""


def painted(light: Floats) -> NDArray[np.bool_]:
    """Which texels of (h, w), mean linear light of RGB in [0, 1], are painted; all of them where hardly any would be.

    >>> painted(np.float32([[0.0, 0.2], [0.3, 0.0]])).tolist()
    [[False, True], [True, False]]
    """
    lit = light >= BLACK
    return lit if lit.mean() >= LEAST else np.ones(light.shape, bool)

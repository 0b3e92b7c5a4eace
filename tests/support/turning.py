"""A normal map turned with its surface, in numpy: the pictures that tests of geometry look at from four sides."""

import numpy as np
from numpy.typing import NDArray


def turn(normal: NDArray[np.float32], quarter_turns: int, mirror: bool) -> NDArray[np.float32]:
    """The surface turned as a whole: the picture (H, W, 3) and its vectors together.

    First mirrored left to right if `mirror`, then turned counter-clockwise, as
    `np.rot90(np.fliplr(map), quarter_turns)` turns a map without vectors.

    >>> turn(np.float32([[[0.6, 0, 0.8]]]), 1, False).round(1).tolist()[0][0][1] > 0.5
    True
    """
    x, y, z = np.moveaxis(normal[:, ::-1] if mirror else normal, -1, 0)
    if mirror:
        x = -x
    x, y = ((x, y), (-y, x), (-x, -y), (y, -x))[quarter_turns % 4]
    return np.ascontiguousarray(np.rot90(np.stack([x, y, z], -1), quarter_turns))

"""BC4 encoding, which is BC3's alpha and either half of BC5 as well: `blocks` hands it one padded channel.

Endpoints are a block's least and greatest value, by which both ends of its range are exact. Encoders in C do the same
and mind one reading of the six values between: graphics cards take them unrounded, decoders of integers round down.
Each texel takes the value that is nearest on the average of both, which loses a quarter of a decibel by either reading.
"""

from typing import Final

import numpy as np

_ROUNDED_DOWN: Final = np.float32(0.25)
"""By how much a value between the endpoints is read too dark, in codes: 0 by graphics cards, 3/7 by integers."""

_INDEX: Final = np.array([0, 2, 3, 4, 5, 6, 7, 1], np.uint64)
"""Of each of the eight values from the greatest to the least."""


def encode_bc4(plane: np.ndarray) -> np.ndarray:
    """BC4 blocks uint8 (N, 8) of one channel uint8 (H, W), sides multiples of 4.

    >>> encode_bc4(np.full((4, 4), 7, np.uint8))[0, :2].tolist()
    [7, 7]
    """
    height, width = plane.shape
    # Blocks last, so that numpy's loops are long.
    texels = plane.reshape(height // 4, 4, width // 4, 4).transpose(1, 3, 0, 2).reshape(16, -1)
    least, greatest = texels.min(axis=0), texels.max(axis=0)
    scale = np.float32(7) / np.maximum(greatest - least, 1)
    steps = (greatest - texels).astype(np.float32)
    steps -= _ROUNDED_DOWN
    steps *= scale
    index = _INDEX[np.rint(steps, out=steps).clip(0, 7).astype(np.uint8)]
    index[texels == least] = 1
    index <<= np.arange(16, 64, 3, dtype=np.uint64)[:, None]
    blocks = np.bitwise_or.reduce(index, axis=0) | least.astype(np.uint64) << np.uint64(8) | greatest
    return blocks.astype("<u8").view(np.uint8).reshape(-1, 8)

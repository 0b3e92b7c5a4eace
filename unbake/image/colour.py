"""sRGB and linear light, of numpy arrays and torch tensors alike: every step that enters or leaves sRGB."""

import sys
from typing import Any

REC709 = (0.2126, 0.7152, 0.0722)
"""Weights of red, green and blue in luminance and luma (ITU-R BT.709)."""

_ENCODED_KNEE = 0.04045
_LINEAR_KNEE = 0.0031308


def namespace(array: Any) -> Any:
    """The module whose functions fit this array: numpy for numpy arrays, torch for tensors.

    Torch is never imported here: a tensor that comes in has already brought it.

    >>> import numpy as np
    >>> namespace(np.zeros(3)) is np
    True
    """
    if hasattr(array, "__array_namespace__"):
        return array.__array_namespace__()
    return sys.modules[type(array).__module__.partition(".")[0]]


def srgb_to_linear(x: Any) -> Any:
    """Linear light of display-encoded values: any shape, float, [0, 1] to [0, 1] (IEC 61966-2-1).

    Values below 0 go on along the straight part and values above 1 along the power, so that gradients stay
    finite everywhere and the two functions stay inverse to each other.

    >>> import numpy as np
    >>> round(float(srgb_to_linear(np.float32([0.5]))[0]), 4)
    0.214
    """
    xp = namespace(x)
    # The power sees nothing below the knee: where() alone would still send its NaN gradient back.
    curve = ((xp.clip(x, _ENCODED_KNEE, None) + 0.055) / 1.055) ** 2.4
    return xp.where(x <= _ENCODED_KNEE, x / 12.92, curve)


def linear_to_srgb(x: Any) -> Any:
    """Display-encoded values of linear light: any shape, float, [0, 1] to [0, 1] (IEC 61966-2-1).

    >>> import numpy as np
    >>> round(float(linear_to_srgb(np.float32([0.214]))[0]), 3)
    0.5
    """
    xp = namespace(x)
    curve = 1.055 * xp.clip(x, _LINEAR_KNEE, None) ** (1 / 2.4) - 0.055
    return xp.where(x <= _LINEAR_KNEE, x * 12.92, curve)


def luminance(rgb_linear: Any, axis: int = -1) -> Any:
    """Rec.709 luminance of linear RGB; `axis`, the one with the three channels, stays and has length 1.

    >>> import numpy as np
    >>> luminance(np.ones((2, 4, 3), np.float32)).shape
    (2, 4, 1)
    """
    return _weighted(rgb_linear, axis)


def luma(rgb_encoded: Any, axis: int = -1) -> Any:
    """Rec.709 luma of display-encoded (sRGB) RGB; `axis`, the one with the three channels, stays and has length 1.

    How light a picture looks, on the scale of its own values: no amount of light, which is `luminance`.

    >>> import numpy as np
    >>> luma(np.array([[0.0, 0.5, 0.0]])).tolist()
    [[0.3576]]
    """
    return _weighted(rgb_encoded, axis)


def _weighted(rgb: Any, axis: int) -> Any:
    xp = namespace(rgb)
    channels = xp.moveaxis(rgb, axis, -1)
    grey = sum(weight * channels[..., i : i + 1] for i, weight in enumerate(REC709))
    return xp.moveaxis(grey, -1, axis)

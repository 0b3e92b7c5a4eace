"""Keeps a grey metal that a name speaks of off leather, wood, rust and paint, by their colour; for `apply_evidence`.

A sword's texture has its grip, and a name that says steel says nothing of that.
"""

from typing import Final

import numpy as np

from unbake.evidence.refine import DARK
from unbake.image.arrays import Codes, Floats, Wrap, bands
from unbake.image.colour import srgb_to_linear
from unbake.image.noise import blur, smoothstep
from unbake.image.resample import smoothly

GREY_METALS: Final = frozenset({"iron", "steel", "silver"})
"""Fine materials whose bare metal has hardly any colour."""

GREY, COLOURED = 0.5, 0.75
"""Distances of log chroma from grey: the brownest iron that games paint, and what is surely no bare metal."""

LEAST: Final = 0.3
"""Share of a picture that must be grey: else a warm painter's iron, or gold under an old name, is coloured all over."""

SOFT: Final = 1.0
"""Deviation, in texels of the small copy, of the blur: single coloured texels are a compressor's."""


def only_grey(mask: Codes, picture: Floats, wrap: Wrap) -> Codes:
    """Codes of a probability of metal (H, W, 1), taken from what is coloured.

    picture: a small copy of the diffuse, (h, w, 3) sRGB in [0, 1].
    """
    grey = smoothly(greyness(picture), mask.shape[0], mask.shape[1], wrap)
    made = np.empty_like(mask)
    for rows in bands(mask.shape[0], mask.shape[1]):
        made[rows] = np.rint(mask[rows] * np.clip(grey[rows], 0, 1))
    return made


def greyness(diffuse: Floats) -> Floats:
    """How far each texel (H, W, 1) may be bare grey metal, from 0 to 1; 1 everywhere where hardly any is grey.

    diffuse: (H, W, 3) sRGB in [0, 1].

    >>> leather, iron = [0.43, 0.29, 0.18], [0.31, 0.27, 0.23]
    >>> greyness(np.array([[iron, iron, iron, iron], [leather] * 4], np.float32).repeat(9, 0)).round()[::17, 0, 0]
    array([1., 0.], dtype=float32)
    """
    log = np.log(srgb_to_linear(diffuse) + np.float32(DARK))
    log -= log.mean(-1, keepdims=True)
    apart = blur(np.sqrt((log**2).sum(-1, keepdims=True)).astype(np.float32), SOFT)
    if float((apart < GREY).mean()) < LEAST:
        return np.ones_like(apart)
    return np.asarray(1 - smoothstep(apart, GREY, COLOURED), np.float32)

"""Painted levels: how dark a mod is painted, the same in all its sets; drawn for `painter`, told to training."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from unbake.image.arrays import Floats
from unbake.synth.layers import Rng

LEVELS: Final = (0.15, 1.15)
"""Least and greatest gain of a mod: mean of painted to true colour of what is no metal, linear. Real packs' sRGB means
go from 0.17 to 0.50, where materials' average 0.43."""

METAL: Final = (0.25, 1.15)
"""Least and greatest factor of metal beside that gain: mirrors are painted darker than they are, but not all."""

JITTER: Final = 0.12
"""Standard deviation of the log of one set's gain around its mod's."""


@dataclass(frozen=True, slots=True)
class PaintedLevel:
    """The level of a mod: mean of painted to true colour in linear light, of metal and of the rest."""

    rest: float
    metal: float


def draw_level(rng: Rng) -> PaintedLevel:
    """The level of a mod, log-uniform.

    >>> LEVELS[0] <= draw_level(np.random.default_rng(0)).rest <= LEVELS[1]
    True
    """
    rest, metal = (float(np.exp(rng.uniform(*np.log(span)))) for span in (LEVELS, METAL))
    return PaintedLevel(rest, rest * metal)


def mod_level(mod: int) -> PaintedLevel:
    """The level of a mod by its number."""
    return draw_level(np.random.default_rng([mod, 0x1E7E1]))


def at_level(rng: Rng, colour: Floats, albedo: Floats, metallic: Floats, level: PaintedLevel) -> Floats:
    """Paint brought to a level: its mean is that share of the albedo's, of metal and of the rest apart.

    colour, albedo: (H, W, 3), linear. metallic: (H, W, 1). The set's own gain is drawn around the level.
    """
    jitter = np.exp(np.clip(rng.normal(0, JITTER, 2), -2 * JITTER, 2 * JITTER))
    gain = np.zeros_like(metallic)
    for share, weight in ((level.rest * jitter[0], 1 - metallic), (level.metal * jitter[1], metallic)):
        painted = float((colour * weight).sum(dtype=np.float64))
        if painted > 0:
            gain += weight * np.float32(share * float((albedo * weight).sum(dtype=np.float64)) / painted)
    return colour * gain

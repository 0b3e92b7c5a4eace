"""Takes what is mirrored in a sheet of bare metal out of its albedo; for `known_albedo`.

A texture that tiles and is metal all over is one metal, whose albedo hardly varies; what painters put there beyond
that is a sky, a lamp, a gloss.
"""

from typing import Final

import numpy as np

from unbake.convert.albedo_rule import small_size
from unbake.image.arrays import Codes, Floats, Wrap, bands, unit
from unbake.image.colour import luminance
from unbake.image.delight import FLOOR
from unbake.image.light import codes_of, light_of
from unbake.image.resample import by_area

OVERALL: Final = 0.75
"""Share of metal from which a texture is a sheet of it."""

OWN: Final = 0.2
"""Deviation of log luminance that bare metal has of its own: 15 of our materials tile and are metal all over, theirs
is 0.02 to 0.25. Atlases of metal have several metals on them: up to 1.6."""

LEAST: Final = 0.5
"""Share of the contrast that stays at the least: engraving and damask are as strong as a painted sky."""


def evened(albedo: Codes, mask: Codes, wrap: Wrap) -> Codes:
    """Codes (H, W, 3) of the albedo of 8 bits, its metal with no more contrast of luminance than metal has.

    mask: (H, W, 1), the probability of metal. wrap: which axes tile; what does not in both, or is not metal all over,
    stays as it is. Colours keep their ratios, the metal its mean light.
    """
    if not all(wrap):
        return albedo
    size = small_size(mask.shape[:2])
    metal = by_area(unit(mask), *size, wrap)
    if float(metal.mean()) < OVERALL:
        return albedo
    light = np.concatenate([by_area(light_of(albedo[..., i : i + 1]), *size, wrap) for i in range(3)], -1)
    log = _log(light)
    pivot = np.average(log, weights=metal)
    deviation = float(np.sqrt(np.average((log - pivot) ** 2, weights=metal)))
    contrast = max(LEAST, OWN / max(deviation, OWN))
    if contrast == 1:
        return albedo
    drawn = light * np.exp((contrast - 1) * (log - pivot))
    scale = np.float32(np.log((metal * light).sum() / (metal * drawn).sum()))
    made = np.empty_like(albedo)
    for rows in bands(*mask.shape[:2]):
        here = light_of(albedo[rows])
        change = np.float32(contrast - 1) * (_log(here) - np.float32(pivot)) + scale
        made[rows] = codes_of(here * np.exp(unit(mask[rows]) * change))
    return made


def _log(light: Floats) -> Floats:
    return np.log(luminance(light) + np.float32(FLOOR))

"""Takes what is mirrored in a sheet of bare metal out of its albedo; for `known_albedo`.

A texture that tiles and is metal all over is one metal, whose albedo hardly varies over a distance; what painters put
there beyond that is a sky, a lamp, a gloss. Grain, slots and seams are narrower, and stay.
"""

from typing import Final

import numpy as np

from unbake.convert.albedo_rule import small_size
from unbake.image.arrays import Codes, Wrap, bands, unit
from unbake.image.colour import luminance
from unbake.image.delight import FLOOR
from unbake.image.light import codes_of, light_of
from unbake.image.noise import blur
from unbake.image.resample import by_area, codes_by_area, smooth_rows

OVERALL: Final = 0.75
"""Share of metal from which a texture is a sheet of it."""

BROAD: Final = 1 / 43
"""Deviation of the blur that leaves what is mirrored, as a share of the longest side."""

OWN: Final = 0.12
"""Deviation of the blurred log luminance that bare metal has of its own: 12 real materials that tile and are metal all
over have 0.01 to 0.10, one of them 0.17. Atlases of metal have several metals on them."""

LEAST: Final = 0.4
"""Share of that contrast that stays at the least: damask is as strong as a painted sky."""


def evened(albedo: Codes, mask: Codes, wrap: Wrap) -> Codes:
    """Codes (H, W, 3) of the albedo of 8 bits, its metal with no more broad contrast of luminance than metal has.

    mask: (H, W, 1), the probability of metal. wrap: which axes tile; what does not in both, or is not metal all over,
    stays as it is. Colours keep their ratios, the metal its mean light.
    """
    if not all(wrap):
        return albedo
    height, width = mask.shape[:2]
    size = small_size((height, width))
    metal = by_area(unit(mask), *size, wrap)
    if float(metal.mean()) < OVERALL:
        return albedo
    light = codes_by_area(albedo, *size, wrap, light_of)
    broad = blur(np.log(luminance(light) + np.float32(FLOOR)), max(size) * BROAD)
    broad -= np.average(broad, weights=metal)
    deviation = float(np.sqrt(np.average(broad**2, weights=metal)))
    contrast = max(LEAST, OWN / max(deviation, OWN))
    if contrast == 1:
        return albedo
    change = np.float32(contrast - 1) * broad
    change -= np.log((metal * light * np.exp(change)).sum() / (metal * light).sum())
    enlarged = smooth_rows(change, height, width, wrap)
    made = np.empty_like(albedo)
    for rows in bands(height, width):
        made[rows] = codes_of(light_of(albedo[rows]) * np.exp(unit(mask[rows]) * enlarged(rows)))
    return made

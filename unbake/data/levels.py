"""Painted levels of a cache's diffuses and mods, and diffuses brought to one level; used by `cache` and `dataset`.

Networks read a diffuse at the level `NETWORK_LEVEL`, in training by the true level of its mod with some noise on it,
in conversion by the estimated one.
"""

import math
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

import numpy as np

from unbake.data.cache_format import Entry
from unbake.domain.layout import MEAN_LOG_ALBEDO, NETWORK_LEVEL
from unbake.domain.maps import MapKind
from unbake.image.arrays import Floats, Maps
from unbake.image.colour import luminance, srgb_to_linear
from unbake.image.delight import relevelled

NOISE: Final = 0.2
"""Standard deviation of the log of a mod's level as training knows it: what estimates from some 20 sets miss it by."""

LEAST, MOST = 0.05, 1.6


def painted_level(diffuse: Floats, truth: Maps) -> float:
    """Mean brightness of a painting as a share of the albedo's, linear, of what is no metal.

    diffuse: (H, W, 3), sRGB. truth: ALBEDO and METALLIC, (H, W, C); without ALBEDO the share is of a typical
    material's. Between LEAST and MOST.
    """
    weight = 1 - truth[MapKind.METALLIC] if MapKind.METALLIC in truth else np.ones((*diffuse.shape[:2], 1))
    if weight.mean() < 0.1:  # nearly all metal: its own level is the best there is
        weight = np.ones_like(weight)
    light = float((luminance(srgb_to_linear(diffuse)) * weight).sum() / weight.sum())
    if MapKind.ALBEDO in truth:
        true = float((luminance(srgb_to_linear(truth[MapKind.ALBEDO])) * weight).sum() / weight.sum())
    else:
        true = math.exp(MEAN_LOG_ALBEDO)
    return min(max(light / max(true, 1e-4), LEAST), MOST)


def mod_levels(entries: Iterable[Entry]) -> dict[str, float]:
    """The level of each mod: geometric mean of its paintings'."""
    logs: dict[str, list[float]] = defaultdict(list)
    for entry in entries:
        for mod, level in zip(entry.mods, entry.levels, strict=True):
            logs[mod].append(math.log(level))
    return {mod: math.exp(sum(values) / len(values)) for mod, values in logs.items()}


def draw_doubt(rng: np.random.Generator) -> float:
    """By how much training misses the log of a mod's level."""
    return float(np.clip(rng.normal(0, NOISE), -2.5 * NOISE, 2.5 * NOISE))


def at_network_level(diffuse: Floats, level: float, doubt: float = 0.0) -> Floats:
    """A diffuse (sRGB) as networks read it. level: of its mod; doubt: what its log is missed by, see `draw_doubt`."""
    return relevelled(diffuse, NETWORK_LEVEL / level * math.exp(doubt))

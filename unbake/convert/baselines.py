"""The rule-based baseline of every output: used for sets without networks, and compared to by `evaluate`."""

from typing import Final

import numpy as np

from unbake.domain.maps import MapKind
from unbake.image.arrays import Maps

ROUGHNESS: Final = 0.443
"""TruePBR Manager's constant roughness (ANCHORS.md)."""


def rule_based(maps: Maps, environment: np.ndarray | None = None) -> Maps:
    """The six output maps by rule, as a careful modder has them today.

    maps: DIFFUSE (H, W, 3) sRGB in [0, 1], GEO_AO and HEIGHT (`surface.height_map`), each (H, W, 1) in [0, 1].
    environment: the environment mask (H, W, 1) in [0, 1], which the rule takes for metal; None means no metal.
    Returns ALBEDO = the diffuse, ROUGHNESS = 0.443, METALLIC = METALLIC_MASK = the environment mask, AO =
    the geometry channel, HEIGHT as given. Nothing is copied.
    """
    height, width = maps[MapKind.DIFFUSE].shape[:2]
    metal = np.zeros((height, width, 1), np.float32) if environment is None else environment
    return {
        MapKind.ALBEDO: maps[MapKind.DIFFUSE],
        MapKind.ROUGHNESS: np.full((height, width, 1), ROUGHNESS, np.float32),
        MapKind.METALLIC: metal,
        MapKind.METALLIC_MASK: metal,
        MapKind.AO: maps[MapKind.GEO_AO],
        MapKind.HEIGHT: maps[MapKind.HEIGHT],
    }

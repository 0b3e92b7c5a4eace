"""The rule-based map of every output: a set without networks gets these, and `measure` compares to them."""

from typing import Final

import numpy as np

from unbake.domain.maps import MapKind
from unbake.image.arrays import Maps

ROUGHNESS: Final = 0.443
"""TruePBR Manager's constant roughness (ANCHORS.md)."""


def rule_based(maps: Maps, environment: np.ndarray | None = None) -> Maps:
    """The six output maps by rule: what a careful modder has today.

    maps: DIFFUSE (H, W, 3) sRGB in [0, 1], GEO_AO and GEO_HEIGHT (H, W, 1) in [0, 1].
    environment: the environment mask (H, W, 1) in [0, 1], which the rule takes for metal; without one, none.
    Returns ALBEDO = the diffuse, ROUGHNESS = 0.443, METALLIC = METALLIC_MASK = the environment mask, AO and
    HEIGHT = the geometry channels. Nothing is copied.
    """
    height, width = maps[MapKind.DIFFUSE].shape[:2]
    metal = np.zeros((height, width, 1), np.float32) if environment is None else environment
    return {
        MapKind.ALBEDO: maps[MapKind.DIFFUSE],
        MapKind.ROUGHNESS: np.full((height, width, 1), ROUGHNESS, np.float32),
        MapKind.METALLIC: metal,
        MapKind.METALLIC_MASK: metal,
        MapKind.AO: maps[MapKind.GEO_AO],
        MapKind.HEIGHT: maps[MapKind.GEO_HEIGHT],
    }

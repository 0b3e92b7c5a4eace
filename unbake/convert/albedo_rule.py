"""Albedo of a whole texture by rule, a band of rows at a time; the pixels' part is `image.delight`."""

from typing import Final

import numpy as np

from unbake.domain.maps import MapKind
from unbake.evidence.level import Level
from unbake.image.arrays import Codes, Floats, Stored, Wrap, bands, dequantise, quantise, unit
from unbake.image.delight import Delight, albedo, fit
from unbake.image.resample import codes_by_area

FIT_SIDE: Final = 256
"""Longest side of the copy on which painted light is fitted."""

METAL_WEIGHT: Final = 0.2
"""Weight of a metal texel in the fit: metal mirrors, so its slopes say little of a light."""


def rule_albedo(codes: Stored, metal: np.ndarray, wrap: Wrap, level: Level, bits: int = 8) -> Codes:
    """Codes (H, W, 3) of the albedo of a texture whose painter's level is known.

    codes: DIFFUSE, NORMAL (OpenGL) and, where there is one, OPACITY. metal: probability (H, W, 1), codes or floats.
    wrap: which axes tile. bits: 8 or 16.
    """
    found = _fitted(codes, metal, wrap)
    diffuse = codes[MapKind.DIFFUSE]
    made = np.empty(diffuse.shape, np.uint8 if bits == 8 else np.uint16)
    for rows in bands(*diffuse.shape[:2]):
        part = albedo(
            dequantise(MapKind.DIFFUSE, diffuse[rows]),
            dequantise(MapKind.NORMAL, codes[MapKind.NORMAL][rows]),
            unit(metal[rows]),
            found,
            level.gain,
            level.metal_gain,
        )
        made[rows] = quantise(MapKind.ALBEDO, part, bits)
    return made


def small_size(size: tuple[int, int], longest: int = FIT_SIDE) -> tuple[int, int]:
    """(height, width) of a reduced copy.

    >>> small_size((1024, 512))
    (256, 128)
    """
    scale = min(1.0, longest / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _fitted(codes: Stored, metal: np.ndarray, wrap: Wrap) -> Delight:
    """The painted light of a small copy, by its opaque texels."""
    size = small_size(metal.shape[:2])

    def small(image: np.ndarray) -> Floats:
        return codes_by_area(image, *size, wrap)

    normal = small(codes[MapKind.NORMAL]) * 2 - 1
    length = np.linalg.norm(normal, axis=-1, keepdims=True)
    normal = np.where(length > 0.1, normal / np.maximum(length, 0.1), np.array([0, 0, 1], np.float32))
    weight = 1 - (1 - METAL_WEIGHT) * small(metal)
    if MapKind.OPACITY in codes:
        weight = weight * small(codes[MapKind.OPACITY])
    return fit(small(codes[MapKind.DIFFUSE]), normal.astype(np.float32), weight.astype(np.float32))

"""What a procedural material consists of before its normal and AO are derived, and the colours it is made of."""

from dataclasses import dataclass

import numpy as np

from unbake.image.colour import linear_to_srgb

F0: dict[str, tuple[float, float, float]] = {
    "iron": (0.56, 0.57, 0.58),
    "steel": (0.64, 0.62, 0.59),
    "silver": (0.96, 0.94, 0.89),
    "copper": (0.95, 0.64, 0.54),
    "gold": (1.0, 0.77, 0.34),
    "brass": (0.89, 0.79, 0.43),
    "bronze": (0.77, 0.57, 0.38),
}
"""Linear reflectance of bare metals at normal incidence, rounded from measured optical constants."""


@dataclass(frozen=True, slots=True)
class Layers:
    """albedo: sRGB (H, W, 3); roughness, metallic: (H, W) in [0, 1]; relief: (H, W) in sides of the texture."""

    albedo: np.ndarray
    roughness: np.ndarray
    relief: np.ndarray
    metallic: np.ndarray


def pick(rng: np.random.Generator, *palette: tuple[float, float, float]) -> np.ndarray:
    """One sRGB colour (3,) of the palette, moved a little."""
    colour = np.array(palette[rng.integers(len(palette))])
    return np.clip(colour * rng.uniform(0.9, 1.1) + rng.normal(0, 0.008, 3), 0.03, 0.95).astype(np.float32)


def bare(rng: np.random.Generator, *names: str) -> np.ndarray:
    """sRGB colour (3,) of one of these metals of F0, bare."""
    return linear_to_srgb(np.array(F0[names[rng.integers(len(names))]], np.float32))

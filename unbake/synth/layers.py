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
    "zinc": (0.81, 0.84, 0.87),
    "nickel": (0.70, 0.64, 0.56),
    "pewter": (0.82, 0.81, 0.79),
    "black_iron": (0.18, 0.18, 0.18),
}
"""Linear reflectance of bare metals at normal incidence, rounded from measured optical constants.

Reflectance is ((n - 1)² + k²) / ((n + 1)² + k²). Sources: the constants gathered in refractiveindex.info (gold, silver
and copper Johnson and Christy 1972; iron and nickel Johnson and Christy 1974; brass Querry 1985; zinc Werner 2009),
integrated to linear sRGB in the Physically Based Database (CC0); pewter is tin, n = 1.48 and k = 5.25 in yellow light
(Drude 1890); black iron is iron under its forging scale, magnetite, n = 2.4 with little absorption.
"""


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


def overlay(base: Layers, part: Layers, mask: np.ndarray, top: np.ndarray) -> Layers:
    """`part` lying on `base` where mask (H, W) is 1, its surface at relief top (H, W) plus its own."""

    def over(below: np.ndarray, above: np.ndarray) -> np.ndarray:
        return below + (above - below) * mask

    return Layers(
        base.albedo + (part.albedo - base.albedo) * mask[..., None],
        over(base.roughness, part.roughness),
        over(base.relief, part.relief + top),
        over(base.metallic, part.metallic),
    )

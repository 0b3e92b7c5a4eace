"""Layers of a procedural material before its normal and AO are derived, and the colours of paints and metals."""

from dataclasses import dataclass

import numpy as np

from unbake.image.arrays import Reals
from unbake.image.colour import linear_to_srgb

Rng = np.random.Generator

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
"""Reflectance of metals at normal incidence, linear sRGB in [0, 1]: textbook values, rounded to two digits.

It is ((n - 1)² + k²) / ((n + 1)² + k²). Iron, copper and gold are as they are tabulated for rendering (Akenine-Möller
et al., "Real-Time Rendering", 4th ed., table 9.2, and tables like it), silver within 0.02 of that. Brass and zinc are
those of the Physically Based Database (CC0). Nickel follows from the constants of Johnson and Christy 1974, by which
iron would be darker: 0.53, 0.51, 0.50. Steel and bronze, of no one composition, are typical of such tables. Pewter is
tin, n = 1.48 and k = 5.25 in yellow light (Drude 1890), which gives 0.82; that it is a little warm is chosen. Black
iron is no bare metal, but iron under its forging scale: magnetite, n about 2.4 and k below 0.5, 0.17 to 0.19.
"""


@dataclass(frozen=True, slots=True)
class Layers:
    """albedo: sRGB (H, W, 3); roughness, metallic: (H, W) in [0, 1]; relief: (H, W) in sides of the texture."""

    albedo: Reals
    roughness: Reals
    relief: Reals
    metallic: Reals


def pick(rng: Rng, *palette: tuple[float, float, float]) -> Reals:
    """One sRGB colour (3,) of the palette, moved a little."""
    colour = np.array(palette[rng.integers(len(palette))])
    return np.clip(colour * rng.uniform(0.9, 1.1) + rng.normal(0, 0.008, 3), 0.03, 0.95).astype(np.float32)


def bare(rng: Rng, *names: str) -> Reals:
    """sRGB colour (3,) of one of these metals of F0, bare."""
    return linear_to_srgb(np.array(F0[names[rng.integers(len(names))]], np.float32))


def overlay(base: Layers, part: Layers, mask: Reals, top: Reals) -> Layers:
    """`part` lying on `base` where mask (H, W) is 1, its surface at relief top (H, W) plus its own."""

    def over(below: Reals, above: Reals) -> Reals:
        return below + (above - below) * mask

    return Layers(
        base.albedo + (part.albedo - base.albedo) * mask[..., None],
        over(base.roughness, part.roughness),
        over(base.relief, part.relief + top),
        over(base.metallic, part.metallic),
    )

"""Sheets of metal with a finish and an age, for recipes of metals and of metal on other materials."""

import numpy as np

from unbake.image.arrays import Reals
from unbake.image.colour import linear_to_srgb
from unbake.image.noise import mix, smooth_noise, smoothstep
from unbake.synth.layers import F0, Layers, Rng, pick

_FINISHES: dict[str, tuple[float, float]] = {
    "polished": (0.06, 0.2),
    "brushed": (0.2, 0.45),
    "worn": (0.3, 0.55),
    "blasted": (0.4, 0.7),
    "forged": (0.38, 0.68),
    "cast": (0.5, 0.8),
}
"""Mean roughness of a clean surface, from and to."""

_FORGED = ("worn", "forged", "cast", "blasted", "brushed")
_SMITHED = ("polished", "brushed", "worn", "blasted")
_METALS: dict[str, tuple[str, ...]] = {
    "iron": _FORGED,
    "black_iron": _FORGED,
    "steel": ("polished", "brushed", "worn", "blasted", "forged"),
    "zinc": ("worn", "blasted"),
    **dict.fromkeys(("bronze", "brass", "copper", "gold", "silver", "pewter", "nickel"), _SMITHED),
}

IRONS = ("iron", "iron", "steel", "black_iron")
FINE = ("bronze", "brass", "copper", "gold", "silver", "pewter", "steel")
ANY = tuple(_METALS)

_RUST = ((0.46, 0.27, 0.15), (0.38, 0.2, 0.12), (0.52, 0.33, 0.2), (0.3, 0.18, 0.13))
_VERDIGRIS = ((0.36, 0.52, 0.45), (0.3, 0.45, 0.42), (0.45, 0.58, 0.5), (0.28, 0.38, 0.3))
_SULPHIDE = ((0.16, 0.14, 0.12), (0.2, 0.18, 0.17), (0.13, 0.12, 0.13))
_CHALK = ((0.68, 0.68, 0.67), (0.55, 0.56, 0.57))
_CRUSTS: dict[str, tuple[tuple[float, float, float], ...]] = {
    "iron": _RUST,
    "steel": _RUST,
    "black_iron": _RUST,
    "bronze": _VERDIGRIS,
    "brass": (*_VERDIGRIS, *_SULPHIDE),
    "copper": _VERDIGRIS,
    "silver": _SULPHIDE,
    "pewter": _SULPHIDE,
    "zinc": _CHALK,
}
"""Colours (sRGB) of the corrosion, no metal any more, on a neglected metal; the others gather dirt alone."""


def sheet(
    rng: Rng,
    size: int,
    metals: tuple[str, ...] = ANY,
    hollow: Reals | None = None,
    age: float | None = None,
) -> Layers:
    """One of these metals (of F0) as a sheet, (size, size): finish, tarnish, corrosion and dirt drawn.

    hollow: (H, W), 0 where hands and weather rub to 1 where dirt stays; corrosion follows it. age: 0 kept clean to
    1 neglected, or drawn. Tarnish is a thin film on metal: darker and duller, still metallic. Crust and dirt are
    dielectric and rough. relief: in sides of the texture, about 0.

    >>> bool(sheet(np.random.default_rng(0), 16, ("gold",), age=0.0).metallic.min() > 0.99)
    True
    """
    shape = (size, size)
    name = metals[rng.integers(len(metals))]
    finish = _METALS[name][rng.integers(len(_METALS[name]))]
    aged = rng.beta(1.0, 1.6) if age is None else age
    sunk = np.zeros(shape, np.float32) if hollow is None else hollow
    fine, cloud = smooth_noise(rng, shape, 150, 0.4), smooth_noise(rng, shape, rng.uniform(12, 50), 1.1)
    grain, relief = _grain(rng, size, finish, fine)

    level = rng.uniform(*_FINISHES[finish])
    spread = level * rng.uniform(0.03, 0.2)
    roughness = level + spread * (0.6 * grain + 0.8 * cloud) + 0.12 * aged * smoothstep(cloud, -0.5, 1.5)
    # A film of oxide takes light, most of it blue; what is rubbed loses it again.
    film = aged**0.7 * rng.uniform(0.1, 0.95) * smoothstep(0.7 * cloud + 1.2 * sunk, -1.8, 1.1)
    warm = 1 - film[..., None] * np.array([0.7, 0.85, 1.0], np.float32) * rng.uniform(0.6, 1.0)
    tone = 1 + 0.025 * grain + 0.02 * cloud
    albedo = linear_to_srgb(np.clip(np.array(F0[name], np.float32) * warm * tone[..., None], 0, 1))
    roughness = roughness + 0.18 * film

    clean = Layers(albedo, np.clip(roughness, 0.04, 0.9), relief, np.ones(shape, np.float32))
    return _soiled(rng, _corroded(rng, clean, _CRUSTS.get(name), aged, sunk, cloud, fine), aged, sunk, fine)


def _grain(rng: Rng, size: int, finish: str, fine: Reals) -> tuple[Reals, Reals]:
    """Marks of the tool, (H, W) of deviation about 1, and their relief."""
    shape = (size, size)
    if finish in ("brushed", "worn"):
        stretch = ((24.0, 1.0), (1.0, 24.0))[rng.integers(2)]
        grain = smooth_noise(rng, shape, 200, 0.2, stretch)
        return grain, 0.00012 * grain
    if finish == "forged":
        lumps = smooth_noise(rng, shape, rng.uniform(14, 36), 0.6)
        return 0.5 * fine + 0.5 * lumps, rng.uniform(0.0008, 0.0025) * lumps + 0.00015 * fine
    if finish == "cast":
        pits = smooth_noise(rng, shape, rng.uniform(60, 160), 0.3)
        return fine, 0.0007 * pits - 0.0015 * smoothstep(pits, 1.2, 2.2)
    return fine, (0.0001 if finish == "blasted" else 0.00002) * fine


def _corroded(
    rng: Rng,
    metal: Layers,
    crusts: tuple[tuple[float, float, float], ...] | None,
    age: float,
    hollow: Reals,
    cloud: Reals,
    fine: Reals,
) -> Layers:
    """The metal with its crust where it was not rubbed; older is more."""
    if crusts is None or age < 0.15:
        return metal
    where = 0.8 * cloud + 0.25 * fine + rng.uniform(0.8, 2.0) * (hollow - 0.4)
    level = 2.6 - 2.6 * age * rng.uniform(0.5, 1.1)
    grown = smoothstep(where, level - 0.1, level + rng.uniform(0.1, 0.5))
    light, dark = pick(rng, *crusts), 0.7 * pick(rng, *crusts)
    crust = mix(light, dark, np.clip(0.5 + 0.3 * cloud + 0.15 * fine, 0, 1))
    return Layers(
        mix(metal.albedo, crust, grown),
        metal.roughness + (rng.uniform(0.72, 0.93) + 0.03 * fine - metal.roughness) * grown,
        metal.relief + grown * (0.0006 + 0.0004 * fine),
        metal.metallic * (1 - grown),
    )


def _soiled(rng: Rng, metal: Layers, age: float, hollow: Reals, fine: Reals) -> Layers:
    """Dirt and old grease in the hollows."""
    dirt = smoothstep(hollow + 0.15 * fine, 1.15 - 0.7 * age, 1.5 - 0.5 * age)
    colour = pick(rng, (0.2, 0.17, 0.14), (0.28, 0.24, 0.2), (0.16, 0.15, 0.14))
    return Layers(
        mix(metal.albedo, colour, dirt),
        metal.roughness + (rng.uniform(0.65, 0.95) - metal.roughness) * dirt,
        metal.relief,
        metal.metallic * (1 - dirt),
    )

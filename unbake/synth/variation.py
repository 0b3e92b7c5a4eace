"""Wider variation of any procedural material: colour, relief, gloss, dirt and wear; between recipe and maps."""

from dataclasses import replace

import numpy as np

from unbake.image.arrays import Reals
from unbake.image.colour import linear_to_srgb, luminance, srgb_to_linear
from unbake.image.noise import blur, mix, normalised, smooth_noise, smoothstep
from unbake.synth.layers import Layers, Rng, pick

_PLAUSIBLE = (0.013, 0.871)
"""Linear reflectance of dielectrics, 30 to 240 in sRGB codes."""

_SOFT = ("fabric", "ground")
"""Categories that nobody polishes."""


def varied(rng: Rng, layers: Layers, category: str) -> Layers:
    """The same material older or newer, wet, waxed or dusty, of other colours and other depth, moved about.

    layers: (S, S), periodic; category: of domain.materials. Dielectrics change in lightness (by a factor up to 1.8),
    in saturation and in warmth; bare metals only darken, as under a film. Roughness keeps its pattern, with another
    level and another spread. Dirt is no metal.

    >>> flat = np.full((8, 8), 0.5, np.float32)
    >>> grey = Layers(np.full((8, 8, 3), 0.5, np.float32), flat, flat, 0 * flat)
    >>> varied(np.random.default_rng(0), grey, "stone").relief.shape
    (8, 8)
    """
    layers = _moved(rng, layers)
    layers = _coloured(rng, layers)
    layers = _glossed(rng, layers, polishable=category not in _SOFT)
    depth = float(np.exp(rng.uniform(-0.6, 0.35)))
    layers = replace(layers, relief=layers.relief * depth)
    layers = _used(rng, layers)
    matter = np.clip(layers.albedo, *linear_to_srgb(np.array(_PLAUSIBLE)))
    return replace(layers, albedo=mix(matter, layers.albedo, layers.metallic))


def _moved(rng: Rng, layers: Layers) -> Layers:
    """Rolled round, so that joints do not always lie on the border."""
    size = layers.relief.shape[0]
    by = tuple(int(part) for part in (rng.random(2) * size).round())

    def roll(image: Reals) -> Reals:
        return np.roll(image, by, (0, 1))

    return Layers(roll(layers.albedo), roll(layers.roughness), roll(layers.relief), roll(layers.metallic))


def _coloured(rng: Rng, layers: Layers) -> Layers:
    """Dielectrics lighter or darker, greyer or fuller, warmer or colder; metals under more or less of a film."""
    light = srgb_to_linear(np.clip(layers.albedo, 0, 1).astype(np.float32))
    grey = luminance(light)
    warmth = rng.normal(0, 0.07) * np.array([1, 0.1, -1], np.float32)
    gain, fullness = np.exp(rng.uniform(-0.6, 0.6)), rng.uniform(0.35, 1.35)
    # A blotch of its own, as stains and fading make them: colour only, or gloss too (see `_glossed`).
    blotch = smooth_noise(rng, grey.shape[:2], rng.uniform(2, 16), 1.2)[..., None] * rng.uniform(0, 0.12)
    matter = (grey + fullness * (light - grey)) * (1 + warmth) * gain * np.exp(blotch)
    # Libraries and games hold metals far darker than bare ones: half of the real ones at hand are below 0.5 in sRGB.
    film = np.exp(-rng.uniform(0, 1.8)) * (1 + 0.5 * np.minimum(warmth, 0)) * (1 - 0.5 * np.abs(blotch))
    metal = light * (film if rng.random() < 0.75 else 1)
    share = layers.metallic[..., None]
    albedo = linear_to_srgb(np.clip(matter, *_PLAUSIBLE) * (1 - share) + np.clip(metal, 0, 1) * share)
    return replace(layers, albedo=albedo)


def _glossed(rng: Rng, layers: Layers, polishable: bool) -> Layers:
    """Another level and spread of roughness: as it was, smoother by wax or wet, or duller."""
    rough, metal = np.clip(layers.roughness, 0.03, 1), layers.metallic
    patch = smooth_noise(rng, rough.shape, rng.uniform(2, 20), 1.1)
    factor, albedo = np.exp(rng.uniform(-0.45, 0.2)), layers.albedo
    chance = rng.random()
    wet, waxed = chance < 0.1, 0.1 <= chance < 0.25 and polishable
    if waxed:
        factor = rng.uniform(0.35, 0.85)
    elif wet:
        factor = rng.uniform(0.25, 0.7)
        albedo = np.clip(albedo, 0.118, 1) ** (1 + 0.3 * (1 - metal[..., None]))
    # The power moves what is smooth, the factor what is rough.
    matter = rough ** np.exp(rng.uniform(-0.7, 0.2))
    mean = float(matter.mean())
    matter = factor * np.clip(mean + rng.uniform(0.4, 1.8) * (matter - mean), 0.05, 1)
    if wet or waxed:
        # Wax and wet do not lie evenly.
        matter = matter + (rough - matter) * smoothstep(patch, rng.uniform(0, 2.5), 2.6)
    sheen = rough ** np.exp(rng.uniform(-0.6, 0.6))
    blended = matter * (1 - metal) + sheen * metal + rng.uniform(0, 0.06) * patch
    return Layers(albedo, np.clip(blended, 0.04, 1), layers.relief, metal)


def _used(rng: Rng, layers: Layers) -> Layers:
    """Dirt in the hollows, dust in patches, edges rubbed bright and smooth; each on some materials only."""
    size = layers.relief.shape[0]
    standing = normalised(
        layers.relief - blur(layers.relief.astype(np.float32), size * rng.uniform(0.01, 0.04))
    )
    cloud, fine = smooth_noise(rng, (size, size), 6, 1.0), smooth_noise(rng, (size, size), 120, 0.5)
    albedo, rough, metallic = layers.albedo, layers.roughness, layers.metallic
    if rng.random() < 0.4:
        start = rng.uniform(0.6, 1.6)
        dirt = rng.uniform(0.4, 1.0) * smoothstep(-standing + 0.3 * cloud + 0.2 * fine, start, start + 0.6)
        tone = pick(rng, (0.24, 0.2, 0.16), (0.18, 0.16, 0.15), (0.34, 0.3, 0.25), (0.22, 0.24, 0.16))
        albedo, metallic = mix(albedo, tone, dirt), metallic * (1 - dirt)
        rough = rough + (rng.uniform(0.75, 0.97) - rough) * dirt
    if rng.random() < 0.25:
        start = rng.uniform(0.2, 1.4)
        dust = rng.uniform(0.2, 0.8) * smoothstep(cloud + 0.4 * fine - 0.2 * standing, start, start + 1.0)
        tone = pick(rng, (0.55, 0.5, 0.43), (0.45, 0.43, 0.4), (0.62, 0.6, 0.56))
        albedo, metallic = mix(albedo, tone, dust), metallic * (1 - dust)
        rough = rough + (rng.uniform(0.85, 1.0) - rough) * dust
    if rng.random() < 0.35:
        worn = smoothstep(standing + 0.3 * cloud, rng.uniform(0.8, 1.5), 2.4)
        lighter = np.minimum(albedo * (1 + rng.uniform(0, 0.3)), np.maximum(albedo, 0.94))
        albedo = mix(albedo, lighter, worn * (1 - metallic))
        rough = rough * (1 - rng.uniform(0, 0.45) * worn)
    return Layers(albedo, np.clip(rough, 0.04, 1), layers.relief, metallic)

"""Procedural metals, bare, rusted and painted; each (generator, size) to Layers."""

import numpy as np

from unbake.image.arrays import Reals
from unbake.image.noise import coordinates, mix, smooth_noise, smoothstep
from unbake.synth.lattices import Cells, bricks, rings, stones
from unbake.synth.layers import Layers, Rng, bare, pick


def _scratched(rng: Rng, size: int) -> Reals:
    """Fine brushing along one axis with blotches, (H, W), deviation about 1."""
    stretch = ((20.0, 1.0), (1.0, 20.0))[rng.integers(2)]
    brushed = smooth_noise(rng, (size, size), 160, 0.2, stretch)
    return 0.7 * brushed + 0.7 * smooth_noise(rng, (size, size), 30, 1.1)


def _sheets(rng: Rng, size: int, across: int) -> tuple[Cells, Reals, Reals]:
    """A grid of plates: cells, plate body (0 in the gaps) and rivet domes along their borders, (H, W) each."""
    x, y = coordinates(size)
    cells = bricks(x, y, across, across, np.full(across, 0.0))
    body = smoothstep(cells.edge, 0.003, 0.008)
    spaced = int(rng.integers(3, 6))
    # Rivets sit half a step in from the border, at equal steps along it.
    near_u, near_v = (np.abs(w) * spaced for w in (cells.u, cells.v))
    beside = np.hypot(near_u - (spaced - 0.5), near_v % 1 - 0.5)
    above = np.hypot(near_v - (spaced - 0.5), near_u % 1 - 0.5)
    off = np.minimum(beside, above) / (2 * across * spaced)
    return cells, body, np.sqrt(np.clip(1 - (off / 0.011) ** 2, 0, 1))


def plates(rng: Rng, size: int) -> Layers:
    """Riveted sheets of bare iron or steel with dark grime in the gaps."""
    cells, body, rivet = _sheets(rng, size, int(rng.integers(2, 4)))
    scratch = _scratched(rng, size)
    steel = bare(rng, "iron", "steel") * (0.96 + 0.06 * cells.own(rng))[..., None]
    grime = smoothstep(smooth_noise(rng, (size, size), 40, 0.9) - 3.5 * body, -1.6, 0.0)
    albedo = mix(steel + 0.01 * scratch[..., None], pick(rng, (0.16, 0.13, 0.1)), grime)
    roughness = (rng.uniform(0.28, 0.45) + 0.05 * scratch) * (1 - grime) + 0.9 * grime
    dent = smooth_noise(rng, (size, size), 6, 1.0)
    relief = 0.008 * body + 0.009 * rivet + 0.0012 * dent + 0.0001 * scratch
    return Layers(albedo, roughness, relief, 1 - grime)


def rust(rng: Rng, size: int) -> Layers:
    """Steel going to rust in patches: the rust is no metal, rough, and stands off the sheet."""
    patches = smooth_noise(rng, (size, size), 60, 1.1)
    fine, scratch = smooth_noise(rng, (size, size), 130, 0.4), _scratched(rng, size)
    level = rng.uniform(-0.6, 0.9)
    rusted = smoothstep(patches + 0.15 * fine, level - 0.15, level + 0.25)
    deep, bright = (
        pick(rng, (0.3, 0.17, 0.11), (0.25, 0.15, 0.12)),
        pick(rng, (0.55, 0.3, 0.14), (0.48, 0.26, 0.13)),
    )
    oxide = mix(bright, deep, np.clip(0.5 + 0.4 * (patches - level) + 0.2 * fine, 0, 1))
    steel = bare(rng, "iron", "steel") + 0.012 * scratch[..., None]
    relief = rusted * (0.002 + 0.0012 * fine + 0.0015 * patches) + 0.00012 * scratch
    roughness = (0.38 + 0.05 * scratch) * (1 - rusted) + (0.9 + 0.03 * fine) * rusted
    return Layers(mix(steel, oxide, rusted), roughness, relief, 1 - rusted)


def hammered(rng: Rng, size: int) -> Layers:
    """Sheet of gold, brass, copper, bronze or silver, beaten with a round hammer."""
    across = int(rng.integers(10, 20))
    x, y = coordinates(size)
    cells = stones(x, y, rng, across, 0.9)
    dent = np.clip(1 - (cells.u**2 + cells.v**2), 0, 1)
    scratch = _scratched(rng, size)
    metal = bare(rng, "gold", "brass", "copper", "bronze", "silver") + 0.012 * scratch[..., None]
    tarnish = smoothstep(smooth_noise(rng, (size, size), 24, 1.0) - dent, rng.uniform(0.6, 1.6), 2.2)
    albedo = metal * (1 - 0.35 * tarnish[..., None])
    relief = -(0.22 / across) * dent + 0.0001 * scratch
    roughness = rng.uniform(0.18, 0.32) + 0.03 * scratch + 0.3 * tarnish
    return Layers(albedo, roughness, relief, np.ones_like(dent))


def chainmail(rng: Rng, size: int) -> Layers:
    """Linked iron rings over a dark padded cloth."""
    count = int(rng.integers(8, 15))
    x, y = coordinates(size)
    height = rings(x, y, count)
    wire = smoothstep(height, 0.02, 0.1)
    fine, cloud = smooth_noise(rng, (size, size), 140, 0.4), smooth_noise(rng, (size, size), 16, 1.0)
    iron = bare(rng, "iron", "steel") * (1 + 0.03 * cloud)[..., None]
    padding = pick(rng, (0.2, 0.16, 0.12), (0.15, 0.14, 0.15)) + 0.03 * fine[..., None]
    roughness = 0.95 + (rng.uniform(0.3, 0.45) + 0.05 * cloud - 0.95) * wire
    relief = (0.35 / count) * height + (1 - wire) * 0.0005 * fine
    return Layers(mix(padding, iron, wire), roughness, relief, wire)


def painted_metal(rng: Rng, size: int) -> Layers:
    """Painted steel plates, the paint chipped off along borders and rivets, a rim of rust around the chips."""
    cells, body, rivet = _sheets(rng, size, int(rng.integers(1, 4)))
    fine, cloud = smooth_noise(rng, (size, size), 120, 0.6), smooth_noise(rng, (size, size), 50, 1.1)
    exposed = np.exp(-cells.edge / 0.02) * 1.4 + 0.8 * rivet + cloud * 0.7 + 0.2 * fine
    level = rng.uniform(1.2, 1.9)
    chip = smoothstep(exposed, level, level + 0.06)
    rim = smoothstep(exposed, level - 0.35, level) * (1 - chip)
    gap = 1 - body
    paint = pick(
        rng, (0.5, 0.15, 0.11), (0.2, 0.33, 0.42), (0.62, 0.52, 0.2), (0.28, 0.36, 0.26), (0.7, 0.69, 0.65)
    )
    coat = paint * (0.95 + 0.08 * cells.own(rng))[..., None] * (1 + 0.03 * cloud)[..., None]
    albedo = mix(mix(coat, pick(rng, (0.4, 0.22, 0.13)), 0.7 * rim), bare(rng, "iron", "steel"), chip)
    albedo = mix(albedo, pick(rng, (0.13, 0.11, 0.1)), gap)
    coated = rng.uniform(0.35, 0.6) + 0.03 * cloud + 0.3 * rim
    roughness = (coated * (1 - chip) + (0.42 + 0.05 * fine) * chip) * body + 0.9 * gap
    relief = 0.008 * body + 0.009 * rivet - 0.0012 * chip * body + 0.0001 * fine
    return Layers(albedo, roughness, relief, chip * body)

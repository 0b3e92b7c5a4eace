"""Procedural boards, varnished, weathered or painted, easily taken for metal; each (generator, size) to Layers."""

import numpy as np

from unbake.image.arrays import Reals
from unbake.image.noise import coordinates, mix, smooth_noise, smoothstep
from unbake.synth.lattices import Cells, bricks
from unbake.synth.layers import Layers, Rng, pick
from unbake.synth.materials.gloss import polish


def _boards(rng: Rng, size: int) -> tuple[Cells, Reals, Reals]:
    """Boards or parquet: cells, figure of the wood about 0 to 1, fibre about 0; (H, W) each."""
    shape = (size, size)
    x, y = coordinates(size)
    count = int(rng.integers(3, 13))
    long = max(1, round(count / rng.uniform(2, 6)))
    cells = bricks(y, x, count, long, rng.random(count))
    fibre = smooth_noise(rng, shape, 160, 0.3, (18.0, 1.0))
    figure = smooth_noise(rng, shape, 30, 1.1, (7.0, 1.0))
    rings = np.sin(2 * np.pi * (rng.uniform(1, 3) * figure + 5 * cells.own(rng)))
    return cells, np.clip(0.4 + 0.25 * rings + 0.1 * fibre + 0.4 * (cells.own(rng) - 0.5), 0, 1), fibre


def varnished(rng: Rng, size: int) -> Layers:
    """Boards or parquet, dark or honey-coloured, under varnish or wax, worn dull in places."""
    cells, figure, fibre = _boards(rng, size)
    body = smoothstep(cells.edge, 0.0012, 0.0025 + 0.5 / size)
    dark = pick(
        rng, (0.18, 0.12, 0.09), (0.25, 0.15, 0.1), (0.36, 0.2, 0.11), (0.16, 0.13, 0.12), (0.45, 0.28, 0.14)
    )
    albedo = mix(dark, np.minimum(dark * rng.uniform(1.3, 2.0), 0.8), figure)
    albedo = albedo * (0.85 + 0.3 * cells.own(rng))[..., None]
    patch = smooth_noise(rng, (size, size), rng.uniform(4, 16), 1.1)
    worn = smoothstep(patch + 0.3 * fibre, rng.uniform(0.6, 3.0), 3.2)
    gloss = polish(rng, size, 0.6) + 0.03 * fibre * rng.random()
    albedo = mix(albedo, np.minimum(albedo * 1.4 + 0.05, 1), 0.7 * worn)
    roughness = (gloss + (0.7 - gloss) * worn) * body + 0.8 * (1 - body)
    relief = 0.003 * body + 0.0002 * fibre - 0.0004 * figure * rng.random() + 0.0008 * cells.own(rng) * body
    return Layers(mix(0.4 * dark, albedo, body), roughness, relief, np.zeros_like(body))


def grey_wood(rng: Rng, size: int) -> Layers:
    """Boards gone silver-grey in the weather, raised grain, cracks."""
    cells, figure, fibre = _boards(rng, size)
    body = smoothstep(cells.edge, 0.003, 0.006)
    pale, deep = (
        pick(rng, (0.6, 0.59, 0.57), (0.52, 0.52, 0.53), (0.66, 0.63, 0.58), (0.44, 0.44, 0.44)),
        pick(rng, (0.34, 0.32, 0.3), (0.28, 0.28, 0.28), (0.36, 0.33, 0.28)),
    )
    crack = smoothstep(smooth_noise(rng, (size, size), 90, 0.5, (24.0, 1.0)), 2.0, 2.6)
    albedo = mix(pale, deep, figure) * (0.85 + 0.3 * cells.own(rng))[..., None]
    albedo = mix(albedo, 0.5 * deep, np.maximum(crack, 1 - body))
    roughness = rng.uniform(0.55, 0.9) + 0.06 * (figure - 0.5) + 0.03 * fibre
    relief = body * (0.008 + 0.004 * cells.own(rng)) - 0.002 * figure + 0.0006 * fibre - 0.003 * crack
    return Layers(albedo, roughness, relief, np.zeros_like(body))


def gloss_paint(rng: Rng, size: int) -> Layers:
    """Boards or plain wood under opaque paint, from eggshell to lacquer, any colour and many greys; some chipped."""
    cells, figure, fibre = _boards(rng, size)
    plain = rng.random() < 0.35
    body = np.ones_like(figure) if plain else smoothstep(cells.edge, 0.002, 0.005)
    grey = float(rng.uniform(0.14, 0.9))
    dye = rng.uniform(0, 0.6) if rng.random() < 0.55 else 0.06
    coat = np.clip(grey + dye * rng.uniform(-0.5, 0.5, 3), 0.12, 0.92).astype(np.float32)
    brush = smooth_noise(rng, (size, size), 180, 0.4, (20.0, 1.0))
    cloud, fine = smooth_noise(rng, (size, size), 16, 1.1), smooth_noise(rng, (size, size), 130, 0.6)
    wood = mix(pick(rng, (0.5, 0.38, 0.26)), pick(rng, (0.3, 0.22, 0.15)), figure)
    chip = smoothstep(cloud + 0.35 * fine + 0.5 * (1 - body), rng.uniform(1.0, 5.0), 5.1)
    chip = smoothstep(chip, 0.02, 0.06)
    paint = coat * (1 + 0.02 * cloud + 0.01 * brush)[..., None]
    gloss = polish(rng, size, 0.65)
    albedo = mix(mix(paint, wood, chip), 0.35 * coat, 1 - body)
    roughness = gloss + (0.8 - gloss) * np.maximum(chip, 1 - body)
    grain = rng.uniform(0, 0.0006)
    relief = 0.006 * body - 0.0012 * chip + 0.00008 * brush + grain * (fibre - figure)
    return Layers(albedo, roughness, relief, np.zeros_like(body))

"""Procedural wood, bark, cloth and leather; each (generator, size) to Layers."""

import numpy as np

from unbake.image.noise import coordinates, mix, smooth_noise, smoothstep
from unbake.synth.lattices import bricks, stones, threads
from unbake.synth.layers import Layers, Rng, bare, pick

_WOODS = ((0.5, 0.35, 0.22), (0.42, 0.29, 0.19), (0.55, 0.45, 0.34), (0.36, 0.26, 0.2))


def planks(rng: Rng, size: int) -> Layers:
    """Upright boards with grain, gaps and iron nails."""
    boards, shape = int(rng.integers(3, 7)), (size, size)
    x, y = coordinates(size)
    # Courses run along x; boards stand, so the two coordinates change places.
    cells = bricks(y, x + 0.0008 * smooth_noise(rng, shape, 12), boards, 1, rng.random(boards))
    fibre = smooth_noise(rng, shape, 120, 0.4, (14.0, 1.0))
    figure = smooth_noise(rng, shape, 30, 1.2, (6.0, 1.0))
    rings = np.sin(2 * np.pi * (2.5 * figure + 4 * cells.own(rng)))
    light, dark = pick(rng, *_WOODS), pick(rng, (0.26, 0.18, 0.12), (0.33, 0.24, 0.16))
    shade = np.clip(0.35 + 0.22 * rings + 0.14 * fibre + 0.5 * (cells.own(rng) - 0.5), 0, 1)
    body = smoothstep(cells.edge, 0.003, 0.007)
    wood = mix(light, dark, shade)
    # A pair of nails near each end of a board, on its own lattice position.
    end = 1 - np.abs(cells.u)
    off = np.hypot((end - 0.06) / 2, (np.abs(cells.v) - 0.55) / (2 * boards))
    nail = smoothstep(-off, -0.009, -0.007)
    bulge = 0.004 * np.sqrt(np.clip(1 - (off / 0.009) ** 2, 0, 1))
    relief = body * (0.008 + 0.003 * cells.own(rng)) - 0.0012 * shade + 0.0006 * fibre + bulge
    albedo = mix(mix(pick(rng, (0.14, 0.1, 0.08)), wood, body), bare(rng, "iron"), nail)
    roughness = (0.72 + 0.12 * shade + 0.03 * fibre) * (1 - nail) + 0.5 * nail
    return Layers(albedo, roughness, relief, nail)


def bark(rng: Rng, size: int) -> Layers:
    """Deep upright ridges of old bark, some with moss."""
    shape = (size, size)
    ridge = smooth_noise(rng, shape, 40, 0.9, (rng.uniform(3, 6), 1.0))
    crack = smooth_noise(rng, shape, 40, 0.9, (1.0, 2.0))
    fine = smooth_noise(rng, shape, 120, 0.5, (3.0, 1.0))
    plate = smoothstep(np.abs(ridge), 0.05, 1.1) * (0.6 + 0.4 * smoothstep(np.abs(crack), 0.0, 0.5))
    deep, worn = (
        pick(rng, (0.22, 0.16, 0.12), (0.2, 0.17, 0.15)),
        pick(rng, (0.46, 0.38, 0.31), (0.5, 0.46, 0.41)),
    )
    albedo = mix(deep, worn, np.clip(plate + 0.12 * fine, 0, 1))
    moss = smoothstep(smooth_noise(rng, shape, 8, 1.0) + 0.4 * fine, rng.uniform(0.6, 2.5), 3.0)
    albedo = mix(albedo, pick(rng, (0.3, 0.36, 0.16)), 0.8 * moss)
    relief = 0.022 * plate + 0.0015 * fine + 0.004 * moss
    return Layers(albedo, 0.85 + 0.08 * moss - 0.03 * fine, relief, np.zeros_like(relief))


def shingles(rng: Rng, size: int) -> Layers:
    """Overlapping roof shingles of split wood or slate, each course on top of the one below."""
    rows, shape = 2 * int(rng.integers(3, 6)), (size, size)
    x, y = coordinates(size)
    ragged = 0.004 * smooth_noise(rng, shape, 20, 0.8)
    cells = bricks(x, y + ragged, rows, rows, 0.5 * (np.arange(rows) % 2) + 0.2 * rng.random(rows))
    grain = smooth_noise(rng, shape, 110, 0.5, (8.0, 1.0))
    slate = rng.random() < 0.4
    wooden = (pick(rng, *_WOODS), pick(rng, (0.4, 0.37, 0.34), (0.3, 0.24, 0.2)))
    grey = (pick(rng, (0.36, 0.38, 0.41), (0.3, 0.31, 0.35)), pick(rng, (0.42, 0.4, 0.4)))
    first, second = grey if slate else wooden
    albedo = mix(first, second, np.clip(cells.own(rng) + 0.15 * grain, 0, 1))
    gap = smoothstep((1 - np.abs(cells.u)) / (2 * rows), 0.001, 0.004)
    # Down the roof a shingle comes out further, to its thick butt at the lower end.
    out = (0.5 + 0.5 * cells.v) * (0.85 + 0.3 * cells.own(rng))
    relief = (0.16 / rows) * out * (0.25 + 0.75 * gap) + (0.0004 if slate else 0.0012) * grain
    roughness = (0.62 if slate else 0.82) + 0.04 * grain + 0.06 * (1 - gap)
    return Layers(mix(albedo * 0.5, albedo, gap), roughness, relief, np.zeros_like(relief))


def weave(rng: Rng, size: int) -> Layers:
    """Coarse woven cloth: linen of one colour, or stripes of two."""
    count = 2 * int(rng.integers(10, 24))
    x, y = coordinates(size)
    shape = (size, size)
    push = 0.06 / count
    x = x + push * smooth_noise(rng, shape, 30, 0.8)
    y = y + push * smooth_noise(rng, shape, 30, 0.8)
    height, on_top, number = threads(x, y, count)
    fuzz = smooth_noise(rng, shape, 160, 0.3)
    base = pick(rng, (0.62, 0.56, 0.45), (0.45, 0.16, 0.14), (0.2, 0.26, 0.4), (0.3, 0.33, 0.22))
    band = pick(rng, (0.7, 0.63, 0.5), (0.5, 0.4, 0.2), (0.25, 0.22, 0.2))
    period = int(rng.choice([2, count // 2, count]))
    stripe = ((number % count) % period < period // 2) & (on_top | (rng.random() < 0.5))
    tone = 0.85 + 0.3 * rng.random(2 * count, dtype=np.float32)[number]
    cloth = mix(base, band, (0.9 * stripe).astype(np.float32)) * tone[..., None] + 0.03 * fuzz[..., None]
    relief = (0.35 / count) * height + 0.0006 * fuzz
    return Layers(cloth, 0.93 - 0.1 * height + 0.02 * fuzz, relief, np.zeros_like(relief))


def leather(rng: Rng, size: int) -> Layers:
    """Tanned hide: pebbled grain, creases, polished where it is rubbed."""
    shape = (size, size)
    x, y = coordinates(size)
    across = int(rng.integers(30, 50))
    warp = [0.3 / across * smooth_noise(rng, shape, 40, 0.8) for _ in range(2)]
    cells = stones(x + warp[0], y + warp[1], rng, across, 0.9)
    pebble = smoothstep(cells.edge * across, 0.0, 0.3)
    fold, rubbed = smooth_noise(rng, shape, 14, 1.0), smooth_noise(rng, shape, 20, 1.1)
    crease = smoothstep(-np.abs(fold), -0.12, 0.0)
    hide, worn = (
        pick(rng, (0.36, 0.22, 0.14), (0.24, 0.16, 0.12), (0.2, 0.19, 0.18)),
        pick(rng, (0.5, 0.34, 0.22)),
    )
    albedo = mix(hide, worn, np.clip(0.25 + 0.22 * rubbed, 0, 1)) * (0.9 + 0.12 * pebble)[..., None]
    relief = (0.1 / across) * pebble - 0.004 * crease + 0.003 * fold
    roughness = 0.62 - 0.12 * np.clip(rubbed, -1, 1) - 0.06 * pebble + 0.1 * crease
    return Layers(mix(albedo, 0.7 * albedo, crease), roughness, relief, np.zeros_like(relief))

"""Procedural surfaces easily taken for metal: polished, glazed, wet, grey; each (generator, size) to Layers."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from unbake.image.arrays import Reals
from unbake.image.noise import blur, coordinates, mix, smooth_noise, smoothstep
from unbake.synth.lattices import Cells, bricks, stones
from unbake.synth.layers import Layers, Rng, pick
from unbake.synth.materials import stone as mineral

_STONES = (
    (0.14, 0.14, 0.15), (0.2, 0.21, 0.23), (0.16, 0.22, 0.19), (0.3, 0.31, 0.33), (0.33, 0.2, 0.18), (0.22, 0.17, 0.14),
    (0.5, 0.5, 0.51), (0.62, 0.61, 0.6), (0.72, 0.66, 0.58), (0.84, 0.83, 0.81), (0.55, 0.4, 0.34), (0.4, 0.44, 0.4),
)  # fmt: skip
_GLAZES = (
    (0.13, 0.13, 0.14), (0.2, 0.17, 0.14), (0.35, 0.37, 0.39), (0.16, 0.24, 0.42), (0.42, 0.55, 0.5), (0.3, 0.36, 0.22),
    (0.88, 0.87, 0.83), (0.72, 0.74, 0.74), (0.5, 0.24, 0.14), (0.75, 0.62, 0.38), (0.48, 0.14, 0.12),
)  # fmt: skip


def _wear(rng: Rng, size: int, level: float, spread: float) -> Reals:
    """Roughness (H, W) about a level: blotches, and rubbed or scuffed lines where the spread is wide."""
    blotch = smooth_noise(rng, (size, size), rng.uniform(6, 40), rng.uniform(0.6, 1.4))
    scuff = smooth_noise(rng, (size, size), 180, 0.3, ((14.0, 1.0), (1.0, 14.0))[rng.integers(2)])
    return level + spread * (0.7 * blotch + 0.5 * np.maximum(scuff, 0))


def polish(rng: Rng, size: int, dullest: float) -> Reals:
    """Roughness (H, W) of something polished: from a mirror to honed, even or scuffed."""
    level = float(np.exp(rng.uniform(np.log(0.06), np.log(dullest))))
    return np.clip(_wear(rng, size, level, level * rng.uniform(0.05, 0.45)), 0.03, 0.9)


def _slabs(rng: Rng, size: int) -> tuple[Cells, Reals]:
    """Large slabs in courses and how far they are no joint, (H, W); some floors have a joint at the border only."""
    rows = int(rng.integers(1, 5))
    cells = bricks(*coordinates(size), rows, rows, rng.choice([0.0, 0.5]) * (np.arange(rows) % 2))
    joint = rng.uniform(0.001, 0.004)
    return cells, smoothstep(cells.edge, joint, 1.5 * joint + 0.5 / size)


def polished_stone(rng: Rng, size: int) -> Layers:
    """Slabs of dark or pale stone, veined, speckled, broken or plain, honed or polished to a mirror."""
    x, y = coordinates(size)
    cells, body = _slabs(rng, size)
    cloud, fine = smooth_noise(rng, (size, size), 14, 1.1), smooth_noise(rng, (size, size), 170, 0.2)
    ground, second, third = (pick(rng, *_STONES) for _ in range(3))
    second = ground + (second - ground) * rng.uniform(0.2, 0.9)
    kind = rng.integers(4)
    if kind == 0:
        swing = np.sin(2 * np.pi * (int(rng.integers(1, 4)) * x + int(rng.integers(-3, 4)) * y) + 2.5 * cloud)
        share = np.clip(1 - np.abs(swing + 0.2 * fine) * rng.uniform(2, 8), 0, 1)
    elif kind == 1:
        grains = stones(x, y, rng, int(rng.integers(40, 110)), 1.0)
        share = (grains.own(rng) > rng.uniform(0.4, 0.8)).astype(np.float32)
        ground = mix(ground, third, (grains.own(rng) > 0.8).astype(np.float32))
    elif kind == 2:
        push = 0.02 * smooth_noise(rng, (size, size), 30, 1.0)
        shards = stones(x + push, y - push, rng, int(rng.integers(5, 16)), 1.0)
        share = 0.6 * shards.own(rng) + 0.4 * smoothstep(shards.edge, 0.006, 0.0)
    else:
        share = np.clip(0.3 + 0.15 * cloud + 0.06 * fine, 0, 1)
    albedo = mix(ground, second, share) + 0.015 * cloud[..., None] * rng.random()
    albedo = albedo * (0.92 + 0.16 * cells.own(rng))[..., None]
    grout = pick(rng, (0.2, 0.19, 0.18), (0.5, 0.48, 0.45))
    roughness = polish(rng, size, 0.6) + rng.uniform(0, 0.15) * share
    relief = 0.003 * body + 0.0003 * cloud + 0.00008 * fine + 0.001 * body * (cells.own(rng) - 0.5)
    return Layers(mix(grout, albedo, body), 0.85 + (roughness - 0.85) * body, relief, np.zeros_like(body))


def obsidian(rng: Rng, size: int) -> Layers:
    """Volcanic glass: shell-shaped breaks with ripples, black or brown, banded with grey."""
    x, y = coordinates(size)
    push = [0.03 * smooth_noise(rng, (size, size), 8, 1.2) for _ in range(2)]
    cells = stones(x + push[0], y + push[1], rng, int(rng.integers(3, 8)), 1.0)
    reach = np.hypot(cells.u, cells.v)
    ripple = np.sin(rng.uniform(14, 40) * reach + 6 * cells.own(rng))
    tilt = (cells.own(rng) - 0.5) * cells.u + (cells.own(rng) - 0.5) * cells.v
    relief = 0.03 * (tilt + 0.25 * reach**2) + 0.0008 * ripple * np.exp(-reach)
    band = smoothstep(smooth_noise(rng, (size, size), 40, 0.8, (1.0, 6.0)), 0.8, 2.0)
    black = pick(rng, (0.13, 0.13, 0.14), (0.17, 0.14, 0.13), (0.14, 0.16, 0.15))
    albedo = mix(black, pick(rng, (0.3, 0.29, 0.29), (0.34, 0.2, 0.14)), 0.7 * band * rng.random())
    edge = rng.random() * smoothstep(cells.edge, 0.006, 0.0)
    roughness = polish(rng, size, 0.3) + 0.25 * band * rng.random() + 0.2 * edge
    return Layers(albedo + 0.08 * edge[..., None], roughness, relief - 0.002 * edge, np.zeros_like(relief))


def glazed(rng: Rng, size: int) -> Layers:
    """Thick glaze that looks wet: on tiles, mosaic, a thrown pot's rings or a plain wall, some crazed."""
    x, y = coordinates(size)
    shape = (size, size)
    cloud, fine = smooth_noise(rng, shape, 10, 1.1), smooth_noise(rng, shape, 120, 0.6)
    kind = rng.integers(3)
    if kind == 0:
        rows = int(rng.integers(3, 12))
        cells = bricks(x, y, rows, rows, rng.choice([0.0, 0.5]) * (np.arange(rows) % 2))
        edge, own, across = cells.edge, cells.own(rng), rows
    elif kind == 1:
        across = int(rng.integers(8, 28))
        cells = stones(x, y, rng, across, 0.7)
        edge, own = cells.edge, cells.own(rng)
    else:
        across, edge, own = 8, np.ones(shape, np.float32), np.full(shape, 0.5, np.float32)
    body = smoothstep(edge, 0.04 / across, 0.07 / across)
    pillow = smoothstep(edge, 0.03 / across, 0.2 / across)
    first, second = pick(rng, *_GLAZES), pick(rng, *_GLAZES)
    split = (own > 0.6) if rng.random() < 0.5 else np.clip(0.3 + 0.2 * cloud, 0, 1)
    # Glaze is thin, and lets the clay through, on the edges.
    colour = mix(first, first + (second - first) * rng.random(), split.astype(np.float32))
    colour = mix(colour * (0.85 + 0.3 * own)[..., None], pick(rng, (0.55, 0.4, 0.3)), 0.4 * (1 - pillow))
    crazed = np.zeros(shape, np.float32)
    if rng.random() < 0.4:
        crazed = smoothstep(stones(x, y, rng, int(rng.integers(12, 40)), 1.0).edge, 0.0012 + 0.5 / size, 0.0)
    colour = mix(colour, 0.55 * colour, 0.6 * crazed)
    rings = np.sin(2 * np.pi * int(rng.integers(6, 24)) * y) if kind == 2 else 0.0
    grout = pick(rng, (0.45, 0.43, 0.4), (0.25, 0.24, 0.23), (0.6, 0.58, 0.55))
    roughness = polish(rng, size, 0.65) + 0.2 * crazed
    relief = (
        0.04 / across * pillow
        + 0.0015 * rings
        + 0.0015 * cloud
        + 0.0004 * fine * (1 - body)
        - 0.0006 * crazed
    )
    return Layers(
        mix(grout, colour, body), 0.9 + (roughness - 0.9) * body, relief, np.zeros(shape, np.float32)
    )


def slate(rng: Rng, size: int) -> Layers:
    """Cleft slate: thin layers broken off in steps, silver-grey, bluish or green, with a dull sheen."""
    shape = (size, size)
    rough, fine = smooth_noise(rng, shape, rng.uniform(10, 30), 1.2), smooth_noise(rng, shape, 160, 0.4)
    layer = 1.5 * rough + 0.1 * fine
    step = np.floor(layer) + smoothstep(layer % 1, 0.75, 1.0)
    cells, body = _slabs(rng, size)
    if rng.random() < 0.4:
        body = np.ones(shape, np.float32)
    base, other = (
        pick(
            rng,
            (0.36, 0.38, 0.41),
            (0.46, 0.47, 0.48),
            (0.28, 0.29, 0.32),
            (0.37, 0.4, 0.37),
            (0.4, 0.35, 0.38),
        ),
        pick(rng, (0.52, 0.52, 0.52), (0.44, 0.4, 0.34), (0.3, 0.32, 0.35)),
    )
    tone = np.clip(0.4 + 0.12 * step + 0.1 * rough, 0, 1) * rng.uniform(0.2, 0.8)
    albedo = mix(base, other, tone) * (0.9 + 0.2 * cells.own(rng))[..., None] + 0.02 * fine[..., None]
    roughness = rng.uniform(0.28, 0.65) + 0.05 * fine + 0.05 * (step - rough)
    relief = rng.uniform(0.001, 0.004) * step + 0.0003 * fine + 0.006 * body
    albedo = mix(pick(rng, (0.3, 0.29, 0.27)), albedo, body)
    return Layers(albedo, 0.9 + (roughness - 0.9) * body, relief, np.zeros(shape, np.float32))


def satin(rng: Rng, size: int) -> Layers:
    """Smooth cloth with a sheen, silver-grey to black or coloured; some with a damask pattern; soft folds."""
    x, y = coordinates(size)
    shape = (size, size)
    count = int(rng.integers(60, 128))
    # A diagonal of long floats: each thread one step on from its neighbour.
    twill = (
        np.sin(2 * np.pi * count * (x + int(rng.choice([-1, 1])) * y))
        * np.sin(2 * np.pi * count / 2 * y) ** 2
    )
    fold, fuzz = smooth_noise(rng, shape, rng.uniform(3, 8), 1.5), smooth_noise(rng, shape, 180, 0.3)
    figure = np.zeros(shape, np.float32)
    if rng.random() < 0.5:
        n = int(rng.integers(2, 6))
        wave = np.cos(2 * np.pi * n * x) * np.cos(2 * np.pi * n * y) + 0.5 * np.cos(
            2 * np.pi * 2 * n * (x + y)
        )
        figure = smoothstep(wave + 0.2 * smooth_noise(rng, shape, 20, 0.8), 0.1, 0.2)
    cloth = pick(
        rng, (0.55, 0.55, 0.57), (0.7, 0.7, 0.69), (0.3, 0.3, 0.32), (0.15, 0.15, 0.17), (0.45, 0.42, 0.38),
        (0.4, 0.13, 0.16), (0.15, 0.2, 0.36), (0.55, 0.45, 0.22),
    )  # fmt: skip
    albedo = cloth * (1 + 0.05 * twill + 0.03 * fuzz - rng.uniform(0, 0.25) * figure)[..., None]
    roughness = rng.uniform(0.3, 0.65) + rng.uniform(-0.12, 0.25) * figure + 0.03 * fuzz + 0.03 * twill
    relief = 0.0004 * twill + rng.uniform(0.004, 0.02) * fold + 0.0008 * figure
    return Layers(albedo, roughness, relief, np.zeros(shape, np.float32))


def concrete(rng: Rng, size: int) -> Layers:
    """Cast concrete: boards' or panels' marks, blow holes, stains, cracks; raw, smoothed or ground to a polish."""
    x, y = coordinates(size)
    shape = (size, size)
    cloud, fine = smooth_noise(rng, shape, 20, 1.0), smooth_noise(rng, shape, 170, 0.3)
    grey = pick(
        rng, (0.55, 0.55, 0.54), (0.45, 0.45, 0.44), (0.66, 0.65, 0.63), (0.36, 0.36, 0.36), (0.58, 0.55, 0.5)
    )
    albedo = grey * (1 + rng.uniform(0.03, 0.12) * cloud + 0.03 * fine)[..., None]
    rows, columns = int(rng.integers(1, 9)), int(rng.integers(1, 3))
    cells = bricks(x, y, rows, columns, np.zeros(rows))
    albedo = albedo * (0.93 + 0.14 * cells.own(rng))[..., None]
    seam = smoothstep(cells.edge, 0.003, 0.0)
    holes = stones(x, y, rng, int(rng.integers(24, 60)), 1.0)
    size_of = 0.35 * holes.own(rng) ** 4 / holes.count**0.5
    blown = smoothstep(size_of - np.hypot(holes.u, holes.v) / holes.count**0.5, 0, 1 / size)
    drip = smoothstep(smooth_noise(rng, shape, 40, 0.8, (16.0, 1.0)), rng.uniform(0.8, 2.5), 3.0)
    crack = smoothstep(stones(x + 0.02 * cloud, y, rng, 3, 1.0).edge, 0.0015, 0.0) * (rng.random() < 0.3)
    albedo = mix(albedo, 0.6 * grey, np.clip(0.5 * seam + 0.7 * blown + 0.6 * drip + 0.7 * crack, 0, 1))
    level = rng.uniform(0.2, 0.45) if rng.random() < 0.25 else rng.uniform(0.55, 0.95)
    roughness = _wear(rng, size, level, 0.06) + 0.3 * (0.9 - level) * (blown + seam) + 0.03 * fine
    relief = 0.0008 * cloud + rng.uniform(0.0001, 0.0006) * fine - 0.003 * (seam + crack) - 0.005 * blown
    return Layers(albedo, roughness, relief + 0.001 * cells.own(rng), np.zeros(shape, np.float32))


def ice(rng: Rng, size: int) -> Layers:
    """Lake or glacier ice: clear and blue or white with bubbles, cracks within, frost and snow on top."""
    x, y = coordinates(size)
    shape = (size, size)
    cloud, fine = smooth_noise(rng, shape, 12, 1.2), smooth_noise(rng, shape, 150, 0.4)
    push = 0.02 * smooth_noise(rng, shape, 24, 1.0)
    cells = stones(x + push, y + push, rng, int(rng.integers(2, 8)), 1.0)
    crack = np.exp(-cells.edge / rng.uniform(0.003, 0.01))
    deep = pick(rng, (0.5, 0.65, 0.72), (0.35, 0.48, 0.55), (0.66, 0.75, 0.79), (0.28, 0.36, 0.4))
    white = pick(rng, (0.86, 0.9, 0.92), (0.8, 0.86, 0.89))
    bubbles = smoothstep(smooth_noise(rng, shape, 90, 0.2), 1.6, 2.4)
    frost = smoothstep(cloud + 0.3 * fine, rng.uniform(-0.5, 2.2), 2.6)
    albedo = mix(deep, white, np.clip(0.25 + 0.15 * cloud + 0.6 * crack + 0.5 * bubbles, 0, 1))
    roughness = polish(rng, size, 0.3) + 0.1 * crack
    relief = 0.004 * cloud - 0.003 * smoothstep(cells.edge, 0.004, 0.0) + frost * (0.0015 + 0.0006 * fine)
    return Layers(
        mix(albedo, white, 0.85 * frost),
        roughness + (0.75 - roughness) * frost,
        relief,
        np.zeros(shape, np.float32),
    )


def wet_ground(rng: Rng, size: int) -> Layers:
    """Soil, cobbles, paving or slate after rain: soaked and dark, water standing in the hollows."""
    grounds: tuple[Callable[[Rng, int], Layers], ...] = (
        mineral.soil,
        mineral.cobbles,
        mineral.masonry,
        slate,
    )
    dry = grounds[rng.integers(len(grounds))](rng, size)
    patch = smooth_noise(rng, (size, size), 5, 1.2)
    level = dry.relief - blur(dry.relief, size * 0.06)
    low = 0.9 * patch - level / max(float(level.std()), 1e-6)
    start = rng.uniform(-0.6, 1.6)
    soaked, water = smoothstep(low, start - 1.6, start), smoothstep(low, start, start + 0.25)
    # A soaked surface keeps about half of the light that a dry one gives back, and more of its colour.
    dark = np.clip(dry.albedo, 0, 1) ** (1 + 0.35 * soaked[..., None]) * (1 - 0.15 * soaked[..., None])
    rough = dry.roughness + (rng.uniform(0.2, 0.5) - dry.roughness) * soaked
    rough = rough + (rng.uniform(0.05, 0.12) - rough) * water
    surface = blur(dry.relief, size * 0.05)
    relief = dry.relief + (np.minimum(surface, dry.relief) * 0.15 + surface * 0.85 - dry.relief) * water
    return replace(dry, albedo=np.maximum(dark, 0.06), roughness=rough, relief=relief)

"""Procedural stone, brick, tile and ground; each (generator, size) to Layers."""

import numpy as np

from unbake.image.arrays import Reals
from unbake.image.noise import coordinates, mix, sheared, smooth_noise, smoothstep
from unbake.synth.lattices import Cells, bricks, stones
from unbake.synth.layers import Layers, Rng, pick


def _warped(rng: Rng, size: int, amount: float, cycles: float = 8) -> tuple[Reals, Reals]:
    """Coordinates pushed about by noise, so that lattices look laid by hand."""
    x, y = coordinates(size)
    push_x, push_y = (amount * smooth_noise(rng, (size, size), cycles, 1.0) for _ in range(2))
    return x + push_x, y + push_y


def _laid(rng: Rng, cells: Cells, noise: Reals, joint: float, bevel: float, depth: float) -> Reals:
    """Relief of stones in mortar: rounded edges, each stone at its own height and tilt, rough faces."""
    body = smoothstep(cells.edge, joint, joint + bevel)
    tilt = (cells.own(rng) - 0.5) * cells.u + (cells.own(rng) - 0.5) * cells.v
    face = 0.75 + 0.2 * cells.own(rng) + 0.12 * tilt + 0.07 * noise
    return depth * (body * face + (1 - body) * 0.04 * noise)


def brick_wall(rng: Rng, size: int) -> Layers:
    """Fired bricks in running bond with sandy mortar."""
    rows = 2 * int(rng.integers(4, 8))
    cells = bricks(*_warped(rng, size, 0.0012), rows, rows // 2, 0.5 * (np.arange(rows) % 2))
    fine, cloud = smooth_noise(rng, (size, size), 90, 0.6), smooth_noise(rng, (size, size), 24, 1.0)
    joint = rng.uniform(0.08, 0.14) / rows
    body = smoothstep(cells.edge, joint, 1.5 * joint)
    clay, fired = (
        pick(rng, (0.6, 0.33, 0.25), (0.55, 0.28, 0.2)),
        pick(rng, (0.4, 0.24, 0.2), (0.62, 0.45, 0.36)),
    )
    faces = mix(clay, fired, np.clip(cells.own(rng) + 0.15 * cloud, 0, 1)) + 0.035 * fine[..., None]
    mortar = pick(rng, (0.62, 0.59, 0.54), (0.5, 0.48, 0.45)) + 0.03 * fine[..., None]
    roughness = 0.94 - body * (0.16 - 0.03 * cloud)
    relief = _laid(rng, cells, fine, joint, joint, rng.uniform(0.006, 0.012))
    return Layers(mix(mortar, faces, body), roughness, relief, np.zeros_like(relief))


def masonry(rng: Rng, size: int) -> Layers:
    """Hewn blocks of one grey or yellowish stone, large and uneven."""
    rows = int(rng.integers(3, 6))
    cells = bricks(
        *_warped(rng, size, 0.004, 6),
        rows,
        int(rng.integers(2, 4)),
        0.5 * np.arange(rows) + rng.uniform(-0.15, 0.15, rows),
    )
    fine, cloud = smooth_noise(rng, (size, size), 100, 0.7), smooth_noise(rng, (size, size), 40, 1.1)
    stone, other = (
        pick(rng, (0.5, 0.48, 0.45), (0.56, 0.5, 0.4), (0.42, 0.43, 0.45)),
        pick(rng, (0.4, 0.37, 0.33)),
    )
    albedo = mix(stone, other, np.clip(0.7 * cells.own(rng) + 0.2 * cloud, 0, 1)) + 0.03 * fine[..., None]
    body = smoothstep(cells.edge, 0.006, 0.016)
    albedo = mix(pick(rng, (0.4, 0.37, 0.32)) + 0.02 * fine[..., None], albedo, body)
    relief = _laid(rng, cells, cloud + 0.3 * fine, 0.006, 0.014, rng.uniform(0.015, 0.03))
    return Layers(albedo, 0.86 - 0.05 * body + 0.03 * cloud, relief, np.zeros_like(relief))


def cobbles(rng: Rng, size: int) -> Layers:
    """Round river stones set in earth, worn smooth on top."""
    across = int(rng.integers(6, 11))
    cells = stones(*_warped(rng, size, 0.004, 12), rng, across)
    fine, cloud = smooth_noise(rng, (size, size), 90, 0.7), smooth_noise(rng, (size, size), 20, 1.0)
    edge = cells.edge * across
    body = smoothstep(edge, 0.05, 0.14)
    grey, warm = (
        pick(rng, (0.48, 0.47, 0.46), (0.4, 0.41, 0.43)),
        pick(rng, (0.52, 0.46, 0.38), (0.45, 0.4, 0.37)),
    )
    faces = mix(grey, warm, cells.own(rng)) * (0.8 + 0.35 * cells.own(rng))[..., None]
    earth = pick(rng, (0.3, 0.25, 0.19), (0.36, 0.32, 0.27)) + 0.035 * fine[..., None]
    dome = np.sqrt(np.clip(edge / 0.4, 0, 1))
    relief = (0.28 / across) * (
        body * (0.25 + 0.6 * dome + 0.2 * cells.own(rng)) + 0.03 * cloud
    ) + 0.0004 * fine
    roughness = 0.95 - body * (0.2 + 0.15 * dome) + 0.03 * cloud
    return Layers(mix(earth, faces + 0.025 * fine[..., None], body), roughness, relief, np.zeros_like(relief))


def tiles(rng: Rng, size: int) -> Layers:
    """Glazed ceramic tiles, two colours in a checkerboard or one, with matt grout."""
    across = 2 * int(rng.integers(2, 5))
    x, y = coordinates(size)
    cells = bricks(x, y, across, across, np.zeros(across))
    fine, cloud = smooth_noise(rng, (size, size), 80, 0.6), smooth_noise(rng, (size, size), 6, 1.0)
    light = pick(rng, (0.85, 0.83, 0.77), (0.7, 0.76, 0.78), (0.78, 0.66, 0.5))
    dark = pick(rng, (0.2, 0.3, 0.42), (0.45, 0.2, 0.15), (0.25, 0.35, 0.27), (0.7, 0.68, 0.62))
    checker = (cells.cell // across + cells.cell % across) % 2
    body = smoothstep(cells.edge, 0.02 / across, 0.04 / across)
    glaze = mix(light, dark, checker.astype(np.float32)) * (0.94 + 0.1 * cells.own(rng))[..., None]
    grout = pick(rng, (0.5, 0.48, 0.45), (0.35, 0.33, 0.31)) + 0.03 * fine[..., None]
    pillow = smoothstep(cells.edge, 0.02 / across, 0.09 / across)
    tilt = (cells.own(rng) - 0.5) * cells.u + (cells.own(rng) - 0.5) * cells.v
    relief = (0.03 / across) * (pillow + 0.12 * body * tilt + 0.03 * cloud) + 0.0003 * fine * (1 - body)
    smudge = rng.uniform(0.08, 0.22) + 0.04 * np.abs(cloud)
    return Layers(mix(grout, glaze, body), 0.9 + (smudge - 0.9) * body, relief, np.zeros_like(relief))


def marble(rng: Rng, size: int) -> Layers:
    """A polished slab: pale ground with warped dark veins, all but flat."""
    x, y = coordinates(size)
    warp = smooth_noise(rng, (size, size), 24, 2.0)
    cloud = smooth_noise(rng, (size, size), 12, 1.2)
    waves = rng.integers(1, 4, 2) * np.array([1, rng.choice([-1, 1])])
    swing = np.sin(2 * np.pi * (waves[0] * x + waves[1] * y) + rng.uniform(1.5, 3) * warp)
    vein = np.clip(1 - np.abs(swing) * 3, 0, 1) ** 2 * np.clip(0.6 + 0.4 * cloud, 0, 1)
    ground = pick(rng, (0.86, 0.85, 0.83), (0.3, 0.34, 0.31), (0.72, 0.62, 0.55))
    streak = pick(rng, (0.45, 0.44, 0.45), (0.6, 0.5, 0.4), (0.75, 0.73, 0.7))
    albedo = mix(ground + 0.02 * cloud[..., None], streak, 0.8 * vein)
    relief = 0.0004 * cloud - 0.0005 * vein + 0.00006 * smooth_noise(rng, (size, size), 100, 0.4)
    return Layers(albedo, rng.uniform(0.12, 0.3) + 0.12 * vein + 0.02 * cloud, relief, np.zeros_like(relief))


def soil(rng: Rng, size: int) -> Layers:
    """Bare earth with clods and scattered pebbles."""
    fine, clods = smooth_noise(rng, (size, size), 110, 0.5), smooth_noise(rng, (size, size), 70, 1.0)
    across = int(rng.integers(18, 30))
    cells = stones(*_warped(rng, size, 0.004, 20), rng, across, 0.95)
    pebble = smoothstep(cells.edge * across, 0.12, 0.3) * (cells.own(rng) > rng.uniform(0.7, 0.9))
    dark, dry = (
        pick(rng, (0.26, 0.2, 0.15), (0.33, 0.25, 0.17)),
        pick(rng, (0.45, 0.36, 0.27), (0.4, 0.35, 0.3)),
    )
    ground = mix(dark, dry, np.clip(0.5 + 0.25 * clods, 0, 1)) + 0.03 * fine[..., None]
    rock = pick(rng, (0.5, 0.48, 0.45), (0.42, 0.38, 0.34)) * (0.75 + 0.5 * cells.own(rng))[..., None]
    relief = 0.004 * clods + 0.0012 * fine + 0.3 / across * pebble * (0.5 + 0.5 * cells.own(rng))
    roughness = 0.95 - 0.2 * pebble + 0.02 * clods
    return Layers(mix(ground, rock, pebble), roughness, relief, np.zeros_like(relief))


def grass(rng: Rng, size: int) -> Layers:
    """Blades of many directions over dark ground, or moss when the blades are short."""
    length = rng.choice([5.0, 10.0, 18.0])
    relief = np.full((size, size), -2.0, np.float32)
    blade = np.zeros((size, size), np.float32)
    for slant in rng.permutation([-2, -1, 0, 0, 1, 2])[:5]:
        strands = smooth_noise(rng, (size, size), 100, 0.2, (length, 1.0))
        strands = np.roll(sheared(strands, int(slant)), rng.integers(size))
        on_top = strands > relief
        relief = np.where(on_top, strands, relief)
        blade = np.where(on_top, rng.random(), blade)
    cloud = smooth_noise(rng, (size, size), 10, 1.0)
    top = smoothstep(relief, -0.2, 2.2)
    green, dry = (
        pick(rng, (0.32, 0.42, 0.16), (0.26, 0.36, 0.18)),
        pick(rng, (0.5, 0.47, 0.24), (0.42, 0.5, 0.2)),
    )
    leaves = mix(green, dry, np.clip(0.35 + 0.3 * (blade - 0.5) + 0.2 * cloud + 0.3 * (top - 0.5), 0, 1))
    albedo = mix(pick(rng, (0.2, 0.18, 0.1)), leaves, smoothstep(top, 0.0, 0.35))
    return Layers(albedo, 0.92 - 0.2 * top, 0.012 * top + 0.004 * cloud, np.zeros_like(top))


def snow(rng: Rng, size: int) -> Layers:
    """Wind-blown snow: soft drifts, fine crystals, icy where packed."""
    drift = smooth_noise(rng, (size, size), rng.uniform(5, 12), 1.2)
    grain, crust = smooth_noise(rng, (size, size), 120, 0.1), smooth_noise(rng, (size, size), 40, 1.0)
    packed = smoothstep(crust + drift, 0.2, 1.5)
    albedo = mix(
        np.array([0.92, 0.93, 0.95], np.float32), np.array([0.78, 0.84, 0.9], np.float32), 0.7 * packed
    )
    relief = 0.008 * drift + 0.0015 * crust + 0.0005 * grain
    return Layers(
        albedo + 0.01 * grain[..., None], 0.75 - 0.3 * packed + 0.02 * grain, relief, np.zeros_like(relief)
    )


def moss(rng: Rng, size: int) -> Layers:
    """Cushions of moss, closed or in patches over stone, earth or old boards' grey."""
    shape = (size, size)
    x, y = _warped(rng, size, 0.01, 16)
    fine, cloud = smooth_noise(rng, shape, 200, 0.1), smooth_noise(rng, shape, rng.uniform(6, 16), 1.1)
    across = int(rng.integers(8, 26))
    cells = stones(x, y, rng, across, 1.0)
    cushion = np.sqrt(np.clip(cells.edge * across / 0.5, 0, 1)) * (0.6 + 0.4 * cells.own(rng))
    tip = smooth_noise(rng, shape, 120, 0.3)
    ground = (cobbles, masonry, soil)[rng.integers(3)](rng, size)
    green, young = (
        pick(rng, (0.25, 0.33, 0.13), (0.32, 0.36, 0.16), (0.2, 0.27, 0.14), (0.38, 0.36, 0.18)),
        pick(rng, (0.45, 0.52, 0.2), (0.52, 0.5, 0.25), (0.38, 0.48, 0.24)),
    )
    leaves = mix(
        0.55 * green, mix(green, young, np.clip(0.3 + 0.25 * cloud + 0.2 * tip, 0, 1)), np.clip(cushion, 0, 1)
    )
    level = rng.uniform(-1.8, 0.8)
    grown = smoothstep(cloud + 0.5 * cushion + 0.2 * fine, level, level + 0.4)
    albedo = mix(ground.albedo, leaves * (1 + 0.12 * fine)[..., None], grown)
    relief = ground.relief * (1 - 0.7 * grown) + grown * (0.006 + 0.2 / across * cushion + 0.0015 * tip)
    roughness = ground.roughness + (rng.uniform(0.82, 0.98) + 0.02 * fine - ground.roughness) * grown
    return Layers(albedo, roughness, relief, np.zeros_like(relief))

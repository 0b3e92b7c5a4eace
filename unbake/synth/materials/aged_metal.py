"""Procedural metals that do not look it, pale, rough, patched or under paint; each (generator, size) to Layers."""

from dataclasses import replace

import numpy as np

from unbake.image.arrays import Reals
from unbake.image.colour import linear_to_srgb
from unbake.image.noise import coordinates, mix, smooth_noise, smoothstep
from unbake.synth.finishes import ANY, sheet
from unbake.synth.lattices import bricks, stones
from unbake.synth.layers import F0, Layers, Rng, bare, overlay, pick


def sheet_metal(rng: Rng, size: int) -> Layers:
    """Any metal in any finish: plain, in panels with seams and screws, dented, ribbed or chequered."""
    x, y = coordinates(size)
    dent = smooth_noise(rng, (size, size), rng.uniform(3, 10), 1.2)
    kind = rng.integers(4)
    flat = np.zeros((size, size), np.float32)
    raised: Reals = flat
    hollow: Reals = flat
    own: Reals = flat + 1
    if kind == 1:
        rows = int(rng.integers(1, 4))
        cells = bricks(x, y, rows, int(rng.integers(1, 4)), rng.random() * (np.arange(rows) % 2))
        body = smoothstep(cells.edge, 0.002, 0.006)
        near = np.hypot(1 - np.abs(cells.u) - 0.12, 1 - np.abs(cells.v) - 0.12)
        screw = np.sqrt(np.clip(1 - (near / 0.05) ** 2, 0, 1))
        raised, hollow = (
            0.005 * body + 0.004 * screw,
            1 - body + 0.4 * smoothstep(near, 0.09, 0.05) * (screw <= 0),
        )
        own = 0.85 + 0.3 * cells.own(rng)
    elif kind == 2:
        count = int(rng.integers(4, 24))
        wave = 0.5 + 0.5 * np.cos(2 * np.pi * count * (x if rng.random() < 0.5 else y))
        raised, hollow = 0.12 / count * wave, 0.7 * (1 - wave)
    elif kind == 3:
        count = 2 * int(rng.integers(4, 10))
        u, v = (x * count) % 1 - 0.5, (y * count) % 1 - 0.5
        odd = (np.floor(x * count) + np.floor(y * count)) % 2
        long, short = np.where(odd > 0, u + v, u - v), np.where(odd > 0, u - v, u + v)
        bar = np.sqrt(np.clip(1 - (long / 0.6) ** 2 - (short / 0.22) ** 2, 0, 1))
        raised, hollow = 0.12 / count * bar, 0.4 * (bar <= 0)
    metal = sheet(rng, size, ANY, np.clip(hollow, 0, 1).astype(np.float32))
    return replace(
        metal,
        albedo=metal.albedo * (0.97 + 0.03 * own)[..., None],
        roughness=metal.roughness * own,
        relief=metal.relief + raised + rng.uniform(0.0005, 0.004) * dent,
    )


def cast_iron(rng: Rng, size: int) -> Layers:
    """Sand-cast iron: grainy, dark or rusting, with a raised pattern or none; some with old black paint left."""
    x, y = coordinates(size)
    count = int(rng.integers(2, 7))
    u, v = (x * count) % 1 - 0.5, (y * count) % 1 - 0.5
    reach = np.hypot(u, v)
    shapes = (
        np.zeros_like(x),
        smoothstep(np.abs(reach - 0.35), 0.08, 0.05),
        smoothstep(np.maximum(np.abs(u), np.abs(v)), 0.4, 0.36),
        smoothstep(np.abs(np.abs(u) - np.abs(v)), 0.09, 0.06),
    )
    raised = shapes[rng.integers(len(shapes))]
    grain, lumps = (
        smooth_noise(rng, (size, size), rng.uniform(70, 180), 0.2),
        smooth_noise(rng, (size, size), 20, 0.9),
    )
    metal = sheet(rng, size, ("iron", "iron", "black_iron"), 0.6 * (1 - raised).astype(np.float32))
    level = rng.uniform(0.5, 0.85)
    metal = replace(
        metal,
        roughness=np.maximum(metal.roughness, level) + 0.04 * grain - 0.08 * raised,
        relief=metal.relief + 0.03 / count * raised + 0.001 * grain + 0.0015 * lumps,
    )
    if rng.random() < 0.35:
        kept = smoothstep(lumps - 1.2 * raised + 0.3 * grain, rng.uniform(-1.0, 1.0), 1.2)
        paint = Layers(
            pick(rng, (0.14, 0.14, 0.14), (0.18, 0.19, 0.21)) + np.zeros((size, size, 3), np.float32),
            rng.uniform(0.3, 0.7) + 0.03 * lumps,
            metal.relief + 0.0004,
            np.zeros((size, size), np.float32),
        )
        metal = overlay(metal, paint, kept, np.zeros((size, size), np.float32))
    return metal


def galvanised(rng: Rng, size: int) -> Layers:
    """Zinc on steel: pale crystals each with a sheen of its own, flat or corrugated, chalky or rusting where old."""
    x, y = coordinates(size)
    push = [0.01 * smooth_noise(rng, (size, size), 60, 0.7) for _ in range(2)]
    crystals = stones(x + push[0], y + push[1], rng, int(rng.integers(6, 36)), 1.0)
    fine, cloud = smooth_noise(rng, (size, size), 150, 0.4), smooth_noise(rng, (size, size), 20, 1.1)
    tone = 0.75 + 0.25 * crystals.own(rng) + 0.02 * fine
    # Zinc weathers to an even grey within a year: oxide too thin to hide the metal.
    dull = rng.uniform(0.35, 1.0)
    albedo = linear_to_srgb(np.clip(np.array(F0["zinc"], np.float32) * dull * tone[..., None], 0, 1))
    level, spread = rng.uniform(0.25, 0.6), rng.uniform(0.03, 0.25)
    roughness = level + spread * (crystals.own(rng) - 0.5) + 0.02 * cloud
    chalk = smoothstep(cloud + 0.3 * fine, rng.uniform(0.8, 3.0), 3.2)
    relief = 0.00006 * fine + 0.0008 * smooth_noise(rng, (size, size), 4, 1.2)
    if rng.random() < 0.5:
        count = int(rng.integers(4, 14))
        relief = relief + rng.uniform(0.06, 0.14) / count * np.cos(2 * np.pi * count * x)
    albedo = mix(albedo, pick(rng, (0.7, 0.7, 0.69), (0.42, 0.26, 0.16), (0.6, 0.6, 0.6)), chalk)
    return Layers(albedo, roughness + (0.85 - roughness) * chalk, relief, 1 - chalk)


def verdigris(rng: Rng, size: int) -> Layers:
    """Bronze or copper, cast in relief or in sheets, going green and brown from the hollows; runs below."""
    x, y = coordinates(size)
    shape = (size, size)
    count = int(rng.integers(2, 6))
    swirl, fine = smooth_noise(rng, shape, 10, 0.8), smooth_noise(rng, shape, 150, 0.5)
    wave = np.cos(2 * np.pi * count * x) + np.cos(2 * np.pi * count * y) + rng.uniform(0, 1.2) * swirl
    raised = smoothstep(wave, -0.3, 0.3) if rng.random() < 0.6 else np.full(shape, 0.5, np.float32)
    name = ("bronze", "copper", "brass")[rng.integers(3)]
    metal = sheet(rng, size, (name,), 0.7 * (1 - raised).astype(np.float32), age=float(rng.uniform(0.1, 0.7)))
    streak = smooth_noise(rng, shape, 60, 0.8, (10.0, 1.0))
    where = 0.5 * streak + 0.4 * swirl + 0.25 * fine + 0.8 * (1 - raised)
    level = rng.uniform(-1.0, 1.4)
    green = smoothstep(where, level, level + rng.uniform(0.1, 0.6))
    crust = mix(
        pick(rng, (0.36, 0.54, 0.47), (0.42, 0.58, 0.52), (0.3, 0.44, 0.38)),
        pick(rng, (0.24, 0.3, 0.25), (0.52, 0.64, 0.56), (0.26, 0.2, 0.15)),
        np.clip(0.5 + 0.3 * streak + 0.15 * fine, 0, 1),
    )
    return Layers(
        mix(metal.albedo, crust, green),
        metal.roughness + (rng.uniform(0.7, 0.95) + 0.02 * fine - metal.roughness) * green,
        metal.relief + 0.03 / count * raised + green * (0.0006 + 0.0003 * fine),
        metal.metallic * (1 - green),
    )


def scratched_paint(rng: Rng, size: int) -> Layers:
    """Painted metal, gloss to matt, scratched through to the bare metal, scuffed and chipped; rust in old ones."""
    x, y = coordinates(size)
    shape = (size, size)
    fine, cloud = smooth_noise(rng, shape, 140, 0.5), smooth_noise(rng, shape, 30, 1.0)
    scratch = np.zeros(shape, np.float32)
    for _ in range(int(rng.integers(5, 40))):
        # A straight line through a point, of some length, wrapping round.
        angle, long, wide = (
            rng.normal(rng.choice([0.0, 1.2]), 0.5),
            rng.uniform(0.03, 0.3),
            rng.uniform(0.0008, 0.003),
        )
        u, v = (x - rng.random() + 0.5) % 1 - 0.5, (y - rng.random() + 0.5) % 1 - 0.5
        along, off = np.cos(angle) * u + np.sin(angle) * v, np.cos(angle) * v - np.sin(angle) * u
        bent = off - rng.normal(0, 0.3) * along**2
        scratch = np.maximum(
            scratch, smoothstep(wide * (1 - (along / long) ** 2) - np.abs(bent), 0, 1 / size)
        )
    level = rng.uniform(1.3, 3.2)
    chip = smoothstep(cloud + 0.3 * fine, level, level + 0.06)
    gone = np.maximum(scratch, chip)
    rim = smoothstep(cloud + 0.3 * fine, level - 0.4, level) * (1 - chip) * (rng.random() < 0.5)
    grey = float(rng.uniform(0.15, 0.85))
    dye = rng.uniform(0, 0.6) if rng.random() < 0.6 else 0.06
    coat = np.clip(grey + dye * rng.uniform(-0.5, 0.5, 3), 0.12, 0.9).astype(np.float32)
    gloss = rng.uniform(0.1, 0.7)
    paint = mix(coat * (1 + 0.03 * cloud)[..., None], pick(rng, (0.4, 0.22, 0.13)), 0.7 * rim)
    metal = bare(rng, "iron", "steel", "zinc") * (1 + 0.02 * fine)[..., None]
    inner = rng.uniform(0.25, 0.5) + 0.04 * fine
    roughness = gloss + 0.05 * np.abs(cloud) + 0.25 * rim
    dent = smooth_noise(rng, shape, 6, 1.2)
    relief = rng.uniform(0.0005, 0.003) * dent - 0.0008 * gone + 0.00005 * fine
    return Layers(mix(paint, metal, gone), roughness + (inner - roughness) * gone, relief, gone)

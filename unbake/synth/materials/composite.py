"""Procedural objects of several materials, metal on wood, stone and leather; each (generator, size) to Layers.

Metallic to the texel: other recipes lay the ground, `fittings` and `finishes.sheet` the metal.
"""

from dataclasses import replace
from itertools import pairwise

import numpy as np

from unbake.image.arrays import Reals
from unbake.image.noise import coordinates, mix, smooth_noise, smoothstep
from unbake.synth.finishes import ANY, FINE, IRONS, sheet
from unbake.synth.lattices import bricks
from unbake.synth.layers import Layers, Rng, overlay, pick
from unbake.synth.materials import stone as mineral
from unbake.synth.materials import wood as organic
from unbake.synth.materials.fittings import apart, domes, fitted, painted, rounded


def ironbound(rng: Rng, size: int) -> Layers:
    """Boards of a door or chest under riveted straps, one way or both, some with a frame."""
    wood = organic.planks(rng, size)
    if rng.random() < 0.3:
        wood = painted(rng, wood)
    x, y = coordinates(size)
    width, count = rng.uniform(0.03, 0.09), int(rng.integers(1, 4))
    start = rng.random()
    spaced = int(rng.integers(2, 5)) * 4
    radius = width * rng.uniform(0.15, 0.35)
    off = apart(y, start + np.arange(count) / count)
    # Rivets in the middle of a strap: a grid that has a row there.
    studs = domes(x, y - start + 0.5 / count, spaced, count, radius)
    inside = width - off
    if rng.random() < 0.45:
        upright, begin = int(rng.integers(1, 3)), rng.random()
        inside = np.maximum(inside, width * 0.9 - apart(x, begin + np.arange(upright) / upright))
        along = domes(x - begin + 0.5 / upright, y, upright, spaced, radius)
        studs = np.maximum(studs, along)
    elif rng.random() < 0.4:
        # Hinge straps: they taper, and end before the other edge of the door.
        reach = (x - rng.random()) % 1
        inside = np.minimum(width * np.clip(1.25 - 1.2 * reach, 0, 1) - off, 0.85 - reach)
        studs = studs * (inside > radius)
    return fitted(rng, wood, inside, IRONS if rng.random() < 0.75 else ANY, rng.uniform(0.006, 0.016), studs)


def studded_leather(rng: Rng, size: int) -> Layers:
    """Hide with rows of studs and, on some, straps with stitched edges and buckles."""
    hide = organic.leather(rng, size)
    x, y = coordinates(size)
    across = int(rng.integers(5, 15))
    staggered = 0.5 * (np.floor(y * across) % 2) / across if across % 2 == 0 else 0.0
    radius = rng.uniform(0.15, 0.38) / across
    square = rng.random() < 0.25
    studs = domes(x + staggered, y, across, across, radius)
    off = np.where(studs > 0, radius * (1 - np.sqrt(np.clip(1 - studs**2, 0, 1))), -1.0)
    if square:
        u, v = (((w * across) % 1 - 0.5) / across for w in (x + staggered, y))
        off = 0.85 * radius - np.maximum(np.abs(u), np.abs(v))
        studs = np.clip(off / radius, 0, 1)
    body = hide
    if rng.random() < 0.6:
        body, off = _strapped(rng, hide, x, y, off)
    return fitted(rng, body, off, FINE if rng.random() < 0.6 else IRONS, 0.8 * radius, studs)


def _strapped(rng: Rng, hide: Layers, x: Reals, y: Reals, studs: Reals) -> tuple[Layers, Reals]:
    """The hide with straps of another leather over it, and the metal's outline with buckles added."""
    size = hide.relief.shape[0]
    other, width, count = organic.leather(rng, size), rng.uniform(0.05, 0.1), int(rng.integers(1, 3))
    places = rng.random() + np.arange(count) / count
    off = apart(y, places)
    mask = smoothstep(width - off, 0, 1.5 / size)
    stitch = smoothstep(0.004 - np.abs(off - 0.8 * width), 0, 0.002) * ((x * 48) % 1 < 0.6)
    tone = pick(rng, (0.6, 0.52, 0.4), (0.2, 0.17, 0.15))
    strap = replace(
        other,
        albedo=mix(other.albedo * rng.uniform(0.6, 1.1), tone, stitch),
        relief=other.relief + 0.008 * rounded(width - off, 0.006) + 0.001 * stitch,
    )
    body = overlay(hide, strap, mask, np.full_like(off, np.quantile(hide.relief, 0.7)))
    along = np.abs((x - rng.random() + 0.5) % 1 - 0.5)
    frame = 0.014 - np.abs(np.maximum(along - width * 0.7, off - width * 1.05))
    pin = np.minimum(0.008 - np.abs(off) + 0 * x, 0.7 * width - along)
    return body, np.maximum(np.where(off < 1.4 * width, -1.0, studs), np.maximum(frame, pin))


def grating(rng: Rng, size: int) -> Layers:
    """Bars of iron, upright, crossed or slanting, before a stone wall or a dark opening."""
    wall = mineral.masonry(rng, size) if rng.random() < 0.6 else mineral.brick_wall(rng, size)
    x, y = coordinates(size)
    if rng.random() < 0.5:
        # A window: what is behind the bars lies deep and in the dark.
        hole = smoothstep(rng.uniform(0.28, 0.42) - np.hypot(*(np.abs(w - 0.5) for w in (x, y))), 0, 0.01)
        night = replace(wall, albedo=wall.albedo * 0.25 + 0.05, relief=wall.relief - 0.03)
        wall = overlay(wall, replace(night, relief=0 * wall.relief), hole, night.relief)
    count, radius = int(rng.integers(3, 9)), rng.uniform(0.008, 0.03)
    p, q = (x, y) if rng.random() < 0.7 else (x + y, x - y)
    radius = min(radius, 0.28 / count)
    near_p, near_q = (np.abs((w * count) % 1 - 0.5) / count for w in (p, q))
    inside = radius - near_p
    if rng.random() < 0.7:
        inside = np.maximum(inside, radius * rng.uniform(0.7, 1.0) - near_q)
    studs = np.sqrt(np.clip(1 - (np.hypot(near_p, near_q) / (1.5 * radius)) ** 2, 0, 1))
    return fitted(rng, wall, inside, IRONS if rng.random() < 0.8 else ANY, radius * 0.9, studs)


def inlay(rng: Rng, size: int) -> Layers:
    """Stone, tile or dark wood with lines and rings of metal let in, all but flush."""
    ground = (mineral.marble, mineral.tiles, mineral.masonry, organic.planks)[rng.integers(4)](rng, size)
    ground = replace(ground, metallic=0 * ground.metallic)
    x, y = coordinates(size)
    count, width = int(rng.integers(2, 6)), rng.uniform(0.004, 0.012)
    u, v = (x * count) % 1 - 0.5, (y * count) % 1 - 0.5
    corner = np.hypot(np.abs(u) - 0.5, np.abs(v) - 0.5)
    middle = np.hypot(u, v)
    lines = {
        "grid": 0.5 - np.maximum(np.abs(u), np.abs(v)),
        "lozenge": np.abs(np.abs(u) + np.abs(v) - 0.5),
        "ring": np.abs(middle - rng.uniform(0.2, 0.45)),
        "scale": np.abs(corner - 0.5),
        "star": np.abs(middle - 0.3 - 0.08 * np.cos(int(rng.integers(4, 9)) * np.arctan2(v, u))),
    }
    chosen = rng.permutation(list(lines))[: int(rng.integers(1, 4))]
    nearest = np.min([lines[name] for name in chosen], axis=0) / count
    fills = rng.random() < 0.35
    inside = np.maximum(width - nearest, (0.12 - middle) / count if fills else -1.0)
    joined = fitted(rng, ground, inside, FINE if rng.random() < 0.8 else ANY, 0.0015)
    # Let in: level with the ground.
    deep = float(np.quantile(ground.relief, 0.85)) - 0.001
    mask = smoothstep(inside, 0, 1 / size)
    return replace(joined, relief=joined.relief * (1 - mask) + (0.3 * (joined.relief - deep) + deep) * mask)


def trimmed_wood(rng: Rng, size: int) -> Layers:
    """Painted or bare panels in metal frames, with corner plates and nails."""
    wood = organic.planks(rng, size)
    wood = painted(rng, wood) if rng.random() < 0.75 else wood
    x, y = coordinates(size)
    across, down = int(rng.integers(1, 4)), int(rng.integers(1, 3))
    cells = bricks(x, y, down, across, np.zeros(down))
    width = rng.uniform(0.015, 0.05) / max(across, down) ** 0.5
    inside = width - cells.edge
    if rng.random() < 0.6:
        to_corner = (1 - np.abs(cells.u)) / (2 * across) + (1 - np.abs(cells.v)) / (2 * down)
        inside = np.maximum(inside, width * rng.uniform(3, 6) - to_corner)
    steps = 8 * int(rng.integers(1, 4))
    studs = domes(x, y, steps, steps, 0.3 * width) * (inside > 0.3 * width)
    groove = 0.3 * smoothstep(np.abs(cells.edge - 0.6 * width), 0.003, 0.0)
    joined = fitted(rng, wood, inside, ANY, rng.uniform(0.005, 0.012), studs)
    return replace(joined, relief=joined.relief - 0.004 * groove * (inside > 0))


def shield(rng: Rng, size: int) -> Layers:
    """A round shield of boards, painted or bare, with a metal rim, boss and bands, on cloth or hide."""
    back = (organic.weave, organic.leather)[rng.integers(2)](rng, size)
    face = organic.planks(rng, size)
    x, y = coordinates(size)
    u, v = x - 0.5, y - 0.5
    r, angle = np.hypot(u, v), np.arctan2(v, u)
    if rng.random() < 0.7:
        face = painted(rng, face)
        sectors = int(rng.choice([2, 4, 6, 8]))
        other = ((angle / np.pi * sectors / 2 + 100) % 1 < 0.5).astype(np.float32)
        field = pick(rng, (0.7, 0.66, 0.56), (0.5, 0.16, 0.13), (0.2, 0.27, 0.38), (0.15, 0.14, 0.13))
        face = replace(face, albedo=mix(face.albedo, field, 0.8 * other * (1 - face.metallic)))
    outer = rng.uniform(0.4, 0.47)
    dome = 0.05 * (1 - (r / outer) ** 2)
    board = overlay(back, face, smoothstep(outer - r, 0, 2 / size), 0.02 + dome)
    rim, boss = rng.uniform(0.015, 0.045), rng.uniform(0.06, 0.13)
    inside = np.maximum(rim - np.abs(outer - rim - r), boss - r)
    if rng.random() < 0.5:
        bands = int(rng.integers(2, 5))
        across = np.abs(np.sin(angle * bands / 1.0 + rng.uniform(0, np.pi))) * r / bands
        inside = np.maximum(inside, np.minimum(rng.uniform(0.008, 0.02) - across, outer - r))
    rivets = int(rng.integers(8, 25))
    turn = (angle / (2 * np.pi) * rivets) % 1 - 0.5
    ball = np.hypot(turn * 2 * np.pi * (outer - rim) / rivets, r - (outer - rim))
    knob = np.sqrt(np.clip(1 - (r / (0.85 * boss)) ** 2, 0, 1))
    studs = np.maximum(np.sqrt(np.clip(1 - (ball / (0.45 * rim)) ** 2, 0, 1)), 2.5 * knob)
    joined = fitted(rng, board, inside, ANY, 0.014, studs)
    lifted = smoothstep(inside, 0, 1 / size) * (board.relief - np.quantile(board.relief, 0.85)) * 0.7
    return replace(joined, relief=joined.relief + lifted)


def trims(rng: Rng, size: int) -> Layers:
    """A sheet of trims: strips across, each of one stuff, metal mouldings between wood, leather and stone."""
    x, y = coordinates(size)
    cuts = np.cumsum(rng.uniform(0.5, 1.6, int(rng.integers(4, 7))))
    cuts = np.concatenate([[0], cuts / cuts[-1]])
    grounds = (organic.planks, organic.leather, mineral.marble, mineral.masonry, organic.weave)
    whole: Layers | None = None
    for i, (start, stop) in enumerate(pairwise(cuts)):
        inside = np.minimum(y - start, stop - y)
        mask = smoothstep(inside, -0.5 / size, 0.5 / size)
        if i % 2 == 0 or rng.random() < 0.3:
            part, top = _moulding(rng, size, x, (y - start) / (stop - start), stop - start)
        else:
            part = grounds[rng.integers(len(grounds))](rng, size)
            part, top = replace(part, relief=part.relief - part.relief.mean()), np.zeros_like(x)
        top = top - 0.01 * smoothstep(inside, 0.004, 0.0)
        whole = overlay(part, part, mask, top) if whole is None else overlay(whole, part, mask, top)
    assert whole is not None
    return whole


def _moulding(rng: Rng, size: int, x: Reals, t: Reals, wide: float) -> tuple[Layers, Reals]:
    """A strip of metal, t (H, W) from 0 to 1 across it, and its profile: beads, steps, a wave or a row of studs."""
    count = max(1, round(rng.uniform(0.6, 1.6) / wide))
    u = (x * count) % 1 - 0.5
    profiles = (
        0.5 * np.sin(np.pi * np.clip(t, 0, 1)) ** 0.5,
        smoothstep(np.abs(t - 0.5), 0.42, 0.3) * 0.5 + smoothstep(np.abs(t - 0.5), 0.22, 0.12) * 0.4,
        0.3 + 0.5 * np.sqrt(np.clip(1 - (np.hypot(u * wide * count, t - 0.5) / 0.33) ** 2, 0, 1)),
        0.4 + 0.3 * smoothstep(np.abs(t - 0.5 - 0.2 * np.sin(2 * np.pi * u)), 0.12, 0.04),
        0.35 + 0.3 * np.abs(np.sin(np.pi * (x * count + t))),
    )
    profile = profiles[rng.integers(len(profiles))] * smoothstep(np.minimum(t, 1 - t), 0, 0.08)
    hollow = np.clip(1 - profile / max(float(profile.max()), 1e-6), 0, 1)
    return sheet(rng, size, ANY, hollow), 0.25 * wide * profile


def gilding(rng: Rng, size: int) -> Layers:
    """Scrolls of fine metal, raised or painted on, over wood, cloth, leather or stone."""
    grounds = (organic.planks, organic.leather, organic.weave, mineral.marble, mineral.masonry)
    ground = grounds[rng.integers(len(grounds))](rng, size)
    ground = replace(ground, albedo=ground.albedo * rng.uniform(0.5, 1.0), metallic=0 * ground.metallic)
    x, y = coordinates(size)
    count = int(rng.integers(2, 6))
    swirl = smooth_noise(rng, (size, size), rng.uniform(3, 7), 0.5)
    wave = np.cos(2 * np.pi * count * x) + np.cos(2 * np.pi * count * y) + rng.uniform(0.2, 1.0) * swirl
    rise_y, rise_x = (np.roll(wave, -1, a) - np.roll(wave, 1, a) for a in (0, 1))
    slope = np.hypot(rise_x, rise_y) * size / 2 + 2.0
    line = (
        np.min([np.abs(wave - level) for level in rng.uniform(-1.6, 1.6, int(rng.integers(1, 4)))], axis=0)
        / slope
    )
    inside = rng.uniform(0.006, 0.015) - line
    return fitted(rng, ground, inside, FINE, float(rng.choice([0.001, 0.008])))


def scales(rng: Rng, size: int) -> Layers:
    """Scales or lames of metal laced over dark leather, each course over the one below."""
    rows = 2 * int(rng.integers(3, 7))
    x, y = coordinates(size)
    shift = 0.5 * (np.arange(rows) % 2)
    cells = bricks(x, y, rows, rows, shift)
    bulge = rng.choice([0.0, 0.35, 0.6])
    u, v = cells.u, cells.v
    # A scale is rounded at its lower end; what it leaves open shows the course below.
    tip = v - (1 - bulge * u**2)
    inside = np.minimum(0.92 - np.abs(u), -tip + 0.02) / (2 * rows)
    under = organic.leather(rng, size)
    own = cells.own(rng)
    texel = 1 / size
    mask = smoothstep(inside, -0.5 * texel, 0.5 * texel)
    dome = (0.5 + 0.5 * v) * 0.6 + 0.4 * (1 - u**2)
    hole = np.sqrt(np.clip(1 - (np.hypot(np.abs(u) - 0.4, v + 0.7) / 0.16) ** 2, 0, 1))
    metal = sheet(rng, size, ANY, np.clip(0.9 - 0.9 * dome + 0.4 * hole, 0, 1))
    metal = replace(
        metal,
        albedo=metal.albedo * (0.95 + 0.06 * own)[..., None],
        roughness=metal.roughness * (0.85 + 0.3 * cells.own(rng)),
    )
    lace = smoothstep(hole, 0.2, 0.5)
    thong = replace(organic.leather(rng, size), relief=0.004 * hole)
    metal = overlay(metal, thong, lace, metal.relief)
    level = float(np.quantile(under.relief, 0.5))
    return overlay(under, metal, mask, level + (0.1 / rows) * (0.3 + dome) * rounded(inside, 0.01))

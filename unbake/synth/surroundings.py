"""Light from drawn surroundings: soft lights over a sky and a ground, matt and mirrored; one of the painter's lights.

The same surroundings light what is matt and are seen in what mirrors, metal or not, so that only the colour of a
reflection tells metal from polish, as in a photograph. Everything wraps around.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from unbake.image.arrays import Floats
from unbake.image.geometry import integrate
from unbake.image.noise import blur, rough_noise, smooth_noise, smoothstep
from unbake.image.normals import from_slopes, slopes
from unbake.synth.layers import Rng

LIGHTS: Final = 4
"""Most lights of one drawing."""

POLISH: Final = 0.04
"""Share of light that what is no metal mirrors, seen from above."""

_DOUBLINGS = 6


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What surrounds a surface. Directions are unit vectors, x right, y up the picture, z to the viewer.

    towards: (N, 3) to the lights. colours: (N, 3), linear. sharpness: (N,), greater is smaller (of exp(s (cos - 1))).
    up: (3,), from the ground to the sky. sky, ground: (3,), linear. viewer: (3,), where it is seen from.
    """

    towards: Floats
    colours: Floats
    sharpness: Floats
    up: Floats
    sky: Floats
    ground: Floats
    viewer: Floats


@dataclass(frozen=True, slots=True)
class Lit:
    """Light on a surface, linear, (H, W, 3). matt: a factor on albedo. mirrored: what a perfect mirror would show."""

    matt: Floats
    mirrored: Floats


def draw_surroundings(rng: Rng) -> Surroundings:
    """One to LIGHTS lights of any height and size, a sky and a ground of any contrast, warm against cool."""
    count = int(rng.integers(1, LIGHTS + 1))
    elevation, turn = np.radians(rng.uniform(15, 85, count)), rng.uniform(0, 2 * np.pi, count)
    flat = np.cos(elevation)
    towards = np.stack([np.cos(turn) * flat, np.sin(turn) * flat, np.sin(elevation)], -1)
    hue = np.exp(rng.normal(0, 0.08, (count, 1)) * np.array([1.0, 0.1, -1.0]))
    strength = np.exp(rng.uniform(-1.5, 1.2, (count, 1)))
    angle = rng.uniform(0, 2 * np.pi)
    lean = rng.uniform(0.0, 1.2)
    cool = np.exp(rng.uniform(-0.02, 0.12) * np.array([-1.0, 0.0, 1.0]))
    sky = np.float32(rng.uniform(0.4, 1.2)) * cool
    return Surroundings(
        towards=towards.astype(np.float32),
        colours=(hue * strength).astype(np.float32),
        sharpness=np.exp(rng.uniform(0.7, 4.5, count)).astype(np.float32),
        up=_unit(np.array([lean * np.cos(angle), lean * np.sin(angle), 1.0])),
        sky=sky.astype(np.float32),
        ground=(np.float32(rng.uniform(0.05, 0.7)) * sky / cool**2).astype(np.float32),
        viewer=_unit(np.array([*rng.normal(0, 0.25, 2), 1.0])),
    )


def lit_by(surroundings: Surroundings, normal: Floats, roughness: Floats, ao: Floats, rng: Rng) -> Lit:
    """The light on a surface, at least 0.

    normal: (H, W, 3) unit vectors, OpenGL. roughness, ao: (H, W) in [0, 1]. rng: draws how deep relief, shadows and
    occlusion are painted.
    """
    relief = np.float32(rng.uniform(0.6, 1.8))
    dx, dy = (np.clip(slope * relief, -4, 4) for slope in slopes(normal))
    n = from_slopes(dx, dy)
    height = integrate(n, (True, True)) * np.float32(rng.uniform(0.3, 1.0))
    height -= blur(height, min(ao.shape) / 24)  # what drifts over the whole picture casts no shadow
    open_sky = (ao ** np.float32(rng.uniform(0.3, 2.0)))[..., None]
    depth, soft = rng.uniform(0.0, 1.0), rng.uniform(0.5, 3.0)

    matt = open_sky * _gradient(surroundings, n, np.full(ao.shape, 1.0, np.float32))
    seen = _reflected(_uneven(n, rng), surroundings.viewer)
    mirrored = _gradient(surroundings, seen, roughness)
    spread = 2 * roughness[..., None] ** np.float32(rng.uniform(1.0, 4.0))
    for towards, colour, sharpness in zip(
        surroundings.towards, surroundings.colours, surroundings.sharpness, strict=True
    ):
        lit = 1 - np.float32(depth) * shadow_of(height, towards, soft)[..., None]
        matt = matt + colour * np.maximum(n @ towards, 0)[..., None] * lit
        blunt = 1 / (1 / sharpness + spread)
        lobe = np.exp(blunt * ((seen @ towards)[..., None] - 1)) * (blunt / (1 + blunt))
        mirrored = mirrored + 1.5 * colour * lobe * lit
    cloud = np.exp(np.float32(rng.uniform(0.0, 0.12)) * smooth_noise(rng, ao.shape, 8))[..., None]
    return Lit((matt * cloud).astype(np.float32), (mirrored * open_sky**0.5 * cloud).astype(np.float32))


def shadow_of(height: Floats, towards: Floats, soft: float) -> Floats:
    """How deep each texel lies in cast shadow, (H, W) in [0, 1].

    height: (H, W) in texels. towards: (3,) unit vector to the light. soft: texels of cover over which it darkens.

    >>> float(shadow_of(np.zeros((8, 8), np.float32), np.array([0.6, 0.0, 0.8], np.float32), 1.0).max())
    0.0
    """
    across = float(np.hypot(towards[0], towards[1]))
    if across < 1e-3:
        return np.zeros_like(height)
    climb, step = float(towards[2]) / across, towards[:2] / across
    reach = 1.0
    cover = _towards(height, step, 1.0) - np.float32(climb)
    # The highest of the ray's first 2, 4, 8 ... texels, each from the one before.
    for _ in range(_DOUBLINGS):
        if 2 * reach >= min(height.shape) / 2:
            break
        cover = np.maximum(cover, _towards(cover, step, reach) - np.float32(climb * reach))
        reach *= 2
    return smoothstep(cover - height, 0.0, soft)


def _towards(field: Floats, step: Floats, distance: float) -> Floats:
    """The field (H, W) as it is so many texels away in a direction (x right, y up)."""
    return np.roll(field, (round(float(step[1]) * distance), -round(float(step[0]) * distance)), (0, 1))


def _uneven(normal: Floats, rng: Rng) -> Floats:
    """Normals of a surface that is never quite even: what it mirrors is warped, scratched or brushed."""
    grain = ((10.0, 1.0), (1.0, 10.0), (1.0, 1.0), (1.0, 1.0))[rng.integers(4)]
    strength, slope = rng.uniform(0.0, 0.25), rng.uniform(0.8, 1.5)
    bend = [rough_noise(rng, normal.shape[:2], slope, grain)[..., None] for _ in range(2)]
    bent = normal + np.float32(strength) * np.concatenate([*bend, np.zeros_like(bend[0])], -1)
    return (bent / np.linalg.norm(bent, axis=-1, keepdims=True)).astype(np.float32)


def _gradient(surroundings: Surroundings, direction: Floats, roughness: Floats) -> Floats:
    """Sky and ground in directions (H, W, 3), their border blurred by roughness (H, W)."""
    width = (0.1 + 1.1 * roughness)[..., None]
    share = smoothstep((direction @ surroundings.up)[..., None] / width, -1.0, 1.0)
    lit = surroundings.ground + (surroundings.sky - surroundings.ground) * share
    return lit.astype(np.float32)


def _reflected(normal: Floats, viewer: Floats) -> Floats:
    return (2 * (normal @ viewer)[..., None] * normal - viewer).astype(np.float32)


def _unit(vector: Floats) -> Floats:
    return (vector / np.linalg.norm(vector)).astype(np.float32)

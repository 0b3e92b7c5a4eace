"""Metal parts fitted onto a ground (straps, studs, frames) and worn paint on wood: building blocks of `composite`."""

from dataclasses import replace

import numpy as np

from unbake.image.arrays import Reals
from unbake.image.noise import blur, mix, smooth_noise, smoothstep
from unbake.synth.finishes import FINE, sheet
from unbake.synth.layers import Layers, Rng, overlay, pick


def apart(along: Reals, places: Reals) -> Reals:
    """Distance (H, W) to the nearest of these places on an axis of period 1."""
    return np.min([np.abs((along - place + 0.5) % 1 - 0.5) for place in places], axis=0)


def domes(x: Reals, y: Reals, across: float, down: float, radius: float) -> Reals:
    """Half balls (H, W), 0 to 1, on a grid of across × down; radius in sides of the texture."""
    u, v = (x * across) % 1 - 0.5, (y * down) % 1 - 0.5
    off = np.hypot(u / across, v / down)
    return np.sqrt(np.clip(1 - (off / radius) ** 2, 0, 1))


def rounded(inside: Reals, bevel: float) -> Reals:
    """A bevelled edge (H, W), 0 to 1, of a distance from the border inwards."""
    return np.sqrt(np.clip(1 - (1 - np.clip(inside / bevel, 0, 1)) ** 2, 0, 1))


def fitted(
    rng: Rng,
    ground: Layers,
    inside: Reals,
    metals: tuple[str, ...],
    thick: float,
    studs: Reals | None = None,
) -> Layers:
    """Metal on the ground where `inside` (H, W), the distance to its outline in sides, is positive.

    thick: how far it stands out, in sides. studs: domes (H, W) on it, mostly of the same metal. Dirt gathers around
    it; iron bleeds rust.
    """
    size = inside.shape[0]
    texel = 1 / size
    mask = smoothstep(inside, -0.5 * texel, 0.5 * texel)
    shape = rounded(inside, max(thick, 2 * texel))
    domes = np.zeros_like(inside) if studs is None else studs * mask
    hollow = np.clip(1 - shape, 0, 1) + smoothstep(blur(domes, size * 0.006), 0.0, 0.3) * (domes <= 0)
    bright = smoothstep(domes, 0.02, 0.15)
    metal = sheet(rng, size, metals, np.clip(hollow, 0, 1) * (1 - bright))
    if studs is not None and rng.random() < 0.3:
        knob = sheet(rng, size, metals if rng.random() < 0.5 else FINE)
        metal = overlay(metal, replace(knob, relief=0 * knob.relief), bright, metal.relief)

    near = np.clip(2 * blur(mask, size * rng.uniform(0.004, 0.012)), 0, 1) * (1 - mask)
    stain = mix(ground.albedo, ground.albedo * pick(rng, (0.45, 0.4, 0.36), (0.7, 0.5, 0.36)), 0.8 * near)
    dulled = ground.roughness + (0.9 - ground.roughness) * 0.5 * near
    level = np.quantile(ground.relief, 0.85)
    top = level + thick * shape + 0.6 * thick * domes + 0.15 * (blur(ground.relief, size * 0.02) - level)
    return overlay(replace(ground, albedo=stain, roughness=dulled), metal, mask, top - 0.2 * thick)


def painted(rng: Rng, wood: Layers) -> Layers:
    """Wood under paint that has worn through where it stands out."""
    size = wood.relief.shape[0]
    coat = pick(
        rng, (0.5, 0.15, 0.12), (0.18, 0.28, 0.4), (0.2, 0.34, 0.22), (0.72, 0.68, 0.58), (0.16, 0.15, 0.15),
        (0.42, 0.43, 0.45), (0.6, 0.45, 0.16),
    )  # fmt: skip
    patch, fine = (
        smooth_noise(rng, (size, size), 40, 1.0),
        smooth_noise(rng, (size, size), 130, 0.5, (10.0, 1.0)),
    )
    gone = smoothstep(patch + 0.5 * fine, rng.uniform(0.3, 2.0), 2.3)
    tone = 1 + 0.03 * patch + 0.04 * (wood.roughness - wood.roughness.mean()) * 10
    kept = 1 - gone
    return Layers(
        mix(wood.albedo, coat * tone[..., None], 0.96 * kept),
        wood.roughness * gone + (rng.uniform(0.2, 0.7) + 0.03 * patch) * kept,
        wood.relief + 0.0006 * kept,
        wood.metallic * gone,
    )

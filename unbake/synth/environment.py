"""Environment masks as artists make them: what mirrors, of metal or not, often missing; the painter's second file."""

import numpy as np

from unbake.image.arrays import Floats
from unbake.image.noise import blur, rough_noise
from unbake.synth.layers import Rng

METAL_FROM = 0.02
"""Mean of metallic from which a material counts as one with metal."""

SHINY = 0.45
"""Mean roughness below which another material may get a mask."""

TOP = 98
"""Masks are stored relative to this percentile of their own, as conversion reads them."""


def paint_environment(
    rng: Rng, metallic: Floats, roughness: Floats, convexity: Floats, brightness: Floats
) -> Floats | None:
    """An environment mask (H, W, 1) in [0, 1], relative to its own brightest, or None where this artist made none.

    metallic, roughness, brightness: (H, W) in [0, 1]; convexity: (H, W) in [-1, 1]. Half of the materials with metal
    have one; of the others half of the shiny ones, one in ten of the rest, and one in ten has a black one.
    """
    chance = rng.random()
    has_metal = float(metallic.mean()) > METAL_FROM
    shiny = float(roughness.mean()) < SHINY
    if not has_metal and chance > 0.9:
        return np.zeros((*metallic.shape, 1), np.float32)
    if chance > (0.5 if has_metal or shiny else 0.1):
        return None
    gloss = 1 - roughness
    covered = metallic if has_metal else gloss
    if has_metal and rng.random() < 0.3:  # what else is smooth is marked, too, if less
        covered = np.maximum(covered, np.float32(rng.uniform(0.2, 0.8)) * gloss)
    if not has_metal and rng.random() < 0.3:
        covered = brightness
    gloss_share = np.float32(rng.uniform(0.0, 0.5))
    mask = covered * (1 - gloss_share + gloss_share * gloss)
    mask = mask * (1 + np.float32(rng.uniform(0, 0.2)) * rough_noise(rng, mask.shape, 1.0))
    mask = mask + np.float32(rng.uniform(0, 0.15)) * np.maximum(convexity, 0)
    mask = np.clip(blur(mask.astype(np.float32), rng.uniform(0.3, 2.0)), 0, 1)
    top = max(float(np.percentile(mask, TOP)), 8 / 255)
    codes = np.rint(np.clip(mask / top, 0, 1) * 255).astype(np.float32)
    return codes[..., None] / np.float32(255)

"""Two evaluation styles that share no light model with `synth.painter`, by which training paints; see `painter`.

A model that only undoes the training painter's light does worse on these. All that is painted wraps around.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from unbake.domain.maps import MapKind
from unbake.image.arrays import Maps
from unbake.image.colour import linear_to_srgb, luma, srgb_to_linear
from unbake.image.geometry import geometry_channels
from unbake.image.noise import blur, normalised, rough_noise, smooth_noise, smoothstep
from unbake.image.normals import slopes

_TONES = 5
"""Steps of light that a flat painter tells apart."""


@dataclass(frozen=True, slots=True)
class _Form:
    """A material as these styles read it: linear (H, W, 3) albedo and normal, the rest (H, W)."""

    albedo: np.ndarray
    normal: np.ndarray
    metallic: np.ndarray
    roughness: np.ndarray
    openness: np.ndarray
    edges: np.ndarray


def skylit(material: Maps, rng: np.random.Generator) -> Maps:
    """Light from a sky and the ground under it, no sun: a gradient over the slope, and a rim on what turns away.

    material: as `synth.painter.paint` takes it. Gives DIFFUSE (H, W, 3) sRGB in [0, 1] on the 8-bit grid, and
    SPECULAR (H, W, 1) in [0, 1], but for one artist in four.
    """
    form = _form(material)
    sky = np.array([0.85, 0.97, 1.12], np.float32) * np.float32(rng.uniform(0.75, 1.0))
    ground = np.array([1.06, 0.9, 0.72], np.float32) * np.float32(rng.uniform(0.25, 0.6))
    angle = rng.uniform(0.25, 0.75) * np.pi  # the sky is somewhere at the top of the picture
    up = form.normal[..., 0] * np.float32(np.cos(angle)) + form.normal[..., 1] * np.float32(np.sin(angle))
    height = smoothstep(up, -0.9, 0.9)[..., None]
    light = ground + (sky - ground) * (0.35 + 0.65 * height)
    rim = np.float32(rng.uniform(0.15, 0.5)) * (1 - form.normal[..., 2:]) ** np.float32(1.5)
    shadow = form.openness[..., None] ** np.float32(rng.uniform(1.2, 2.5))
    # Polished metal mirrors the sky above a dark horizon.
    horizon = smoothstep(up + np.float32(0.08) * smooth_noise(rng, up.shape, 10), -0.15, 0.25)[..., None]
    mirrored = form.albedo * (np.float32(rng.uniform(0.05, 0.12)) + 0.45 * horizon * sky)
    metal = form.metallic[..., None] * (1 - 0.4 * form.roughness[..., None])
    lit = (form.albedo * light + rim * sky * 0.3) * (1 - metal) + mirrored * metal
    drips = smoothstep(rough_noise(rng, up.shape, 1.1, (6.0, 1.0)) - form.edges, 0.6, 2.2)[..., None]
    stained = lit * shadow * (1 - np.float32(rng.uniform(0.1, 0.4)) * drips)
    return _finished(rng, linear_to_srgb(np.clip(stained, 0, 1)), form, sharpen=rng.uniform(0.0, 0.4))


def brushed(material: Maps, rng: np.random.Generator) -> Maps:
    """By hand: flat tones laid in strokes, dark lines in grooves and light ones on edges, colours made stronger.

    material and what it gives: as `skylit`.
    """
    form = _form(material)
    shape = form.openness.shape
    side = min(shape) / 512
    # What a brush leaves of the colours: their means over a stroke.
    flat = linear_to_srgb(np.clip(blur(form.albedo, max(0.6, 1.5 * side)), 0, 1))
    angle = rng.uniform(0, 2 * np.pi)
    lean = form.normal[..., 0] * np.float32(np.cos(angle)) + form.normal[..., 1] * np.float32(np.sin(angle))
    tone = 0.55 + 0.5 * blur(lean, max(0.6, 1.5 * side)) - 0.35 * (1 - form.openness)
    stretch = ((10.0, 1.0), (1.0, 10.0), (4.0, 1.0))[rng.integers(3)]
    stroke = rough_noise(rng, shape, 0.9, stretch)
    wobble = tone + np.float32(0.06) * stroke
    stepped = np.round(np.clip(wobble, 0, 1) * _TONES) / _TONES
    light = np.float32(0.62) + np.float32(0.62) * (0.7 * stepped + 0.3 * wobble)
    cold, warm = np.array([0.92, 0.97, 1.1], np.float32), np.array([1.06, 1.0, 0.9], np.float32)
    colour = flat * light[..., None] * (cold + (warm - cold) * np.clip(tone, 0, 1)[..., None])
    # Metal is a dull blue-grey with streaks of light across it, whatever it reflects.
    streaks = smoothstep(stroke + 2 * lean, 0.8, 2.0)[..., None]
    steel = np.float32(rng.uniform(0.22, 0.4)) * np.array([0.95, 1.0, 1.08], np.float32) * light[..., None]
    hue = 0.6 * steel + 0.4 * colour * luma(steel) / np.maximum(luma(flat), 0.05)
    metal = form.metallic[..., None]
    colour = colour * (1 - metal) + (hue + np.float32(rng.uniform(0.15, 0.4)) * streaks) * metal
    grooves = smoothstep(-form.edges, 0.25, 0.7)[..., None]
    ridges = smoothstep(form.edges, 0.3, 0.8)[..., None]
    colour *= 1 - np.float32(rng.uniform(0.45, 0.8)) * grooves
    colour += np.float32(rng.uniform(0.08, 0.25)) * ridges
    grey = luma(colour)
    colour = grey + np.float32(rng.uniform(1.1, 1.45)) * (colour - grey)
    return _finished(rng, colour, form, sharpen=0.0)


EXTRA_STYLES: Final[dict[str, Callable[[Maps, np.random.Generator], Maps]]] = {
    "skylit": skylit,
    "brushed": brushed,
}
"""These styles by name."""


def _form(material: Maps) -> _Form:
    """The material, with what it lacks filled in, its occlusion, and its grooves and edges from -1 to 1."""
    albedo = srgb_to_linear(material[MapKind.ALBEDO].astype(np.float32, copy=False))
    shape = albedo.shape[:2]

    def plane(kind: MapKind, otherwise: float) -> np.ndarray:
        return material[kind][..., 0] if kind in material else np.full(shape, otherwise, np.float32)

    normal = material[MapKind.NORMAL]
    geometry = geometry_channels(normal)
    openness = plane(MapKind.AO, 1.0) if MapKind.AO in material else geometry[MapKind.GEO_AO][..., 0]
    dx, dy = (np.clip(slope, -3, 3) for slope in slopes(normal))
    # Height falls away on both sides of an edge; seen at the width of a line of ink.
    side = max(0.8, 1.5 * min(shape) / 512)
    bend = np.roll(dx, 1, 1) - np.roll(dx, -1, 1) + np.roll(dy, -1, 0) - np.roll(dy, 1, 0)
    edges = np.tanh(2.5 * blur(bend, side))
    return _Form(
        albedo,
        normal,
        plane(MapKind.METALLIC, 0.0),
        plane(MapKind.ROUGHNESS, 0.7),
        np.clip(openness, 0, 1),
        edges,
    )


def _finished(rng: np.random.Generator, srgb: np.ndarray, form: _Form, sharpen: float) -> Maps:
    """Sharpened and rounded to 8 bits, with the mask this artist made, if any."""
    grey = luma(srgb)
    crisp = srgb + np.float32(sharpen) * (grey - blur(grey, 1.0))
    diffuse = np.rint(np.clip(crisp, 0, 1) * 255).astype(np.float32) / np.float32(255)
    choice = rng.choice(("smoothness", "brightness", "none"), p=(0.4, 0.35, 0.25))
    if choice == "none":
        return {MapKind.DIFFUSE: diffuse}
    mask = 0.3 + np.float32(rng.uniform(0.06, 0.2)) * normalised(luma(diffuse)[..., 0])
    if choice == "smoothness":
        mask = 0.5 * mask + 0.6 * (1 - form.roughness) * (0.6 + 0.4 * form.metallic)
    mask *= 1 + 0.5 * np.minimum(form.edges, 0)
    stored = np.rint(np.clip(mask, 0, 1) * 255).astype(np.float32)[..., None] / np.float32(255)
    return {MapKind.DIFFUSE: diffuse} | ({MapKind.SPECULAR: stored} if np.ptp(stored) > 0 else {})

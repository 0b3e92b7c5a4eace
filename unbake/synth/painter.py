"""The painter: PBR truth to a plausible painted legacy diffuse and mask, the input half of a synthetic pair.

Everything wraps around, so that what tiles goes on tiling; work is in linear light until the grading.
"""

from dataclasses import dataclass
from zlib import crc32

import numpy as np

from unbake.domain.maps import MapKind
from unbake.image.arrays import Codes, Floats, Maps
from unbake.image.colour import linear_to_srgb, luma, luminance, srgb_to_linear
from unbake.image.dds.blocks import BlockFormat, Effort, decode_blocks, encode_blocks
from unbake.image.dds.deblock import BLOCKY, soften_blocks
from unbake.image.geometry import geometry_channels
from unbake.image.noise import blur, normalised, rough_noise, smooth_noise, smoothstep
from unbake.image.normals import from_slopes, slopes
from unbake.image.resample import by_area, smoothly
from unbake.synth.environment import paint_environment
from unbake.synth.layers import Rng
from unbake.synth.levels import PaintedLevel, at_level, draw_level
from unbake.synth.styles import EVALUATION_STYLES, STYLES, TRAINING_STYLES, Style
from unbake.synth.surroundings import POLISH, draw_surroundings, lit_by
from unbake.synth.traced import Traced, draw_light, mirrored_light, sized

__all__ = ["EVALUATION_STYLES", "STYLES", "TRAINING_STYLES", "Style", "paint"]

_WARM = np.array([1.0, 0.15, -1.0], np.float32)
"""From cold to warm, per channel."""

_SKY = np.array([0.7, 1.0, 1.5], np.float32)
"""Gain from the sky of a surface that faces up the picture, per channel."""


@dataclass(frozen=True, slots=True)
class _Surface:
    """A material as the painter sees it: albedo, linear, and normal (H, W, 3), the rest (H, W)."""

    albedo: Floats
    normal: Floats
    roughness: Floats
    metallic: Floats
    ao: Floats
    convexity: Floats


def paint(
    material: Maps,
    style: Style,
    seed: int,
    level: PaintedLevel | None = None,
    traced: Traced | None = None,
) -> Maps:
    """The diffuse an artist of that style would have painted for this material, mostly with masks beside it.

    material: ALBEDO (H, W, 3) sRGB in [0, 1]; NORMAL (unit, OpenGL), ROUGHNESS, METALLIC, AO, GEO_AO where
    there are any: without a normal nothing is lit, without AO the normal's own is used (GEO_AO, derived when
    not given). level: of the mod that the painting belongs to, None for one of its own. traced: the material's
    path-traced light, for styles of that light. Gives DIFFUSE (H, W, 3) sRGB in [0, 1] on the 8-bit grid, and
    SPECULAR and ENVIRONMENT (H, W, 1) in [0, 1] unless this artist made none. The same arguments give the same bytes.
    Plan: `synth_diffuse_v2`, phase A_albedo_syn.

    >>> grey = {MapKind.ALBEDO: np.full((16, 16, 3), 0.5, np.float32)}
    >>> paint(grey, STYLES["sun"], 0)[MapKind.DIFFUSE].shape
    (16, 16, 3)
    """
    rng = np.random.default_rng([seed, crc32(repr(style).encode())])
    surface = _inspect(material)
    if style.light == "formula":
        light = _light(rng, style, surface)
        colour = _base_colour(rng, style, surface) * light
    else:
        colour = _rendered(rng, surface, traced if style.light == "traced" else None)
    colour = _weather(rng, style, surface, colour)
    metallic = surface.metallic[..., None]
    colour = at_level(rng, colour, surface.albedo, metallic, draw_level(rng) if level is None else level)
    diffuse = _finish(rng, style, _grade(rng, style, linear_to_srgb(np.clip(colour, 0, 1))))
    specular = _specular(rng, style, surface, diffuse, MapKind.ROUGHNESS in material)
    brightness = luma(diffuse)[..., 0]
    environment = paint_environment(rng, surface.metallic, surface.roughness, surface.convexity, brightness)
    painted = {MapKind.DIFFUSE: diffuse, MapKind.SPECULAR: specular, MapKind.ENVIRONMENT: environment}
    return {kind: image for kind, image in painted.items() if image is not None}


def _inspect(material: Maps) -> _Surface:
    """The material with everything missing filled in, and its curvature."""
    albedo = srgb_to_linear(material[MapKind.ALBEDO].astype(np.float32, copy=False))
    shape = albedo.shape[:2]

    def plane(kind: MapKind, otherwise: float) -> Floats:
        return material[kind][..., 0] if kind in material else np.full(shape, otherwise, np.float32)

    normal = material.get(MapKind.NORMAL)
    if normal is None:
        normal = np.broadcast_to(np.array([0, 0, 1], np.float32), (*shape, 3))
    if MapKind.AO in material or MapKind.NORMAL not in material:
        ao = plane(MapKind.AO, 1.0)
    elif MapKind.GEO_AO in material:
        ao = plane(MapKind.GEO_AO, 1.0)
    else:
        ao = geometry_channels(normal)[MapKind.GEO_AO][..., 0]
    roughness, metallic = plane(MapKind.ROUGHNESS, 0.7), plane(MapKind.METALLIC, 0.0)
    return _Surface(albedo, normal, roughness, metallic, np.clip(ao, 0, 1), _convexity(normal))


def _convexity(normal: Floats) -> Floats:
    """Curvature, fine and broad, as overlays paint it: (H, W) in [-1, 1], -1 in grooves, 1 on edges."""
    dx, dy = (np.clip(slope, -2, 2) for slope in slopes(normal))
    bend = np.roll(dx, 1, 1) - np.roll(dx, -1, 1) + np.roll(dy, -1, 0) - np.roll(dy, 1, 0)
    scale = min(bend.shape) / 512
    return np.tanh(1.2 * blur(bend, max(0.7, scale)) + 4 * blur(bend, 4 * scale))


def _light(rng: Rng, style: Style, surface: _Surface) -> Floats:
    """Painted light, (H, W, 3), 1 on open flat ground: sun, ambient, sky, occlusion, cavities, edges."""
    relief = np.float32(rng.uniform(*style.relief))
    dx, dy = (np.clip(slope * relief, -4, 4) for slope in slopes(surface.normal))
    n = from_slopes(dx, dy)
    sun, wrap = rng.uniform(*style.sun), rng.uniform(*style.wrap)
    direct = np.zeros(n.shape[:2], np.float32)
    azimuth = rng.uniform(0, 2 * np.pi)
    for i in range(style.lights):
        elevation = np.radians(rng.uniform(*style.elevation))
        turned = azimuth + i * rng.uniform(0.5, 1.0) * np.pi
        across, up = np.cos(elevation), np.sin(elevation)
        towards = np.asarray([np.cos(turned) * across, np.sin(turned) * across, up], np.float32)
        # Divided by what flat ground gets, so that the sun's height changes relief, not exposure.
        direct += np.maximum(n @ towards + np.float32(wrap), 0) / np.float32(up + wrap)
    light = 1 - sun + sun * direct / style.lights

    strength, power = rng.uniform(*style.ao), rng.uniform(*style.ao_power)
    light *= 1 - strength + strength * surface.ao ** np.float32(power)
    worn = 1 - rng.uniform(*style.wear) * smoothstep(smooth_noise(rng, light.shape, 12, 0.7), -0.5, 0.8)
    light *= 1 + rng.uniform(*style.cavity) * np.minimum(surface.convexity, 0)
    light *= 1 + 1.5 * rng.uniform(*style.edge) * worn * np.maximum(surface.convexity, 0)

    # A power per channel tints shadows and highlights in opposite directions and leaves flat ground alone.
    hue = 1 + rng.uniform(*style.warmth) * _WARM
    coloured = np.maximum(light, 1e-3)[..., None] ** hue.astype(np.float32)
    sky = 0.5 * rng.uniform(*style.sky) * _SKY
    return coloured * (1 + n[..., 1:2] * sky.astype(np.float32))


def _rendered(rng: Rng, surface: _Surface, traced: Traced | None) -> Floats:
    """Lit paint, linear (H, W, 3): under drawn surroundings, or traced light on what is matt and rendered metal."""
    lit = lit_by(draw_surroundings(rng), surface.normal, surface.roughness, surface.ao, rng)
    matt, metal = lit.matt, lit.mirrored
    if traced is not None:
        here = sized(traced, *surface.ao.shape)
        matt = draw_light(here, rng)
        rendered = mirrored_light(here, surface.albedo)
        if rendered is not None and rng.random() < 0.6:
            metal = rendered
    if rng.random() < 0.15:
        metal = matt  # some paint metal like anything else
    smooth = (1 - surface.roughness)[..., None]
    polish = np.float32(POLISH * rng.uniform(0, 1.5)) * smooth**2 * lit.mirrored
    metallic = surface.metallic[..., None]
    rest = surface.albedo * (matt / max(float(matt.mean()), 1e-6)) + polish
    return rest * (1 - metallic) + surface.albedo * metal * metallic


def _base_colour(rng: Rng, style: Style, surface: _Surface) -> Floats:
    """Unlit paint, linear (H, W, 3): dielectrics their albedo and some gloss, metals a dark reflection."""
    smooth = (1 - surface.roughness)[..., None]
    metallic = surface.metallic[..., None]
    shine = _surroundings(rng, surface)[..., None]
    colourful = np.float32(rng.uniform(*style.metal_colour))
    hue = surface.albedo * colourful + luminance(surface.albedo) * (1 - colourful)
    tint = 1 + rng.normal(0, 0.06) * _WARM
    reflection = np.float32(rng.uniform(*style.reflection)) * (0.35 + 0.65 * smooth)
    metal = hue * tint.astype(np.float32) * np.maximum(1 + reflection * shine, 0.1)
    gloss = np.float32(0.2 * rng.uniform(*style.gloss)) * smooth**2 * np.maximum(shine, 0)
    return (surface.albedo + gloss) * (1 - metallic) + metal * metallic


def _surroundings(rng: Rng, surface: _Surface) -> Floats:
    """Reflections as painters fake them, (H, W), about [-1, 2]: bands over the slope, noise, streaks."""
    shape = surface.ao.shape
    angle = rng.uniform(0, 2 * np.pi)
    lean = surface.normal[..., :2] @ np.asarray([np.cos(angle), np.sin(angle)], np.float32)
    cloud = rough_noise(rng, shape, rng.uniform(1.0, 1.5))
    grain = ((8.0, 1.0), (1.0, 8.0), (1.0, 1.0))[rng.integers(3)]
    streak = rough_noise(rng, shape, 0.8, grain)
    phase = rng.uniform(0.6, 1.6) * lean + rng.uniform(0.03, 0.12) * cloud + rng.uniform(0, 1)
    bands = np.sin((2 * np.pi * phase).astype(np.float32))
    return 0.5 * bands + 0.5 * np.maximum(bands, 0) ** 4 + 0.2 * cloud + 0.15 * streak


def _weather(rng: Rng, style: Style, surface: _Surface, colour: Floats) -> Floats:
    """Mottling and grime over linear paint (H, W, 3)."""
    shape = surface.ao.shape
    mottle = np.float32(rng.uniform(*style.mottle)) * rough_noise(rng, shape, rng.uniform(0.8, 1.4))
    cover = rng.uniform(*style.dirt)
    spread = rough_noise(rng, shape, rng.uniform(0.9, 1.4)) - 1.5 * surface.convexity + 2 * (1 - surface.ao)
    grime = rng.uniform(0.01, 0.06) * (1 + rng.uniform(0.1, 0.6) * _WARM)
    mask = (0.75 * cover * smoothstep(spread, 1.8 - 2 * cover, 3.4 - 2 * cover))[..., None]
    return colour * np.exp2(mottle)[..., None] * (1 - mask) + grime.astype(np.float32) * mask


def _grade(rng: Rng, style: Style, srgb: Floats) -> Floats:
    """Tint, gamma, contrast, saturation and lifted blacks on display values (H, W, 3)."""
    gain = 1 + rng.uniform(*style.tint) * rng.uniform(-1, 1, 3)
    x = np.clip(srgb * gain.astype(np.float32), 0, 1) ** np.float32(rng.uniform(*style.gamma))
    pivot = x.mean()
    x = pivot + np.float32(rng.uniform(*style.contrast)) * (x - pivot)
    grey = luma(x)
    x = grey + np.float32(rng.uniform(*style.saturation)) * (x - grey)
    black = np.float32(rng.uniform(*style.black))
    return np.clip(black + (1 - black) * x, 0, 1)


def _finish(rng: Rng, style: Style, srgb: Floats) -> Floats:
    """Rescaled, sharpened, grained, rounded to 8 bits and mostly block-compressed, as game files are."""
    soft = rng.uniform(*style.soft)
    if soft > 0.3:
        srgb = blur(srgb, soft)
    # What only some styles do draws from the generator in those alone: the others paint as ever.
    if style.small[1] > 1:
        srgb = _enlarged(srgb, rng.uniform(*style.small))
    grey = luma(srgb)
    detail = np.float32(rng.uniform(*style.sharpen)) * (grey - blur(grey, 1 + soft))
    grain = np.float32(rng.uniform(*style.grain)) * rng.standard_normal(grey.shape, dtype=np.float32)
    pixels = np.rint(np.clip(srgb + detail + grain, 0, 1) * 255).astype(np.uint8)
    if rng.random() < style.compress:
        newer = style.bc7 > 0 and rng.random() < style.bc7
        pixels = _compressed(pixels, BlockFormat.BC7 if newer else BlockFormat.BC1)
    return np.ascontiguousarray(pixels[..., :3]).astype(np.float32) / np.float32(255)


def _compressed(pixels: Codes, blocks: BlockFormat) -> Codes:
    """A picture (H, W, 3) as conversion reads it from a file of these blocks: those of BC1 softened."""
    height, width = pixels.shape[:2]
    data = encode_blocks(pixels, blocks, Effort.FAST, painted=True)
    read = np.ascontiguousarray(decode_blocks(data, width, height, blocks)[..., :3])
    if f"dds/{blocks}".startswith(BLOCKY):
        soften_blocks(read, (True, True))
    return read


def _enlarged(srgb: Floats, factor: float) -> Floats:
    """The picture (H, W, 3) as it comes back from one `factor` times smaller; what tiles goes on tiling."""
    height, width = srgb.shape[:2]
    small = by_area(srgb, max(4, round(height / factor)), max(4, round(width / factor)), colour="srgb")
    return smoothly(small, height, width, (True, True))


def _specular(
    rng: Rng, style: Style, surface: _Surface, painted: Floats, has_roughness: bool
) -> Floats | None:
    """The gloss mask an artist would keep in the normal's alpha, (H, W, 1), 8-bit, or None.

    Bright where smooth or metal; or just the painted brightness with its levels pulled, which is all there
    can be when the material has no roughness map.
    """
    choice = rng.choice(("smoothness", "brightness", "none"), p=style.specular)
    if choice == "none":
        return None
    brightness = normalised(luma(painted)[..., 0])
    level, contrast = rng.uniform(0.08, 0.55), rng.uniform(0.04, 0.25)
    mask = level + contrast * brightness
    if choice == "smoothness" and has_roughness:
        # Some artists brighten metal besides; who does not gives no sign of it.
        metal = rng.uniform(0, 0.4) * (rng.random() < 0.4)
        shiny = (1 - surface.roughness) ** np.float32(rng.uniform(0.7, 1.7)) * (0.5 + level)
        mask = shiny * (1 - metal + metal * surface.metallic) + 0.3 * contrast * brightness
    cloudy = mask + rng.uniform(0.0, 0.05) * smooth_noise(rng, mask.shape, 24, 0.5)
    dented = cloudy * (1 + 0.4 * np.minimum(surface.convexity, 0))
    codes = np.rint(np.clip(dented, 0, 1) * 255).astype(np.uint8)[..., None]
    if style.bc3 > 0 and rng.random() < style.bc3:
        # The blocks of BC3's alpha, in which games keep the mask, are those of BC4.
        blocks = encode_blocks(codes, BlockFormat.BC4, Effort.FAST)
        codes = decode_blocks(blocks, codes.shape[1], codes.shape[0], BlockFormat.BC4)
    stored = codes.astype(np.float32) / np.float32(255)
    # A constant alpha is what files without a mask have.
    return None if np.ptp(stored) == 0 else stored

"""Painting styles as data: ranges from which `painter` draws the parameters of one texture."""

from dataclasses import dataclass, field, replace
from typing import Literal

Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Style:
    """Ranges a painter draws from, once a texture; multipliers of linear light where not said otherwise.

    How dark all of it is painted is no matter of style: see `levels`.

    lights: directional lights painted in.
    sun: their share of the light, the rest is ambient.
    elevation: of the lights, in degrees over the surface.
    relief: factor on the slopes before lighting.
    wrap: how far light reaches past the terminator.
    sky: strength of a bluish hemisphere, from the top of the picture.
    warmth: how much warmer lit parts are than shadowed ones (exponent per channel).
    ao, ao_power: share of the occlusion painted in, and the exponent on it.
    cavity, edge, wear: darkening of grooves, brightening of edges, how patchy edges are.
    gloss: painted highlights on smooth dielectrics.
    metal_colour: share of painted metal's hue that stays.
    reflection: strength of the surroundings painted onto metal.
    mottle: deviation of low-frequency brightness, in stops.
    dirt: cover of grime, most of it in cavities.
    gamma, contrast, saturation, black: grading of sRGB values; tint: its deviation per channel.
    soft: texels of blur left from rescaling.
    sharpen: unsharp amount.
    grain: deviation of noise on sRGB values.
    compress: chance of block compression of the diffuse (BC1; the colours of BC3 are the same).
    bc7: chance that it is BC7 instead, as newer packs are; conversion does not soften its blocks.
    bc3: chance that the mask went through the alpha of BC3.
    small: how many times larger than the painting the picture is: an old texture, enlarged.
    specular: chances of a mask made from smoothness, made from brightness, absent.
    light: a formula over the slopes, drawn surroundings, or path-traced light where there is any (else surroundings);
        only the formula heeds the ranges from lights to edge, gloss, metal_colour and reflection.
    """

    lights: int = 1
    sun: Range = (0.2, 0.5)
    elevation: Range = (35, 70)
    relief: Range = (0.6, 1.4)
    wrap: Range = (0.0, 0.3)
    sky: Range = (0.0, 0.0)
    warmth: Range = (0.0, 0.08)
    ao: Range = (0.5, 1.0)
    ao_power: Range = (0.8, 1.6)
    cavity: Range = (0.15, 0.5)
    edge: Range = (0.0, 0.35)
    wear: Range = (0.2, 0.8)
    gloss: Range = (0.0, 0.15)
    metal_colour: Range = (0.5, 1.0)
    reflection: Range = (0.2, 0.7)
    mottle: Range = (0.03, 0.15)
    dirt: Range = (0.0, 0.3)
    gamma: Range = (0.92, 1.1)
    contrast: Range = (0.95, 1.15)
    saturation: Range = (0.8, 1.1)
    tint: Range = (0.0, 0.03)
    black: Range = (0.0, 0.03)
    soft: Range = (0.0, 0.8)
    sharpen: Range = (0.0, 0.6)
    grain: Range = (0.0, 0.015)
    compress: float = 0.8
    specular: tuple[float, float, float] = (0.4, 0.35, 0.25)
    # Not in repr, which is part of the painter's seed: what the other styles paint stays as it was before these.
    bc3: float = field(default=0.0, repr=False)
    bc7: float = field(default=0.0, repr=False)
    small: Range = field(default=(1.0, 1.0), repr=False)
    light: Literal["formula", "surroundings", "traced"] = field(default="formula", repr=False)


_PLAIN = Style()

_RESTRAINED = replace(
    _PLAIN,
    mottle=(0.0, 0.1),
    gamma=(0.92, 1.1),
    contrast=(0.9, 1.2),
    saturation=(0.7, 1.2),
    tint=(0.0, 0.04),
    soft=(0.0, 1.0),
    sharpen=(0.0, 0.8),
    compress=0.9,
    bc3=0.5,
)
"""Of little grading: light is what differs."""

STYLES: dict[str, Style] = {
    # One clear light from the side, as photographs and sculpt bakes have it.
    "sun": replace(
        _PLAIN,
        sun=(0.35, 0.75),
        elevation=(25, 60),
        relief=(0.8, 1.8),
        warmth=(0.03, 0.12),
        cavity=(0.1, 0.35),
    ),
    # Occlusion and curvature overlays only, next to no direction.
    "ambient": replace(
        _PLAIN,
        sun=(0.0, 0.15),
        elevation=(60, 85),
        ao=(0.8, 1.0),
        ao_power=(1.0, 2.2),
        cavity=(0.3, 0.8),
        edge=(0.1, 0.5),
        mottle=(0.02, 0.1),
    ),
    # Dark, dirty, sharpened: industrial and dungeon sets.
    "grunge": replace(
        _PLAIN,
        sun=(0.1, 0.35),
        cavity=(0.35, 0.8),
        edge=(0.2, 0.7),
        wear=(0.6, 1.0),
        mottle=(0.12, 0.35),
        dirt=(0.3, 0.8),
        saturation=(0.55, 0.95),
        sharpen=(0.3, 1.0),
        grain=(0.005, 0.025),
    ),
    # A scan or photograph pushed through heavy colour grading and rescaling.
    "graded": replace(
        _PLAIN,
        sun=(0.1, 0.4),
        gamma=(0.8, 1.25),
        contrast=(0.85, 1.4),
        saturation=(0.5, 1.3),
        tint=(0.02, 0.08),
        black=(0.0, 0.07),
        warmth=(0.0, 0.15),
        soft=(0.3, 1.5),
        sharpen=(0.2, 1.2),
    ),
    # Restrained: nearly the albedo, as much of a late legacy game's set is.
    "light": replace(
        _PLAIN,
        sun=(0.05, 0.25),
        ao=(0.2, 0.6),
        cavity=(0.05, 0.2),
        edge=(0.0, 0.15),
        mottle=(0.0, 0.06),
        dirt=(0.0, 0.1),
        sharpen=(0.0, 0.3),
    ),
    # An old texture of half the size or less, enlarged by a later pack, sharpened and compressed again.
    "enlarged": replace(
        _PLAIN,
        small=(2.0, 4.0),
        relief=(0.5, 1.2),
        mottle=(0.05, 0.2),
        saturation=(0.7, 1.1),
        sharpen=(0.3, 1.2),
        grain=(0.0, 0.01),
        compress=1.0,
        bc3=0.8,
    ),
    # Flat colours and bright metal, hardly lit, as hand-painted and late sets have them: often nothing to take out.
    "flat": replace(
        _PLAIN,
        sun=(0.0, 0.15),
        ao=(0.0, 0.3),
        cavity=(0.0, 0.3),
        edge=(0.0, 0.5),
        gloss=(0.0, 0.4),
        mottle=(0.0, 0.25),
        contrast=(0.8, 1.1),
        saturation=(0.7, 1.4),
        grain=(0.0, 0.005),
        specular=(0.3, 0.4, 0.3),
    ),
    # Domain randomisation: every painter's range and more, so that no habit of the others can be relied on.
    "any": replace(
        _PLAIN,
        sun=(0.0, 0.8),
        elevation=(15, 85),
        relief=(0.3, 1.8),
        wrap=(0.0, 0.6),
        warmth=(-0.1, 0.15),
        ao=(0.0, 1.0),
        ao_power=(0.6, 2.4),
        cavity=(0.0, 0.8),
        edge=(0.0, 0.7),
        wear=(0.0, 1.0),
        gloss=(0.0, 0.4),
        metal_colour=(0.2, 1.0),
        reflection=(0.0, 1.0),
        mottle=(0.0, 0.35),
        dirt=(0.0, 0.8),
        gamma=(0.8, 1.25),
        contrast=(0.8, 1.4),
        saturation=(0.5, 1.4),
        tint=(0.0, 0.08),
        black=(0.0, 0.08),
        soft=(0.0, 1.5),
        sharpen=(0.0, 1.2),
        grain=(0.0, 0.025),
        specular=(0.4, 0.3, 0.3),
    ),
    # One set of surroundings lights matt things and is mirrored by shiny ones, as in photographs and renderings.
    "studio": replace(_RESTRAINED, light="surroundings"),
    # Light with all that it reflects on itself, and metal fully rendered.
    "traced": replace(_RESTRAINED, light="traced"),
    # Never trained on: two lights under a tinted hemisphere, stronger occlusion, duller metal.
    "overcast": replace(
        _PLAIN,
        lights=2,
        sun=(0.2, 0.45),
        elevation=(15, 50),
        wrap=(0.3, 0.6),
        sky=(0.4, 0.8),
        warmth=(-0.08, 0.02),
        ao_power=(1.4, 2.4),
        cavity=(0.2, 0.45),
        edge=(0.05, 0.3),
        metal_colour=(0.3, 0.8),
        mottle=(0.08, 0.2),
        gamma=(1.0, 1.18),
        tint=(0.02, 0.05),
        soft=(0.4, 1.0),
        compress=1.0,
        specular=(0.6, 0.2, 0.2),
    ),
    "torchlit": replace(
        _PLAIN,
        lights=2,
        sun=(0.4, 0.7),
        elevation=(20, 40),
        wrap=(0.1, 0.4),
        sky=(0.2, 0.4),
        warmth=(0.1, 0.2),
        ao=(0.4, 0.8),
        cavity=(0.25, 0.6),
        edge=(0.2, 0.45),
        dirt=(0.2, 0.5),
        reflection=(0.5, 0.9),
        contrast=(1.05, 1.25),
        compress=1.0,
        specular=(0.4, 0.4, 0.2),
    ),
}
"""Every painter by name."""

TRAINING_STYLES: tuple[str, ...] = (
    "sun",
    "ambient",
    "grunge",
    "graded",
    "light",
    "enlarged",
    "flat",
    "any",
    "studio",
    "traced",
)
"""Painters that training may meet."""

EVALUATION_STYLES: tuple[str, ...] = ("overcast", "torchlit")
"""Painters kept apart, with another light model, for validation and measurement."""

"""Applies what is known outside the picture to predicted maps: metal, albedo, roughness; after `convert`, no network.

The networks' maps do not change with a hint, a name or a companion: those act here, on maps that may come from the
cache. So a changed rule needs no inference.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Final, Literal

import msgspec
import numpy as np

from unbake.convert.albedo_rule import rule_albedo, small_size
from unbake.convert.convert import Converted
from unbake.convert.grey_metal import GREY_METALS, only_grey
from unbake.convert.inputs import Inputs
from unbake.convert.roughness import mask_tells, moved
from unbake.domain.decision import Decision, Source
from unbake.domain.hints import FINISH_ROUGHNESS
from unbake.domain.maps import MapKind
from unbake.evidence.companions import MetalCue, strength
from unbake.evidence.evidence import Evidence
from unbake.evidence.fuse import (
    HARDLY,
    LEAST_WEIGHT,
    MOSTLY,
    TYPICAL_PRESENCE,
    Plan,
    metal_probability,
    plan,
)
from unbake.evidence.level import Level
from unbake.evidence.refine import chroma, refined
from unbake.image.arrays import CodedMaps, Codes, Floats, Wrap, bands, dequantise, quantise, unit
from unbake.image.colour import linear_to_srgb, luminance, srgb_to_linear
from unbake.image.delight import FLOOR, METAL_LIFT
from unbake.image.light import codes_of, light_of
from unbake.image.noise import smoothstep
from unbake.image.resample import by_area, smoothly

Brightness = Literal["natural", "keep"]

APPLIED: Final = 6
"""Version of what is done here: another one makes the files of a set anew, without the networks."""

NO_LOGIT: Final = TYPICAL_PRESENCE
"""Log-odds of metal where no network said anything: then they speak neither for it nor against."""

REFLECTANCE: Final[dict[str, tuple[float, float, float]]] = {
    "gold": (1.0, 0.78, 0.34),
    "silver": (0.97, 0.96, 0.92),
    "copper": (0.96, 0.64, 0.54),
    "bronze": (0.80, 0.58, 0.36),
    "dwarven": (0.80, 0.60, 0.37),
    "iron": (0.56, 0.57, 0.58),
    "steel": (0.62, 0.61, 0.60),
}
"""Linear base colour of clean metals (measured reflectance at normal incidence; bronze: of about 88 % copper)."""

CHROMA: Final = 0.6
"""Share by which a known metal's chroma is drawn towards its measured one."""

ALIKE: Final = 0.45
"""Distance of log chroma, from a texel to the measured metal, at which a name's word for it counts e^-1/2: paint, rust
and leather are another colour than their metal, and retextures change the metal under an old name."""

LIFTED: Final[Mapping[Source, float]] = {"person": 1.0, "companion": 1.0, "picture": 0.0}
"""Share of metal's own darkness, in log light, that is divided out, by who says where metal is; by a name it is the
share of the surface that it expects, for so sure it is."""

NETWORK_SHARE: Final = 0.3
"""Share of UNet-Albedo in the albedo's log light, beside the rule's: better than either alone by two painters."""

_DARK: Final = 0.01
"""Added to linear light before its logarithm: what is darker has no chroma to speak of."""

FAMILY_SHARE: Final = (0.2, 0.6)
"""Of what a name's family is rougher than other materials: where the specular mask tells of gloss, where it does not.
By d1 and traced light 0.2 to 0.4 and 0.5 to 0.8 are best for alphas of each kind."""

FINISH_SPREAD: Final = 0.8
"""Share of the roughness's own pattern that stays under a finish."""


def apply_evidence(
    converted: Converted,
    inputs: Inputs,
    evidence: Evidence,
    brightness: Brightness = "natural",
    by_rule: bool = True,
) -> Converted:
    """The maps of a set with its evidence: metal, mask, albedo, and roughness where a finish is known.

    converted: of these inputs, by networks or rules. brightness: "natural" for the level of the material, "keep" for
    the picture's own mean. by_rule: whether the albedo is made by rule; else the networks' stays.
    The result's `decision` says what was decided and why.
    """
    cue = inputs.cue
    logits = _logits(converted, inputs)
    picture = _small_picture(inputs)
    size = small_size(inputs.size)
    ordered = refined(smoothly(logits, *size, inputs.wrap), picture, evidence.material)
    small_cue = _small_cue(cue, size, inputs.wrap)
    marked = 0.0 if small_cue is None else chroma(picture, small_cue)
    how = plan(logits, cue, small_cue, evidence, ordered, marked)
    mask = _metal(ordered, cue, how, inputs.size, inputs.wrap)
    by = _source(cue, evidence)
    if by == "name" and evidence.material in GREY_METALS:
        mask = only_grey(mask, inputs.maps.codes[MapKind.DIFFUSE], inputs.wrap)
    maps = dict(converted.maps.codes)
    alone = float(unit(maps[MapKind.METALLIC]).mean())
    seen = maps[MapKind.METALLIC_MASK]
    maps[MapKind.METALLIC_MASK] = mask
    maps[MapKind.METALLIC] = _sharpened(mask) if how.mode != "complex" else mask
    trusted = _trusted(evidence, by)
    own = None
    if not by_rule and brightness == "natural":
        own = _relifted(maps[MapKind.ALBEDO], seen, mask, trusted.level.metal_gain)
    maps[MapKind.ALBEDO] = _albedo(inputs, mask, trusted, brightness, own)
    if evidence.finish is not None:
        maps[MapKind.ROUGHNESS] = _finished(maps[MapKind.ROUGHNESS], evidence)
    elif evidence.rougher:
        told, untold = FAMILY_SHARE
        tells = mask_tells(picture, _small_mask(inputs, size), inputs.wrap)
        by_family = (tells * told + (1 - tells) * untold) * evidence.rougher
        maps[MapKind.ROUGHNESS] = moved(maps[MapKind.ROUGHNESS], by_family)
    share = float(unit(maps[MapKind.METALLIC]).mean())
    return replace(converted, maps=CodedMaps(maps), decision=_decision(share, alone, how, by, evidence))


def _source(cue: MetalCue | None, evidence: Evidence) -> Source:
    """Whose word decides about metal."""
    if evidence.coverage is not None:
        return "person"
    if cue is not None:
        return "companion"
    return "name" if evidence.metal_weight >= LEAST_WEIGHT else "picture"


def _trusted(evidence: Evidence, by: Source) -> Evidence:
    """The evidence that the albedo is made by: metal is lifted by LIFTED of its darkness, not by METAL_LIFT."""
    lifted = LIFTED.get(by, evidence.metal_share)
    gain = evidence.level.metal_gain ** (lifted / METAL_LIFT)
    return msgspec.structs.replace(evidence, level=msgspec.structs.replace(evidence.level, metal_gain=gain))


def _decision(share: float, alone: float, how: Plan, by: Source, evidence: Evidence) -> Decision:
    """The decision for the report. share, alone: mean metal of the result and of the picture alone."""
    return Decision(
        metal=round(share, 4),
        alone=round(alone, 4),
        by=by,
        how=how.because,
        because=evidence.because,
        conflict=_conflict(share, evidence) if by == "companion" else "",
        finish=evidence.finish,
        material=evidence.material,
        level=evidence.level.sentence(),
    )


def _conflict(share: float, evidence: Evidence) -> str:
    """One sentence where a companion's word on metal is the opposite of the name's, else ""."""
    if evidence.metal_weight < LEAST_WEIGHT:
        return ""
    if share < HARDLY and evidence.mostly_metal >= MOSTLY:
        return "Its name speaks of metal, its mask of none."
    if share >= 0.5 and evidence.metal_share < HARDLY:
        return "Its mask marks metal, its name speaks of none."
    return ""


def _logits(converted: Converted, inputs: Inputs) -> Floats:
    """The networks' log-odds of metal (h, w, 1) on a small copy; even everywhere where there are none."""
    if converted.metal_logits is not None:
        return converted.metal_logits
    return np.full((*small_size(inputs.size), 1), NO_LOGIT, np.float32)


def _small_picture(inputs: Inputs) -> Floats:
    """The diffuse (h, w, 3), sRGB in [0, 1], on a small copy."""
    diffuse = inputs.maps.codes[MapKind.DIFFUSE]
    size = small_size(inputs.size)
    return np.concatenate([by_area(unit(diffuse[..., i : i + 1]), *size, inputs.wrap) for i in range(3)], -1)


def _small_mask(inputs: Inputs, size: tuple[int, int]) -> Floats | None:
    """The specular mask (h, w, 1) in [0, 1] on a small copy, None where the set has none."""
    if MapKind.SPECULAR not in inputs.maps.codes:
        return None
    return by_area(unit(inputs.maps.codes[MapKind.SPECULAR]), *size, inputs.wrap)


def _small_cue(cue: MetalCue | None, size: tuple[int, int], wrap: Wrap) -> Floats | None:
    return None if cue is None else by_area(strength(cue.values, cue.top), *size, wrap)


def _metal(logits: Floats, cue: MetalCue | None, how: Plan, size: tuple[int, int], wrap: Wrap) -> Codes:
    """Codes of the probability of metal at full size."""
    large = smoothly(logits, *size, wrap)
    mask = np.empty((*size, 1), np.uint8)
    for rows in bands(*size):
        values = None if cue is None else cue.values[rows]
        mask[rows] = quantise(MapKind.METALLIC_MASK, metal_probability(large[rows], cue, values, how), 8)
    return mask


def _sharpened(mask: Codes) -> Codes:
    """Metal is near binary: probabilities are pushed towards their nearer end."""
    table = smoothstep(np.arange(256, dtype=np.float32) / 255, 0.2, 0.8)
    return np.rint(table * 255).astype(np.uint8)[mask]


def _albedo(
    inputs: Inputs, mask: Codes, evidence: Evidence, brightness: Brightness, albedo: Codes | None
) -> Codes:
    """Codes of the albedo: by rule, or by rule and the networks' `albedo`; tinted where its metal is known."""
    level = evidence.level if brightness == "natural" else Level()
    made = rule_albedo(inputs.maps.codes, mask, inputs.wrap, level)
    if albedo is not None:
        made = _joined(made, albedo)
    if evidence.material not in REFLECTANCE:
        return made
    tinted = np.empty(made.shape, np.uint8)
    for rows in bands(*inputs.size):
        part = _tinted(
            dequantise(MapKind.ALBEDO, made[rows]),
            unit(mask[rows]),
            evidence.material,
            evidence.material_said,
        )
        tinted[rows] = quantise(MapKind.ALBEDO, part, 8)
    return tinted


def _joined(rule: Codes, network: Codes) -> Codes:
    """Codes of the albedo between both in log light, NETWORK_SHARE of the way to the network's: they err apart."""
    made = np.empty(rule.shape, np.uint8)
    for rows in bands(*rule.shape[:2]):
        log = _log(rule[rows])
        log += np.float32(NETWORK_SHARE) * (_log(network[rows]) - log)
        made[rows] = codes_of(np.exp(log) - np.float32(FLOOR))
    return made


def _log(albedo: Codes) -> Floats:
    """The log of linear light in codes of an albedo, finite in black."""
    every = np.arange(np.iinfo(albedo.dtype).max + 1).astype(albedo.dtype)
    return np.take(np.log(light_of(every) + np.float32(FLOOR)), albedo)


def _relifted(albedo: Codes, seen: Codes, mask: Codes, metal_gain: float) -> Codes:
    """Codes of the networks' albedo where metal is decided otherwise than they saw it: lifted as by rule, or lowered.

    seen, mask: (H, W, 1), the probability of metal that the networks read, and the decided one.
    """
    lift = np.float32(-METAL_LIFT * math.log(metal_gain))
    made = np.empty(albedo.shape, np.uint8)
    for rows in bands(*albedo.shape[:2]):
        change = np.exp(lift * (unit(mask[rows]) - unit(seen[rows])))
        made[rows] = codes_of(light_of(albedo[rows]) * change)
    return made


def _tinted(srgb: Floats, metal: Floats, material: str, said: bool) -> Floats:
    """The albedo with the chroma of a known metal drawn towards its measured one; its pattern of light stays.

    said: by a person; by a name alone only texels follow whose chroma is like that metal's.
    """
    linear = srgb_to_linear(srgb)
    light = luminance(linear)
    measured = np.array(REFLECTANCE[material], np.float32)
    target = np.clip(light * (measured / luminance(measured[None])[0]), 0, 1)
    share = CHROMA * metal
    if not said:
        apart = np.log(linear + _DARK) - np.log(target + _DARK)
        apart -= apart.mean(-1, keepdims=True)
        share = share * np.exp(-(apart**2).sum(-1, keepdims=True) / (2 * ALIKE**2))
    drawn = linear + share * (target - linear)
    return np.clip(linear_to_srgb(drawn), 0, 1).astype(np.float32)


def _finished(roughness: Codes, evidence: Evidence) -> Codes:
    """Codes of the roughness with its mean moved towards that of the finish, its pattern kept."""
    assert evidence.finish is not None
    target = FINISH_ROUGHNESS[evidence.finish]
    mean = float(unit(roughness).mean())
    moved = mean + evidence.finish_weight * (target - mean)
    table = np.arange(256, dtype=np.float32) / 255
    spread = 1 - evidence.finish_weight * (1 - FINISH_SPREAD)
    table = np.clip(moved + spread * (table - mean), 0, 1)
    return np.rint(table * 255).astype(np.uint8)[roughness]

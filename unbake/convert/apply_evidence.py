"""Applies what is known outside the picture to predicted maps: metal, albedo, roughness; after `convert`, no network.

The networks' maps do not change with a hint, a name or a companion: those act here, on maps that may come from the
cache. So a changed rule needs no inference.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from unbake.convert.albedo_rule import small_size
from unbake.convert.convert import Converted
from unbake.convert.grey_metal import GREY_METALS, only_grey
from unbake.convert.inputs import Inputs
from unbake.convert.known_albedo import Brightness, known_albedo, relifted
from unbake.convert.roughness import finished, moved
from unbake.domain.decision import Decision, Source
from unbake.domain.hints import FINISH_ROUGHNESS
from unbake.domain.maps import MapKind
from unbake.evidence.companions import MetalCue, strength
from unbake.evidence.evidence import FAMILY_SHARE, Evidence
from unbake.evidence.fuse import (
    HARDLY,
    LEAST_WEIGHT,
    MOSTLY,
    TYPICAL_PRESENCE,
    Plan,
    metal_probability,
    plan,
)
from unbake.evidence.refine import chroma, refined
from unbake.image.arrays import CodedMaps, Codes, Floats, Wrap, bands, quantise, unit
from unbake.image.colour import srgb_to_linear
from unbake.image.delight import METAL_LIFT
from unbake.image.ground import painted
from unbake.image.noise import smoothstep
from unbake.image.resample import by_area, codes_by_area, smoothly
from unbake.image.specular import mask_tells

APPLIED: Final = 12
"""Version of what is done here: another one makes the files of a set anew, without the networks."""

NO_LOGIT: Final = TYPICAL_PRESENCE
"""Log-odds of metal where no network said anything: then they speak neither for it nor against."""

LIFTED: Final[Mapping[Source, float]] = {"person": 1.0, "companion": 1.0, "picture": 0.0}
"""Share of metal's own darkness, in log light, that is divided out, by who says where metal is; by a name it is the
share of the surface that it expects, for so sure it is."""


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
    size = small_size(inputs.size)
    picture = codes_by_area(inputs.maps.codes[MapKind.DIFFUSE], *size, inputs.wrap)
    even = smoothly(logits, *size, inputs.wrap)
    ordered = refined(even, picture, evidence.material)
    small_cue = _small_cue(cue, size, inputs.wrap)
    marked = 0.0 if small_cue is None else chroma(picture, small_cue)
    shown = painted(srgb_to_linear(picture).mean(-1))  # what is said of a surface is not of an atlas's ground
    how = plan(
        logits if shown.all() else even[shown],
        cue,
        None if small_cue is None else small_cue[shown],
        evidence,
        ordered[shown],
        marked,
    )
    mask = _metal(ordered, cue, how, inputs.size, inputs.wrap)
    by = _source(cue, evidence)
    if by == "name" and evidence.material in GREY_METALS:
        mask = only_grey(mask, picture, inputs.wrap)
    maps = dict(converted.maps.codes)
    alone = _share(maps[MapKind.METALLIC], shown, inputs.wrap)
    seen = maps[MapKind.METALLIC_MASK]
    maps[MapKind.METALLIC_MASK] = mask
    maps[MapKind.METALLIC] = _sharpened(mask) if how.mode != "complex" else mask
    trusted = _trusted(evidence, by)
    own = None
    if not by_rule and brightness == "natural":
        own = relifted(maps[MapKind.ALBEDO], seen, mask, trusted.level.metal_gain)
    maps[MapKind.ALBEDO] = known_albedo(inputs, mask, trusted, brightness, own)
    if evidence.finish is not None:
        target, weight = FINISH_ROUGHNESS[evidence.finish], evidence.finish_weight
        maps[MapKind.ROUGHNESS] = finished(maps[MapKind.ROUGHNESS], target, weight)
    elif evidence.rougher:
        told, untold = FAMILY_SHARE
        tells = mask_tells(picture, _small_mask(inputs, size), inputs.wrap)
        by_family = (tells * told + (1 - tells) * untold) * evidence.rougher
        maps[MapKind.ROUGHNESS] = moved(maps[MapKind.ROUGHNESS], by_family)
    share = _share(maps[MapKind.METALLIC], shown, inputs.wrap)
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


def _share(metallic: Codes, shown: NDArray[np.bool_], wrap: Wrap) -> float:
    """Mean metal of what is painted: codes (H, W, 1), `shown` on a small copy."""
    if shown.all():
        return float(unit(metallic).mean())
    return float(by_area(unit(metallic), shown.shape[0], shown.shape[1], wrap)[shown].mean())


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

"""The albedo of a set as its evidence has it: by rule and network, metal lifted, a known metal in its colour.

Used by `apply_evidence`.
"""

import math
from typing import Final, Literal

import numpy as np

from unbake.convert.albedo_rule import rule_albedo
from unbake.convert.bare_metal import evened
from unbake.convert.inputs import Inputs
from unbake.domain.maps import MapKind
from unbake.evidence.evidence import Evidence
from unbake.evidence.level import Level
from unbake.evidence.refine import DARK
from unbake.image.arrays import Codes, Floats, bands, dequantise, quantise, unit
from unbake.image.colour import linear_to_srgb, luminance, srgb_to_linear
from unbake.image.delight import FLOOR, METAL_LIFT
from unbake.image.light import codes_of, light_of

Brightness = Literal["natural", "keep"]

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

NETWORK_SHARE: Final = 0.3
"""Share of UNet-Albedo in the albedo's log light, beside the rule's: better than either alone by two painters."""


def known_albedo(
    inputs: Inputs, mask: Codes, evidence: Evidence, brightness: Brightness, albedo: Codes | None
) -> Codes:
    """Codes of the albedo: by rule, or by rule and the networks' `albedo`; tinted where its metal is known."""
    level = evidence.level if brightness == "natural" else Level()
    made = rule_albedo(inputs.maps.codes, mask, inputs.wrap, level)
    if albedo is not None:
        made = _joined(made, albedo)
    made = evened(made, mask, inputs.wrap)
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


def relifted(albedo: Codes, seen: Codes, mask: Codes, metal_gain: float) -> Codes:
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
        apart = np.log(linear + DARK) - np.log(target + DARK)
        apart -= apart.mean(-1, keepdims=True)
        share = share * np.exp(-(apart**2).sum(-1, keepdims=True) / (2 * ALIKE**2))
    drawn = linear + share * (target - linear)
    return np.clip(linear_to_srgb(drawn), 0, 1).astype(np.float32)

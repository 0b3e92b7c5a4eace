"""Confidence in a converted texture: figures, reasons for doubt and one number; for the report.

Confidence is the product of 1 - weight x doubt over the doubts below, each from 0 (none) to 1, and of IMPLAUSIBLE for
each implausible thing that `checks` found. It orders textures for a person to look at; it is not a probability.

- metal: the greatest of: twice the difference between the shares of texels that the metallic map and the metal mask
  call metal; what is expected to be wrong with a decision (`DISAGREEMENT` by how far it is from the picture alone,
  `IN_PART` by how near to half of the surface it comes); and 1 where companion and name disagree.
- albedo: how much light and dark there is in it, by `CONTRAST`: it is wrong by a share of its light.
- roughness: 1 where no specular mask tells of gloss (`specular.mask_tells`) and nobody said a finish.
- unfamiliar: how far the diffuse or the normal is outside the range of 98 % of known materials, in half widths of that
  range (`FAMILIAR`).
- seam: how much more the worst seam of a map shows than the diffuse's own, from 1.25 times (0) to 2.75 (1).

The weights of metal, albedo and roughness, and IMPLAUSIBLE, are chosen by the errors of albedo, roughness, metallic and
the relit set together, on 64 materials that the networks never saw, converted with and without evidence: their rank
correlations with doubt are 0.36, 0.21, 0.64 and 0.59 with weights from the other sources, and 0.57, 0.40, 0.69 and 0.73
on 30 other materials (docs/LAB.md). Nothing that is known of a set foretells a wrong level of its albedo.
`DISAGREEMENT` and `IN_PART` are fitted to the metallic map's error, of which doubt is twice as much, for each source
that decides. The weights of unfamiliar and seam are chosen, for pictures and faults that such materials do not have;
`FAMILIAR` was read from those of an earlier model.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from unbake.domain.decision import Decision
from unbake.domain.maps import METAL_THRESHOLD, OUTPUTS, SPECS, MapKind
from unbake.image.arrays import Maps, Wrap
from unbake.image.colour import luma, srgb_to_linear
from unbake.image.normals import slopes
from unbake.image.specular import mask_tells
from unbake.metrics.seam import seam_ratio
from unbake.report import checks

WEIGHTS: Final = {"metal": 0.3, "albedo": 0.35, "roughness": 0.12, "unfamiliar": 0.3, "seam": 0.2}
IMPLAUSIBLE: Final = 0.95
"""Factor on the confidence for each implausible thing."""

REVIEW_BELOW: Final = 0.6
"""Confidence below which a person should look at a texture."""

DISAGREEMENT: Final[dict[str, float]] = {"person": 0.0, "companion": 0.65, "name": 0.9, "picture": 2.5}
"""Doubt for each unit by which a decision is from the picture alone, by the source that decided."""

IN_PART: Final[dict[str, float]] = {"person": 1.3, "companion": 0.2, "name": 1.4, "picture": 0.4}
"""Doubt where half of the surface is metal, none where nothing or all is: which half, the picture tells badly."""

DOUBTFUL: Final = 0.5
"""Most that the confidence is of a set whose files are not what their names say."""

FAMILIAR: Final = {
    "luminance": (0.10, 0.85),
    "contrast": (0.01, 0.28),
    "saturation": (0.00, 0.40),
    "slope": (0.005, 1.50),
}
"""The 1st and 99th percentile of 264 materials (132 painted for games, 132 measured or made for renderers): mean and
standard deviation of sRGB luminance, mean of max - min over the channels, and root mean square of the slopes."""

CONTRAST: Final = (0.04, 0.24)
"""Standard deviations of an albedo's sRGB luminance: up to the first it is not doubted, from the second fully."""

LARGE_DISAGREEMENT: Final = 0.25
"""Doubt about a decision on metal from which a person is told."""

_DARKEST: Final = 1e-4

_STEEPEST: Final = 5.0
"""Slopes count no further than this."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """Confidence in a texture set and the reasons for it.

    confidence: from 0 to 1 (see the module's text). figures: its terms, and more, by name. warnings: one sentence
    each, for a person.
    """

    confidence: float
    figures: dict[str, float]
    warnings: list[str]


def judge(
    maps: Maps,
    wrap: Wrap,
    decision: Decision | None = None,
    doubtful: Sequence[str] = (),
) -> Judgement:
    """Judges a converted set.

    maps: float32 (H, W, C) in the range of their spec: DIFFUSE, NORMAL, SPECULAR if there is one, and the outputs, as
    they are written. wrap: which axes tile (rows, columns). decision: what evidence made of the set, None where the
    picture alone decided. doubtful: warnings about the files themselves; with one, a person should look whatever the
    maps are.

    >>> judge({MapKind.AO: np.ones((4, 4, 1), np.float32)}, (True, True)).confidence
    1.0
    """
    found = _statistics(maps) | _metal(maps) | _seams(maps, wrap) | checks.figures(maps)
    found |= _albedo(maps) | _gloss(maps, wrap)
    figures = {name: value for name, value in found.items() if np.isfinite(value)}
    if decision is not None:
        figures["metal_disagreement"] = decision.disagreement
    implausible = checks.plausibility(maps)
    outside = max(
        (_outside(figures[name], *FAMILIAR[name]) for name in FAMILIAR if name in figures), default=0.0
    )
    finish = None if decision is None else decision.finish
    doubts = {
        "metal": max(min(2 * figures.get("metal_gap", 0.0), 1.0), _undecided(decision)),
        "albedo": _between(figures.get("albedo_contrast", 0.0), *CONTRAST),
        "roughness": 1 - figures.get("gloss_told", 1.0) if finish is None else 0.0,
        "unfamiliar": min(outside, 1.0),
        "seam": _between(figures.get("seam", 1.0), 1.25, 2.75),
    }
    warnings = [*doubtful, *implausible, *_sentences(figures, outside, decision)]
    confidence = IMPLAUSIBLE ** len(implausible) * float(
        np.prod([1 - WEIGHTS[name] * doubt for name, doubt in doubts.items()])
    )
    if doubtful:
        confidence = min(confidence, DOUBTFUL)
    named = {f"doubt_{name}": value for name, value in doubts.items()}
    rounded = {
        name: round(float(value), 4) for name, value in (figures | named).items() if np.isfinite(value)
    }
    return Judgement(round(confidence, 4), rounded, warnings)


def _statistics(maps: Maps) -> dict[str, float]:
    """The figures whose usual ranges are in `FAMILIAR`."""
    found: dict[str, float] = {}
    if MapKind.DIFFUSE in maps:
        rgb = maps[MapKind.DIFFUSE]
        lightness = luma(rgb)
        found |= {"luminance": float(lightness.mean()), "contrast": float(lightness.std())}
        found["saturation"] = float((rgb.max(axis=-1) - rgb.min(axis=-1)).mean())
    if MapKind.NORMAL in maps:
        both = np.clip(slopes(maps[MapKind.NORMAL]), -_STEEPEST, _STEEPEST)
        found["slope"] = float(np.sqrt(2 * np.mean(both**2)))
    return found


def _undecided(decision: Decision | None) -> float:
    """Doubt about a decision on metal, 0 to 1."""
    if decision is None:
        return 0.0
    if decision.conflict:
        return 1.0
    part = 2 * min(decision.metal, 1 - decision.metal)
    return min(1.0, _disagreement(decision) + IN_PART[decision.by] * part)


def _disagreement(decision: Decision) -> float:
    """The part of that doubt which comes from disagreement with the picture alone."""
    return DISAGREEMENT[decision.by] * decision.disagreement


def _albedo(maps: Maps) -> dict[str, float]:
    """The albedo's contrast, and how much brighter it is than the diffuse, in stops of mean linear light."""
    if MapKind.ALBEDO not in maps:
        return {}
    contrast = {"albedo_contrast": float(luma(maps[MapKind.ALBEDO]).std())}
    if MapKind.DIFFUSE not in maps:
        return contrast
    before, after = (
        float(srgb_to_linear(maps[kind]).mean()) + _DARKEST for kind in (MapKind.DIFFUSE, MapKind.ALBEDO)
    )
    return contrast | {"albedo_lift": math.log2(after / before)}


def _gloss(maps: Maps, wrap: Wrap) -> dict[str, float]:
    """How far the specular mask tells how rough the surface is."""
    if MapKind.DIFFUSE not in maps or MapKind.ROUGHNESS not in maps:
        return {}
    return {"gloss_told": mask_tells(maps[MapKind.DIFFUSE], maps.get(MapKind.SPECULAR), wrap)}


def _metal(maps: Maps) -> dict[str, float]:
    """The shares of metal in the metallic map and in the mask, and the gap between them."""
    if MapKind.METALLIC not in maps:
        return {}
    share = float((maps[MapKind.METALLIC] > METAL_THRESHOLD).mean())
    if MapKind.METALLIC_MASK not in maps:
        return {"metal_share": share}
    mask = float((maps[MapKind.METALLIC_MASK] > METAL_THRESHOLD).mean())
    return {"metal_share": share, "metal_mask": mask, "metal_gap": abs(share - mask)}


def _seams(maps: Maps, wrap: Wrap) -> dict[str, float]:
    """The worst seam of an output, as a multiple of the diffuse's."""
    if MapKind.DIFFUSE not in maps or not any(wrap):
        return {}
    own = max(seam_ratio(maps[MapKind.DIFFUSE], wrap), 1.0)
    seams = [seam_ratio(maps[kind], wrap) for kind in OUTPUTS if kind in maps and not SPECS[kind].binary]
    return {"seam": max(seams, default=1.0) / own}


def _sentences(figures: Mapping[str, float], outside: float, decision: Decision | None) -> list[str]:
    """Warnings for the doubts that are large enough."""
    sentences = []
    if decision is not None and decision.conflict:
        sentences.append(f'{decision.conflict} Say which: metal = "none", "some" or "all".')
    elif decision is not None and _disagreement(decision) > LARGE_DISAGREEMENT:
        sentences.append(
            f"{decision.metal:.0%} metal was decided against the picture, which alone said {decision.alone:.0%}."
        )
    if outside > 0.1:
        name = max(
            (key for key in FAMILIAR if key in figures),
            key=lambda key: _outside(figures[key], *FAMILIAR[key]),
        )
        low, high = FAMILIAR[name]
        sentences.append(
            f"The texture is unlike known materials: its {name} is {figures[name]:.2f}, not {low:.2f} to {high:.2f}."
        )
    if figures.get("metal_gap", 0.0) > 0.1:
        sentences.append(
            f"The maps disagree about metal: {figures['metal_share']:.0%} of metallic, "
            f"{figures['metal_mask']:.0%} of the mask."
        )
    if figures.get("seam", 1.0) > 1.5:
        sentences.append(f"A seam shows: it is {figures['seam']:.1f} times that of the diffuse.")
    return sentences


def _between(value: float, none: float, full: float) -> float:
    """A doubt that grows from 0 at `none` to 1 at `full`."""
    return float(np.clip((value - none) / (full - none), 0, 1))


def _outside(value: float, low: float, high: float) -> float:
    """Distance of a value from a range, in half widths of the range; 0 inside."""
    return max(low - value, value - high, 0.0) / ((high - low) / 2)

"""Gathers all evidence about one set from outside its picture; made for each set before conversion."""

import math
from typing import Final

import msgspec

from unbake.domain.features import Wishes
from unbake.domain.hints import FINISH_ROUGHNESS, Finish, Hint
from unbake.evidence.features import wishes_of
from unbake.evidence.keywords import KeywordEvidence
from unbake.evidence.level import Level, told_level
from unbake.evidence.names import NameEvidence, name_evidence


class Evidence(msgspec.Struct, frozen=True):
    """All that is known of a set besides its picture.

    coverage: metal's share of the surface as a person says, None where nobody did. metal_share: expected share;
    mostly_metal: probability that it is half or more; metal_weight: 0 (nothing is known) to 1. mask_gate: how far
    an environment mask marks metal here, 0 to 1. finish: with finish_weight from 0 to 1. rougher: by how much the
    name's family is rougher than materials of all kinds. material: fine material,
    with material_said, whether a person says it. level: the painter's. wishes: TruePBR's features. because: clauses
    for a person, the weightiest first; `level` has a sentence of its own.
    """

    level: Level = Level()
    coverage: float | None = None
    metal_share: float = 0.2
    mostly_metal: float = 0.2
    metal_weight: float = 0.0
    mask_gate: float = 0.5
    finish: Finish | None = None
    finish_weight: float = 0.0
    rougher: float = 0.0
    material: str | None = None
    material_said: bool = False
    because: tuple[str, ...] = ()
    wishes: Wishes = Wishes()


FAMILY_SHARE: Final = (0.2, 0.6)
"""Of what a name's family is rougher than other materials: where the specular mask tells of gloss, where it does not.
By d1 and traced light 0.2 to 0.4 and 0.5 to 0.8 are best for alphas of each kind."""

NAME_FINISH_WEIGHT: Final = 0.4
"""Of a finish that a name says, beside a person's."""


def gather(
    name: NameEvidence | None, hint: Hint, level: Level, keywords: KeywordEvidence | None = None
) -> Evidence:
    """The evidence of a set: a person's word before all, the mod's level unless a person gives one.

    name: None where names are not to be read. keywords: of the plugins' records that wear the texture, fused with
    the name (`with_keywords`).
    """
    because: list[str] = []
    if hint.coverage is not None:
        because.append(f"you said: metal {hint.metal}")
    if hint.finish:
        because.append(f"you said: {hint.finish}")
    if hint.stops is not None:
        level = told_level(hint.stops, level)
    told = _of_material(hint.material) if hint.material else None
    if told is not None:
        because.append(f"you said: {hint.material}")
    known = told or with_keywords(name, keywords)
    finish: Finish | None = hint.finish
    finish_weight = 1.0 if finish else 0.0
    if finish is None and known is not None and known.finish in FINISH_ROUGHNESS:
        finish, finish_weight = known.finish, NAME_FINISH_WEIGHT  # type: ignore[assignment]
    wishes = wishes_of(told or name, hint)
    if known is None:
        return Evidence(
            level, hint.coverage, finish=finish, finish_weight=finish_weight, material=hint.material,
            material_said=told is not None, because=tuple(because), wishes=wishes,
        )  # fmt: skip
    return Evidence(
        level=level,
        coverage=hint.coverage,
        metal_share=known.metal_share,
        mostly_metal=known.mostly_metal,
        metal_weight=known.weight,
        mask_gate=known.mask_gate,
        finish=finish,
        finish_weight=finish_weight,
        rougher=known.rougher,
        material=known.material,
        material_said=told is not None,
        because=(*because, *known.because),
        wishes=wishes,
    )


def with_keywords(name: NameEvidence | None, said: KeywordEvidence | None) -> NameEvidence | None:
    """A name's evidence and the keywords': shares as a mean in log-odds by weight, both weights together.

    Keywords say how much is metal: mostly metal is twice as far from even, in log-odds, and an environment mask marks
    metal as far as that share goes. The weightier source names the material.
    """
    if said is None or said.weight <= 0:
        return name
    if name is None:
        gate = 0.5 + said.weight * (said.metal_share - 0.5)
        mostly = _probability(2 * _odds(said.metal_share))
        return NameEvidence(
            {}, said.metal_share, mostly, said.weight, said.material, None, gate, (said.because,)
        )
    odds, part = _odds(said.metal_share), said.weight / (said.weight + name.weight)
    weight = 1 - (1 - said.weight) * (1 - name.weight)
    named_gate = (name.mask_gate - 0.5) / name.weight if name.weight > 0 else 0.0
    gate = (1 - part) * named_gate + part * (said.metal_share - 0.5)
    keywords_first = said.weight >= name.weight
    first, second = (said.material, name.material) if keywords_first else (name.material, said.material)
    return msgspec.structs.replace(
        name,
        metal_share=_probability((1 - part) * _odds(name.metal_share) + part * odds),
        mostly_metal=_probability((1 - part) * _odds(name.mostly_metal) + part * 2 * odds),
        weight=weight,
        material=first or second,
        mask_gate=min(max(0.5 + weight * gate, 0.0), 1.0),
        because=(said.because, *name.because) if keywords_first else (*name.because, said.because),
    )


def _odds(share: float) -> float:
    """Log-odds of a share; 0 and 1 count as nearly so."""
    share = min(max(share, 0.02), 0.98)
    return math.log(share / (1 - share))


def _probability(odds: float) -> float:
    return 1 / (1 + math.exp(-odds))


def _of_material(word: str) -> NameEvidence:
    """What a material's word alone says, as if a texture of the game were called after it."""
    return name_evidence(f"clutter/{word}.dds")

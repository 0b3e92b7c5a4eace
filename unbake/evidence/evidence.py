"""What is known of a texture outside its picture, from all sources together; made for each set before conversion."""

from typing import Final

import msgspec

from unbake.domain.hints import FINISH_ROUGHNESS, Finish, Hint
from unbake.evidence.level import Level, told_level
from unbake.evidence.names import NameEvidence, name_evidence


class Evidence(msgspec.Struct, frozen=True):
    """All that is known of a set besides its picture.

    coverage: metal's share of the surface as a person says, None where nobody did. metal_share: expected share;
    mostly_metal: probability that it is half or more; metal_weight: 0 (nothing is known) to 1. mask_gate: how far
    an environment mask marks metal here, 0 to 1. finish: with finish_weight from 0 to 1. material: fine material.
    level: the painter's. because: clauses for a person, the weightiest first; `level` has a sentence of its own.
    """

    level: Level = Level()
    coverage: float | None = None
    metal_share: float = 0.2
    mostly_metal: float = 0.2
    metal_weight: float = 0.0
    mask_gate: float = 0.5
    finish: Finish | None = None
    finish_weight: float = 0.0
    material: str | None = None
    because: tuple[str, ...] = ()


NAME_FINISH_WEIGHT: Final = 0.4
"""Of a finish that a name says, beside a person's."""


def gather(name: NameEvidence | None, hint: Hint, level: Level) -> Evidence:
    """The evidence of a set: a person's word before the name's, the mod's level unless a person gives one.

    name: None where names are not to be read.
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
    known = told or name
    finish: Finish | None = hint.finish
    finish_weight = 1.0 if finish else 0.0
    if finish is None and known is not None and known.finish in FINISH_ROUGHNESS:
        finish, finish_weight = known.finish, NAME_FINISH_WEIGHT  # type: ignore[assignment]
    if known is None:
        return Evidence(
            level, hint.coverage, finish=finish, finish_weight=finish_weight, material=hint.material,
            because=tuple(because),
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
        material=known.material,
        because=(*because, *known.because),
    )


def _of_material(word: str) -> NameEvidence:
    """What a material's word alone says, as if a texture of the game were called after it."""
    return name_evidence(f"clutter/{word}.dds")

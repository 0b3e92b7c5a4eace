"""Gathers all evidence about one set from outside its picture; made for each set before conversion."""

from typing import Final, Literal

import msgspec

from unbake.evidence.level import Level, told_level
from unbake.evidence.names import NameEvidence

MetalWord = Literal["none", "little", "some", "most", "all"]
Finish = Literal["polished", "glossy", "satin", "matt", "rough"]

METAL_SHARES: Final[dict[str, float]] = {"none": 0.0, "little": 0.1, "some": 0.35, "most": 0.75, "all": 1.0}
"""What a person's words mean, as shares of the surface."""

FINISH_ROUGHNESS: Final[dict[str, float]] = {
    "polished": 0.12, "glossy": 0.28, "satin": 0.45, "matt": 0.65, "rough": 0.85,
}  # fmt: skip
"""Mean roughness of each finish."""

PAINTED_STOPS: Final[dict[str, float]] = {"dark": -1.5, "normal": -0.6, "bright": 0.0}
"""What a person's words for a painter's level mean, in stops."""


class Hint(msgspec.Struct, frozen=True, omit_defaults=True):
    """A person's word on a texture; None where nothing is said.

    metal: a word or a share of the surface. finish: of the whole surface. material: a word of the lexicon, which
    sets what the others leave open. painted: a word, or stops (-1: half as bright as the material is).
    """

    metal: MetalWord | float | None = None
    finish: Finish | None = None
    material: str | None = None
    painted: Literal["dark", "normal", "bright"] | float | None = None


class Evidence(msgspec.Struct, frozen=True):
    """All that is known of a set besides its picture.

    coverage: metal's share of the surface as a person says, None where nobody did. metal_share: expected share;
    mostly_metal: probability that it is half or more; metal_weight: 0 (nothing is known) to 1. mask_gate: how far
    an environment mask marks metal here, 0 to 1. finish: with finish_weight from 0 to 1. material: fine material.
    level: the painter's. because: sentences for a person, the weightiest first.
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


def gather(name: NameEvidence | None, hint: Hint, level: Level, hint_pattern: str = "") -> Evidence:
    """The evidence of a set: a person's word before the name's, the mod's level unless a person gives one.

    hint_pattern: where the person said it, for the reasons.
    """
    because: list[str] = []
    coverage = METAL_SHARES.get(hint.metal, None) if isinstance(hint.metal, str) else hint.metal
    where = f" ('{hint_pattern}')" if hint_pattern else ""
    if coverage is not None:
        because.append(f"you said: metal {hint.metal}{where}")
    if hint.finish:
        because.append(f"you said: {hint.finish}{where}")
    if hint.painted is not None:
        stops = PAINTED_STOPS[hint.painted] if isinstance(hint.painted, str) else float(hint.painted)
        level = told_level(stops, level)
    finish: Finish | None = hint.finish
    finish_weight = 1.0 if finish else 0.0
    if name is None:
        return Evidence(
            level, coverage, finish=finish, finish_weight=finish_weight, material=hint.material,
            because=(*because, level.sentence()),
        )  # fmt: skip
    if finish is None and name.finish in FINISH_ROUGHNESS:
        finish, finish_weight = name.finish, NAME_FINISH_WEIGHT  # type: ignore[assignment]
    return Evidence(
        level=level,
        coverage=coverage,
        metal_share=name.metal_share,
        mostly_metal=name.mostly_metal,
        metal_weight=name.weight,
        mask_gate=name.mask_gate,
        finish=finish,
        finish_weight=finish_weight,
        material=hint.material or name.material,
        because=(*because, *name.because, level.sentence()),
    )

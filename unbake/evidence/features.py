"""Wishes for TruePBR's features, from a name or a person; part of `evidence.gather`, asks no picture."""

from collections.abc import Mapping
from typing import Final

import msgspec

from unbake.domain.features import Wish, Wishes
from unbake.domain.hints import Hint
from unbake.evidence.names import NameEvidence


class Sign(msgspec.Struct, frozen=True):
    """A name that speaks for a feature: its material, and how probable the family and how heavy its words must be."""

    materials: frozenset[str]
    family: str
    probability: float
    amount: float


LEAST_WEIGHT: Final = 0.6
"""Weight of a name's words from which a feature may follow; a name outside the game's folders never has it."""

LEAVES: Final = (Sign(frozenset({"leaf", "grass"}), "plant", 0.8, 0.4),)
"""Names of foliage, and the share of the light that comes through a leaf."""

FIBRES: Final = (
    Sign(frozenset({"cloth"}), "cloth", 0.9, 1.0),
    Sign(frozenset({"fur"}), "fur", 0.8, 1.0),
)
"""Names of woven and furry surfaces. Rope, hair and leather have fibres too, but none that stand off."""

SNOW: Final = (Sign(frozenset({"snow"}), "ice", 0.5, 1.0),)
"""Names of snow; the picture must be as bright as snow besides."""

SMOOTH: Final = frozenset({"polished", "glossy", "satin"})
"""Finishes whose fibres lie flat."""


def wishes_of(name: NameEvidence | None, hint: Hint) -> Wishes:
    """The features that a name speaks for, unless a person says otherwise.

    name: of the texture, or of the material that a person says; None where names are not read.

    >>> from unbake.evidence.names import name_evidence
    >>> wishes_of(name_evidence("landscape/trees/treeaspenleaves"), Hint()).subsurface.amount
    0.4
    """
    smooth = (hint.finish or (name.finish if name else None)) in SMOOTH
    return Wishes(
        subsurface=_wish("subsurface", hint.subsurface, name, LEAVES),
        fuzz=_wish("fuzz", hint.fuzz, None if smooth else name, FIBRES),
        glint=_wish("glint", hint.glint, name, SNOW),
        emissive=hint.emissive,
    )


def told(wishes: Wishes) -> list[str]:
    """What is wished, in words, before any picture is asked: a clause each."""
    named: Mapping[str, Wish] = {
        "subsurface": wishes.subsurface,
        "fuzz": wishes.fuzz,
        "glint": wishes.glint,
    }
    clauses = [f"{name} ({wish.because})" for name, wish in named.items() if wish.amount > 0]
    return [*clauses, *(["no glow (you said so)"] if wishes.emissive is False else [])]


def _wish(
    feature: str, said: bool | float | None, name: NameEvidence | None, signs: tuple[Sign, ...]
) -> Wish:
    if said is not None:
        amount = float(signs[0].amount if said is True else said)
        return Wish(
            amount, said=True, because=f"you said: {feature}" if amount else f"you said: no {feature}"
        )
    if name is None or name.weight < LEAST_WEIGHT:
        return Wish()
    for sign in signs:
        if name.material in sign.materials and name.families.get(sign.family, 0.0) >= sign.probability:
            return Wish(sign.amount, because=next(iter(name.because), ""))
    return Wish()

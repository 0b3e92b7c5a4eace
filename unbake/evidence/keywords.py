"""Keywords of a plugin's records and the materials they speak of, from `domain/keywords.toml`; after `plugins`."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from typing import Final, NamedTuple

import msgspec

from unbake.decoding import decode_toml
from unbake.errors import UsageError

MOST_MATERIALS: Final = 3
"""A texture that more materials share (a body's skin, blood on blades) is none of them."""

_MATERIAL: Final = re.compile(r"(weap|weapon|armor)materi[ae]l([a-z0-9]+)")
"""Also "Materiel", as two of the game's own keywords are spelt."""


class Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one keyword says: the expected share of bare metal, 0 to 1, and the fine material."""

    metal: float
    material: str


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`keywords.toml` as it is written; the file explains its tables."""

    weight: float
    weapon: dict[str, Said]
    armor: dict[str, Said]
    other: dict[str, Said]
    factors: dict[str, float]
    names: dict[str, dict[str, str]]


class KeywordEvidence(NamedTuple):
    """What keywords say of a texture.

    metal_share: expected share of bare metal, 0 to 1. weight: how far to believe it, 0 to 1. material: a word of
    the lexicon, None where keywords disagree. because: a sentence for a person.
    """

    metal_share: float
    weight: float
    material: str | None
    because: str


def metal_of_keywords(keywords: Iterable[str], table: Table | None = None) -> KeywordEvidence | None:
    """The evidence in a texture's keywords, in any order and case; None where they name no material or too many.

    >>> found = metal_of_keywords({"WeapMaterialIron", "WeapTypeSword"})
    >>> found.metal_share, found.material
    (0.75, 'iron')
    """
    table = table or bundled()
    given = sorted(set(keywords), key=lambda keyword: (keyword.lower(), keyword))
    said = {keyword: meaning for keyword in given if (meaning := _meaning(keyword, table))}
    materials = sorted({meaning.material for meaning in said.values()})
    if not said or len(materials) > MOST_MATERIALS:
        return None
    factors = {key.lower(): factor for key, factor in table.factors.items()}
    factor = min((factors[keyword.lower()] for keyword in given if keyword.lower() in factors), default=1.0)
    by_material = {
        material: [meaning.metal for meaning in said.values() if meaning.material == material]
        for material in materials
    }
    share = sum(sum(shares) / len(shares) for shares in by_material.values()) / len(materials)
    named = f"keyword{'s' if len(said) > 1 else ''} {', '.join(said)}"
    return KeywordEvidence(
        metal_share=share * factor,
        weight=table.weight / len(materials),
        material=materials[0] if len(materials) == 1 else None,
        because=f"{named} of a plugin: {' or '.join(materials)}",
    )


@cache
def bundled() -> Table:
    """The table that comes with the package, read once.

    >>> bundled().weapon["iron"].material
    'iron'
    """
    return parsed(resources.files("unbake.domain").joinpath("keywords.toml").read_text(encoding="utf-8"))


def parsed(text: str) -> Table:
    """A table from the text of a TOML file like `domain/keywords.toml`.

    UsageError where it is no TOML, has an unknown key, or a share, factor or weight outside 0 to 1.
    """
    try:
        table = msgspec.convert(decode_toml(text), Table)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise UsageError(f"Expected a table of keywords, got a fault: {error}; mend keywords.toml.") from None
    shares = {
        **{f"{key}.metal": said.metal for part in _parts(table) for key, said in part.items()},
        **table.factors,
        "weight": table.weight,
    }
    for key, share in shares.items():
        if not 0 <= share <= 1:
            raise UsageError(f"Expected 0 to 1, got {share} for {key}; mend keywords.toml.")
    return table


@cache
def known_names() -> Mapping[tuple[str, int], str]:
    """Editor IDs of the game's own keywords, by plugin (lower case) and form ID, from the bundled table."""
    return {
        (plugin.lower(), int(number, 16)): name
        for plugin, names in bundled().names.items()
        for number, name in names.items()
    }


def _parts(table: Table) -> tuple[dict[str, Said], ...]:
    return table.weapon, table.armor, table.other


def _meaning(keyword: str, table: Table) -> Said | None:
    lower = keyword.lower()
    named = _MATERIAL.search(lower)
    if named:
        return (table.armor if named[1] == "armor" else table.weapon).get(named[2])
    return {key.lower(): said for key, said in table.other.items()}.get(lower)

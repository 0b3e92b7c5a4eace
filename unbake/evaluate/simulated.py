"""Evidence as a mod and a person would give it, simulated from a material's truth; for `unbake eval --evidence`.

The materials' own names are never read: many contain their category, which would give the answer away. Each gets a
path as the game has it, of its true kind, or now and then of another kind; what the lexicon makes of it is real.
"""

from typing import Final
from zlib import crc32

import numpy as np

from unbake.domain.hints import FINISH_ROUGHNESS, METAL_SHARES, Finish, MetalWord
from unbake.domain.maps import MapKind
from unbake.evaluate.declared import is_shiny, metal_share
from unbake.image.arrays import Maps
from unbake.metrics.mask import METAL_SHARE

NAME_ERROR: Final = 0.07
"""Share of the paths that tell of another kind of material than the true one: as often as retextures do."""

MOSTLY_METAL: Final = 0.5
PARTLY_METAL: Final = METAL_SHARE
"""Shares of metal from which a thing is named after its metal, and from which it is a thing with fittings (a chest)."""

PATHS: Final[dict[str, tuple[str, ...]]] = {
    "metal": (
        "weapons/iron/ironsword", "weapons/steel/steelgreatsword", "armor/steel/steelcuirass",
        "armor/dwarven/dwarvenhelmet", "clutter/silver/silvergoblet", "weapons/dwarven/dwarvenaxe",
        "armor/ebony/ebonyboots", "clutter/iron/ironpot", "weapons/ancientnord/nordbattleaxe",
        "clutter/lantern", "armor/banded/bandediron", "dungeons/dwemer/dwemergear",
    ),
    "tools": (
        "weapons/huntingbow", "clutter/tools/pickaxe", "clutter/woodcutteraxe", "armor/imperial/imperiallightcuirass",
    ),
    "fittings": (
        "clutter/barrel", "furniture/chest", "clutter/bucket", "armor/studded/studdedarmor",
        "architecture/whiterun/wrdoor", "furniture/cupboard",
    ),
    "wood": (
        "architecture/farmhouse/woodplanks", "furniture/woodtable", "architecture/whiterun/wrwoodbeam",
        "furniture/bench", "weapons/woodenshield",
    ),
    "stone": (
        "architecture/solitude/sstonewall", "dungeons/caves/caverock", "architecture/windhelm/whstone",
        "dungeons/imperial/brickwall", "landscape/rocks/rock",
    ),
    "plaster": ("architecture/farmhouse/plaster", "architecture/solitude/splasterwall"),
    "cloth": ("clothes/robes/monkrobe", "clothes/farmclothes", "clutter/banner", "furniture/rug"),
    "leather": ("armor/leather/leathercuirass", "armor/hide/hidearmor", "clutter/books/book"),
    "ground": ("landscape/dirt", "landscape/mud", "landscape/gravel", "landscape/sand"),
    "plant": ("plants/fern", "landscape/grass/grass", "landscape/trees/leaves"),
    "bone": ("clutter/bones/skull", "armor/dragonbone/dragonboneboots", "actors/dragon/dragonhorn"),
    "ceramic": ("clutter/pottery/claypot", "clutter/pottery/vase"),
    "shiny": ("clutter/glass/bottle", "clutter/gems/ruby", "clutter/pottery/glazedbowl", "weapons/glass/glasssword"),
}  # fmt: skip
"""Paths of the game by what they are of."""

_OF_CATEGORY: Final[dict[str, tuple[str, ...]]] = {
    "stone": ("stone",), "concrete": ("stone",), "ceramic": ("ceramic",), "fabric": ("cloth",),
    "ground": ("ground",), "leather": ("leather",), "wood": ("wood", "fittings"), "plaster": ("plaster",),
    "metal": ("metal", "tools", "fittings"),
    "misc": ("wood", "cloth", "leather", "bone", "ceramic", "plant", "stone", "fittings"),
}  # fmt: skip
"""What a material without metal may be named after: a chest's boards may lie in a texture of their own, too."""


def path_of(material_id: str, category: str, truth: Maps, seed: int = 0) -> str:
    """A path as the game has it, without extension, for a material of this truth; wrong for NAME_ERROR of them.

    Not unique: number it.
    """
    rng = np.random.default_rng([crc32(f"name:{material_id}".encode()), seed])
    kinds = true_kinds(category, truth)
    if rng.random() < NAME_ERROR:
        kinds = tuple(kind for kind in PATHS if kind not in kinds)
    kind = kinds[rng.integers(len(kinds))]
    return PATHS[kind][rng.integers(len(PATHS[kind]))]


def true_kinds(category: str, truth: Maps) -> tuple[str, ...]:
    """The keys of PATHS that a material may truly be named after, by its share of metal first, then its category."""
    share = metal_share(truth) or 0.0
    if share >= MOSTLY_METAL:
        return ("metal",)
    if share >= PARTLY_METAL:
        return ("tools", "fittings")
    if category == "misc" and is_shiny(truth):
        return ("shiny", "ceramic", "bone")
    return _OF_CATEGORY.get(category, _OF_CATEGORY["misc"])


def metal_word(share: float) -> MetalWord:
    """The word of a person who sees this share of metal: the nearest; "none" only where there is none to speak of.

    >>> metal_word(0.01), metal_word(0.03), metal_word(0.6), metal_word(0.97)
    ('none', 'little', 'most', 'all')
    """
    allowed: list[MetalWord] = ["none"] if share <= METAL_SHARE else []
    allowed += ["little", "some", "most", "all"]
    return min(allowed, key=lambda word: abs(METAL_SHARES[word] - share))


def finish_word(truth: Maps) -> Finish:
    """The finish whose roughness is nearest to the material's mean."""
    mean = float(truth[MapKind.ROUGHNESS].mean())
    words: tuple[Finish, ...] = ("polished", "glossy", "satin", "matt", "rough")
    return min(words, key=lambda word: abs(FINISH_ROUGHNESS[word] - mean))

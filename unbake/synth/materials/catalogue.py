"""The catalogue of procedural materials, and their complete maps; from recipes of the modules beside it."""

from collections.abc import Callable

import numpy as np

from unbake.domain.maps import MapKind
from unbake.errors import UsageError
from unbake.image.arrays import Maps
from unbake.image.geometry import horizon_ao
from unbake.image.normals import from_slopes
from unbake.synth import variation
from unbake.synth.layers import Layers, Rng
from unbake.synth.materials import aged_metal, boards, composite, gloss, metal, stone, wood

_RECIPES: dict[str, tuple[str, Callable[[Rng, int], Layers]]] = {
    "bark": ("wood", wood.bark),
    "bricks": ("stone", stone.brick_wall),
    "chainmail": ("metal", metal.chainmail),
    "cobbles": ("stone", stone.cobbles),
    "grass": ("ground", stone.grass),
    "hammered": ("metal", metal.hammered),
    "leather": ("leather", wood.leather),
    "marble": ("marble", stone.marble),
    "masonry": ("stone", stone.masonry),
    "painted_metal": ("metal", metal.painted_metal),
    "planks": ("wood", wood.planks),
    "plates": ("metal", metal.plates),
    "rust": ("metal", metal.rust),
    "shingles": ("wood", wood.shingles),
    "snow": ("ground", stone.snow),
    "soil": ("ground", stone.soil),
    "tiles": ("ceramic", stone.tiles),
    "weave": ("fabric", wood.weave),
    # The place in this table is part of the seed: new ones go to its end.
    "ironbound": ("misc", composite.ironbound),
    "trimmed_wood": ("misc", composite.trimmed_wood),
    "shield": ("misc", composite.shield),
    "studded_leather": ("misc", composite.studded_leather),
    "grating": ("misc", composite.grating),
    "inlay": ("misc", composite.inlay),
    "gilding": ("misc", composite.gilding),
    "trims": ("misc", composite.trims),
    "scales": ("metal", composite.scales),
    "polished_stone": ("marble", gloss.polished_stone),
    "obsidian": ("stone", gloss.obsidian),
    "glazed": ("ceramic", gloss.glazed),
    "varnished": ("wood", boards.varnished),
    "grey_wood": ("wood", boards.grey_wood),
    "gloss_paint": ("wood", boards.gloss_paint),
    "slate": ("stone", gloss.slate),
    "satin": ("fabric", gloss.satin),
    "concrete": ("concrete", gloss.concrete),
    "ice": ("ground", gloss.ice),
    "wet_ground": ("ground", gloss.wet_ground),
    "sheet_metal": ("metal", aged_metal.sheet_metal),
    "cast_iron": ("metal", aged_metal.cast_iron),
    "galvanised": ("metal", aged_metal.galvanised),
    "verdigris": ("metal", aged_metal.verdigris),
    "scratched_paint": ("metal", aged_metal.scratched_paint),
    "moss": ("ground", stone.moss),
}

NAMES: tuple[str, ...] = tuple(_RECIPES)
"""Every procedural material there is."""

FEW: tuple[str, ...] = NAMES[:18]
"""Enough for a rehearsal: every class has one of them."""

CATEGORY: dict[str, str] = {name: category for name, (category, _) in _RECIPES.items()}
"""The dataset category (domain.materials.CATEGORIES) each one belongs to.

Things of several materials are "misc", of no class: labelled wood they would teach that iron on wood is no metal.
"""


def procedural(name: str, size: int, seed: int, varied: bool = False) -> Maps:
    """A tileable material: ALBEDO, ROUGHNESS, METALLIC, AO, HEIGHT, NORMAL, each (size, size, C) float32.

    varied: let the seed choose far more than the recipe does (`variation.varied`, and some in repeats of half the
    size), as training wants it; else the plain material.

    Ranges and spaces as the MapSpecs say; the normal is the central-difference slope of the height (OpenGL), AO
    its horizon occlusion. The same name, size and seed give the same values, another size nearly the same
    material. Raises UsageError for a name that is not in NAMES.

    >>> procedural("planks", 32, 0)[MapKind.NORMAL].shape
    (32, 32, 3)
    """
    if name not in _RECIPES:
        raise UsageError(
            f"Expected a procedural material out of {', '.join(NAMES)}, got {name!r}; choose one of those."
        )
    category, recipe = _RECIPES[name]
    rng = np.random.default_rng([seed, NAMES.index(name)])
    layers = variation.varied(rng, _repeated(rng, recipe, size), category) if varied else recipe(rng, size)
    relief = (layers.relief * size).astype(np.float32)
    dx = (np.roll(relief, -1, 1) - np.roll(relief, 1, 1)) / 2
    dy = (np.roll(relief, 1, 0) - np.roll(relief, -1, 0)) / 2
    low, high = float(relief.min()), float(relief.max())
    planes = {
        MapKind.ROUGHNESS: np.clip(layers.roughness, 0.05, 1),
        MapKind.METALLIC: np.clip(layers.metallic, 0, 1),
        MapKind.AO: horizon_ao(relief, (True, True)),
        MapKind.HEIGHT: (relief - low) / (high - low),
    }
    maps = {kind: np.ascontiguousarray(plane[..., None], np.float32) for kind, plane in planes.items()}
    albedo = np.ascontiguousarray(np.clip(layers.albedo, 0, 1), np.float32)
    return {MapKind.ALBEDO: albedo, MapKind.NORMAL: from_slopes(dx, dy), **maps}


def _repeated(rng: Rng, recipe: Callable[[Rng, int], Layers], size: int) -> Layers:
    """The recipe's material, now and then two by two of them at half the size."""
    if rng.random() < 0.8 or size % 2 or size < 64:
        return recipe(rng, size)
    half = recipe(rng, size // 2)
    twice = (2, 2)
    return Layers(
        np.tile(half.albedo, (*twice, 1)),
        np.tile(half.roughness, twice),
        np.tile(half.relief, twice) / 2,
        np.tile(half.metallic, twice),
    )

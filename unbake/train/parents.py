"""Networks a phase begins with: fresh ones, or those of its parents' checkpoints put together; before `setup`."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from unbake.errors import TrainingError
from unbake.models.config import CONFIGS
from unbake.models.lora import add_lora, has_lora
from unbake.models.network import Networks
from unbake.models.weights import build_networks, warm_vit
from unbake.recipe import Recipe
from unbake.train.checkpoint import load_networks
from unbake.train.lineage import Lineage, WarmStart


class Start(NamedTuple):
    """Networks, a lineage that has nothing but their parents, and the checkpoint most of them are from."""

    networks: Networks
    lineage: Lineage
    base: Path | None


def starting_networks(recipe: Recipe, paths: Mapping[str, Path]) -> Start:
    """The networks a phase begins with, its adapters added.

    paths: the checkpoint of each part that `recipe.starts_from` names. Raises TrainingError where a parent was
    trained on what the recipe holds out, FileError for a damaged one.
    """
    if not recipe.starts_from:
        networks = Networks(CONFIGS[recipe.model or "small"])
        if not recipe.warm_start:
            return Start(networks, Lineage(), None)
        warm = msgspec.convert(warm_vit(networks, Path(recipe.warm_start)), WarmStart)
        return Start(networks, Lineage(warm_starts={"vit": warm}), None)
    opened = {part: load_networks(path) for part, path in paths.items()}
    parents = {part: _parent(paths[part], lineage, recipe) for part, (_, lineage) in opened.items()}
    base = "all" if "all" in paths else next(iter(paths))
    networks, lineage = opened[base]
    if base != "all":
        networks = build_networks(lineage.as_metadata())
    for part in opened.keys() - {"all"}:
        networks.get_submodule(part).load_state_dict(opened[part][0].get_submodule(part).state_dict())
    if recipe.lora is not None and not has_lora(networks):
        add_lora(networks, recipe.lora.rank, recipe.lora.alpha)
    return Start(networks, Lineage(parents=parents), paths[base])


def _parent(path: Path, lineage: Lineage, recipe: Recipe) -> Lineage:
    """A parent as the lineage records it. TrainingError where it was trained on what the recipe holds out."""
    seen = set(recipe.data.held_out) - set(lineage.held_out)
    if lineage.sources is not None:
        seen &= set(lineage.sources)
    if seen:
        raise TrainingError(
            f"Expected {', '.join(sorted(seen))} to be held out from the start, but {lineage.name} was trained "
            "on it; hold out the same sources in every phase (--set data.held_out=[...])."
        )
    fold = recipe.data.fold
    if fold and lineage.saw_real and fold != lineage.fold:
        raise TrainingError(
            f"Expected fold {fold[0]} of {fold[1]} to be held out from the start, but {lineage.name} was trained "
            f"on it; hold out the same fold in every phase (--set 'data.fold=[{fold[0]}, {fold[1]}]')."
        )
    kept = Lineage(
        name=lineage.name,
        recipe=lineage.recipe,
        overrides=lineage.overrides,
        parents=lineage.parents,
        warm_starts=lineage.warm_starts,
        sources=lineage.sources,
        heads=lineage.heads,
        own=lineage.own,
    )
    return kept.as_parent(path)

"""What a phase of training is: `phases/*.toml`, read into the strict structs of `recipe_tables` before all else."""

import copy
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from unbake.domain.maps import OUTPUTS
from unbake.errors import RecipeError
from unbake.recipe.gate import MAT, SKY
from unbake.recipe.tables import (
    Adam,
    AdamW,
    Always,
    Augment,
    Cosine,
    Crop,
    Data,
    Epochs,
    Exponential,
    Gate,
    Lion,
    Lora,
    Losses,
    Lower,
    Mix,
    OneCycle,
    Pairs,
    Photometric,
    Plateau,
    Recipe,
    Settled,
    Step,
    WarmRestarts,
)

__all__ = [
    "MAP",
    "ORDER",
    "Adam",
    "AdamW",
    "Always",
    "Augment",
    "Cosine",
    "Crop",
    "Data",
    "Epochs",
    "Exponential",
    "Gate",
    "Lion",
    "Lora",
    "Losses",
    "Lower",
    "Mix",
    "OneCycle",
    "Pairs",
    "Photometric",
    "Plateau",
    "Recipe",
    "Settled",
    "Step",
    "WarmRestarts",
    "all_runs",
    "as_dict",
    "from_metadata",
    "load",
    "source_text",
]

MAP = "<map>"
"""What stands for the output's name in a recipe that is one for each output."""

ORDER = ("A0", "A", "A_albedo_syn", "B", "C", "Cp", "D")
"""The phases that ship with the package, in the order they are run."""


def all_runs() -> list[tuple[str, str]]:
    """Every run of the plan in order, as (phase, map): the last phase has one for each output.

    >>> all_runs()[0], all_runs()[-1]
    (('A0', ''), ('D', 'height'))
    """
    return [(phase, str(kind)) for phase in ORDER for kind in (OUTPUTS if MAP in _text(phase) else ("",))]


def load(phase: str, overrides: tuple[str, ...] = (), map: str = "") -> Recipe:
    """The recipe of a shipped phase ("A0", also by its tag, "phase_A0") or a TOML file, with overrides.

    overrides: "key.path=value". map: the output to train, for a recipe that is one for each; without it the
    names in the recipe keep their "<map>", which is good for reading but not for training.
    Raises RecipeError naming the path inside the file for unknown keys, wrong types and impossible values.

    >>> load("A0", ("data.px=256",)).data.px, load("D", map="ao").writes
    (256, 'D_ao_best')
    """
    path = Path(phase)
    if path.suffix == ".toml":
        if not path.is_file():
            raise RecipeError(f"Expected a recipe file, but there is none at {path}; check the path.")
        text, where = path.read_text(encoding="utf-8"), str(path)
    else:
        name = _named(phase)
        text, where = _text(name), f"phases/{name}.toml"
    if map and MAP not in text:
        raise RecipeError(
            f"Expected no map for {phase}, which trains all it trains at once, got {map!r}; leave it out."
        )
    if map and map not in OUTPUTS:
        raise RecipeError(f"Expected a map ({', '.join(OUTPUTS)}), got {map!r}; name one.")
    try:
        table = tomllib.loads(text.replace(MAP, map or MAP))
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"Expected TOML in {where}, but {error}; mend the file.") from None
    return _built(table, overrides, where)


def from_metadata(metadata: Mapping[str, Any], overrides: tuple[str, ...] = ()) -> Recipe:
    """The recipe in a checkpoint's metadata, under "recipe" (`as_dict`), with overrides; errors as of `load`.

    >>> from_metadata({"recipe": as_dict(load("B"))}, ("data.batch=1",)).data.batch
    1
    """
    return _built(
        copy.deepcopy(metadata["recipe"]), overrides, f"of {metadata.get('name') or 'a checkpoint'}"
    )


def _built(table: dict[str, object], overrides: tuple[str, ...], where: str) -> Recipe:
    for override in overrides:
        _override(table, override)
    try:
        recipe = msgspec.convert(table, Recipe)
    except msgspec.ValidationError as error:
        raise RecipeError(
            f"The recipe {where} is wrong: {error}; mend the file or the --set option."
        ) from None
    _check(recipe, where)
    return recipe


def _named(phase: str) -> str:
    """A phase by its file's name or its tag, in any spelling of case, - and _ (also the plan's "Sync")."""

    def plain(word: str) -> str:
        return word.lower().replace("-", "_").removeprefix("phase_").replace("sync", "syn")

    for name in ORDER:
        if plain(name) == plain(phase):
            return name
    raise RecipeError(f"Expected a phase ({', '.join(ORDER)}) or a .toml file, got {phase!r}; name one.")


def source_text(phase: str) -> str:
    """The recipe of a shipped phase as its file has it, comments and all; to read, or to start one's own from."""
    return _text(_named(phase))


def _text(name: str) -> str:
    return resources.files("unbake.recipe.phases").joinpath(f"{name}.toml").read_text(encoding="utf-8")


def as_dict(recipe: Recipe) -> dict[str, object]:
    """The recipe as plain JSON values (no tuples), for a checkpoint's lineage and for comparing with one."""
    plain: dict[str, object] = msgspec.json.decode(msgspec.json.encode(recipe))
    return plain


def _override(table: dict[str, object], override: str) -> None:
    key, sign, text = override.partition("=")
    if not sign or not key:
        raise RecipeError(f"Expected --set key.path=value, got {override!r}; for example --set data.px=256.")
    try:
        value: object = tomllib.loads(f"v = {text}")["v"]
    except tomllib.TOMLDecodeError:
        value = text
    *parents, last = key.split(".")
    for parent in parents:
        child = table.setdefault(parent, {})
        if not isinstance(child, dict):
            raise RecipeError(
                f"--set {key}: {parent!r} is a value, not a table; check the key against the recipe."
            )
        table = child
    table[last] = value


def _check(recipe: Recipe, where: str) -> None:
    mix = recipe.data.mix
    if abs(mix.matsynth + mix.skyrim - 1.0) > 1e-6:
        raise RecipeError(
            f"{where}: data.mix must sum to 1, got {mix.matsynth} + {mix.skyrim}; mend one of the two."
        )
    if mix.matsynth > 0 and recipe.data.pairs.real + recipe.data.pairs.synthetic == 0:
        raise RecipeError(
            f"{where}: data.mix.matsynth is {mix.matsynth}, but data.pairs gives neither real nor synthetic pairs a "
            "weight; raise one of the two."
        )
    if recipe.epochs.min > recipe.epochs.max:
        raise RecipeError(
            f"{where}: epochs.min ({recipe.epochs.min}) is above epochs.max ({recipe.epochs.max}); swap them."
        )
    crop = recipe.data.crop
    if crop and not crop.start <= crop.end <= recipe.data.px:
        raise RecipeError(
            f"{where}: expected data.crop to grow towards data.px ({recipe.data.px}) at most, got {crop.start} to "
            f"{crop.end}; set data.crop.start and data.crop.end too."
        )
    share = {MAT: mix.matsynth, SKY: mix.skyrim}
    needed = {recipe.best} | (set(share) if isinstance(recipe.advance, Gate) else set())
    for figure in sorted(needed & share.keys()):
        if share[figure] == 0:
            raise RecipeError(
                f"{where}: `best` or `advance` looks at {figure}, which there is only with that domain in data.mix; "
                "give it a share, or set both of them otherwise."
            )
    if recipe.best == "head_loss" and not recipe.map:
        raise RecipeError(
            f"{where}: `best` is head_loss, but no `map` says of which head; set one of the two."
        )
    if recipe.losses.perceptual != "none" and recipe.losses.perceptual_weight == 0:
        raise RecipeError(
            f"{where}: losses.perceptual is {recipe.losses.perceptual}, but losses.perceptual_weight is 0; "
            "raise the weight (the plan's is 0.1), or name none."
        )
    if recipe.map not in ("", MAP, *OUTPUTS):
        raise RecipeError(f"{where}: expected a map ({', '.join(OUTPUTS)}), got {recipe.map!r}; name one.")
    if (recipe.model is None) == (not recipe.starts_from):
        raise RecipeError(
            f"{where}: exactly one of `model` and `starts_from` must say where the networks come from."
        )

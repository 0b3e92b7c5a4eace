"""Recipes read from `phases/*.toml`, a person's own TOML file or a checkpoint's metadata into the strict tables."""

import copy
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from unbake.decoding import decode_toml
from unbake.domain.maps import OUTPUTS
from unbake.errors import RecipeError
from unbake.recipe.checks import check
from unbake.recipe.tables import MAP, Recipe

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
        try:
            text, where = path.read_text(encoding="utf-8"), str(path)
        except UnicodeDecodeError as error:
            raise RecipeError(f"Expected a recipe in UTF-8 in {path}, got {error}; save it so.") from None
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
        table = decode_toml(text.replace(MAP, map or MAP))
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"Expected TOML in {where}, but {error}; correct the file.") from None
    return _built(table, overrides, where)


def from_metadata(metadata: Mapping[str, Any], overrides: tuple[str, ...] = ()) -> Recipe:
    """The recipe in a checkpoint's metadata, under "recipe" (`as_dict`), with overrides; errors as of `load`.

    >>> from_metadata({"recipe": as_dict(load("B"))}, ("data.batch=1",)).data.batch
    1
    """
    table = copy.deepcopy(metadata["recipe"])
    _complete(table)
    return _built(table, overrides, f"of {metadata.get('name') or 'a checkpoint'}")


def _complete(table: dict[str, Any]) -> None:
    """Give a table written before `advance.figures` was a field those of the shipped phase with its tag."""
    advance = table.get("advance", {})
    if advance.get("type") == "lower" and "figures" not in advance:
        advance["figures"] = as_dict(load(table["tag"]))["advance"]["figures"]


def _built(table: dict[str, object], overrides: tuple[str, ...], where: str) -> Recipe:
    for override in overrides:
        _override(table, override)
    try:
        recipe = msgspec.convert(table, Recipe)
    except msgspec.ValidationError as error:
        raise RecipeError(
            f"Expected a valid recipe {where}, got: {error}; correct the file or the --set option."
        ) from None
    check(recipe, where)
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
    """Text of a shipped phase's file, comments included: to read, or to start a recipe of one's own from."""
    return _text(_named(phase))


def _text(name: str) -> str:
    return resources.files("unbake.recipe.phases").joinpath(f"{name}.toml").read_text(encoding="utf-8")


def as_dict(recipe: Recipe) -> dict[str, Any]:
    """The recipe as plain JSON values (no tuples), for a checkpoint's lineage and for comparing with one."""
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(recipe))
    return plain


def _override(table: dict[str, object], override: str) -> None:
    key, sign, text = override.partition("=")
    if not sign or not key:
        raise RecipeError(f"Expected --set key.path=value, got {override!r}; for example --set data.px=256.")
    try:
        value: object = decode_toml(f"v = {text}")["v"]
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

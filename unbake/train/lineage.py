"""Lineage of a checkpoint: the recipe it was trained by, its parents, and the verdict of its phase.

Written into the metadata of the weights file and into the JSON beside it, and read from there, by one class.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import structs

from unbake import recipe as recipes
from unbake.data.sources import PROCEDURAL
from unbake.errors import FileError
from unbake.files import write_atomic
from unbake.models.weights import read_metadata, sha256_of
from unbake.recipe import Recipe
from unbake.recipe.gate import Judgement, Verdict


class WarmStart(msgspec.Struct, frozen=True, kw_only=True):
    """Published weights that a network began with."""

    network: str
    parent: str
    licence: str


class Base(msgspec.Struct, frozen=True, kw_only=True):
    """The checkpoint of whole networks that a head was trained on."""

    name: str
    sha256: str


class PhaseVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """The judgement of a phase; `forced`: training continued although it failed."""

    verdict: Literal["pass", "fail", "not_yet"]
    reason: str = ""
    forced: bool = False

    def judgement(self) -> Judgement:
        """The verdict as the gate gave it."""
        return Judgement(Verdict[self.verdict.upper()], self.reason)


class _Tables(msgspec.Struct, frozen=True):
    """The nested parts of a file's metadata, where parents and warm starts stand in one table."""

    parents: dict[str, dict[str, Any]] = {}
    heads: dict[str, dict[str, Any]] = {}


class Lineage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One checkpoint's metadata. Fields that an older or a person's own file lacks have defaults.

    recipe: plain values as of `recipe.as_dict`. overrides: the --set options. parents: part of the networks ("all"
    or one network) → the checkpoint it was taken from. warm_starts: network → published weights. pools: pairs in each
    pool. sources: those of the training materials, None in checkpoints of before they were recorded. ema: whether
    the weights are a running average. head, base: of a checkpoint that holds one head alone. heads: map → the head
    that was put into networks of several checkpoints. sha256: of the weights file, where it is not this very one.
    own: keys that no field knows, added by a person; they are written again.
    """

    name: str = ""
    tag: str = ""
    phase: str = ""
    model: str = ""
    lora: dict[str, float] | None = None
    recipe: dict[str, Any] = {}
    overrides: list[str] = []
    parents: dict[str, "Lineage"] = {}
    warm_starts: dict[str, WarmStart] = {}
    pools: dict[str, int] = {}
    sources: list[str] | None = None
    perceptual: dict[str, str] | None = None
    unbake: str = ""
    ema: bool = False
    figures: dict[str, int | float] = {}
    head: str = ""
    base: Base | None = None
    heads: dict[str, "Lineage"] = {}
    sha256: str = ""
    verdict: PhaseVerdict | None = None
    own: dict[str, Any] = {}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, Any], where: str = "a checkpoint") -> "Lineage":
        """The lineage in a file's metadata, of this version or an older one. Raises FileError for other contents.

        >>> Lineage.from_metadata({"name": "A_best", "mine": 1}).own
        {'mine': 1}
        """
        try:
            tables = msgspec.convert(dict(metadata), _Tables)
            nested = {
                "parents": {
                    part: cls.from_metadata(p, where) for part, p in tables.parents.items() if "recipe" in p
                },
                "warm_starts": {part: p for part, p in tables.parents.items() if "recipe" not in p},
                "heads": {kind: cls.from_metadata(head, where) for kind, head in tables.heads.items()},
                "own": {key: value for key, value in metadata.items() if key not in cls.__struct_fields__},
            }
            return msgspec.convert({**metadata, **nested}, cls)
        except msgspec.ValidationError as error:
            raise FileError(
                f"Expected the metadata of {where} as unbake writes it, got: {error}; correct the file or train again."
            ) from None

    def as_metadata(self) -> dict[str, Any]:
        """Plain JSON values, as `from_metadata` reads them; parents are always there, other defaults left out."""
        flat = structs.replace(self, parents={}, warm_starts={}, heads={}, own={})
        plain: dict[str, Any] = self.own | msgspec.to_builtins(flat)
        plain["parents"] = {part: parent.as_metadata() for part, parent in self.parents.items()}
        plain["parents"] |= msgspec.to_builtins(self.warm_starts)
        if self.heads:
            plain["heads"] = {kind: head.as_metadata() for kind, head in self.heads.items()}
        return plain

    def as_parent(self, path: Path) -> "Lineage":
        """As a child or a release records the checkpoint in `path`: with its hash and verdict."""
        return structs.replace(self, sha256=sha256_of(path), verdict=read_verdict(path))

    def trained_by(self, overrides: tuple[str, ...] = ()) -> Recipe:
        """The recipe, with overrides. Raises RecipeError where it is none of this version."""
        return recipes.from_metadata({"recipe": self.recipe, "name": self.name}, overrides)

    @property
    def held_out(self) -> tuple[str, ...]:
        """The sources that training left out, whatever else there is in the recipe."""
        return tuple(self.recipe["data"]["held_out"])

    @property
    def fold(self) -> tuple[int, int] | None:
        """The fold (k of n) that training left out; None also in checkpoints of before there were folds."""
        fold = self.recipe["data"].get("fold")
        return (fold[0], fold[1]) if fold else None

    @property
    def saw_skyrim(self) -> bool:
        """True where training drew from Skyrim's pairs."""
        return bool(self.recipe["data"]["mix"]["skyrim"] > 0)

    @property
    def saw_real(self) -> bool:
        """True where training may have seen other than procedural materials, which are in no fold.

        >>> Lineage(sources=[PROCEDURAL]).saw_real, Lineage().saw_real
        (False, True)
        """
        return self.sources is None or set(self.sources) != {PROCEDURAL}


def ancestry(lineage: Lineage) -> list[Lineage]:
    """Every checkpoint that a model is made from, parents before children, each once.

    Those of one name are told apart by their "sha256": a phase may start from a released model.
    """
    found: dict[tuple[str, str], Lineage] = {}

    def visit(checkpoint: Lineage) -> None:
        for parent in checkpoint.parents.values():
            visit(parent)
        for made in (checkpoint, *checkpoint.heads.values()):
            found.setdefault((made.name, made.sha256), made)

    visit(lineage)
    return list(found.values())


def warm_starts(lineage: Lineage) -> Iterator[WarmStart]:
    """Published weights that a model began with."""
    for checkpoint in ancestry(lineage):
        yield from checkpoint.warm_starts.values()


def read_lineage(path: Path) -> Lineage:
    """The lineage of a weights file. Raises FileError where it is missing, damaged or not ours."""
    return Lineage.from_metadata(read_metadata(path), path.name)


def write_lineage(path: Path, lineage: Lineage) -> None:
    """Write the JSON beside the weights file `path`, for people and for `read_verdict`."""
    write_atomic(path.with_suffix(".json"), json.dumps(lineage.as_metadata(), indent=1).encode())


def read_verdict(checkpoint: Path) -> PhaseVerdict | None:
    """Verdict of the phase that wrote a checkpoint; None while it runs or where none is recorded."""
    try:
        beside = json.loads(checkpoint.with_suffix(".json").read_bytes())
        return msgspec.convert(beside["verdict"], PhaseVerdict)
    except (OSError, ValueError, LookupError, TypeError, msgspec.ValidationError):
        return None


def write_verdict(checkpoint: Path, judgement: Judgement, forced: bool) -> None:
    """Write the verdict of its phase beside a checkpoint; nothing where no epoch left one."""
    path = checkpoint.with_suffix(".json")
    if not path.is_file():  # no epoch had finite figures
        return
    verdict = msgspec.convert(
        {"verdict": judgement.verdict.name.lower(), "reason": judgement.reason, "forced": forced},
        PhaseVerdict,
    )
    lineage = Lineage.from_metadata(json.loads(path.read_bytes()), path.name)
    write_lineage(checkpoint, structs.replace(lineage, verdict=verdict))

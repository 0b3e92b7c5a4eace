"""Merges the heads of the last phase into the networks they were trained on, LoRA included, with their lineage."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from unbake import recipe as recipes
from unbake.errors import TrainingError
from unbake.models.lora import merge_lora
from unbake.models.network import Networks
from unbake.models.weights import load_head, read_metadata, sha256_of
from unbake.project import Project
from unbake.train.checkpoint import load_networks
from unbake.train.setup import read_verdict

Metadata = dict[str, Any]
"""Metadata of a checkpoint: name, recipe, overrides, figures, and the metadata of its parents."""


def merge_heads(project: Project) -> tuple[Networks, Metadata]:
    """The networks that the heads were trained on, with all of these heads, LoRA merged; and their metadata.

    The metadata is the base's, with "heads" (map → the head's own). Errors: TrainingError when the base or a head is
    missing, or when a head was trained on another base than the one that is there.
    """
    wanted = {kind: recipes.load(phase, map=kind) for phase, kind in recipes.each() if kind}
    paths = {kind: project.best(recipe) for kind, recipe in wanted.items()}
    if missing := [path.stem for path in paths.values() if not path.is_file()]:
        raise TrainingError(
            f"Expected the heads of {len(wanted)} maps, but {', '.join(missing)} {_are(missing)} not in "
            f"{project.checkpoints}; train them first, or release one checkpoint by name (--checkpoint)."
        )
    base = project.checkpoint(next(iter(wanted.values())).starts_from["all"])
    sha256 = sha256_of(base)
    trained = {kind: read_metadata(path) for kind, path in paths.items()}
    if strangers := [head for head in trained.values() if head["base"]["sha256"] != sha256]:
        names = ", ".join(head["name"] for head in strangers)
        bases = ", ".join(
            sorted({f"{head['base']['name']} {head['base']['sha256'][:12]}" for head in strangers})
        )
        raise TrainingError(
            f"Expected all heads to be trained on {base.stem} {sha256[:12]}, but {names} {_are(strangers)} of {bases}; "
            "train these heads again."
        )
    networks, metadata = load_merged(base)
    for path in paths.values():
        load_head(path, networks)
    recorded = ("name", "recipe", "overrides", "figures", "base")
    heads = {
        kind: {key: head[key] for key in recorded if key in head}
        | {"sha256": sha256_of(paths[kind]), "verdict": read_verdict(paths[kind])}
        for kind, head in trained.items()
    }
    return networks, metadata | {"heads": heads}


def load_merged(path: Path) -> tuple[Networks, Metadata]:
    """The networks of one checkpoint, LoRA merged, and its metadata with the file's "sha256"."""
    networks, metadata = load_networks(path)
    merge_lora(networks)
    return networks, metadata | {"sha256": sha256_of(path), "verdict": read_verdict(path)}


def lineage(metadata: Metadata) -> list[Metadata]:
    """The metadata of every checkpoint that a model is made from, parents before children, each once.

    Those of one name are told apart by their "sha256": training may go on from a released model.
    """
    found: dict[tuple[str, str | None], Metadata] = {}

    def visit(checkpoint: Metadata) -> None:
        for parent in checkpoint["parents"].values():
            if "recipe" in parent:
                visit(parent)
        for made in (checkpoint, *checkpoint.get("heads", {}).values()):
            found.setdefault((made["name"], made.get("sha256")), made)

    visit(metadata)
    return list(found.values())


def warm_starts(metadata: Metadata) -> Iterator[dict[str, str]]:
    """Published weights that a model began with: "network", "parent" and "licence" of each."""
    for checkpoint in lineage(metadata):
        yield from (parent for parent in checkpoint.get("parents", {}).values() if "recipe" not in parent)


def _are(several: list[Any]) -> str:
    return "is" if len(several) == 1 else "are"

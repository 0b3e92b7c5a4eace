"""What training leaves, as one model: the last whole networks with the heads trained on them, LoRA merged."""

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

Story = dict[str, Any]
"""What a checkpoint tells of itself: name, recipe, overrides, figures, and the stories of its parents."""


def join_heads(project: Project) -> tuple[Networks, Story]:
    """The networks that the heads were trained on, with all of these heads, LoRA merged; and where each is from.

    The story is the base's, with "heads" (map → the head's own story). Raises TrainingError when the base or a head
    is missing, or when a head was trained on another base than the one that is there.
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
    told = {kind: read_metadata(path) for kind, path in paths.items()}
    if others := [head for head in told.values() if head["base"]["sha256"] != sha256]:
        names = ", ".join(head["name"] for head in others)
        bases = ", ".join(
            sorted({f"{head['base']['name']} {head['base']['sha256'][:12]}" for head in others})
        )
        raise TrainingError(
            f"Expected all heads to be trained on {base.stem} {sha256[:12]}, but {names} {_are(others)} of {bases}; "
            "train these heads again."
        )
    networks, story = load_single(base)
    for path in paths.values():
        load_head(path, networks)
    kept = ("name", "recipe", "overrides", "figures", "base")
    heads = {
        kind: {key: head[key] for key in kept if key in head}
        | {"sha256": sha256_of(paths[kind]), "verdict": read_verdict(paths[kind])}
        for kind, head in told.items()
    }
    return networks, story | {"heads": heads}


def load_single(path: Path) -> tuple[Networks, Story]:
    """The networks of one checkpoint, LoRA merged, and its story with the file's "sha256"."""
    networks, story = load_networks(path)
    merge_lora(networks)
    return networks, story | {"sha256": sha256_of(path), "verdict": read_verdict(path)}


def lineage(story: Story) -> list[Story]:
    """The stories of every checkpoint that a model is made from, parents before children, each once.

    Those of one name are told apart by their "sha256": training may go on from a released model.
    """
    found: dict[tuple[str, str | None], Story] = {}

    def visit(one: Story) -> None:
        for parent in one["parents"].values():
            if "recipe" in parent:
                visit(parent)
        for made in (one, *one.get("heads", {}).values()):
            found.setdefault((made["name"], made.get("sha256")), made)

    visit(story)
    return list(found.values())


def warm_starts(story: Story) -> Iterator[dict[str, str]]:
    """Published weights that a model began with: "network", "parent" and "licence" of each."""
    for one in lineage(story):
        yield from (parent for parent in one.get("parents", {}).values() if "recipe" not in parent)


def _are(several: list[Any]) -> str:
    return "is" if len(several) == 1 else "are"

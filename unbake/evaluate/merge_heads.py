"""Joins what training leaves into one model: the last whole networks, the heads trained on them, LoRA merged."""

from pathlib import Path
from typing import Any

from msgspec import structs

from unbake import recipe as recipes
from unbake.errors import TrainingError
from unbake.models.lora import merge_lora
from unbake.models.network import Networks
from unbake.models.weights import load_head, sha256_of
from unbake.project import Project
from unbake.train.checkpoint import load_networks
from unbake.train.lineage import Base, Lineage, read_lineage


def merge_heads(project: Project) -> tuple[Networks, Lineage]:
    """The networks that the heads were trained on, with all of these heads, LoRA merged; and where each is from.

    The lineage is the base's, with `heads` (map → the head's own). Raises TrainingError when the base or a head
    is missing, or when a head was trained on another base than the one that is there.
    """
    wanted = {kind: recipes.load(phase, map=kind) for phase, kind in recipes.all_runs() if kind}
    paths = {kind: project.best(recipe) for kind, recipe in wanted.items()}
    if missing := [path.stem for path in paths.values() if not path.is_file()]:
        raise TrainingError(
            f"Expected the heads of {len(wanted)} maps, but {', '.join(missing)} {_are(missing)} not in "
            f"{project.checkpoints}; train them first, or release one checkpoint by name (--checkpoint)."
        )
    base = project.checkpoint(next(iter(wanted.values())).starts_from["all"])
    sha256 = sha256_of(base)
    trained = {kind: read_lineage(path) for kind, path in paths.items()}
    bases = {head.name: head.base or Base(name="no other", sha256="") for head in trained.values()}
    if others := [name for name, made_on in bases.items() if made_on.sha256 != sha256]:
        found = sorted({f"{bases[name].name} {bases[name].sha256[:12]}" for name in others})
        raise TrainingError(
            f"Expected all heads to be trained on {base.stem} {sha256[:12]}, but {', '.join(others)} {_are(others)} of "
            f"{', '.join(found)}; train these heads again."
        )
    networks, lineage = load_merged(base)
    for path in paths.values():
        load_head(path, networks)
    heads = {
        kind: Lineage(
            name=head.name,
            recipe=head.recipe,
            overrides=head.overrides,
            figures=head.figures,
            base=head.base,
        ).as_parent(paths[kind])
        for kind, head in trained.items()
    }
    return networks, structs.replace(lineage, heads=heads)


def load_merged(path: Path) -> tuple[Networks, Lineage]:
    """The networks of one checkpoint, LoRA merged, and its lineage with the file's `sha256`."""
    networks, lineage = load_networks(path)
    merge_lora(networks)
    return networks, lineage.as_parent(path)


def _are(several: list[Any]) -> str:
    return "is" if len(several) == 1 else "are"

"""Validation figures of a checkpoint on its project's pairs, as training logs them; for `val.py`."""

from collections.abc import Callable
from pathlib import Path

import torch

from unbake.data.dataset import PatchDataset
from unbake.errors import TrainingError
from unbake.models.network import Networks
from unbake.models.weights import load_head, sha256_of
from unbake.project import Project, domains, long_side
from unbake.recipe import Recipe
from unbake.train.checkpoint import load_networks
from unbake.train.lineage import read_lineage
from unbake.train.parallel import Processes
from unbake.train.perceptual import perceptual
from unbake.train.setup import prepare_data
from unbake.train.step import loss_weights
from unbake.train.validate import validation_figures


def validate_checkpoint(
    project: Project,
    name: str,
    overrides: tuple[str, ...] = (),
    device: torch.device | None = None,
    backbone: Path | None = None,
    workers: int = 0,
    on_progress: Callable[[int, int], None] | None = None,
) -> dict[str, float]:
    """Figures as in metrics.jsonl ("mat_val_loss", "sky/l1/albedo", ...), by the recipe the checkpoint was trained by.

    name: of a checkpoint under the project, also one of a single head (its base must be there) or the last state of
    a run. overrides: of that recipe. backbone: of the perceptual distance the recipe names. The caches are completed
    first. Raises TrainingError where the checkpoint or its base is missing, or the base is another.
    """
    networks, recipe = _opened(project, name, overrides)
    distance = perceptual(recipe.losses.perceptual, backbone, device or torch.device("cpu"))
    prepare_data(project, recipe, workers, on_progress)
    data = PatchDataset(
        {domain: project.cache(domain, long_side(recipe)) for domain in domains(recipe)},
        "val",
        recipe.data.px,
        seed=recipe.seed,
        val_crops=recipe.data.val_crops,
    )
    items = {domain: data.validation_items(domain) for domain in domains(recipe)}
    alone = Processes(device or torch.device("cpu"))
    weights = loss_weights(recipe.losses)
    return validation_figures(networks.to(alone.device), data, items, weights, alone, recipe.map, distance)


def _opened(project: Project, name: str, overrides: tuple[str, ...]) -> tuple[Networks, Recipe]:
    """The networks of a checkpoint, a head put into its base, and the recipe it was trained by."""
    path = project.checkpoint(name)
    if path.stem.endswith("_last") or not (head := read_lineage(path)).base:
        networks, lineage = load_networks(path)
        return networks, lineage.trained_by(overrides)
    base = project.checkpoint(head.base.name)
    if sha256_of(base) != head.base.sha256:
        raise TrainingError(
            f"Expected {base.stem} to be the one that {path.stem} was trained on, but it has changed since; train "
            "the head again."
        )
    networks, _ = load_networks(base)
    load_head(path, networks)
    return networks, head.trained_by(overrides)

"""From a recipe and a project root to a run that is ready to train: data, networks, parents, selections."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from unbake import __version__
from unbake.data.augment import Augmentation
from unbake.data.cache import build_cache
from unbake.data.dataset import EpochSampler, PatchDataset
from unbake.data.sources import list_materials
from unbake.data.split import split
from unbake.errors import TrainingError, UsageError
from unbake.image.files import write_atomic
from unbake.models.config import CONFIGS
from unbake.models.leaves import freeze, leaves, select
from unbake.models.network import Networks
from unbake.models.weights import load_weights, read_metadata, save_weights, warm_vit
from unbake.recipe import Augment, Recipe, as_dict
from unbake.synth.diffuse import TRAINING_STYLES
from unbake.train.loop import Run


@dataclass(frozen=True)
class Project:
    """The plan's folders under a root (PLAN.md, "Directory Layout")."""

    root: Path

    @property
    def matsynth(self) -> Path:
        """Materials in MatSynth's layout."""
        return self.root / "data" / "MatSynth"

    @property
    def cache(self) -> Path:
        """The memory-mapped cache."""
        return self.root / "data" / "cache"

    @property
    def checkpoints(self) -> Path:
        """Weights and their stories."""
        return self.root / "checkpoints"

    def logs(self, tag: str) -> Path:
        """Where a phase writes its metrics and event files."""
        return self.root / "train_logs" / tag

    def checkpoint(self, name: str) -> Path:
        """The weights file of a checkpoint; the plan's `A0_best.pth` and a bare `A0_best` name the same one.

        Raises TrainingError when it is not there.
        """
        stem = name.removesuffix(".pth").removesuffix(".safetensors")
        path = self.checkpoints / f"{stem}.safetensors"
        if not path.is_file():
            raise TrainingError(
                f"Expected the checkpoint {stem}, but {path} is not there; train the phase that writes it first."
            )
        return path


def prepare_data(
    project: Project, recipe: Recipe, workers: int, on_progress: Callable[[int, int], None] | None = None
) -> list[str]:
    """Build (or complete) the cache of the project's materials; returns a sentence for each one left out."""
    sources = list_materials(project.matsynth)
    known = {source.source for source in sources}
    unknown = [name for name in recipe.data.held_out if name not in known]
    if unknown:
        raise UsageError(
            f"Expected data.held_out to name sources of the materials ({', '.join(sorted(known))}), "
            f"got {', '.join(unknown)}; mend the list."
        )
    return build_cache(
        sources,
        split(sources, recipe.data.held_out),
        project.cache,
        styles=TRAINING_STYLES,
        variants=recipe.data.variants,
        seed=recipe.seed,
        workers=workers,
        on_progress=on_progress,
    )


def prepare(
    project: Project, recipe: Recipe, overrides: tuple[str, ...], workers: int, device: torch.device
) -> Run:
    """Networks from the recipe's parents, its selections frozen, its data opened: a Run for `train`."""
    project.checkpoints.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(recipe.seed)
    networks, parents = _networks(project, recipe)
    trainable = select(leaves(networks), recipe.trains)
    freeze(networks, recipe.trains)
    data = PatchDataset(
        project.cache, "train", recipe.data.px, seed=recipe.seed, augment=_augmentation(recipe.augment)
    )
    lineage: dict[str, object] = {
        "name": recipe.writes,
        "tag": recipe.checkpoint_tag,
        "phase": recipe.tag,
        "model": networks.config.name,
        "recipe": as_dict(recipe),
        "overrides": list(overrides),
        "parents": parents,
        "unbake": __version__,
        "ema": False,
    }

    def save_best(figures: dict[str, float]) -> None:
        story = lineage | {"figures": figures}
        save_weights(project.checkpoints / f"{recipe.writes}.safetensors", networks, story)
        write_atomic(project.checkpoints / f"{recipe.writes}.json", json.dumps(story, indent=1).encode())

    return Run(
        recipe=recipe,
        networks=networks,
        trainable=trainable,
        train_data=data,
        sampler=EpochSampler(len(data), recipe.data.patches or len(data), recipe.seed),
        val_data=PatchDataset(project.cache, "val", recipe.data.px, seed=recipe.seed),
        log_folder=project.logs(recipe.tag),
        state_path=project.checkpoints / f"{recipe.writes.removesuffix('_best')}_last.safetensors",
        save_best=save_best,
        metadata=lineage,
        device=device,
        workers=workers if device.type == "cuda" else 0,
    )


def _augmentation(choice: Augment) -> Augmentation | None:
    """The recipe's augmentation table as the data package takes it; None where nothing is done."""
    if not (choice.spatial or choice.colour_jitter or choice.composite2 or choice.composite4):
        return None
    return Augmentation(
        spatial=choice.spatial,
        brightness=choice.colour_jitter,
        contrast=choice.colour_jitter,
        saturation=choice.colour_jitter,
        hue=40.0 * choice.colour_jitter,
        two_crop=choice.composite2,
        four_crop=choice.composite4,
    )


def _networks(project: Project, recipe: Recipe) -> tuple[Networks, dict[str, object]]:
    if not recipe.starts_from:
        networks = Networks(CONFIGS[recipe.model or "small"])
        return networks, {"vit": warm_vit(networks, Path(recipe.warm_start))} if recipe.warm_start else {}
    paths = {part: project.checkpoint(name) for part, name in recipe.starts_from.items()}
    stories = {part: read_metadata(path) for part, path in paths.items()}
    for story in stories.values():
        seen = set(recipe.data.held_out) - set(story["recipe"]["data"]["held_out"])
        if seen:
            raise TrainingError(
                f"Expected {', '.join(sorted(seen))} to be held out from the start, but {story['name']} was trained "
                "on it; hold out the same sources in every phase (--set data.held_out=[...])."
            )
    networks = Networks(CONFIGS[next(iter(stories.values()))["model"]])
    for part, path in sorted(paths.items(), key=lambda item: item[0] != "all"):
        donor = Networks(networks.config)
        load_weights(path, donor)
        if part == "all":
            networks = donor
        else:
            networks.get_submodule(part).load_state_dict(donor.get_submodule(part).state_dict())
    kept = ("name", "recipe", "overrides", "parents")
    return networks, {part: {key: story[key] for key in kept} for part, story in stories.items()}

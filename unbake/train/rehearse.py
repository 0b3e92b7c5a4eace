"""A rehearsal: the real recipes on the tiny networks and procedural materials, to see that everything runs."""

from collections.abc import Callable
from pathlib import Path

import torch

from unbake import recipe as recipes
from unbake.synth.library import write_library
from unbake.train.loop import Event, train
from unbake.train.phase import Project, prepare, prepare_data

OVERRIDES: tuple[str, ...] = (
    "epochs.min=2",
    "epochs.max=2",
    "data.px=64",
    "data.batch=2",
    "data.patches=8",
    "data.variants=1",
)
"""What a rehearsal changes in every recipe: sizes and durations, recorded in the checkpoints."""


def rehearse(root: Path, phases: list[str], emit: Callable[[str, Event], None]) -> None:
    """Train each phase in turn under `root`; leaves the same files as the real thing."""
    project = Project(root)
    write_library(project.matsynth, size=128, implied=True)
    for phase in phases:
        overrides = OVERRIDES
        if not recipes.load(phase).starts_from:
            overrides += ("model=tiny",)
        recipe = recipes.load(phase, overrides)
        prepare_data(project, recipe, workers=1)
        run = prepare(project, recipe, overrides, workers=0, device=torch.device("cpu"))
        train(run, lambda event, tag=recipe.tag: emit(tag, event))  # type: ignore[misc]

"""Runs of a phase on the tiny networks, as tests of training start them."""

from pathlib import Path

import torch

from unbake import recipe as recipes
from unbake.project import Project
from unbake.train.loop import Run
from unbake.train.parallel import Processes
from unbake.train.setup import prepare

TINY = (
    "epochs.min=2",
    "epochs.max=2",
    "data.px=32",
    "data.batch=2",
    "data.patches=6",
    "data.variants=1",
    "data.val_crops=1",
    "losses.perceptual=none",
)
CURRICULUM = ("data.crop.start=32", "data.crop.end=32")


def tiny(phase: str, *more: str, kind: str = "") -> tuple[recipes.Recipe, tuple[str, ...]]:
    """A phase's recipe at the size of tests, and the overrides that make it so."""
    overrides = TINY + (("model=tiny",) if phase == "A0" else ()) + more
    if recipes.load(phase).data.crop:
        overrides += CURRICULUM
    return recipes.load(phase, overrides, kind), overrides


def pipeline_overrides(*more: str) -> list[str]:
    """The same for all phases."""
    crops = [f"{phase}:{o}" for phase in ("B", "C") for o in CURRICULUM]
    return [*TINY, "A0:model=tiny", *crops, *more]


ALONE = Processes(torch.device("cpu"))


def start(
    root: Path, phase: str = "A0", *more: str, kind: str = "", processes: Processes | None = None
) -> Run:
    """A run of a phase on the tiny networks, ready to train."""
    recipe, overrides = tiny(phase, *more, kind=kind)
    return prepare(Project(root), recipe, overrides, 0, processes or ALONE)

"""Runs of a phase on the tiny networks, as tests of training start them."""

from pathlib import Path

import torch

from unbake import recipe as recipes
from unbake.train.loop import Run
from unbake.train.phase import Project, prepare

TINY = ("epochs.min=2", "epochs.max=2", "data.px=32", "data.batch=2", "data.patches=6", "data.variants=1")


def start(root: Path, phase: str = "A0", *more: str) -> Run:
    """A run of a phase on the tiny networks, ready to train."""
    overrides = TINY + (("model=tiny",) if phase == "A0" else ()) + more
    return prepare(Project(root), recipes.load(phase, overrides), overrides, 0, torch.device("cpu"))

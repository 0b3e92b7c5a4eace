"""Rehearsal: every recipe on the tiny networks and procedural materials, to see that everything runs."""

from collections.abc import Callable
from pathlib import Path

from unbake import recipe as recipes
from unbake.data.sources import list_materials
from unbake.prepare.library import write_library
from unbake.project import Project
from unbake.synth.materials import FEW
from unbake.train.loop import Event
from unbake.train.pipeline import PhaseRun, PipelineResult, RunStarted, planned_runs, run_all
from unbake.train.surrogate_skyrim import write_surrogate

SMALLER = (
    "epochs.min=2",
    "epochs.max=2",
    "data.px=64",
    "data.batch=2",
    "data.patches=8",
    "data.variants=1",
    "data.val_crops=1",
    "losses.perceptual=none",
)
"""Overrides of every recipe in a rehearsal: sizes and durations, recorded in the checkpoints."""


def rehearsal_runs(until: str = "") -> list[PhaseRun]:
    """The runs of a rehearsal, up to a phase.

    >>> [run.name for run in rehearsal_runs("A")]
    ['A0', 'A']
    """
    overrides = list(SMALLER)
    for phase in recipes.ORDER:
        recipe = recipes.load(phase)
        if not recipe.starts_from:
            overrides.append(f"{phase}:model=tiny")
        if recipe.data.crop:
            overrides += [f"{phase}:data.crop.start=32", f"{phase}:data.crop.end=64"]
    runs = planned_runs(overrides)
    if not until:
        return runs
    last = max((i for i, run in enumerate(runs) if run.recipe.tag == recipes.load(until).tag), default=0)
    return runs[: last + 1]


def rehearse(
    root: Path, emit: Callable[[PhaseRun, Event | RunStarted], None], until: str = ""
) -> PipelineResult:
    """Train every phase under `root`, gates forced and recorded; leaves the same files as the real thing.

    A second call goes on where the first stopped.
    """
    project = Project(root)
    matsynth = project.materials("matsynth")
    write_library(matsynth, size=96, implied=True, names=FEW)
    write_surrogate(list_materials(matsynth, "matsynth"), project.materials("skyrim"), size=64)
    runs = rehearsal_runs(until)
    return run_all(project, runs, emit, resume=True, force=True, workers=1)

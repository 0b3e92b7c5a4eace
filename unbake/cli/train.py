"""The verb that trains one phase."""

import math
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from unbake.cli.terminal import Root, Set, progress_bar
from unbake.cli.training import (
    Backbone,
    Device,
    Epochs,
    Resume,
    TrainingPrinter,
    Wandb,
    Workers,
    chosen_device,
    overriding,
    say,
)
from unbake.errors import UsageError


def train(
    phase: Annotated[str, typer.Argument(help="A0, A, ... (see `unbake phases`), or a recipe file (.toml).")],
    root: Root = Path(),
    map_: Annotated[
        str, typer.Option("--map", help="The head to train, in phase D: albedo, roughness, ...")
    ] = "",
    override: Set = None,
    epochs: Epochs = None,
    resume: Resume = False,
    workers: Workers = 2,
    device: Device = "auto",
    backbone: Backbone = None,
    wandb: Wandb = False,
) -> None:
    """Train one phase from its recipe: leaves its best checkpoint, logs and TensorBoard files under ROOT.

    Materials are read from ROOT/data/MatSynth and ROOT/data/Skyrim (<category>/<name>/basecolor.png, normal.png,
    ...), decoded, painted and cached once in ROOT/data/cache. Stop with Ctrl-C or SIGTERM at any time; go on with
    --resume. Several GPUs: torchrun --nproc-per-node N -m unbake.cli train ...
    Exit code: 0 trained and its gate passed, 1 its gate failed, 2 wrong use, 130 stopped.
    """
    from unbake import recipe as recipes

    overrides = overriding(override, epochs)
    r = recipes.load(phase, overrides, map_)  # before torch: an error in the recipe needs no wait

    from unbake.project import Project
    from unbake.recipe.gate import Judgement, Verdict
    from unbake.train.loop import train as run_phase
    from unbake.train.parallel import joined
    from unbake.train.setup import check, conclude, notices, prepare, prepare_data, reserved

    project = Project(root)
    with ExitStack() as stack:
        processes = stack.enter_context(joined(chosen_device(device)))
        _expect_new(project.state(r), resume)
        check(project, [r], backbone)
        stack.enter_context(reserved(project, r, processes))
        with processes.main_first(), progress_bar("cache", processes.is_main) as bar:
            task = bar.task_ids[0]
            problems = prepare_data(
                project, r, workers, lambda done, n: bar.update(task, completed=done, total=n)
            )
        run = prepare(project, r, overrides, workers, processes, backbone, wandb)
        for sentence in [*(f"left out: {problem}" for problem in problems), *notices(run)]:
            say(processes, sentence, err=True)
        with progress_bar("training", processes.is_main) as bar:
            show = TrainingPrinter(bar) if processes.is_main else (lambda event: None)
            finished = run_phase(run, show, resume=resume)
        over = finished.verdict is not Verdict.NOT_YET
        if over and processes.is_main:
            conclude(project, r, Judgement(finished.verdict, finished.reason))
        best = (
            f"; best {r.best} {finished.best:.4f} in checkpoints/{r.writes}"
            if math.isfinite(finished.best)
            else ""
        )
        say(processes, f"{r.tag}: {finished.reason}{best}")
    raise typer.Exit(finished.verdict.value if over else 130)


def _expect_new(state: Path, resume: bool) -> None:
    """UsageError where a run left a state and is not to be resumed: it would be lost."""
    from unbake.train.state_files import is_begun

    if not resume and is_begun(state):
        raise UsageError(
            f"Expected a run that has not been begun, but {state} is there; go on with --resume, or move "
            f"{state.stem}.* away to start anew."
        )

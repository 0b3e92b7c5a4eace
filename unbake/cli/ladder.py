"""The verb that runs every phase in order, or prints the plan of what it would run."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unbake.cli.phases import epochs_text, parents_text
from unbake.cli.terminal import Root, print_table, progress_bar
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

if TYPE_CHECKING:
    from rich.progress import Progress

    from unbake.project import Project
    from unbake.train.pipeline import PhaseRun, PipelineResult


def ladder(
    root: Root = Path(),
    override: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="[PHASE:]KEY=VALUE",
            help="Override a recipe value in all phases, or in one: --set B:epochs.max=4; repeatable.",
        ),
    ] = None,
    epochs: Epochs = None,
    resume: Resume = False,
    force: Annotated[
        bool, typer.Option("--force", help="Go on past a failed gate; recorded in every later checkpoint.")
    ] = False,
    without: Annotated[
        list[str] | None, typer.Option(help="Leave out a phase, e.g. Cp, which is optional; repeatable.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the plan and what of it exists already.")
    ] = False,
    workers: Workers = 2,
    device: Device = "auto",
    backbone: Backbone = None,
    wandb: Wandb = False,
) -> None:
    """Train phase after phase, A0 to D, each from its parents' best checkpoints.

    Stops at a gate that fails, says why and exits 1. Stop it with Ctrl-C, SIGTERM or the power switch: --resume
    goes on where it stood, with the same result. Before the first run: `unbake ladder --dry-run`.
    Exit code: 0 every phase is done, 1 a gate failed, 2 wrong use, 130 stopped.
    """
    from unbake.project import Project
    from unbake.recipe.gate import Verdict
    from unbake.train.parallel import joined
    from unbake.train.pipeline import planned_runs, run_all

    steps = planned_runs(overriding(override, epochs), without or ())
    project = Project(root)
    if dry_run:
        _print_plan(project, steps)
        return
    with joined(chosen_device(device)) as processes, progress_bar("ladder", processes.is_main) as bar:
        outcome = run_all(
            project,
            steps,
            LadderPrinter(bar, force) if processes.is_main else (lambda run, event: None),
            resume=resume,
            force=force,
            workers=workers,
            processes=processes,
            backbone=backbone,
            wandb=wandb,
            on_data=lambda run, done, n: bar.update(
                bar.task_ids[0], description=f"{run.name}: cache", completed=done, total=n
            ),
            on_notice=lambda sentence: say(processes, sentence, err=True),
        )
        say(processes, _ending(project, outcome))
    raise typer.Exit(130 if outcome.verdict is Verdict.NOT_YET else outcome.verdict.value)


class LadderPrinter:
    """Prints where each run begins and how it ends; the events of training between go to `TrainingPrinter`."""

    def __init__(self, bar: "Progress", force: bool) -> None:
        self._console, self._force, self._show = bar.console, force, TrainingPrinter(bar)

    def __call__(self, run: "PhaseRun", event: object) -> None:
        """Show one event of a run."""
        from unbake.recipe.gate import Verdict
        from unbake.train.loop import Finished
        from unbake.train.pipeline import RunStarted, RunStatus

        match event:
            case RunStarted(status=RunStatus.NEW | RunStatus.STOPPED | RunStatus.FAILED as standing):
                self._print(f"{run.name}: {standing.value}")
            case RunStarted():
                pass
            case Finished(verdict=Verdict.PASS, reason=reason):
                self._print(f"{run.name}: passed: {reason}")
            case Finished(verdict=Verdict.FAIL, reason=reason) if self._force:
                self._print(f"{run.name}: failed, continued by --force: {reason}")
            case _:
                self._show(event)

    def _print(self, line: str) -> None:
        with suppress(OSError):  # as in `TrainingPrinter`
            self._console.print(line, highlight=False, soft_wrap=True)


def _ending(project: "Project", outcome: "PipelineResult") -> str:
    from unbake.recipe.gate import Verdict

    match outcome.verdict:
        case Verdict.PASS:
            return f"every phase is done; the checkpoints are in {project.checkpoints}"
        case Verdict.FAIL:
            return f"{outcome.run.name}: stopped at a gate: {outcome.reason}"
        case Verdict.NOT_YET:
            return f"{outcome.run.name}: stopped: {outcome.reason}"


def _print_plan(project: "Project", steps: list["PhaseRun"]) -> None:
    from rich.table import Table

    from unbake.train.pipeline import status_of

    table = Table("run", "starts from", "trains", "epochs", "px", "writes", "where it stands")
    for run in steps:
        r = run.recipe
        table.add_row(
            run.name,
            parents_text(r),
            ", ".join(r.trains),
            epochs_text(r),
            str(r.data.px),
            r.writes,
            status_of(project, run).value,
        )
    print_table(table)

"""The verbs that run many phases: ladder, rehearse."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unbake.cli.phases import epochs_told, parents_told
from unbake.cli.terminal import Root, app, print_table, progress_bar
from unbake.cli.training import (
    Backbone,
    Device,
    Epochs,
    Resume,
    TrainingPrinter,
    Wandb,
    Workers,
    chosen_device,
    headline,
    overriding,
    say,
)

if TYPE_CHECKING:
    from unbake.project import Project
    from unbake.train.pipeline import PhaseRun


@app.command()
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
    from unbake.train.loop import Finished
    from unbake.train.parallel import joined
    from unbake.train.pipeline import RunStarted, RunStatus, planned_runs, run_all

    steps = planned_runs(overriding(override, epochs), without or ())
    project = Project(root)
    if dry_run:
        _print_plan(project, steps)
        return
    with joined(chosen_device(device)) as processes, progress_bar("ladder", processes.is_main) as bar:
        show = TrainingPrinter(bar)

        def tell(rung: "PhaseRun", event: object) -> None:
            match event:
                case _ if not processes.is_main:
                    pass
                case RunStarted(status=RunStatus.NEW | RunStatus.STOPPED | RunStatus.FAILED as where):
                    bar.console.print(f"{rung.name}: {where.value}", highlight=False)
                case RunStarted():
                    pass
                case Finished(verdict=Verdict.PASS, reason=reason):
                    bar.console.print(f"{rung.name}: passed: {reason}", highlight=False, soft_wrap=True)
                case Finished(verdict=Verdict.FAIL, reason=reason) if force:
                    bar.console.print(
                        f"{rung.name}: failed, and gone on from by --force: {reason}",
                        highlight=False,
                        soft_wrap=True,
                    )
                case _:
                    show(event)

        outcome = run_all(
            project,
            steps,
            tell,
            resume=resume,
            force=force,
            workers=workers,
            processes=processes,
            backbone=backbone,
            wandb=wandb,
            on_data=lambda rung, done, n: bar.update(
                bar.task_ids[0], description=f"{rung.name}: cache", completed=done, total=n
            ),
            on_notice=lambda sentence: say(processes, sentence, err=True),
        )
        end = {Verdict.FAIL: "stopped at a gate", Verdict.NOT_YET: "stopped"}
        if outcome.verdict is Verdict.PASS:
            say(processes, f"every phase is done; the checkpoints are in {project.checkpoints}")
        else:
            say(processes, f"{outcome.run.name}: {end[outcome.verdict]}: {outcome.reason}")
    raise typer.Exit(130 if outcome.verdict is Verdict.NOT_YET else outcome.verdict.value)


def _print_plan(project: "Project", steps: list["PhaseRun"]) -> None:
    from rich.table import Table

    from unbake.train.pipeline import status_of

    table = Table("run", "starts from", "trains", "epochs", "px", "writes", "where it stands")
    for rung in steps:
        r = rung.recipe
        table.add_row(
            rung.name,
            parents_told(r),
            ", ".join(r.trains),
            epochs_told(r),
            str(r.data.px),
            r.writes,
            status_of(project, rung).value,
        )
    print_table(table)


@app.command()
def rehearse(
    until: Annotated[
        str, typer.Argument(metavar="[all|PHASE]", help="all: every phase and a release; else up to a phase.")
    ] = "all",
    root: Annotated[Path, typer.Option(help="A folder for the rehearsal's own project.")] = Path(
        "out/rehearsal"
    ),
) -> None:
    """Run every recipe on the tiny networks and procedural materials: does everything work here?

    Minutes, not days: sizes and epochs are cut, gates are forced, both are recorded. Leaves the files of the real
    thing under ROOT, and in ROOT/release a model that `unbake convert --model` takes.
    """
    import torch

    from unbake.evaluate.release import release
    from unbake.project import Project
    from unbake.recipe.gate import Verdict
    from unbake.train.loop import EpochDone, Finished
    from unbake.train.rehearse import rehearse as run

    def tell(rung: "PhaseRun", event: object) -> None:
        match event:
            case EpochDone(epoch=epoch, figures=figures):
                typer.echo(f"{rung.name} epoch {epoch}: {headline(figures)}")
            case Finished(reason=reason):
                typer.echo(f"{rung.name}: {reason}")

    # Networks this small gain nothing from a second thread, and lose much on a busy machine.
    torch.set_num_threads(1)
    whole = until == "all"
    outcome = run(root, tell, "" if whole else until)
    if outcome.verdict is not Verdict.PASS:
        typer.echo(f"{outcome.run.name}: {outcome.reason}", err=True)
        raise typer.Exit(1)
    typer.echo(f"checkpoints are in {root / 'checkpoints'}, logs in {root / 'train_logs'}")
    if whole:
        typer.echo("releasing ...")
        release(Project(root), root / "release")
        typer.echo(
            f"the model is in {root / 'release'}: try unbake convert IN OUT --model {root / 'release'}"
        )

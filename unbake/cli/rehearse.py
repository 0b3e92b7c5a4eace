"""The verb that runs every recipe in small."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unbake.cli.training import headline

if TYPE_CHECKING:
    from unbake.train.pipeline import PhaseRun


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

    def tell(run: "PhaseRun", event: object) -> None:
        match event:
            case EpochDone(epoch=epoch, figures=figures):
                typer.echo(f"{run.name} epoch {epoch}: {headline(figures)}")
            case Finished(reason=reason):
                typer.echo(f"{run.name}: {reason}")

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

"""The trainer's verbs: phases, train, rehearse, synth."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unbake.cli.terminal import Root, Set, app, print_table, progress_bar

if TYPE_CHECKING:
    from rich.progress import Progress


@app.command()
def phases() -> None:
    """List the training phases with their main numbers, read from the recipes."""
    from rich.table import Table

    from unbake import recipe

    table = Table("phase", "tag", "starts from", "mix M/S", "px", "trains", "epochs", "optimizer", "writes")
    for name in recipe.names():
        r = recipe.load(name)
        mix = f"{r.data.mix.matsynth * 100:.0f}/{r.data.mix.skyrim * 100:.0f}"
        table.add_row(
            name,
            r.tag,
            ", ".join(r.starts_from.values()) or "scratch",
            mix,
            str(r.data.px),
            ", ".join(r.trains),
            f"{r.epochs.min}-{r.epochs.max}",
            f"{type(r.optimizer).__name__} {r.optimizer.lr:g}",
            r.writes,
        )
    print_table(table)


@app.command()
def train(
    phase: Annotated[str, typer.Argument(help="A0, A, ... (see `unbake phases`), or a recipe file (.toml).")],
    root: Root = Path(),
    override: Set = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where a stopped run of this phase was.")
    ] = False,
    workers: Annotated[int, typer.Option(help="Processes that read data (and build the cache).")] = 2,
    device: Annotated[str, typer.Option(help="cuda, cpu, or auto: the GPU when there is one.")] = "auto",
) -> None:
    """Train one phase from its recipe: leaves its best checkpoint, logs and TensorBoard files under ROOT.

    The materials are read from ROOT/data/MatSynth (<category>/<name>/basecolor.png, normal.png, ...), decoded,
    painted and cached once in ROOT/data/cache. Stop with Ctrl-C or SIGTERM at any time; go on with --resume.
    """
    from unbake import recipe as recipes

    overrides = tuple(override or ())
    r = recipes.load(phase, overrides)  # before torch is: a slip in a recipe is told at once

    import torch

    from unbake.train.loop import train as run_phase
    from unbake.train.phase import Project, prepare, prepare_data

    project = Project(root)
    chosen = torch.device(("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device)
    with progress_bar("cache") as bar:
        task = bar.task_ids[0]
        problems = prepare_data(
            project, r, workers, lambda done, n: bar.update(task, completed=done, total=n)
        )
    for problem in problems:
        typer.echo(f"left out: {problem}", err=True)
    run = prepare(project, r, overrides, workers, chosen)
    with progress_bar("training") as bar:
        finished = run_phase(run, _TrainingPrinter(bar), resume=resume)
    best = (
        f"; best {r.best} {finished.best:.4f} in checkpoints/{r.writes}"
        if math.isfinite(finished.best)
        else ""
    )
    typer.echo(f"{r.tag}: {finished.reason}{best}")
    if finished.interrupted:
        raise typer.Exit(130)


class _TrainingPrinter:
    """Turns the loop's events into a progress bar and lines."""

    def __init__(self, bar: "Progress") -> None:
        self._bar = bar
        self._task = bar.task_ids[0]

    def __call__(self, event: object) -> None:
        from unbake.train.loop import EpochDone, Progress

        match event:
            case Progress():
                done = (event.epoch - 1) * event.steps + event.step
                self._bar.update(
                    self._task,
                    description=f"epoch {event.epoch}/{event.epochs}",
                    completed=done,
                    total=event.epochs * event.steps,
                )
                if event.terms:
                    terms = "  ".join(f"{name} {value:.4f}" for name, value in event.terms.items())
                    self._bar.console.print(
                        f"epoch {event.epoch} it {event.step}/{event.steps} lr {event.lr:.2e}  {terms}",
                        soft_wrap=True,
                        highlight=False,
                    )
            case EpochDone():
                star = "  (best so far)" if event.best else ""
                loss = event.figures["mat_val_loss"]
                self._bar.console.print(
                    f"epoch {event.epoch}: mat_val_loss {loss:.4f}{star}", highlight=False
                )


@app.command()
def rehearse(
    root: Annotated[
        Path, typer.Argument(metavar="ROOT", help="A folder for the rehearsal's own project.")
    ] = Path("out/rehearsal"),
) -> None:
    """Run every recipe on the tiny networks and procedural materials: does everything work here?"""
    from unbake import recipe as recipes
    from unbake.train.loop import EpochDone, Finished
    from unbake.train.rehearse import rehearse as run

    def say(tag: str, event: object) -> None:
        match event:
            case EpochDone(epoch=epoch, figures=figures):
                typer.echo(f"{tag} epoch {epoch}: mat_val_loss {figures['mat_val_loss']:.4f}")
            case Finished(reason=reason):
                typer.echo(f"{tag}: {reason}")

    run(root, recipes.names(), say)
    typer.echo(f"checkpoints are in {root / 'checkpoints'}, logs in {root / 'train_logs'}")


@app.command()
def synth(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="For example ROOT/data/MatSynth.")],
    size: Annotated[int, typer.Option(help="Side of the textures, texels.")] = 512,
    seeds: Annotated[int, typer.Option(help="Materials of each of the eighteen kinds.")] = 4,
) -> None:
    """Write procedural materials in MatSynth's layout: more data for training, free of any licence."""
    from unbake.synth.library import write_library

    typer.echo(f"{write_library(folder, size, seeds)} materials written to {folder}")

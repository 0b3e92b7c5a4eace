"""The door: verbs of `unbake`; the only place that parses, prints and exits. Heavy imports stand inside verbs."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unbake import __version__
from unbake.errors import UnbakeError

if TYPE_CHECKING:
    from rich.progress import Progress

app = typer.Typer(
    name="unbake",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Turns old game textures (painted diffuse + normal) into PBR materials, and trains the models that do it.",
    epilog="Start here:  unbake demo out/demo   |   unbake convert MyMod out/MyMod-PBR",
)

Root = Annotated[Path, typer.Option(help="Project folder with data/MatSynth, checkpoints and train_logs.")]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Override a recipe value, e.g. --set data.px=256; repeatable."
    ),
]
Model = Annotated[
    Path | None, typer.Option(help="Folder with card.json and four ONNX files; default: the bundled model.")
]


def main() -> None:
    """Entry point: errors become one sentence on stderr and an exit code."""
    try:
        app()
    except UnbakeError as error:
        typer.secho(f"unbake: {error}", fg="red" if sys.stderr.isatty() else None, err=True)
        sys.exit(error.exit_code)


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        typer.echo(f"unbake {__version__}")
        raise typer.Exit


@app.command()
def convert(
    source: Annotated[
        Path, typer.Argument(metavar="IN", help="A folder of textures (a mod), or one diffuse texture.")
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Where the PBR mod goes; never inside IN.")],
    preset: Annotated[
        str,
        typer.Option(
            help="skyrim, png, gltf, godot, unreal, unity-hdrp, unity-urp, blender, or a .toml file."
        ),
    ] = "skyrim",
    model: Model = None,
    seamless: Annotated[
        bool | None, typer.Option(help="Say whether the textures tile; by default each one is measured.")
    ] = None,
    max_size: Annotated[int | None, typer.Option(help="Reduce larger textures to this longest side.")] = None,
    include: Annotated[
        list[str] | None, typer.Option(help="Only sets whose name matches, e.g. 'clutter/*'.")
    ] = None,
    exclude: Annotated[list[str] | None, typer.Option(help="Leave out sets whose name matches.")] = None,
    texture_root: Annotated[
        Path | None, typer.Option(help="The folder game paths start from; default: the `textures` folder.")
    ] = None,
    fast: Annotated[
        bool, typer.Option("--fast", help="Quicker, slightly rougher block compression.")
    ] = False,
    threads: Annotated[int, typer.Option(help="CPU threads; 0 = all cores.")] = 0,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")
    ] = False,
) -> None:
    """Convert a folder of old textures to PBR maps.

    Sets are found by name: rock.dds with rock_n.dds (specular mask in its alpha), or rock_d and rock_s. OUT gets
    the same tree, ready to install: textures/pbr/..., PBRNIFPatcher/*.json and report.html with pictures.
    A second run does only what is new or has changed; Ctrl-C at any time, then run it again.
    Exit code: 0 all converted, 1 some failed (they are listed), 2 wrong use.
    """
    from unbake.convert.batch import Options, convert_folder
    from unbake.image.blocks import Effort

    options = Options(
        preset=preset,
        model=model,
        seamless=seamless,
        max_size=max_size,
        include=tuple(include or ()),
        exclude=tuple(exclude or ()),
        threads=threads,
        effort=Effort.FAST if fast else Effort.GOOD,
        dry_run=dry_run,
        texture_root=texture_root,
    )
    with _bar("converting") as bar:
        summary = convert_folder(source, out, options, _ConversionPrinter(bar))
    if dry_run:
        for name in summary.planned:
            typer.echo(f"would convert {name}")
        typer.echo(f"{len(summary.planned)} sets would be converted, {len(summary.skipped)} files skipped")
        return
    typer.echo(
        f"{len(summary.converted)} converted, {len(summary.unchanged)} unchanged, {len(summary.failed)} failed, "
        f"{len(summary.skipped)} files skipped; look at {out / 'report.html'}"
    )
    for failure in summary.failed:
        typer.echo(f"failed: {failure.name}: {failure.message}", err=True)
    raise typer.Exit(summary.exit_code)


@app.command()
def demo(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Where the converted mod goes.")] = Path(
        "out/demo"
    ),
) -> None:
    """Convert the sixteen example sets that come with unbake, and say what to look at."""
    from importlib.resources import as_file, files

    from unbake.convert.batch import Options, convert_folder
    from unbake.export.pgpatcher import validate

    with as_file(files("unbake") / "bundled" / "examples" / "legacy") as examples, _bar("converting") as bar:
        summary = convert_folder(examples, out, Options(), _ConversionPrinter(bar))
    for failure in summary.failed:
        typer.echo(f"failed: {failure.name}: {failure.message}", err=True)
    for sentence in validate(out):
        typer.echo(f"PGPatcher would object: {sentence}", err=True)
    typer.echo(f"{len(summary.converted) + len(summary.unchanged)} sets converted from {examples}")
    typer.echo(f"  {out / 'report.html'}    before and after, side by side: open it in a browser")
    typer.echo(f"  {out / 'textures' / 'pbr'}    the mod: base colour, _n, _rmaos, _p as DDS with mips")
    typer.echo(f"  {out / 'PBRNIFPatcher'}    what PGPatcher reads")
    raise typer.Exit(summary.exit_code)


class _ConversionPrinter:
    """Turns the converter's events into a progress bar, and a line for each failure."""

    def __init__(self, bar: "Progress") -> None:
        self._bar = bar
        self._task = bar.task_ids[0]

    def __call__(self, event: object) -> None:
        from unbake.convert.batch import SetDone, SetFailed, SetUnchanged, Started

        match event:
            case Started(total=total):
                self._bar.update(self._task, total=total)
            case SetDone(name=name) | SetUnchanged(name=name):
                self._bar.update(self._task, advance=1, description=name[-40:])
            case SetFailed(name=name, message=message):
                self._bar.update(self._task, advance=1)
                self._bar.console.print(
                    f"failed: {name}: {message}", style="red", markup=False, soft_wrap=True
                )


@app.command()
def phases() -> None:
    """List the training phases with their main numbers, read from the recipes."""
    from rich.console import Console
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
    Console().print(table)


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
    import torch

    from unbake import recipe as recipes
    from unbake.train.loop import train as run_phase
    from unbake.train.phase import Project, prepare, prepare_data

    overrides = tuple(override or ())
    r = recipes.load(phase, overrides)
    project = Project(root)
    chosen = torch.device(("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device)
    with _bar("cache") as bar:
        task = bar.task_ids[0]
        problems = prepare_data(project, r, workers, lambda done, n: bar.update(task, completed=done, total=n))
    for problem in problems:
        typer.echo(f"left out: {problem}", err=True)
    run = prepare(project, r, overrides, workers, chosen)
    with _bar("training") as bar:
        finished = run_phase(run, _TrainingPrinter(bar), resume=resume)
    if finished.interrupted:
        raise typer.Exit(130)
    typer.echo(f"{r.tag}: {finished.reason}; best {r.best} {finished.best:.4f} in checkpoints/{r.writes}")


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


@contextmanager
def _bar(what: str) -> "Iterator[Progress]":
    """One bar with an ETA on a terminal; on a pipe only the lines printed through it appear."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        bar.add_task(what, total=None)
        yield bar


if __name__ == "__main__":
    main()

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

    from unbake.measure.figures import Evaluation

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
        problems = prepare_data(
            project, r, workers, lambda done, n: bar.update(task, completed=done, total=n)
        )
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


@app.command()
def release(
    checkpoint: Annotated[str, typer.Argument(help="Name of a checkpoint under ROOT, e.g. A_best.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder for the four ONNX files and card.json.")],
    root: Root = Path(),
) -> None:
    """Export a checkpoint for the converter and measure it on the sources that were held out.

    Prints ours beside the floors and writes them to OUT/card.json, with data, licences and recipe.
    """
    from unbake.measure.release import release as run
    from unbake.train.phase import Project

    project = Project(root)
    with _bar("measuring") as bar:
        task = bar.task_ids[0]
        evaluation = run(
            project.checkpoint(checkpoint),
            project.matsynth,
            out,
            lambda what, done, n: bar.update(task, description=what, completed=done, total=n),
        )
    _print_figures(evaluation)


@app.command("eval")
def evaluate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Ground truth in MatSynth's layout.")],
    model: Model = None,
    source: Annotated[
        list[str] | None, typer.Option(help="Only materials of this source (metadata.json); repeatable.")
    ] = None,
    size: Annotated[int, typer.Option(help="Longest side of a material, texels.")] = 512,
    json_out: Annotated[Path | None, typer.Option("--json", help="Write all figures to this file.")] = None,
) -> None:
    """Measure a model on ground truth: paint it as an old game would, convert it, compare with truth and floors."""
    import json

    from unbake.convert.predict import load_predictor
    from unbake.data.sources import list_materials
    from unbake.image.files import write_atomic
    from unbake.measure.evaluate import converting
    from unbake.measure.evaluate import evaluate as run
    from unbake.measure.figures import as_dict

    ids = {s.id for s in list_materials(folder) if not source or s.source in source}
    with _bar("measuring") as bar:
        task = bar.task_ids[0]
        evaluation = run(
            folder,
            converting(load_predictor(model)),
            ids=ids,
            size=size,
            on_progress=lambda done, n: bar.update(task, completed=done, total=n),
        )
    _print_figures(evaluation)
    if json_out:
        write_atomic(json_out, json.dumps(as_dict(evaluation), indent=1).encode())


def _print_figures(evaluation: "Evaluation") -> None:
    from rich.console import Console
    from rich.table import Table

    from unbake.measure.figures import table

    head, *rows = table(evaluation)
    printed = Table(*head, caption=f"{len(evaluation.materials)} materials; ratio = ours / floor")
    for row in rows:
        printed.add_row(*row)
    Console(width=None if sys.stdout.isatty() else 140).print(printed)
    for sentence in evaluation.left_out:
        typer.echo(f"left out: {sentence}", err=True)


@app.command()
def bench(
    px: Annotated[int, typer.Option(help="Side of the texture that is converted.")] = 1024,
    training: Annotated[bool, typer.Option(help="Time training too (needs the train extra).")] = True,
) -> None:
    """Time conversion by stage and training with and without data loading, on this machine."""
    from unbake.measure.bench import bench_conversion, bench_training, peak_memory_gb

    for timing in bench_conversion(px):
        typer.echo(f"{timing.stage:28s} {timing.seconds:7.2f} s  {timing.mpix_per_s:7.2f} MPix/s")
    if (peak := peak_memory_gb()) is not None:
        typer.echo(f"{'peak memory':28s} {peak:7.2f} GB")
    if training:
        for what, rate in bench_training():
            typer.echo(f"{what:28s} {rate:7.2f} samples/s (small, 128 px)")


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

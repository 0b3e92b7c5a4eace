"""The verbs that train one phase: train, synth."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unbake.cli.terminal import Root, Set, app, progress_bar
from unbake.errors import UsageError

if TYPE_CHECKING:
    import torch
    from rich.progress import Progress

    from unbake.train.parallel import Processes


Resume = Annotated[bool, typer.Option("--resume", help="Go on where a stopped run was.")]
Epochs = Annotated[
    int | None,
    typer.Option(min=1, help="Exactly so many: short for --set epochs.min=N --set epochs.max=N."),
]
Workers = Annotated[int, typer.Option(help="Processes that read data (and build the cache).")]
Device = Annotated[str, typer.Option(help="cuda, cpu, or auto: the GPU when there is one.")]
Backbone = Annotated[
    Path | None,
    typer.Option(
        help="Weights of the perceptual network that the recipe names (losses.perceptual); see the README."
    ),
]
Wandb = Annotated[
    bool, typer.Option("--wandb", help="Log to Weights & Biases too (offline; `wandb sync` uploads).")
]


@app.command()
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
    Exit code: 0 trained and its gate passed, 1 its gate failed, 130 stopped.
    """
    from unbake import recipe as recipes

    overrides = overriding(override, epochs)
    r = recipes.load(phase, overrides, map_)  # before torch is: a slip in a recipe is told at once

    from unbake.project import Project
    from unbake.recipe.gate import Judgement, Verdict
    from unbake.train.loop import train as run_phase
    from unbake.train.parallel import joined
    from unbake.train.setup import check, conclude, notices, prepare, prepare_data

    project = Project(root)
    if not resume and project.state(r).is_file():
        raise UsageError(
            f"Expected a run that has not been begun, but {project.state(r)} is there; go on with --resume, or move "
            "that file away to start anew."
        )
    with joined(chosen_device(device)) as processes:
        with processes.main_first(), progress_bar("cache", processes.is_main) as bar:
            check(project, [r], backbone)
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


def overriding(override: list[str] | None, epochs: int | None) -> tuple[str, ...]:
    """What a person overrides of a recipe, as checkpoints record it.

    >>> overriding(["data.px=512"], 4)
    ('data.px=512', 'epochs.min=4', 'epochs.max=4')
    """
    return (*(override or ()), *(f"epochs.{end}={epochs}" for end in ("min", "max") if epochs is not None))


def say(processes: "Processes", sentence: str, err: bool = False) -> None:
    """Print a sentence once, however many processes train together."""
    if processes.is_main:
        typer.echo(sentence, err=err)


def chosen_device(name: str) -> "torch.device":
    """The device a person named, "auto" being the GPU when there is one. Raises UsageError for one not at hand."""
    import torch

    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    kind = name.partition(":")[0]
    if kind not in ("cpu", "cuda"):
        raise UsageError(f"Expected a device (cuda, cpu or auto), got {name!r}; name one.")
    if kind == "cuda" and not torch.cuda.is_available():
        raise UsageError(
            "Expected a GPU that torch can use for --device cuda, found none; install a CUDA build from pytorch.org, "
            "or train on the CPU (--device cpu)."
        )
    return torch.device(name)


class TrainingPrinter:
    """Turns the loop's events into a progress bar and lines."""

    def __init__(self, bar: "Progress") -> None:
        self._bar = bar
        self._task = bar.task_ids[0]

    def __call__(self, event: object) -> None:
        """Show one event of `unbake.train.loop`."""
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
                self._bar.console.print(
                    f"epoch {event.epoch}: {headline(event.figures)}{star}", highlight=False
                )


def headline(figures: dict[str, float]) -> str:
    """The figures of an epoch that a person follows: the validation losses."""
    return "  ".join(f"{name} {value:.4f}" for name, value in figures.items() if name.endswith("_loss"))


@app.command()
def synth(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="For example ROOT/data/MatSynth.")],
    size: Annotated[int, typer.Option(help="Side of the textures, texels.")] = 512,
    seeds: Annotated[int, typer.Option(help="Materials of each kind.")] = 4,
) -> None:
    """Write procedural materials in MatSynth's layout: more data for training, free of any licence."""
    from unbake.prepare.library import write_library

    typer.echo(f"{write_library(folder, size, seeds)} materials written to {folder}")

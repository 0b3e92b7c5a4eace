"""Options, device choice and event printing shared by the verbs that train: train, ladder, rehearse."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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
Workers = Annotated[int, typer.Option(min=0, help="Processes that read data (and build the cache).")]
Device = Annotated[str, typer.Option(help="cuda, cpu, or auto: the GPU when there is one.")]
Backbone = Annotated[
    Path | None,
    typer.Option(
        help="Weights of the perceptual network that the recipe names (losses.perceptual): a folder with a DINOv2, "
        "torchvision's AlexNet, VGG16 or SqueezeNet, or alex, vgg, squeeze to fetch it."
    ),
]
Wandb = Annotated[
    bool, typer.Option("--wandb", help="Log to Weights & Biases too (offline; `wandb sync` uploads).")
]


def overriding(override: list[str] | None, epochs: int | None) -> tuple[str, ...]:
    """Overrides of a recipe by options, as checkpoints record them.

    >>> overriding(["data.px=512"], 4)
    ('data.px=512', 'epochs.min=4', 'epochs.max=4')
    """
    return (*(override or ()), *(f"epochs.{end}={epochs}" for end in ("min", "max") if epochs is not None))


def say(processes: "Processes", sentence: str, err: bool = False) -> None:
    """Print a sentence once, however many processes train together."""
    if processes.is_main:
        with suppress(OSError):  # the terminal may have gone; the run is worth more
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
    try:
        return torch.device(name)
    except RuntimeError:
        raise UsageError(f"Expected a device as cuda:1, got {name!r}; name one.") from None


class TrainingPrinter:
    """Turns the loop's events into a progress bar and lines."""

    def __init__(self, bar: "Progress") -> None:
        self._bar = bar
        self._task = bar.task_ids[0]

    def __call__(self, event: object) -> None:
        """Show one event of `unbake.train.loop`."""
        with suppress(OSError):  # the terminal may have gone; the run is worth more
            self._show(event)

    def _show(self, event: object) -> None:
        from unbake.train.loop import EpochDone, Notice, Progress

        match event:
            case Notice(sentence=sentence):
                self._bar.console.print(sentence, highlight=False, soft_wrap=True)
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

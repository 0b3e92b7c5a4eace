"""What all verbs share: the app they register with, options that mean the same everywhere, the progress bar."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unbake.version import __version__

if TYPE_CHECKING:
    from rich.progress import Progress
    from rich.table import Table

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

PIPE = 1000
"""Characters a line may have where no one's window wraps it."""


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        typer.echo(f"unbake {__version__}")
        raise typer.Exit


def print_table(table: "Table") -> None:
    """A table that fits the terminal, no column narrower than its longest word; on a pipe nothing wraps or touches."""
    from rich.console import Console
    from rich.measure import Measurement

    console = Console()
    if not console.is_terminal:
        table.padding = (0, 1)
        Console(width=PIPE).print(table)
        return
    sizes = [
        [Measurement.get(console, console.options, cell) for cell in (column.header, *column.cells)]
        for column in table.columns
    ]
    words = [max(cell.minimum for cell in cells) for cells in sizes]
    wanted = [max(cell.maximum for cell in cells) for cells in sizes]
    room = console.width - (
        table.__rich_measure__(console, console.options.update(width=PIPE)).maximum - sum(wanted)
    )
    share = max(0.0, min(1.0, (room - sum(words)) / max(1, sum(wanted) - sum(words))))
    for column, least, most in zip(table.columns, words, wanted, strict=True):
        column.width = least + int(share * (most - least))
    console.print(table)


@contextmanager
def progress_bar(what: str, shown: bool = True) -> "Iterator[Progress]":
    """One bar with an ETA on a terminal; on a pipe only the lines printed through it appear."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not (shown and console.is_terminal)
    ) as bar:
        bar.add_task(what, total=None)
        yield bar

"""Options that mean the same in every verb, the table printer and the progress bar."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.progress import Progress
    from rich.table import Table

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
"""Width of a table on a pipe, characters: wide enough that no line wraps."""


def print_table(table: "Table") -> None:
    """Print a table: as wide as the terminal, no column narrower than its longest word; on a pipe without wrapping."""
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


def advance(bar: "Progress") -> Callable[[int, int], None]:
    """A function of (done, total) that moves the bar."""
    task = bar.task_ids[0]
    return lambda done, n: bar.update(task, completed=done, total=n)


def show(path: Path) -> None:
    """Show a file or folder in the program that the system has for it, where there is one."""
    if sys.platform == "win32":
        with suppress(OSError):
            os.startfile(path)  # where typer.launch opens addresses, but no files
    else:
        typer.launch(path.as_uri())

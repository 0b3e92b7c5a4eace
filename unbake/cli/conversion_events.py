"""Shows a running conversion, and what the game would object to afterwards; used by `convert` and `demo`."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from unbake.cli.terminal import progress_bar

if TYPE_CHECKING:
    from rich.progress import Progress

    from unbake.batch.events import Emit, Event, Summary
    from unbake.batch.speed import Spent


@contextmanager
def followed(json: bool, threads: int = 0) -> "Iterator[Emit]":
    """The function that shows events: on a progress bar with the time left, or as one line of JSON each.

    threads: of the conversion, as `Options` has them.
    """
    if json:
        from unbake.batch.events import as_json

        yield lambda event: typer.echo(as_json(event))
        return
    with progress_bar("converting") as bar:
        yield ConversionPrinter(bar, threads)


def print_failures(summary: "Summary") -> None:
    """Each failed set and why, on stderr."""
    for failure in summary.failed:
        typer.echo(f"failed: {failure.name}: {failure.message}", err=True)


def print_notes(summary: "Summary") -> None:
    """What a person should know of the conversion as a whole, on stderr."""
    for note in summary.notes:
        typer.echo(f"note: {note}", err=True)


def print_objections(out: Path, most: int = 10) -> None:
    """The first `most` objections of PGPatcher or the game to the mod in `out`, on stderr."""
    from unbake.export.pgpatcher_faults import validate

    found = validate(out)
    for sentence in found[:most]:
        typer.echo(f"PGPatcher would object: {sentence}", err=True)
    if len(found) > most:
        typer.echo(f"... and {len(found) - most} more", err=True)


class ConversionPrinter:
    """Turns the converter's events into a progress bar, which names the stage that the others wait for."""

    def __init__(self, bar: "Progress", threads: int = 0) -> None:
        self._bar = bar
        self._task = bar.task_ids[0]
        self._writers = threads or os.cpu_count() or 1
        self._spent: list[Spent] = []

    def __call__(self, event: "Event") -> None:
        """Show one event of `unbake.batch.events`."""
        from unbake.batch.events import SetDone, SetFailed, SetUnchanged, Started
        from unbake.batch.speed import bottleneck

        match event:
            case Started(total=total):
                self._bar.update(self._task, total=total)
            case SetDone(name=name) | SetUnchanged(name=name) | SetFailed(name=name):
                if isinstance(event, SetDone):
                    self._spent.append(event.spent)
                slowest = bottleneck(self._spent, self._writers)
                waits = f" (slowest: {slowest})" if slowest else ""
                self._bar.update(self._task, advance=1, description=f"{name[-40:]}{waits}")

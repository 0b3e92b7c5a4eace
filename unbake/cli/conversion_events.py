"""Shows a running conversion, and what the game would object to afterwards; used by `convert` and `demo`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from unbake.cli.terminal import progress_bar

if TYPE_CHECKING:
    from rich.progress import Progress

    from unbake.batch.events import Emit, Event, Summary


@contextmanager
def followed(json: bool) -> "Iterator[Emit]":
    """The function that shows events: on a progress bar with the time left, or as one line of JSON each."""
    if json:
        from unbake.batch.events import as_json

        yield lambda event: typer.echo(as_json(event))
        return
    with progress_bar("converting") as bar:
        yield ConversionPrinter(bar)


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
    from unbake.export.pgpatcher import validate

    found = validate(out)
    for sentence in found[:most]:
        typer.echo(f"PGPatcher would object: {sentence}", err=True)
    if len(found) > most:
        typer.echo(f"... and {len(found) - most} more", err=True)


class ConversionPrinter:
    """Turns the converter's events into a progress bar."""

    def __init__(self, bar: "Progress") -> None:
        self._bar = bar
        self._task = bar.task_ids[0]

    def __call__(self, event: "Event") -> None:
        """Show one event of `unbake.batch.events`."""
        from unbake.batch.events import SetDone, SetFailed, SetUnchanged, Started

        match event:
            case Started(total=total):
                self._bar.update(self._task, total=total)
            case SetDone(name=name) | SetUnchanged(name=name) | SetFailed(name=name):
                self._bar.update(self._task, advance=1, description=name[-40:])

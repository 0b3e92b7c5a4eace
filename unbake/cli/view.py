"""The verb that shows converted materials, or the samples of a training run, on a page in the browser."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unbake.cli.terminal import progress_bar, show
from unbake.errors import FileError

if TYPE_CHECKING:
    from unbake.report.view import Gallery

SHORTEST, LONGEST = 64, 4096
"""Longest sides of pictures that can be asked for."""


def view(
    folder: Annotated[
        Path, typer.Argument(metavar="OUT", help="A conversion, or a training run: ROOT/train_logs/<tag>.")
    ],
    serve: Annotated[
        bool,
        typer.Option(
            "--serve",
            help="Serve the page to you alone; it then saves rules itself.",
        ),
    ] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="For --serve; 0 = any that is free.")] = 0,
    opened: Annotated[
        bool,
        typer.Option("--open/--no-open", help="Open the page in the browser, or only print where it is."),
    ] = True,
    size: Annotated[
        int, typer.Option(min=SHORTEST, max=LONGEST, help="Longest side of the pictures, texels.")
    ] = 1024,
    threads: Annotated[int, typer.Option(min=0, help="CPU threads; 0 = all cores.")] = 0,
) -> None:
    """Look at the converted materials on a surface, under moving light, beside what they were.

    Writes OUT/view.html, which needs neither network nor server, and a file for each set below OUT/.unbake/view (up to
    4 MB at 1024 texels); a second call makes only what has changed. With --serve each is made when it is looked at,
    which is quicker where there are many. Strengths and biases tried in the page are saved as rules for convert.
    Of a training run it shows the validation samples: input, prediction, truth, error.
    """
    from unbake.report.view import write_view

    gallery = _gallery(folder, size)
    if serve:
        _serve(folder, gallery, port, opened)
        return
    with progress_bar("pictures") as bar:
        task = bar.task_ids[0]
        try:
            page = write_view(
                folder, gallery(None), threads, lambda done, n: bar.update(task, completed=done, total=n)
            )
        except KeyboardInterrupt:
            typer.echo(
                "stopped: the sets that are finished can be looked at; run it again to go on", err=True
            )
            raise typer.Exit(130) from None
    _link_report(folder)
    typer.echo(page)
    if opened:
        show(page.resolve())


def _gallery(folder: Path, size: int) -> "Callable[[str | None], Gallery]":
    """A function that opens the gallery of a folder, a conversion's or a run's."""
    from unbake.report.listing import REPORT

    if (folder / REPORT).is_file():
        from unbake.batch.gallery import conversion_gallery

        return lambda token: conversion_gallery(folder, size, token)
    from unbake.report.samples import FOLDER, run_gallery

    if (folder / FOLDER).is_dir() or (folder / "metrics.jsonl").is_file():
        return lambda token: run_gallery(folder, token)
    raise FileError(
        f"Expected a conversion (with {REPORT}) or a training run (ROOT/train_logs/<tag>), got '{folder}', which is "
        "neither; name the OUT of unbake convert."
    )


def _serve(folder: Path, gallery: "Callable[[str | None], Gallery]", port: int, opened: bool) -> None:
    """Until Ctrl-C."""
    from unbake.batch.rules import save_changes
    from unbake.report.loopback import url_of
    from unbake.report.serve import private_link, server

    with server(folder, gallery, lambda request: save_changes(folder, request), port) as served:
        typer.echo(f"{url_of(served)}    Ctrl-C ends it")
        with private_link(folder, url_of(served)) as link, suppress(KeyboardInterrupt):
            if opened:
                show(link.resolve())
            served.serve_forever()


def _link_report(folder: Path) -> None:
    """Let a conversion's report.html lead to the viewer's page."""
    from unbake.files import write_atomic
    from unbake.report.listing import REPORT, read_listing, read_mod
    from unbake.report.page import PAGE, page

    if (folder / REPORT).is_file():
        write_atomic(folder / PAGE, page(read_listing(folder), viewed=True, mod=read_mod(folder)).encode())

"""The verb that lists the sets of a conversion and where its report is."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unbake.cli.terminal import print_table
from unbake.errors import FileError, UsageError

if TYPE_CHECKING:
    from unbake.report.page import SetReport


def report(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder of a conversion.")],
    sheet: Annotated[
        Path | None, typer.Option(metavar="PNG", help="Write one picture of the sets' maps, worst first.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many sets are listed and shown.")] = 50,
) -> None:
    """List the sets of a conversion, least confident first, and the files to look at."""
    from rich.table import Table

    from unbake.report.confidence import REVIEW_BELOW
    from unbake.report.listing import REPORT, read_listing, worst_first
    from unbake.report.page import PAGE
    from unbake.report.view import VIEW

    reports = read_listing(out)
    converted = worst_first(reports)
    table = Table("confidence", "set", "metal", "to know", box=None)
    for record in converted[:limit]:
        metal = "" if record.decided is None else f"{record.decided.metal:.0%}"
        table.add_row(f"{record.confidence:.0%}", record.name, metal, " ".join(record.warnings[:1]))
    if converted:
        print_table(table)
    if len(converted) > limit:
        typer.echo(f"... and {len(converted) - limit} more")
    for record in (record for record in reports if record.status == "failed"):
        typer.echo(f"failed: {record.name}: {record.reason}")
    counts = {
        status: sum(record.status == status for record in reports)
        for status in ("converted", "failed", "skipped")
    }
    doubtful = sum(record.confidence < REVIEW_BELOW for record in converted)
    typer.echo(f"{', '.join(f'{n} {status}' for status, n in counts.items())}; {doubtful} to look at")
    typer.echo(f"  {out / PAGE}    small pictures of every set")
    typer.echo(f"  {out / REPORT}    every figure")
    there = (out / VIEW).is_file()
    typer.echo(f"  {out / VIEW}    under moving light{'' if there else f': unbake view {out}'}")
    if sheet is not None:
        _write_sheet(out, converted[:limit], sheet)
        typer.echo(f"  {sheet}    contact sheet")


def _write_sheet(out: Path, sets: "list[SetReport]", path: Path) -> None:
    from unbake.image.files import write_png
    from unbake.report.pictures import sheet_of

    if path.suffix.lower() != ".png":
        raise UsageError(f"Expected a PNG file for --sheet, got '{path.name}'; let its name end in .png.")
    pictures = sheet_of(out, {record.name: record.thumbnails for record in sets})
    if pictures is None:
        raise FileError(f"Expected thumbnails below '{out}', got none; convert again.")
    write_png(path, pictures)

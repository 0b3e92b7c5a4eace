"""Options and the report of failures that the data verbs share."""

from pathlib import Path
from typing import Annotated

import typer

Workers = Annotated[int, typer.Option(min=1, help="Processes that work side by side.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and change nothing.")]
SHOWN = 10
"""Failures that are printed; the report has them all."""


def report_failures(failed: list[dict[str, str]], what: str, report: Path | None) -> None:
    """The first few failures and the path of the report on the terminal; exit code 1 if there is a failure.

    failed: of each its "reason", and its name under the key `what`. report: None where none was written.
    """
    for failure in failed[:SHOWN]:
        typer.echo(f"failed: {failure[what]}: {failure['reason']}", err=True)
    if report is not None:
        typer.echo(f"report: {report}")
    if failed:
        raise typer.Exit(1)

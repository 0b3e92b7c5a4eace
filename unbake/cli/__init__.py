"""The door: verbs of `unbake`; the only place that parses, prints and exits. Heavy imports stand inside verbs."""

import sys

import typer

from unbake.cli import converting, measuring, training
from unbake.cli.terminal import app
from unbake.errors import UnbakeError

__all__ = ["app", "converting", "main", "measuring", "training"]


def main() -> None:
    """Entry point: errors become one sentence on stderr and an exit code."""
    try:
        app()
    except UnbakeError as error:
        typer.secho(f"unbake: {error}", fg="red" if sys.stderr.isatty() else None, err=True)
        sys.exit(error.exit_code)

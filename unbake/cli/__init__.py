"""The door: verbs of `unbake`; the only place that parses, prints and exits. Heavy imports stand inside verbs."""

import io
import sys

import typer

from unbake.cli import converting, measuring, training
from unbake.cli.terminal import app
from unbake.errors import UnbakeError

__all__ = ["app", "converting", "main", "measuring", "training"]

TRAINER_NEEDS = ("torch", "transformers", "safetensors", "tensorboard", "onnx", "onnxscript")
"""Packages that only the train extra installs."""


def main() -> None:
    """Entry point: errors become one sentence on stderr and an exit code."""
    # A redirected stream on Windows knows no arrows, let alone Cyrillic.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        app()
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in TRAINER_NEEDS:
            raise
        typer.echo(
            f"unbake: {error.name} is needed for this verb; install it with: pip install 'unbake[train]'",
            err=True,
        )
        sys.exit(2)
    except UnbakeError as error:
        typer.secho(f"unbake: {error}", fg="red" if sys.stderr.isatty() else None, err=True)
        sys.exit(error.exit_code)

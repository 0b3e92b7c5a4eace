"""How a program of ours starts and ends: `unbake` itself and the doors in scripts/; errors become one sentence."""

import io
import sys
from collections.abc import Callable

import typer

from unbake.errors import UnbakeError

TRAINER_NEEDS = ("torch", "transformers", "safetensors", "tensorboard", "onnx", "onnxscript", "datasets")
"""Packages that only the train extra installs."""


def run(program: Callable[[], object]) -> None:
    """Run a program; what went wrong is one sentence on stderr and an exit code (see `unbake.errors`)."""
    # A redirected stream on Windows knows no arrows, let alone Cyrillic.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        program()
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


def door(verb: Callable[..., None]) -> None:
    """Run one verb as a program of its own, with the help its docstring and options give."""
    program = typer.Typer(add_completion=False, rich_markup_mode="markdown", pretty_exceptions_enable=False)
    program.command()(verb)
    run(program)

"""Entry points: runs `unbake` or one verb of it as a program; errors become one sentence and an exit code."""

import io
import sys
from collections.abc import Callable

import typer

from unbake.errors import UnbakeError

TRAINER_NEEDS = ("torch", "transformers", "safetensors", "tensorboard", "onnx", "onnxscript", "datasets")
"""Packages that only the train extra installs."""


def run(program: Callable[[], object]) -> None:
    """Run a program; an error of ours becomes one sentence on stderr and its exit code (see `unbake.errors`)."""
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
            f"unbake: Expected {error.name} for this verb, it is not installed; run pip install 'unbake[train]'.",
            err=True,
        )
        sys.exit(2)
    except UnbakeError as error:
        typer.secho(f"unbake: {error}", fg="red" if sys.stderr.isatty() else None, err=True)
        sys.exit(error.exit_code)


def run_verb(verb: Callable[..., None]) -> None:
    """Run one verb as a program of its own, --help included: the entry point of a file in scripts/."""
    program = typer.Typer(add_completion=False, rich_markup_mode="markdown", pretty_exceptions_enable=False)
    program.command()(verb)
    run(program)

"""Prints the tables of an evaluation, for `eval` and `release`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from unbake.cli.terminal import print_table

if TYPE_CHECKING:
    from unbake.evaluate.evidence_figures import Line
    from unbake.evaluate.evidence_run import Measured
    from unbake.evaluate.figures import Evaluation


def print_figures(evaluation: "Evaluation", about: list[str]) -> None:
    """Sentences on what was measured, then every table; materials left out on stderr."""
    from unbake.evaluate.tables import table, table_of_parts, table_of_trust

    for sentence in about:
        typer.echo(sentence)
    print_lines(table(evaluation.rows))
    print_lines(table_of_parts(evaluation.categories, "category"), "ours (ratio to the best baseline)")
    print_lines(table_of_parts(evaluation.styles, "style"), "ours (ratio to the best baseline)")
    print_lines(table_of_trust(evaluation))
    for sentence in evaluation.left_out:
        typer.echo(f"left out: {sentence}", err=True)


def print_evidence(measured: "Measured", lines: "Sequence[Line]", about: list[str]) -> None:
    """Sentences on what was measured, the levels of the mods, then the figures; materials left out on stderr."""
    from unbake.evaluate.evidence_figures import table_of_evidence, table_of_levels

    for sentence in about:
        typer.echo(sentence)
    print_lines(table_of_levels(measured), "painted level as a share of the true colour")
    print_lines(table_of_evidence(lines))
    for sentence in measured.left_out:
        typer.echo(f"left out: {sentence}", err=True)


def print_lines(lines: list[list[str]], caption: str | None = None) -> None:
    """A table of the terminal; the first line is its heading."""
    from rich.table import Table

    head, *rows = lines
    printed = Table(*head, caption=caption)
    for row in rows:
        printed.add_row(*row)
    print_table(printed)

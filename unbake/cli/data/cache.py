"""`unbake data cache`: build the training data of a phase ahead of `unbake train`."""

from pathlib import Path
from typing import Annotated

import typer

from unbake.cli.data.options import Workers, report_failures
from unbake.cli.terminal import Root, Set, advance, progress_bar


def cache(
    root: Root = Path(),
    phase: Annotated[
        str | None,
        typer.Option(help="The phase whose data is made ready (see `unbake phases`); default: the first."),
    ] = None,
    override: Set = None,
    workers: Workers = 2,
) -> None:
    """Decode and paint the training data of a phase ahead, as `unbake train` would at its start.

    Only what is new or has changed is made. Exit code: 0 all usable, 1 some materials were left out, 2 wrong use.
    """
    from unbake import recipe as recipes

    chosen = phase or recipes.ORDER[0]
    r = recipes.load(chosen, tuple(override or ()))

    from unbake.project import Project, write_report
    from unbake.train.setup import prepare_data

    with progress_bar("cache") as bar:
        problems = prepare_data(Project(root), r, workers, advance(bar))
    path = write_report(root, "cache", {"phase": chosen, "overrides": override or [], "left_out": problems})
    typer.echo(f"the data of {chosen} is ready; {len(problems)} materials left out")
    parts = [problem.partition(": ") for problem in problems]
    report_failures([{"material": name, "reason": reason} for name, _, reason in parts], "material", path)

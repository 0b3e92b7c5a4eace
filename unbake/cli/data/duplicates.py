"""`unbake data duplicates`: find pairs whose diffuse equals their base colour and quarantine them."""

from pathlib import Path
from typing import Annotated

import typer

from unbake.cli.data.options import DryRun, Workers, report_failures
from unbake.cli.terminal import Root, advance, progress_bar


def duplicates(
    root: Root = Path(),
    yes: Annotated[
        bool, typer.Option("--yes", help="Move them even if they are more than 20 % of the game's pairs.")
    ] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Move back what was moved, all of it.")] = False,
    dry_run: DryRun = False,
    workers: Workers = 2,
) -> None:
    """Find diffuses that are the base colour once more: they teach a network to change nothing.

    In ROOT/data/Skyrim such pairs are moved to ROOT/data/duplicates, from where --undo brings them back. In
    ROOT/data/MatSynth, whose diffuse equals its base colour off metal, metadata.json is marked and nothing is moved.
    Exit code: 0, or 1 when some files could not be read, 2 wrong use.
    """
    from unbake.prepare.duplicates import find_duplicates, quarantine, summary
    from unbake.prepare.duplicates import undo as move_back
    from unbake.project import write_report

    if undo:
        for material in move_back(root):
            typer.echo(f"moved back {material}")
        return
    with progress_bar("comparing") as bar:
        matsynth, skyrim, failed = find_duplicates(root, workers, advance(bar))
    if dry_run:
        found = summary(matsynth, skyrim)
        for material in found["moved"]:
            typer.echo(f"would move {material}")
    else:
        found = quarantine(root, matsynth, skyrim, sure=yes)
    typer.echo(
        f"Skyrim: {len(found['moved'])} of {len(skyrim)} pairs {'are' if dry_run else 'were'} duplicates; "
        f"MatSynth: {', '.join(f'{n} {mark}' for mark, n in found['matsynth'].items()) or 'no diffuse'}"
    )
    path = None if dry_run else write_report(root, "duplicates", found | {"failed": failed})
    report_failures(failed, "material", path)

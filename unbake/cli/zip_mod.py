"""The verb that zips a converted mod for a mod manager."""

from pathlib import Path
from typing import Annotated

import typer

from unbake.cli.terminal import advance, progress_bar


def zip_mod(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder of a conversion.")],
    target: Annotated[
        Path | None, typer.Argument(metavar="ZIP", help="The file to write; default: OUT.zip beside OUT.")
    ] = None,
) -> None:
    """Zip a converted mod for a mod manager, without the files that only unbake needs.

    Left out are reports, rules and what later runs read: they make a zip several times as large, and they contain
    folder names of your computer.
    """
    from unbake.batch import mod_zip

    with progress_bar("zipping") as bar:
        path = mod_zip.zip_mod(out, target, advance(bar))
    typer.echo(path)

"""The verb that writes procedural materials."""

from pathlib import Path
from typing import Annotated

import typer


def synth(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="For example ROOT/data/MatSynth.")],
    size: Annotated[int, typer.Option(help="Side of the textures, texels.")] = 512,
    seeds: Annotated[int, typer.Option(help="Materials of each kind.")] = 4,
) -> None:
    """Write procedural materials in MatSynth's layout: more data for training, free of any licence."""
    from unbake.prepare.library import write_library

    typer.echo(f"{write_library(folder, size, seeds)} materials written to {folder}")

"""The verb that lays out a training project."""

from pathlib import Path
from typing import Annotated

import typer


def init(
    root: Annotated[Path, typer.Argument(metavar="ROOT", help="The project's folder; made where it is not.")],
) -> None:
    """Lay out a training project: data/{MatSynth,Skyrim,duplicates,reports}, checkpoints, train_logs.

    Nothing that is there is touched, so it can be run again.
    """
    from unbake.project import lay_out

    made = lay_out(root)
    typer.echo(f"{root}: made {', '.join(made)}" if made else f"{root}: every folder is there already")
    typer.echo("Next, the data; `unbake data --help` tells the rest:")
    for command, what in (
        (f"unbake data matsynth --root {root}", "PBR materials, from the hub or from files"),
        (f"unbake data skyrim --root {root} --vanilla DIR --pbr DIR", "pairs from the game"),
        (f"unbake data audit --root {root}", "what is wrong with them"),
        (f"unbake ladder --root {root} --dry-run", "the phases, and what of them exists already"),
    ):
        typer.echo(f"  {command}\n      {what}")

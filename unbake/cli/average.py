"""The verb of `scripts/average_checkpoints.py`: one network of two checkpoints, weight by weight."""

from pathlib import Path
from typing import Annotated

import typer


def average(
    first: Annotated[
        Path, typer.Argument(metavar="FIRST", help="A checkpoint (.safetensors); all else is taken from it.")
    ],
    second: Annotated[Path, typer.Argument(metavar="SECOND", help="One trained on from it.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The checkpoint to write, a new file.")],
    network: Annotated[str, typer.Option(help="vit, segformer, unet_albedo or unet_maps.")] = "vit",
    share: Annotated[float, typer.Option(min=0, max=1, help="Of SECOND's weights in the mean.")] = 0.5,
) -> None:
    """Average a network's weights before and after more training: between the two it may know more than either.

    Measure it as any checkpoint: unbake release MODEL --root ROOT --checkpoint OUT's name, then unbake eval.
    """
    from unbake.evaluate.average import average_checkpoints

    lineage = average_checkpoints(first, second, out, network, share)
    typer.echo(f"{out}: {lineage.phase}")

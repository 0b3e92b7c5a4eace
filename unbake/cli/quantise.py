"""The verb of `scripts/quantise_bundle.py`: a model's UNets in integers, beside those in floats."""

from pathlib import Path
from typing import Annotated

import typer


def quantise(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL", help="Folder of a released model; gets two files.")
    ],
    sets: Annotated[
        list[Path],
        typer.Argument(metavar="SETS...", help="Folders of texture sets, by which the ranges are set."),
    ],
) -> None:
    """Write unet_albedo.int8.onnx and unet_maps.int8.onnx, which processors take instead: twice as fast.

    At most twelve sets of each folder are converted. A file in integers counts only for the file in floats that it was
    made of: run this again after each release. Measure afterwards: unbake eval, with and without the two files.
    """
    from unbake.evaluate.quantise_bundle import quantise_bundle

    quantise_bundle(model, sets, typer.echo)

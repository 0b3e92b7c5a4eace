"""The verb of `scripts/quantise_bundle.py`, and the end of a release: UNets in integers, beside those in floats."""

from pathlib import Path
from typing import Annotated

import typer

from unbake.cli.examples import bundled_examples
from unbake.cli.terminal import advance, progress_bar


def quantise_released(model: Path) -> None:
    """Add a released model's UNets in integers, by the bundled examples, with a progress bar."""
    with bundled_examples() as examples:
        _quantise(model, [examples])
    typer.echo("its UNets are there in integers, too, for processors")


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

    A release makes them by the bundled examples; sets like your own, at most twelve of each folder, give closer
    ranges. A file in integers counts only for the file in floats that it was made of. Measure afterwards: unbake eval,
    with and without the two files.
    """
    _quantise(model, sets)


def _quantise(model: Path, sets: list[Path]) -> None:
    from unbake.evaluate.quantise_bundle import quantise_bundle

    with progress_bar("UNets in integers") as bar:
        quantise_bundle(model, sets, advance(bar))

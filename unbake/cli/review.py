"""The verb that lists the converted textures a person should look at."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from unbake.report.page import SetReport


def review(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder of a conversion.")],
    below: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="List textures of less confidence than this; default 0.6."),
    ] = None,
    worst: Annotated[
        int, typer.Option(min=0, help="List at least so many, even where nothing seems wrong.")
    ] = 10,
) -> None:
    """List the converted textures that a person should look at, worst first, with the reasons.

    First those where name and environment mask disagree, those whose metal was decided against the picture, and those
    whose brightness changed unlike the mod's; then those of little confidence. Confidence goes from 0 to 1; it is
    lowered by metal on which the sources disagree, much light and dark in the albedo, a roughness that no specular mask
    tells, implausible maps, pictures unlike known materials, and seams. report.json has every figure it is made of.
    """
    from unbake.report.listing import read_listing

    print_review(read_listing(out), below, worst)


def print_review(reports: "list[SetReport]", below: float | None = None, worst: int = 10) -> None:
    """Print the sets to look at, most urgent first, each with its reasons, and how many there are."""
    from unbake.report.confidence import REVIEW_BELOW
    from unbake.report.listing import reasons, to_review

    wanted = to_review(reports, REVIEW_BELOW if below is None else below, worst)
    for record in wanted:
        shown = "failed" if record.status == "failed" else f"{record.confidence:.0%}"
        typer.echo(f"{shown:>6}  {record.name}")
        for reason in reasons(record):
            typer.echo(f"        {reason}")
    converted = sum(record.status == "converted" for record in reports)
    typer.echo(f"{len(wanted)} to look at, of {converted} converted")

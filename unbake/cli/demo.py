"""The verb that converts the bundled examples."""

from pathlib import Path
from typing import Annotated

import typer

from unbake.cli.conversion_events import followed, print_failures, print_objections
from unbake.cli.examples import bundled_examples


def demo(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Where the converted mod goes.")] = Path(
        "out/demo"
    ),
) -> None:
    """Convert the sixteen example sets that come with unbake, and say what to look at."""
    from unbake.batch.events import Options
    from unbake.batch.run import convert_folder

    with (
        bundled_examples() as examples,
        followed(json=False) as emit,
    ):
        summary = convert_folder(examples, out, Options(), emit)
    print_failures(summary)
    print_objections(out)
    typer.echo(f"{len(summary.converted) + len(summary.unchanged)} sets converted from {examples}")
    typer.echo(f"  {out / 'report.html'}    before and after, side by side: open it in a browser")
    typer.echo(f"  {out / 'textures' / 'pbr'}    the mod: base colour, _n, _rmaos, _p as DDS with mips")
    typer.echo(f"  {out / 'PBRNIFPatcher'}    what PGPatcher reads")
    raise typer.Exit(summary.exit_code)

"""`unbake data paint`: paint old diffuses from the maps of ROOT/data/MatSynth."""

from pathlib import Path
from typing import Annotated

import typer

from unbake.cli.data.options import DryRun, Workers, report_failures
from unbake.cli.terminal import Root, advance, progress_bar


def paint(
    root: Root = Path(),
    pairs: Annotated[int, typer.Option(min=1, help="How many, over all materials.")] = 5350,
    px: Annotated[int, typer.Option(min=16, help="Long side of the paintings at most.")] = 1024,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite",
            help="The first painting takes the place of diffuse.png, which becomes diffuse_given.png.",
        ),
    ] = False,
    seed: Annotated[int, typer.Option(help="Another seed paints other pictures.")] = 0,
    dry_run: DryRun = False,
    workers: Workers = 2,
) -> None:
    """synth_diffuse_v2: paint old diffuses from the maps of ROOT/data/MatSynth, as an old game's artists would have.

    Baked light and occlusion, worn edges, painted reflections on metal, grading, sharpening, block compression, low
    resolution: each style has its share. diffuse_syn_<k>.png (and specular_syn_<k>.png) appear beside the maps.
    The same seed paints the same pictures. Stop at any time and run it again: what is there stays.
    Exit code: 0 all painted, 1 some failed, 2 wrong use.
    """
    from unbake.prepare.paint import paint_diffuses
    from unbake.project import Project, write_report

    with progress_bar("painting") as bar:
        report = paint_diffuses(
            Project(root).materials("matsynth"), pairs, px, overwrite, seed, workers, dry_run, advance(bar)
        )
    styles = ", ".join(f"{n} {style}" for style, n in report["styles"].items())
    if dry_run:
        typer.echo(f"{report['to_paint']} of {report['pairs']} pairs would be painted ({styles})")
        return
    path = write_report(root, "paint", report)
    typer.echo(
        f"{report['painted']} painted, {report['there_already']} there before, of {report['pairs']} pairs over "
        f"{report['materials']} materials ({styles})"
    )
    report_failures(report["failed"], "material", path)

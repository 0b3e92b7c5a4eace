"""`unbake data matsynth`: PBR materials from the hub or from files into ROOT/data/MatSynth."""

from pathlib import Path
from typing import Annotated

import typer

from unbake.cli.data.options import Workers, report_failures
from unbake.cli.terminal import Root, advance, progress_bar


def matsynth(
    root: Root = Path(),
    source: Annotated[
        str,
        typer.Option(
            "--from", help="Hub data set, parquet files ('dir' or 'dir/*.parquet'), or PNG folders."
        ),
    ] = "gvecchio/MatSynth",
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first N rows.")] = None,
    px: Annotated[str, typer.Option(help="Long side the maps are reduced to, or native.")] = "1024",
    licence: Annotated[
        list[str] | None,
        typer.Option(
            "--licence", "--license", help="Only rows of this licence, e.g. CC0; repeatable; default: all."
        ),
    ] = None,
    blends: Annotated[
        bool,
        typer.Option(
            "--blends", help="Take blends too: mixtures of other rows, which no split can keep apart."
        ),
    ] = False,
    workers: Workers = 2,
) -> None:
    """Bring MatSynth into ROOT/data/MatSynth as folders of PNG files, one a material.

    Rows are streamed: nothing but the result is kept on disk. Heights keep 16 bits, normals stay OpenGL, AO (which
    MatSynth lacks) is derived from the height and marked so; licence and authors go to metadata.json. Stop at any
    time and run it again: what is done is not fetched again.
    Exit code: 0 all taken, 1 some rows failed (they are in the report), 2 wrong use.
    """
    from unbake.prepare.matsynth import Wanted, import_rows
    from unbake.prepare.matsynth_rows import open_source
    from unbake.project import Project, lay_out, write_report

    lay_out(root)
    into = Project(root).materials("matsynth")
    wanted = Wanted(_side(px), tuple(licence or ()), limit, blends)
    with progress_bar("materials") as bar:
        report = import_rows(open_source(source, into), into, wanted, workers, advance(bar))
    path = write_report(root, "matsynth", {"source": source, "px": px} | report)
    typer.echo(
        f"{report['materials']} materials in {into}: {report['written']} new, {report['there_already']} there before; "
        f"{len(report['blends_left_out'])} blends and {sum(report['other_licences'].values())} of other licences left "
        "out"
    )
    report_failures(report["failed"], "row", path)


def _side(text: str) -> int | None:
    if text == "native":
        return None
    if not text.isdecimal() or int(text) < 16:
        raise typer.BadParameter(f"Expected a side of 16 or more, or native, got {text}.")
    return int(text)

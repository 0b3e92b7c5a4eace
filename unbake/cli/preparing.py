"""The verbs that lay out a project and bring its data in: init, data matsynth, data skyrim."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unbake.cli.terminal import Root, app, progress_bar

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.progress import Progress

data_app = typer.Typer(
    name="data",
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Prepare training data under ROOT/data; each verb leaves a report in ROOT/data/reports/<verb>.json.",
    epilog="In this order:  unbake data matsynth  |  skyrim  |  duplicates  |  audit  |  paint  |  cache",
)
app.add_typer(data_app)

Workers = Annotated[int, typer.Option(min=1, help="Processes that work side by side.")]
SHOWN = 10
"""Failures that are printed; the report has them all."""


@app.command()
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


@data_app.command()
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
    from unbake.prepare.matsynth import Wanted, bring_in
    from unbake.prepare.matsynth_rows import open_source
    from unbake.project import Project, lay_out, write_report

    lay_out(root)
    into = Project(root).materials("matsynth")
    wanted = Wanted(_side(px), tuple(licence or ()), limit, blends)
    with progress_bar("materials") as bar:
        report = bring_in(open_source(source, into), into, wanted, workers, advance(bar))
    path = write_report(root, "matsynth", {"source": source, "px": px} | report)
    typer.echo(
        f"{report['materials']} materials in {into}: {report['written']} new, {report['there_already']} there before; "
        f"{len(report['blends_left_out'])} blends and {sum(report['other_licences'].values())} of other licences left "
        "out"
    )
    tell_failures(report["failed"], "row", path)


@data_app.command()
def skyrim(
    vanilla: Annotated[
        Path, typer.Option(help="The game's textures, unpacked: a folder with textures/ in it.")
    ],
    pbr: Annotated[Path, typer.Option(help="A PBR mod: a folder with textures/pbr/ in it.")],
    root: Root = Path(),
    source: Annotated[
        str | None, typer.Option(help="What metadata.json calls the mod; default: the name of its folder.")
    ] = None,
    licence: Annotated[
        str, typer.Option("--licence", "--license", help="The mod's licence, for metadata.json.")
    ] = "unknown, not redistributable",
    px: Annotated[int, typer.Option(min=16, help="Long side of a pair at most; never enlarged.")] = 2048,
    threshold: Annotated[
        float | None, typer.Option(help="Least alignment score of a pair that is kept.", show_default="0.25")
    ] = None,
    workers: Workers = 2,
) -> None:
    """Pair the game's textures with a TruePBR mod's, by path, into ROOT/data/Skyrim.

    A pair is kept only where gradients and normals say that the artwork is the same: many PBR mods repaint it.
    Unpack the game's archives first (BSA Browser, or bethkit). Run it once for each mod; unchanged pairs are not made
    again. The report has every score. These files are for your own training: they may not be passed on.
    Exit code: 0, or 1 when some files could not be read, 2 wrong use.
    """
    from unbake.prepare.alignment import THRESHOLD
    from unbake.prepare.skyrim import bring_in_pairs, find_pairs
    from unbake.project import Project, lay_out, write_report

    pairs, alone = find_pairs(vanilla, pbr)
    lay_out(root)
    name = source or pbr.resolve().name
    with progress_bar("pairs") as bar:
        report = bring_in_pairs(
            pairs,
            Project(root).materials("skyrim"),
            Project(root).duplicates,
            source=name,
            licence=licence,
            px=px,
            threshold=THRESHOLD if threshold is None else threshold,
            workers=workers,
            on_progress=advance(bar),
        )
    path = write_report(root, "skyrim", {"mod": name} | report | {"without_pair": alone})
    typer.echo(
        f"{len(report['kept'])} pairs new, {report['there_already']} there before, {len(report['left_out'])} left out "
        f"(score under {report['threshold']}, or moved aside), {len(alone)} PBR sets without a vanilla one"
    )
    tell_failures(report["failed"], "pair", path)


def _side(text: str) -> int | None:
    if text == "native":
        return None
    if not text.isdecimal() or int(text) < 16:
        raise typer.BadParameter(f"a side of 16 or more, or native, was expected; got {text}")
    return int(text)


def advance(bar: "Progress") -> "Callable[[int, int], None]":
    """What shows (done, total) on a bar."""
    task = bar.task_ids[0]
    return lambda done, n: bar.update(task, completed=done, total=n)


def tell_failures(failed: list[dict[str, str]], what: str, report: Path | None) -> None:
    """The first few failures on stderr, where the rest is, and exit code 1; nothing when there is none."""
    for one in failed[:SHOWN]:
        typer.echo(f"failed: {one[what]}: {one['reason']}", err=True)
    if report is not None:
        typer.echo(f"report: {report}")
    if failed:
        raise typer.Exit(1)

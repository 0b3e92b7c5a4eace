"""`unbake data skyrim`: pairs of the game's textures and a PBR mod's into ROOT/data/Skyrim."""

from pathlib import Path
from typing import Annotated

import typer

from unbake.cli.data.options import Workers, report_failures
from unbake.cli.terminal import Root, advance, progress_bar


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
    from unbake.prepare.skyrim import find_pairs, import_pairs
    from unbake.project import Project, lay_out, write_report

    pairs, alone = find_pairs(vanilla, pbr)
    lay_out(root)
    name = source or pbr.resolve().name
    with progress_bar("pairs") as bar:
        report = import_pairs(
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
    report_failures(report["failed"], "pair", path)

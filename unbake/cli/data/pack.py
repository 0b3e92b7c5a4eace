"""`unbake data pack`: materials reduced and compressed, to be carried to another machine."""

from pathlib import Path
from typing import Annotated

import typer

from unbake.cli.data.options import SHOWN, Workers
from unbake.cli.terminal import advance, progress_bar


def pack(
    folders: Annotated[
        list[Path], typer.Argument(metavar="FOLDER...", help="Materials in MatSynth's layout.")
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A new folder, or an older pack.")],
    px: Annotated[int, typer.Option(min=64, help="Longest side at most; never enlarged.")] = 384,
    at_most_mib: Annotated[float, typer.Option(min=0.001, help="What the pack may take.")] = 45.0,
    workers: Workers = 2,
) -> None:
    """Pack materials small enough to carry to a machine with a GPU: reduced, as JPEG, in the same layout.

    The best quality that fits is taken, and where none does a smaller size. Source, licence, family and metal stay in
    each metadata.json. OUT is read like any folder of materials: `unbake bundle MODEL --data OUT`.
    """
    from unbake.prepare.pack import pack as run

    with progress_bar("packing") as bar:
        packed = run(folders, out, px, round(at_most_mib * 2**20), workers, advance(bar))
    typer.echo(
        f"{packed.materials} materials in {out}: {packed.size / 2**20:.1f} MiB, {packed.px} px at most, JPEG quality "
        f"{packed.quality.plain} (normals and heights {packed.quality.relief})"
    )
    for sentence in packed.dropped[:SHOWN]:
        typer.echo(f"left out: {sentence}", err=True)
    if len(packed.dropped) > SHOWN:
        typer.echo(f"left out: {len(packed.dropped) - SHOWN} more, see {out / 'pack.json'}", err=True)

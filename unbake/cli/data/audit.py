"""`unbake data audit`: check the materials of a project and print their splits."""

from pathlib import Path
from typing import Annotated

import typer

from unbake.cli.data.options import Workers, report_failures
from unbake.cli.terminal import Root, advance, progress_bar


def audit(
    root: Root = Path(),
    held_out: Annotated[
        list[str] | None,
        typer.Option(help="A source kept for measuring, as in data.held_out of the recipes; repeatable."),
    ] = None,
    join: Annotated[
        bool,
        typer.Option(
            "--join", help="Let near-copies share a family (metadata.json), so that no split parts them."
        ),
    ] = False,
    workers: Workers = 2,
) -> None:
    """Say what is wrong with the materials of ROOT, and which split each family is in.

    Looked for: black diffuses, bad normals, pictures that are not square, maps of other proportions than the colour,
    constant maps, a plain colour over a wild normal, folders that lack a map and are no material, and near-copies in
    different categories or splits. Nothing is changed without --join. The splits go to
    ROOT/data/reports/split.json. Exit code: 0, or 1 when a file cannot be read, 2 wrong use.
    """
    from unbake.prepare.audit import audit as run
    from unbake.prepare.audit import join as share
    from unbake.project import write_report

    held = tuple(held_out or ())
    with progress_bar("looking") as bar:
        report, splits = run(root, held, workers, advance(bar))
    if join and (joined := share(root, report)):
        typer.echo(f"joined: {'; '.join(' = '.join(group) for group in joined)}")
        with progress_bar("looking again") as bar:
            report, splits = run(root, held, workers, advance(bar))
    path = write_report(root, "audit", report)
    write_report(root, "split", splits)
    for domain, n in report["materials"].items():
        parts = ", ".join(f"{n} {part}" for part, n in splits["counts"][domain].items())
        typer.echo(f"{domain}: {n} materials ({parts})")
    for what, n in report["counts"].items():
        some = [f["material"] for f in report["findings"] if f["what"] == what]
        typer.echo(f"  {n:5d} {what}: {', '.join(dict.fromkeys(some[:3]))}{' ...' if len(some) > 3 else ''}")
    typer.echo(
        f"  {len(report['near_copies']):5d} near-copies, {len(report['leaks'])} of them in different splits"
        + ("; --join lets them share one" if report["leaks"] else "")
    )
    unreadable = [
        {"material": f["material"], "reason": f["detail"]}
        for f in report["findings"]
        if f["what"] == "unreadable"
    ]
    report_failures(unreadable, "material", path)

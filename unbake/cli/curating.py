"""The verbs that make a project's data fit for training: data duplicates, audit, paint, cache."""

from pathlib import Path
from typing import Annotated

import typer

from unbake.cli.preparing import Workers, advance, data_app, tell_failures
from unbake.cli.terminal import Root, Set, progress_bar

DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and change nothing.")]


@data_app.command()
def duplicates(
    root: Root = Path(),
    yes: Annotated[
        bool, typer.Option("--yes", help="Move them even if they are more than 20 % of the game's pairs.")
    ] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Move back what was moved, all of it.")] = False,
    dry_run: DryRun = False,
    workers: Workers = 2,
) -> None:
    """Find diffuses that are the base colour once more: they teach a network to change nothing.

    In ROOT/data/Skyrim such pairs are moved to ROOT/data/duplicates, from where --undo brings them back. In
    ROOT/data/MatSynth, whose diffuse equals its base colour off metal, metadata.json is marked and nothing is moved.
    Exit code: 0, or 1 when some files could not be read, 2 wrong use.
    """
    from unbake.prepare.duplicates import find_duplicates, set_aside, summary
    from unbake.prepare.duplicates import undo as move_back
    from unbake.project import write_report

    if undo:
        for material in move_back(root):
            typer.echo(f"moved back {material}")
        return
    with progress_bar("comparing") as bar:
        matsynth, skyrim, failed = find_duplicates(root, workers, advance(bar))
    if dry_run:
        found = summary(matsynth, skyrim)
        for material in found["moved"]:
            typer.echo(f"would move {material}")
    else:
        found = set_aside(root, matsynth, skyrim, sure=yes)
    typer.echo(
        f"Skyrim: {len(found['moved'])} of {len(skyrim)} pairs {'are' if dry_run else 'were'} duplicates; "
        f"MatSynth: {', '.join(f'{n} {mark}' for mark, n in found['matsynth'].items()) or 'no diffuse'}"
    )
    path = None if dry_run else write_report(root, "duplicates", found | {"failed": failed})
    tell_failures(failed, "material", path)


@data_app.command()
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

    Looked for: black diffuses, bad normals, pictures that are not square, constant maps, a plain colour over a wild
    normal, and near-copies in different categories or splits. Nothing is changed without --join. The splits go to
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
    tell_failures(unreadable, "material", path)


@data_app.command()
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
    tell_failures(report["failed"], "material", path)


@data_app.command()
def cache(
    root: Root = Path(),
    phase: Annotated[
        str | None,
        typer.Option(help="The phase whose data is made ready (see `unbake phases`); default: the first."),
    ] = None,
    override: Set = None,
    workers: Workers = 2,
) -> None:
    """Decode and paint the training data of a phase ahead, as `unbake train` would at its start.

    Only what is new or has changed is made. Exit code: 0 all usable, 1 some materials were left out, 2 wrong use.
    """
    from unbake import recipe as recipes

    chosen = phase or recipes.ORDER[0]
    r = recipes.load(chosen, tuple(override or ()))

    from unbake.project import Project, write_report
    from unbake.train.setup import prepare_data

    with progress_bar("cache") as bar:
        problems = prepare_data(Project(root), r, workers, advance(bar))
    path = write_report(root, "cache", {"phase": chosen, "overrides": override or [], "left_out": problems})
    typer.echo(f"the data of {chosen} is ready; {len(problems)} materials left out")
    parts = [problem.partition(": ") for problem in problems]
    tell_failures([{"material": name, "reason": reason} for name, _, reason in parts], "material", path)

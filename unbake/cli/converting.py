"""The modder's verbs: convert, review, demo."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from unbake.cli.terminal import Model, app, progress_bar
from unbake.errors import UsageError

if TYPE_CHECKING:
    from rich.progress import Progress

    from unbake.batch.events import Emit, Event, Summary
    from unbake.report.page import SetReport

WHAT, MAPS, GAME, HOW = "What is converted", "The maps", "For the game", "How it runs"
"""Panels of `unbake convert --help`."""


@app.command()
def convert(
    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="IN",
            help="A mod: a folder (archives in it are read too), a .bsa, or one diffuse texture. "
            "Of several mods, later ones override earlier ones file by file.",
        ),
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Where the PBR mod goes; never inside IN.")],
    preset: Annotated[
        str,
        typer.Option(
            help="skyrim, gltf, godot, unreal, unity-hdrp, unity-urp, blender, remix, png, or a .toml file."
        ),
    ] = "skyrim",
    model: Model = None,
    include: Annotated[
        list[str] | None,
        typer.Option(help="Only sets whose name matches, e.g. 'clutter/*'.", rich_help_panel=WHAT),
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(help="Leave out sets whose name matches.", rich_help_panel=WHAT)
    ] = None,
    texture_root: Annotated[
        Path | None,
        typer.Option(
            help="The folder game paths start from; default: the `textures` folder.", rich_help_panel=WHAT
        ),
    ] = None,
    max_size: Annotated[
        int | None, typer.Option(help="Reduce larger textures to this longest side.", rich_help_panel=MAPS)
    ] = None,
    seamless: Annotated[
        bool | None,
        typer.Option(
            help="Say whether the textures tile; by default each one is measured.", rich_help_panel=MAPS
        ),
    ] = None,
    rules: Annotated[
        Path | None,
        typer.Option(
            help="Strength, bias and invert of maps, for all textures and for some (TOML); "
            "default: unbake.toml in IN.",
            rich_help_panel=MAPS,
        ),
    ] = None,
    adjust: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MAP.VALUE=NUMBER",
            help="The same for all textures, e.g. roughness.bias=0.1, normal.strength=0.7, height.invert=true; "
            "repeatable. Maps: albedo, roughness, metallic, ao, height, normal.",
            rich_help_panel=MAPS,
        ),
    ] = None,
    parallax: Annotated[
        bool | None,
        typer.Option(
            help="Write height (_p); by default for textures that tile both ways.", rich_help_panel=GAME
        ),
    ] = None,
    edid_map: Annotated[
        Path | None,
        typer.Option(
            help="Lines 'landscape/dirt02 = LandscapeDirt02': editor IDs of the ground, for PBRTextureSets.",
            rich_help_panel=GAME,
        ),
    ] = None,
    form: Annotated[
        Literal["array", "default"],
        typer.Option(help="PGPatcher's JSON: a flat array, or default and entries.", rich_help_panel=GAME),
    ] = "array",
    fast: Annotated[
        bool,
        typer.Option("--fast", help="Quicker, slightly rougher block compression.", rich_help_panel=HOW),
    ] = False,
    threads: Annotated[int, typer.Option(help="CPU threads; 0 = all cores.", rich_help_panel=HOW)] = 0,
    keep_maps: Annotated[
        bool,
        typer.Option(
            help="Keep the networks' maps in OUT, so that other rules or another preset need them not again.",
            rich_help_panel=HOW,
        ),
    ] = True,
    shard: Annotated[
        str | None,
        typer.Option(
            metavar="I/N", help="Only the I-th of N parts, for several machines.", rich_help_panel=HOW
        ),
    ] = None,
    engine: Annotated[
        Literal["local", "ray"],
        typer.Option(help="Here, or on a Ray cluster that sees IN and OUT.", rich_help_panel=HOW),
    ] = "local",
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Say what would be done and the disk it needs.", rich_help_panel=HOW),
    ] = False,
    review: Annotated[
        bool,
        typer.Option(
            "--review",
            help="List the textures to look at, worst first (see unbake review).",
            rich_help_panel=HOW,
        ),
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="One line of JSON an event, for tools.", rich_help_panel=HOW)
    ] = False,
) -> None:
    """Convert a mod's old textures to PBR maps.

    Sets are found by name: rock.dds with rock_n.dds (specular mask in its alpha), or rock_d and rock_s. OUT gets
    the same tree, ready to install: textures/pbr/..., PBRNIFPatcher/*.json, report.html with pictures, report.json.
    A second run does only what is new or has changed; Ctrl-C at any time, then run it again.
    Exit code: 0 all converted, 1 some failed (they are listed), 2 wrong use.
    """
    from unbake.batch.events import Options, as_json
    from unbake.batch.run import convert_folder
    from unbake.image.dds.blocks import Effort
    from unbake.report.listing import read_listing

    options = Options(
        preset=preset,
        model=model,
        seamless=seamless,
        max_size=max_size,
        include=tuple(include or ()),
        exclude=tuple(exclude or ()),
        threads=threads,
        effort=Effort.FAST if fast else Effort.GOOD,
        dry_run=dry_run,
        texture_root=texture_root,
        parallax=parallax,
        rules=rules,
        adjust=tuple(adjust or ()),
        keep_maps=keep_maps,
        shard=_shard(shard),
        engine=engine,
        edid_map=edid_map,
        form=form,
    )
    with _told(json) as emit, _stoppable():
        summary = convert_folder(sources, out, options, emit)
    if json:
        typer.echo(as_json(summary))
        raise typer.Exit(summary.exit_code)
    if dry_run:
        _print_plan(summary)
        return
    typer.echo(
        f"{len(summary.converted)} converted, {len(summary.unchanged)} unchanged, {len(summary.failed)} failed, "
        f"{len(summary.skipped)} files skipped; look at {out / 'report.html'}"
    )
    for failure in summary.failed:
        typer.echo(f"failed: {failure.name}: {failure.message}", err=True)
    _print_objections(out)
    if review:
        _print_review(read_listing(out))
    raise typer.Exit(summary.exit_code)


@app.command("review")
def review_verb(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder of a conversion.")],
    below: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="List textures of less confidence than this; default 0.6."),
    ] = None,
) -> None:
    """List the converted textures that a person should look at, worst first, with the reasons.

    Confidence goes from 0 to 1; it is lowered by implausible maps, a material the networks do not recognise,
    metal on which map and mask disagree, and seams. report.json has every figure it is made of.
    """
    from unbake.report.listing import read_listing

    _print_review(read_listing(out), below)


@app.command()
def demo(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Where the converted mod goes.")] = Path(
        "out/demo"
    ),
) -> None:
    """Convert the sixteen example sets that come with unbake, and say what to look at."""
    from importlib.resources import as_file, files

    from unbake.batch.events import Options
    from unbake.batch.run import convert_folder

    with (
        as_file(files("unbake") / "bundled" / "examples" / "legacy") as examples,
        _told(json=False) as emit,
    ):
        summary = convert_folder(examples, out, Options(), emit)
    for failure in summary.failed:
        typer.echo(f"failed: {failure.name}: {failure.message}", err=True)
    _print_objections(out)
    typer.echo(f"{len(summary.converted) + len(summary.unchanged)} sets converted from {examples}")
    typer.echo(f"  {out / 'report.html'}    before and after, side by side: open it in a browser")
    typer.echo(f"  {out / 'textures' / 'pbr'}    the mod: base colour, _n, _rmaos, _p as DDS with mips")
    typer.echo(f"  {out / 'PBRNIFPatcher'}    what PGPatcher reads")
    raise typer.Exit(summary.exit_code)


def _shard(text: str | None) -> tuple[int, int] | None:
    """The part of a conversion that `--shard` names."""
    if text is None:
        return None
    number, _, count = text.partition("/")
    if not (number.isdecimal() and count.isdecimal()):
        raise UsageError(f"a shard was expected as I/N, such as 1/4, not {text!r}; write it so")
    return int(number), int(count)


@contextmanager
def _told(json: bool) -> "Iterator[Emit]":
    """How a person or a tool follows a conversion: a progress bar with the time left, or a line of JSON an event."""
    if json:
        from unbake.batch.events import as_json

        yield lambda event: typer.echo(as_json(event))
        return
    with progress_bar("converting") as bar:
        yield _ConversionPrinter(bar)


@contextmanager
def _stoppable() -> "Iterator[None]":
    """Ctrl-C and SIGTERM end a conversion in one sentence, after what was being written is finished."""
    import signal

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("stopped: what is finished is kept; run it again to go on", err=True)
        raise typer.Exit(130) from None
    finally:
        signal.signal(signal.SIGTERM, before)


def _print_plan(summary: "Summary") -> None:
    for name in summary.planned:
        typer.echo(f"would convert {name}")
    typer.echo(
        f"{len(summary.planned)} sets would be converted, {len(summary.unchanged)} are done, "
        f"{len(summary.skipped)} files skipped; up to {summary.disk / 1e6:.0f} MB of disk are needed"
    )


def _print_objections(out: Path, most: int = 10) -> None:
    """What PGPatcher or the game would object to in the mod, on stderr."""
    from unbake.export.pgpatcher import validate

    found = validate(out)
    for sentence in found[:most]:
        typer.echo(f"PGPatcher would object: {sentence}", err=True)
    if len(found) > most:
        typer.echo(f"... and {len(found) - most} more", err=True)


def _print_review(reports: "list[SetReport]", below: float | None = None) -> None:
    from unbake.report.confidence import REVIEW_BELOW
    from unbake.report.listing import reasons, to_review

    wanted = to_review(reports, REVIEW_BELOW if below is None else below)
    for one in wanted:
        told = "failed" if one.status == "failed" else f"{one.confidence:.0%}"
        typer.echo(f"{told:>6}  {one.name}")
        for reason in reasons(one):
            typer.echo(f"        {reason}")
    converted = sum(one.status == "converted" for one in reports)
    typer.echo(f"{len(wanted)} to look at, of {converted} converted")


class _ConversionPrinter:
    """Turns the converter's events into a progress bar."""

    def __init__(self, bar: "Progress") -> None:
        self._bar = bar
        self._task = bar.task_ids[0]

    def __call__(self, event: "Event") -> None:
        from unbake.batch.events import SetDone, SetFailed, SetUnchanged, Started

        match event:
            case Started(total=total):
                self._bar.update(self._task, total=total)
            case SetDone(name=name) | SetUnchanged(name=name) | SetFailed(name=name):
                self._bar.update(self._task, advance=1, description=name[-40:])

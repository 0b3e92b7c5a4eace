"""The verb that converts a mod."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unbake.cli.arguments import with_options_of
from unbake.cli.conversion_events import followed, print_failures, print_notes, print_objections
from unbake.cli.conversion_options import RUN, ConversionOptions
from unbake.cli.entry import interrupt_at_end
from unbake.cli.review import print_review
from unbake.cli.time_needed import duration, timed, with_seconds
from unbake.errors import UsageError

if TYPE_CHECKING:
    from unbake.batch.events import Summary


@with_options_of(ConversionOptions, "chosen")
def convert(
    *,
    sources: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="IN",
            help="A mod: a folder (archives in it are read too), a .bsa, .zip or .7z, or one diffuse texture. "
            "Of several mods, later ones override earlier ones file by file. "
            "Or all your mods: Mod Organizer's folder, or the game's Data folder where Vortex deploys.",
        ),
    ] = None,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Where the PBR mod goes; never inside IN.")],
    chosen: ConversionOptions,
    review: Annotated[
        bool,
        typer.Option(
            "--review",
            help="List the textures to look at, worst first (see unbake review).",
            rich_help_panel=RUN,
        ),
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="One line of JSON an event, for tools.", rich_help_panel=RUN)
    ] = False,
    stop_with_stdin: Annotated[
        bool,
        typer.Option(
            "--stop-with-stdin",
            help="Stop, as by Ctrl-C, when standard input ends: for programs that run this one.",
            rich_help_panel=RUN,
        ),
    ] = False,
) -> None:
    """Convert a mod's old textures to PBR maps.

    Sets are found by name: rock.dds with rock_n.dds (specular mask in its alpha), or rock_d and rock_s. OUT gets
    the same tree, ready to install: textures/pbr/..., PBRNIFPatcher/*.json, report.html with pictures, report.json.
    A second run does only what is new or has changed; Ctrl-C at any time, then run it again.
    Exit code: 0 all converted, 1 some failed (they are listed), 2 wrong use.
    """
    from unbake.batch.events import as_json
    from unbake.batch.run import convert_folder

    if not sources:
        raise _without_out(out)
    if stop_with_stdin:
        interrupt_at_end(sys.stdin.buffer)
    options = chosen.options()
    with followed(json, options.threads) as emit, timed(options, emit) as watched:
        summary = convert_folder(sources, out, options, watched)
    if options.dry_run:
        summary = with_seconds(summary, options)
    if json:
        typer.echo(as_json(summary))
    elif options.dry_run:
        _print_plan(summary)
    else:
        _print_result(summary, out, review)
    raise typer.Exit(summary.exit_code)


def _without_out(only: Path) -> UsageError:
    """The error for a command with one path, which is taken for what should be converted."""
    from unbake.batch.checks import beside

    target = beside(only)
    return UsageError(
        f"Expected IN and OUT, got only '{only}'; say where the PBR mod goes, such as: "
        f'unbake convert "{only}" "{target}"'
    )


def _print_result(summary: "Summary", out: Path, review: bool) -> None:
    from unbake.report.listing import read_listing

    typer.echo(
        f"{len(summary.converted)} converted, {len(summary.unchanged)} unchanged, {len(summary.failed)} failed, "
        f"{len(summary.skipped)} files skipped; look at {out / 'report.html'}"
    )
    if summary.rules is not None:
        typer.echo(f"rules: {summary.rules}")
    _print_mod(summary)
    print_failures(summary)
    print_notes(summary)
    print_objections(out)
    if review:
        print_review(read_listing(out))


def _print_mod(summary: "Summary") -> None:
    """The painter's level on stdout, patterns without a texture on stderr."""
    if summary.mod.level:
        typer.echo(summary.mod.sentences()[0])
    for sentence in summary.mod.sentences()[bool(summary.mod.level) :]:
        typer.echo(sentence, err=True)


def _one_line(text: str) -> str:
    """A file's name as a terminal can show it: names from archives may hold control characters."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def _print_plan(summary: "Summary") -> None:
    print_failures(summary)
    for skip in summary.skipped:
        typer.echo(f"would skip {_one_line(skip.path)}: {_one_line(skip.reason)}")
    for name in summary.planned:
        typer.echo(f"would convert {name}")
    typer.echo(
        f"{len(summary.planned)} sets would be converted, {len(summary.unchanged)} are done, "
        f"{len(summary.skipped)} files skipped; up to {summary.disk / 1e6:.0f} MB of disk are needed"
    )
    if summary.planned and summary.seconds is not None:
        typer.echo(f"about {duration(summary.seconds)} on this machine, by what it has converted so far")
    print_notes(summary)
    _print_mod(summary)

"""The verb that says what is known of textures besides their pictures; no network runs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from unbake.batch.explain import Explained


def explain(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH",
            help="Paths in the game such as weapons/iron/longsword.dds, files, or folders.",
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="OUT", help="A conversion, for its level and what it decided.")
    ] = None,
    rules: Annotated[
        Path | None, typer.Option(help="A file of rules; default: the conversion's, else the folder's.")
    ] = None,
    hints: Annotated[
        list[str] | None,
        typer.Option("--hint", metavar="'PATTERN: NAME=VALUE'", help="As of unbake convert; repeatable."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One line of JSON a texture, for tools.")] = False,
) -> None:
    """Say what is known of textures besides their pictures, and why.

    For each: family and fine material, how much metal is expected, the finish, whether an environment mask of it would
    mark metal, the reasons, and how dark the mod is painted. With --out also what the conversion decided. Change it by
    rules or --hint (docs/RULES.md).
    """
    import msgspec

    for path in paths:
        for one in _explained(path, out, rules, tuple(hints or ())):
            if json:
                typer.echo(msgspec.json.encode(one).decode())
            else:
                typer.echo("\n".join(one.lines()))


def _explained(path: str, out: Path | None, rules: Path | None, hints: tuple[str, ...]) -> "list[Explained]":
    """What is known of one texture, or of all in a folder."""
    from unbake.batch.explain import explained, game_name
    from unbake.domain.hints import Hint

    if out is None and rules is None and not hints and not Path(path).exists():
        return [explained(game_name(path), Hint(), None)]
    from unbake.batch.explain_files import explained_below

    return explained_below(path, out, rules, hints)

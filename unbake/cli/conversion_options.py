"""The options of a conversion as a person types them: names, help texts and defaults, each written once."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from unbake.cli.terminal import Model
from unbake.errors import UsageError

if TYPE_CHECKING:
    from unbake.batch.events import Options

SETS, MAPS, GAME, RUN = "Which textures", "The maps", "For the game", "How it runs"
"""Panels of `unbake convert --help`."""


@dataclass(frozen=True, slots=True)
class ConversionOptions:
    """The options of `unbake convert`; those that `Options` has too are handed on under the same name."""

    preset: Annotated[
        str,
        typer.Option(
            help="skyrim, gltf, godot, unreal, unity-hdrp, unity-urp, blender, remix, png, or a .toml file."
        ),
    ] = "skyrim"
    model: Model = None
    include: Annotated[
        list[str] | None,
        typer.Option(help="Only sets whose name matches, e.g. 'clutter/*'.", rich_help_panel=SETS),
    ] = None
    exclude: Annotated[
        list[str] | None, typer.Option(help="Leave out sets whose name matches.", rich_help_panel=SETS)
    ] = None
    profile: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Of Mod Organizer, where IN is its folder; default: the only one, or the one that it shows.",
            rich_help_panel=SETS,
        ),
    ] = None
    whole_game: Annotated[
        bool,
        typer.Option(
            "--whole-game",
            help="Where IN is a mod manager's: also textures that no mod replaces.",
            rich_help_panel=SETS,
        ),
    ] = False
    texture_root: Annotated[
        Path | None,
        typer.Option(
            help="The folder game paths start from; default: the `textures` folder.", rich_help_panel=SETS
        ),
    ] = None
    max_size: Annotated[
        int | None, typer.Option(help="Reduce larger textures to this longest side.", rich_help_panel=MAPS)
    ] = None
    seamless: Annotated[
        bool | None,
        typer.Option(
            help="Say whether the textures tile; by default each one is measured.", rich_help_panel=MAPS
        ),
    ] = None
    normals: Annotated[
        Literal["auto", "directx", "opengl"],
        typer.Option(
            help="Which way green points in the normal maps; auto: as names (_NormalGL) or heights say, else directx.",
            rich_help_panel=MAPS,
        ),
    ] = "auto"
    rules: Annotated[
        Path | None,
        typer.Option(
            help="Strength, bias and invert of maps, for all textures and for some (TOML); "
            "default: unbake.toml in OUT, else in IN.",
            rich_help_panel=MAPS,
        ),
    ] = None
    adjust: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MAP.VALUE=NUMBER",
            help="The same for all textures, e.g. roughness.bias=0.1, normal.strength=0.7, height.invert=true; "
            "repeatable. Maps: albedo, roughness, metallic, ao, height, normal.",
            rich_help_panel=MAPS,
        ),
    ] = None
    hints: Annotated[
        list[str] | None,
        typer.Option(
            "--hint",
            metavar="'PATTERN: NAME=VALUE'",
            help="Say what things are: 'weapons/iron/*: metal=all finish=polished'; repeatable. metal: none, little, "
            "some, most, all or 0 to 1; finish: polished, glossy, satin, matt, rough; material: a word such as iron; "
            "painted: dark, normal, bright or stops; subsurface, fuzz, glint, emissive: yes or no.",
            rich_help_panel=MAPS,
        ),
    ] = None
    evidence: Annotated[
        Literal["auto", "none"],
        typer.Option(
            help="auto: names, environment masks and the mod's level decide with the picture; none: the picture alone.",
            rich_help_panel=MAPS,
        ),
    ] = "auto"
    brightness: Annotated[
        Literal["natural", "keep"],
        typer.Option(
            help="natural: the albedo is as bright as the material; keep: as the painted picture.",
            rich_help_panel=MAPS,
        ),
    ] = "natural"
    parallax: Annotated[
        bool | None,
        typer.Option(
            help="Write height (_p); by default for textures that tile both ways and are not flat.",
            rich_help_panel=GAME,
        ),
    ] = None
    edid_map: Annotated[
        Path | None,
        typer.Option(
            help="Lines 'landscape/dirt02 = LandscapeDirt02': editor IDs of the ground, for PBRTextureSets.",
            rich_help_panel=GAME,
        ),
    ] = None
    plugins: Annotated[
        list[Path] | None,
        typer.Option(
            help="Plugins (a folder such as Data, an .esp, or plugins.txt and the folders it needs): editor IDs of the "
            "ground, and keywords that say what a thing is made of; repeatable.",
            rich_help_panel=GAME,
        ),
    ] = None
    form: Annotated[
        Literal["array", "default"],
        typer.Option(help="PGPatcher's JSON: a flat array, or default and entries.", rich_help_panel=GAME),
    ] = "array"
    fast: Annotated[
        bool,
        typer.Option("--fast", help="Quicker, slightly rougher block compression.", rich_help_panel=RUN),
    ] = False
    threads: Annotated[int, typer.Option(help="CPU threads; 0 = all cores.", rich_help_panel=RUN)] = 0
    keep_maps: Annotated[
        bool,
        typer.Option(
            help="Keep the networks' maps in OUT, so that other rules or another preset need them not again.",
            rich_help_panel=RUN,
        ),
    ] = True
    shard: Annotated[
        str | None,
        typer.Option(
            metavar="I/N", help="Only the I-th of N parts, for several machines.", rich_help_panel=RUN
        ),
    ] = None
    engine: Annotated[
        Literal["local", "ray"],
        typer.Option(help="Here, or on a Ray cluster that sees IN and OUT.", rich_help_panel=RUN),
    ] = "local"
    prune: Annotated[
        bool,
        typer.Option("--prune", help="Remove from OUT the sets whose source is gone.", rich_help_panel=RUN),
    ] = False
    verify: Annotated[
        bool,
        typer.Option(
            "--verify", help="Convert again what in OUT is not as it was written.", rich_help_panel=RUN
        ),
    ] = False
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Say what would be done and the disk it needs.", rich_help_panel=RUN),
    ] = False

    def options(self) -> "Options":
        """The same as the converter takes them. Errors: UsageError for a shard that is not I/N."""
        from unbake.batch.events import Options
        from unbake.image.dds.blocks import Effort

        same = {f.name: getattr(self, f.name) for f in fields(Options) if hasattr(self, f.name)}
        return Options(
            **same
            | {
                "include": tuple(self.include or ()),
                "exclude": tuple(self.exclude or ()),
                "adjust": tuple(self.adjust or ()),
                "hints": tuple(self.hints or ()),
                "plugins": tuple(self.plugins or ()),
                "effort": Effort.FAST if self.fast else Effort.GOOD,
                "shard": shard_of(self.shard),
            }
        )


def shard_of(text: str | None) -> tuple[int, int] | None:
    """The part of a conversion that --shard names: (i, n), or None for all of it.

    >>> shard_of("1/4")
    (1, 4)
    """
    if text is None:
        return None
    number, _, count = text.partition("/")
    if not (number.isdecimal() and count.isdecimal()):
        raise UsageError(f"Expected a shard as I/N, such as 1/4, got {text!r}; write it so.")
    return int(number), int(count)

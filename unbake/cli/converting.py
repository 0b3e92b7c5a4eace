"""The modder's verbs: convert, demo."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unbake.cli.terminal import Model, app, progress_bar

if TYPE_CHECKING:
    from rich.progress import Progress


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
            help="skyrim, png, gltf, godot, unreal, unity-hdrp, unity-urp, blender, or a .toml file."
        ),
    ] = "skyrim",
    model: Model = None,
    seamless: Annotated[
        bool | None, typer.Option(help="Say whether the textures tile; by default each one is measured.")
    ] = None,
    max_size: Annotated[int | None, typer.Option(help="Reduce larger textures to this longest side.")] = None,
    include: Annotated[
        list[str] | None, typer.Option(help="Only sets whose name matches, e.g. 'clutter/*'.")
    ] = None,
    exclude: Annotated[list[str] | None, typer.Option(help="Leave out sets whose name matches.")] = None,
    parallax: Annotated[
        bool | None, typer.Option(help="Write height (_p); by default for textures that tile both ways.")
    ] = None,
    texture_root: Annotated[
        Path | None, typer.Option(help="The folder game paths start from; default: the `textures` folder.")
    ] = None,
    fast: Annotated[
        bool, typer.Option("--fast", help="Quicker, slightly rougher block compression.")
    ] = False,
    threads: Annotated[int, typer.Option(help="CPU threads; 0 = all cores.")] = 0,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")
    ] = False,
) -> None:
    """Convert a mod's old textures to PBR maps.

    Sets are found by name: rock.dds with rock_n.dds (specular mask in its alpha), or rock_d and rock_s. OUT gets
    the same tree, ready to install: textures/pbr/..., PBRNIFPatcher/*.json and report.html with pictures.
    A second run does only what is new or has changed; Ctrl-C at any time, then run it again.
    Exit code: 0 all converted, 1 some failed (they are listed), 2 wrong use.
    """
    from unbake.convert.batch import Options, convert_folder
    from unbake.image.blocks import Effort

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
    )
    with progress_bar("converting") as bar:
        summary = convert_folder(sources, out, options, _ConversionPrinter(bar))
    if dry_run:
        for name in summary.planned:
            typer.echo(f"would convert {name}")
        typer.echo(f"{len(summary.planned)} sets would be converted, {len(summary.skipped)} files skipped")
        return
    typer.echo(
        f"{len(summary.converted)} converted, {len(summary.unchanged)} unchanged, {len(summary.failed)} failed, "
        f"{len(summary.skipped)} files skipped; look at {out / 'report.html'}"
    )
    for failure in summary.failed:
        typer.echo(f"failed: {failure.name}: {failure.message}", err=True)
    raise typer.Exit(summary.exit_code)


@app.command()
def demo(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Where the converted mod goes.")] = Path(
        "out/demo"
    ),
) -> None:
    """Convert the sixteen example sets that come with unbake, and say what to look at."""
    from importlib.resources import as_file, files

    from unbake.convert.batch import Options, convert_folder
    from unbake.export.pgpatcher import validate

    with (
        as_file(files("unbake") / "bundled" / "examples" / "legacy") as examples,
        progress_bar("converting") as bar,
    ):
        summary = convert_folder(examples, out, Options(), _ConversionPrinter(bar))
    for failure in summary.failed:
        typer.echo(f"failed: {failure.name}: {failure.message}", err=True)
    for sentence in validate(out):
        typer.echo(f"PGPatcher would object: {sentence}", err=True)
    typer.echo(f"{len(summary.converted) + len(summary.unchanged)} sets converted from {examples}")
    typer.echo(f"  {out / 'report.html'}    before and after, side by side: open it in a browser")
    typer.echo(f"  {out / 'textures' / 'pbr'}    the mod: base colour, _n, _rmaos, _p as DDS with mips")
    typer.echo(f"  {out / 'PBRNIFPatcher'}    what PGPatcher reads")
    raise typer.Exit(summary.exit_code)


class _ConversionPrinter:
    """Turns the converter's events into a progress bar."""

    def __init__(self, bar: "Progress") -> None:
        self._bar = bar
        self._task = bar.task_ids[0]

    def __call__(self, event: object) -> None:
        from unbake.convert.batch import SetDone, SetFailed, SetUnchanged, Started

        match event:
            case Started(total=total):
                self._bar.update(self._task, total=total)
            case SetDone(name=name) | SetUnchanged(name=name) | SetFailed(name=name):
                self._bar.update(self._task, advance=1, description=name[-40:])

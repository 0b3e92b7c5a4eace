"""The command line: one module a verb; the only place that parses, prints and exits. Heavy imports are in verbs."""

from collections.abc import Callable
from typing import Annotated

import typer

from unbake.cli import (
    app_page,
    bench,
    bundle,
    convert,
    demo,
    doctor,
    eval,
    explain,
    init,
    ladder,
    phases,
    rehearse,
    release,
    report,
    review,
    synth,
    train,
    view,
    zip_mod,
)
from unbake.cli.data import data_app
from unbake.cli.entry import run
from unbake.version import __version__

__all__ = ["VERBS", "app", "main"]

app = typer.Typer(
    name="unbake",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Turns old game textures (painted diffuse + normal) into PBR materials, and trains the models that do it.",
    epilog="Start here:  unbake demo out/demo   |   unbake convert MyMod out/MyMod-PBR",
)


VERBS: dict[str, Callable[..., None]] = {
    "convert": convert.convert,
    "app": app_page.app,
    "demo": demo.demo,
    "view": view.view,
    "report": report.report,
    "review": review.review,
    "explain": explain.explain,
    "zip": zip_mod.zip_mod,
    "doctor": doctor.doctor,
    "init": init.init,
    "synth": synth.synth,
    "train": train.train,
    "ladder": ladder.ladder,
    "bundle": bundle.bundle,
    "rehearse": rehearse.rehearse,
    "phases": phases.phases,
    "release": release.release,
    "eval": eval.evaluate,
    "bench": bench.bench,
}
"""The verbs in the order of `unbake --help`: converting, looking, training, measuring."""

for name, verb in VERBS.items():
    app.command(name)(verb)
app.add_typer(data_app)


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        typer.echo(f"unbake {__version__}")
        raise typer.Exit


def main() -> None:
    """Entry point: errors become one sentence on stderr and an exit code."""
    run(app)

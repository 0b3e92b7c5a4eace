"""The verbs `unbake data ...`, in the order in which a project needs them."""

from collections.abc import Callable

import typer

from unbake.cli.data import audit, cache, duplicates, matsynth, pack, paint, skyrim

data_app = typer.Typer(
    name="data",
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Prepare training data under ROOT/data; each verb leaves a report in ROOT/data/reports/<verb>.json.",
    epilog="In this order:  unbake data matsynth  |  skyrim  |  duplicates  |  audit  |  paint  |  cache.  "
    "To carry materials elsewhere:  pack",
)
VERBS: dict[str, Callable[..., None]] = {
    "matsynth": matsynth.matsynth,
    "skyrim": skyrim.skyrim,
    "duplicates": duplicates.duplicates,
    "audit": audit.audit,
    "paint": paint.paint,
    "cache": cache.cache,
    "pack": pack.pack,
}
for name, verb in VERBS.items():
    data_app.command(name)(verb)

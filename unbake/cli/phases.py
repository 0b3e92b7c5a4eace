"""The verb that prints the plan: a table of all phases, read from their files, or one recipe file."""

from typing import TYPE_CHECKING, Annotated

import typer

from unbake.cli.terminal import print_table

if TYPE_CHECKING:
    from unbake.recipe import Recipe


def phases(
    phase: Annotated[
        str, typer.Argument(metavar="[PHASE]", help="Print this phase's recipe in full, with its comments.")
    ] = "",
) -> None:
    """Print the plan: every phase with its numbers, read from the recipes; or one recipe as it is written.

    A phase is named by its file or its tag (B, phase_B). What `unbake phases B` prints is a recipe file: save it,
    change it, and `unbake train mine.toml`; for one value, `unbake train B --set data.px=512` is shorter. Two terms
    that the plan leaves out wait at 0: losses.rendering (0.1: looks under random lights count) and ema (0.999: a
    running average of the weights is validated and kept).
    """
    from rich import box
    from rich.table import Table

    from unbake import recipe

    if phase:
        typer.echo(recipe.source_text(phase), nl=False)
        return
    columns = ("phase", "mix M/S", "px", "trains", "epochs", "tag", "starts from", "optimizer", "schedule")
    table = Table(*columns, "advance", "writes", box=box.SIMPLE_HEAD, padding=0, show_edge=False)
    for name in recipe.ORDER:
        r = recipe.load(name)
        mix = f"{r.data.mix.matsynth * 100:g}/{r.data.mix.skyrim * 100:g}"
        px = f"{r.data.px / 1024:g} K ({r.data.px}²)"
        table.add_row(
            name,
            mix,
            px,
            " + ".join(r.trains),
            epochs_text(r),
            r.tag,
            parents_text(r),
            _optimizer(r),
            _schedule(r),
            _advance(r),
            r.writes,
        )
    print_table(table)


def epochs_text(r: "Recipe") -> str:
    """Number of epochs of a phase, as the plan writes it: 8–12, 15."""
    from unbake.recipe import MAP

    least, most = r.epochs.min, r.epochs.max
    return (f"{least}–{most}" if least < most else f"{most}") + (" per head" if r.map == MAP else "")


def parents_text(r: "Recipe") -> str:
    """Parents of a phase, as a person reads them: A_best, unet_albedo from A_alb_syn_best."""
    parents = {part: " or ".join([p] if isinstance(p, str) else p) for part, p in r.starts_from.items()}
    texts = [name if part == "all" else f"{part} from {name}" for part, name in parents.items()]
    return ", ".join(texts) or f"scratch ({r.model})"


def _optimizer(r: "Recipe") -> str:
    from unbake.recipe import Adam, AdamW, Lion

    match r.optimizer:
        case AdamW(lr=lr, weight_decay=decay) | Lion(lr=lr, weight_decay=decay):
            text = f"{type(r.optimizer).__name__} {_power(lr)}, wd {_power(decay)}"
        case Adam(lr=lr):
            text = f"Adam {_power(lr)}"
    usual = r.optimizer.betas == (0.9, 0.999)
    return text if usual else f"{text}, β ({r.optimizer.betas[0]:g}, {r.optimizer.betas[1]:g})"


def _power(value: float) -> str:
    """A small number as the plan writes it: 1e-4, 5e-6."""
    digits, exponent = f"{value:.2e}".split("e")
    return f"{float(digits):g}e{int(exponent)}" if value else "0"


def _schedule(r: "Recipe") -> str:
    from unbake.recipe import Cosine, Exponential, OneCycle, Step, WarmRestarts

    match r.schedule:
        case Cosine(t_max=epochs):
            return f"cosine over {epochs}"
        case OneCycle(max_lr=top, pct_start=rise, final_lr=end):
            return f"one cycle to {_power(top)} at {rise:.0%}, end {_power(end)}"
        case Step(step_size=size, gamma=gamma):
            return f"× {gamma:g} every {size}"
        case WarmRestarts(t_0=epochs):
            return f"warm restarts every {epochs}"
        case Exponential(gamma=gamma):
            return f"× {gamma:g} each epoch"


def _advance(r: "Recipe") -> str:
    from unbake.recipe import Always, Gate, Lower, Plateau, Settled

    distance = () if r.losses.perceptual == "none" else (r.losses.perceptual,)
    match r.advance:
        case Settled(fall=fall, window=window):
            return f"fell {fall:.0%}, level for {window}"
        case Plateau(patience=patience):
            return f"best is {patience} old"
        case Lower():
            return " and ".join(("L1", *distance)) + " lower than before"
        case Gate(sky=sky, mat=mat):
            return f"gate: sky ≤ {sky:g}, mat ≤ {mat:g}"
        case Always():
            return "always"

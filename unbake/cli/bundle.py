"""The verb that trains and releases a model within a budget of minutes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unbake.cli.figures import print_figures
from unbake.cli.ladder import LadderPrinter
from unbake.cli.quantise import quantise_released
from unbake.cli.terminal import Root, progress_bar
from unbake.cli.training import Device, chosen_device

if TYPE_CHECKING:
    import torch

    from unbake.project import Project
    from unbake.recipe.bundle import Bundle
    from unbake.train.budget import Plan
    from unbake.train.pipeline import PipelineResult


def bundle(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder for the model.")],
    minutes: Annotated[float, typer.Option(min=0.001, help="The budget, cache and measuring included.")],
    root: Root = Path(),
    data: Annotated[
        list[Path] | None,
        typer.Option(
            help="Materials in MatSynth's layout, or a pack of them (unbake data pack); repeatable."
        ),
    ] = None,
    device: Device = "auto",
    backbone: Annotated[
        Path | None,
        typer.Option(help="Folder with a DINOv2 that the classifier begins with; without it from scratch."),
    ] = None,
    held_out: Annotated[
        list[str] | None,
        typer.Option(help="A source to measure on instead of training, as in data.held_out; repeatable."),
    ] = None,
    model: Annotated[str, typer.Option(help="Size of the networks: small or full.")] = "small",
    override: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="[PHASE:]KEY=VALUE",
            help="Override a recipe value, as in unbake ladder; repeatable.",
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes that read data; default: as many as there are cores.")
    ] = None,
) -> None:
    """Train a model and release it to OUT, all within a number of minutes; on a GPU ten will do.

    Materials are linked into ROOT/data/MatSynth, painted and cached; then the classifier's heads are trained, then the
    other networks (unbake/recipe/bundle.toml has the numbers). A few steps are timed before each stage, so that it
    gets its share of the time. Stop it or kill it: the same command goes on by the same plan (ROOT/bundle.json).
    Exit code: 0 released, 1 a stage failed, 2 wrong use, 130 stopped.
    """
    import os

    from msgspec import structs

    from unbake.files import check_writable
    from unbake.locks import held
    from unbake.project import Project
    from unbake.recipe.bundle import read_bundle
    from unbake.train.budget import open_plan, write_plan

    chosen, project, stages = chosen_device(device), Project(root), read_bundle()
    count = workers or os.cpu_count() or 1
    check_writable(out)
    with held(root / ".bundle.lock", "makes a bundle"):
        _link(project, data or [])
        settings = _settings(project, stages, chosen, model, backbone, held_out or [], override or [])
        plan = open_plan(root, minutes, settings)
        plan, outcome = _train(project, stages, plan, chosen, count)
        _leave_unless_done(outcome)
        if plan.released != str(out.resolve()) or not (out / "card.json").is_file():
            _release(project, stages, out, minutes, count)
            write_plan(root, structs.replace(plan, released=str(out.resolve())))
    seen = "" if held_out else " --seen"
    typer.echo(f"the model is in {out}: unbake convert IN OUT --model {out}")
    typer.echo(f"measure it: unbake eval {project.materials('matsynth')} --evidence{seen} --model {out}")


def _link(project: "Project", folders: list[Path]) -> None:
    from unbake.prepare.pack import link_materials

    if folders:
        new, there = link_materials(folders, project.materials("matsynth"))
        typer.echo(f"{new} materials linked into {project.materials('matsynth')}, {there} were there before")


def _settings(
    project: "Project",
    stages: "Bundle",
    device: "torch.device",
    model: str,
    backbone: Path | None,
    held_out: list[str],
    override: list[str],
) -> tuple[str, ...]:
    """The overrides of all stages, for the materials and the device at hand."""
    from unbake.data.sources import list_materials
    from unbake.prepare.pack import longest_side
    from unbake.recipe.bundle import settings_of
    from unbake.train.budget import fast_bfloat16

    about = Path("/proc/cpuinfo")  # elsewhere than on Linux nobody says: float32
    cpuinfo = about.read_text() if about.is_file() else ""
    if backbone is None:
        typer.echo(
            "no --backbone: the classifier is trained from scratch, which few materials hardly do", err=True
        )
    return settings_of(
        stages,
        "cuda" if device.type == "cuda" else "cpu",
        side=longest_side(list_materials(project.materials("matsynth"))),
        model=model,
        backbone=str(backbone or ""),
        held_out=tuple(held_out),
        bfloat16=device.type == "cpu" and fast_bfloat16(cpuinfo),
        own=tuple(override),
    )


def _train(
    project: "Project", stages: "Bundle", plan: "Plan", device: "torch.device", workers: int
) -> "tuple[Plan, PipelineResult]":
    """Train what is not done yet, with a progress bar."""
    from unbake.train.budget import Shown, train_stages
    from unbake.train.parallel import Processes

    with progress_bar("bundle") as bar:
        shown = Shown(
            event=LadderPrinter(bar, force=False),
            data=lambda run, done, n: bar.update(
                bar.task_ids[0], description=f"{run.name}: cache", completed=done, total=n
            ),
            planned=lambda stage, batch: bar.console.print(
                f"{stage.phase}: {stage.steps} steps of {batch} at {stage.step_s:.2f} s, over after minute "
                f"{stage.ends_s / 60:.1f} of {plan.minutes:g}",
                highlight=False,
                soft_wrap=True,
            ),
            notice=lambda sentence: typer.echo(sentence, err=True),
        )
        return train_stages(project, stages, plan, Processes(device), workers, shown)


def _leave_unless_done(outcome: "PipelineResult") -> None:
    from unbake.recipe.gate import Verdict

    if outcome.verdict is Verdict.NOT_YET:
        typer.echo(f"{outcome.run.name}: stopped; the same command goes on")
        raise typer.Exit(130)
    if outcome.verdict is Verdict.FAIL:
        typer.echo(f"{outcome.run.name}: failed: {outcome.reason}")
        raise typer.Exit(1)


def _release(project: "Project", stages: "Bundle", out: Path, minutes: float, workers: int) -> None:
    from unbake.evaluate.release import release

    measuring = stages.measuring
    with progress_bar("measuring") as bar:
        task = bar.task_ids[0]
        evaluation = release(
            project,
            out,
            stages.release,
            at_most=max(measuring.least, round(measuring.a_minute * minutes)),
            workers=workers,
            on_progress=lambda what, done, n: bar.update(task, description=what, completed=done, total=n),
        )
    quantise_released(out)
    print_figures(evaluation, [f"{evaluation.materials} materials; ratio = ours / baseline."])

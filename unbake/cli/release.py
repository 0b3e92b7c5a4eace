"""The verb that makes a released model of trained checkpoints."""

from pathlib import Path
from typing import Annotated

import typer

from unbake.cli.figures import print_figures
from unbake.cli.quantise import quantise_released
from unbake.cli.terminal import Root, progress_bar


def release(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder for the model.")],
    root: Root = Path(),
    checkpoint: Annotated[
        str | None,
        typer.Option(
            help="Release this one as it is, without heads: A_best, or A_last for the end of a run."
        ),
    ] = None,
    folds: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Figures of a cross-validation (unbake eval DIR --folds --json FILE), which go into the card and "
            "decide which maps are left to a rule.",
        ),
    ] = None,
    styles: Annotated[
        int, typer.Option(min=1, max=4, help="Paintings of each material, of four styles.")
    ] = 2,
    at_most: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Measure so many materials of each split, for a fold's model, which `unbake eval --folds` measures.",
        ),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that measure; each takes about 1 GB.")] = 1,
) -> None:
    """Merge the six heads with the networks they were trained on, export them, measure them on held-out materials.

    Prints ours beside the baselines. OUT gets four ONNX files, the UNets once more in integers, model.safetensors,
    card.json and MODEL_CARD.md with figures, data, licences and lineage; `unbake convert --model OUT` takes it.
    """
    from unbake.evaluate.release import release as run
    from unbake.evaluate.run import Setting
    from unbake.project import Project

    setting = Setting(styles=styles)
    with progress_bar("measuring") as bar:
        task = bar.task_ids[0]
        evaluation = run(
            Project(root),
            out,
            checkpoint,
            setting=setting,
            folds=folds,
            at_most=at_most,
            workers=workers,
            on_progress=lambda what, done, n: bar.update(task, description=what, completed=done, total=n),
        )
    quantise_released(out)
    print_figures(evaluation, [f"{evaluation.materials} materials; ratio = ours / baseline."])

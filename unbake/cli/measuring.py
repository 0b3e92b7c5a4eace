"""The verbs that measure: release, eval, bench."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unbake.cli.terminal import Model, Root, app, print_table, progress_bar

if TYPE_CHECKING:
    from unbake.measure.figures import Evaluation


@app.command()
def release(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder for the model.")],
    root: Root = Path(),
    checkpoint: Annotated[
        str | None,
        typer.Option(
            help="Release this one as it is, without heads: A_best, or A_last for the end of a run."
        ),
    ] = None,
) -> None:
    """Join the six heads with what they were trained on, export for the converter, measure on what was held out.

    Prints ours beside the floors. OUT gets four ONNX files, model.safetensors, card.json and MODEL_CARD.md with
    figures, data, licences and lineage; `unbake convert --model OUT` takes it.
    """
    from unbake.measure.release import release as run
    from unbake.train.phase import Project

    with progress_bar("measuring") as bar:
        task = bar.task_ids[0]
        evaluation = run(
            Project(root),
            out,
            checkpoint,
            on_progress=lambda what, done, n: bar.update(task, description=what, completed=done, total=n),
        )
    _print_figures(evaluation)


@app.command("eval")
def evaluate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Ground truth in MatSynth's layout.")],
    model: Model = None,
    source: Annotated[
        list[str] | None, typer.Option(help="Only materials of this source (metadata.json); repeatable.")
    ] = None,
    size: Annotated[int, typer.Option(help="Longest side of a material, texels.")] = 512,
    json_out: Annotated[Path | None, typer.Option("--json", help="Write all figures to this file.")] = None,
) -> None:
    """Measure a model on ground truth: paint it as an old game would, convert it, compare with truth and floors."""
    import json

    from unbake.convert.predict import CARD, bundle_folder, load_predictor
    from unbake.data.sources import list_materials
    from unbake.image.files import write_atomic
    from unbake.measure.evaluate import converting
    from unbake.measure.evaluate import evaluate as run
    from unbake.measure.figures import as_dict

    ids = {s.id for s in list_materials(folder) if not source or s.source in source}
    card_file = bundle_folder(model) / CARD
    card = json.loads(card_file.read_text(encoding="utf-8")) if card_file.is_file() else {}
    if known := ids - set(card.get("held_out", {}).get("materials", ids)):
        typer.echo(
            f"{len(known)} of {len(ids)} materials may have been trained on: the card does not hold them out",
            err=True,
        )
    with progress_bar("measuring") as bar:
        task = bar.task_ids[0]
        evaluation = run(
            folder,
            converting(load_predictor(model)),
            ids=ids,
            size=size,
            roughness=card.get("roughness_constants"),
            on_progress=lambda done, n: bar.update(task, completed=done, total=n),
        )
    if json_out:
        write_atomic(json_out, json.dumps(as_dict(evaluation), indent=1).encode())
    _print_figures(evaluation)


def _print_figures(evaluation: "Evaluation") -> None:
    from rich.table import Table

    from unbake.measure.figures import table

    head, *rows = table(evaluation)
    printed = Table(*head, caption=f"{len(evaluation.materials)} materials; ratio = ours / floor")
    for row in rows:
        printed.add_row(*row)
    print_table(printed)
    for sentence in evaluation.left_out:
        typer.echo(f"left out: {sentence}", err=True)


@app.command()
def bench(
    px: Annotated[int, typer.Option(help="Side of the texture that is converted.")] = 1024,
    training: Annotated[bool, typer.Option(help="Time training too (needs the train extra).")] = True,
) -> None:
    """Time conversion by stage and training with and without data loading, on this machine."""
    from unbake.measure.bench import bench_conversion, bench_training, peak_memory_gb

    for timing in bench_conversion(px):
        typer.echo(f"{timing.stage:28s} {timing.seconds:7.2f} s  {timing.mpix_per_s:7.2f} MPix/s")
    if (peak := peak_memory_gb()) is not None:
        typer.echo(f"{'peak memory':28s} {peak:7.2f} GB")
    if training:
        for what, rate in bench_training():
            typer.echo(f"{what:28s} {rate:7.2f} samples/s (small, 128 px)")

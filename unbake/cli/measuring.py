"""The verbs that measure: release, eval, bench."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from unbake.cli.terminal import Root, app, print_table, progress_bar

if TYPE_CHECKING:
    from unbake.data.sources import MaterialSource
    from unbake.evaluate.figures import Evaluation
    from unbake.evaluate.run import Job, Setting
    from unbake.metrics.pixel import Metric


_PICTURES = (".png", ".jpg")
"""What --failures can be drawn as, by the end of its name."""


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
    """Join the six heads with what they were trained on, export for the converter, measure on what was held out.

    Prints ours beside the floors. OUT gets four ONNX files, model.safetensors, card.json and MODEL_CARD.md with
    figures, data, licences and lineage; `unbake convert --model OUT` takes it.
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
    _print_figures(evaluation, [f"{evaluation.materials} materials; ratio = ours / floor."])


@app.command("eval")
def evaluate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Ground truth in MatSynth's layout.")],
    model: Annotated[
        list[Path] | None,
        typer.Option(
            help="Folder of a released model; default: the bundled one. With --folds one for each fold."
        ),
    ] = None,
    folds: Annotated[
        bool,
        typer.Option(
            "--folds",
            help="Cross-validate: convert each material with the model that never saw it; without --model, from kept "
            "predictions.",
        ),
    ] = False,
    keep: Annotated[
        Path | None,
        typer.Option(help="With --folds and --model: keep the predictions in this file, at 256 px."),
    ] = None,
    kept: Annotated[Path, typer.Option(help="With --folds alone: the predictions kept.")] = Path(
        "docs/folds/predictions.zip"
    ),
    source: Annotated[
        list[str] | None, typer.Option(help="Only materials of this source (metadata.json); repeatable.")
    ] = None,
    size: Annotated[int, typer.Option(min=16, help="Longest side of a material, texels.")] = 512,
    styles: Annotated[
        int, typer.Option(min=1, max=4, help="Paintings of each material, of four styles.")
    ] = 2,
    backbone: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATH",
            help="Measure albedo's perceptual distance too: a folder with a DINOv2 (dino_distance), or torchvision's "
            "AlexNet, VGG16 or SqueezeNet, or alex, vgg, squeeze to fetch it (lpips); repeatable.",
        ),
    ] = None,
    json_out: Annotated[Path | None, typer.Option("--json", help="Write all figures to this file.")] = None,
    page_out: Annotated[
        Path | None, typer.Option("--page", help="Write tables and pictures to this HTML file.")
    ] = None,
    sheet_out: Annotated[
        Path | None, typer.Option("--failures", help="Draw the worst paintings of each map in this picture.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes; each takes about 1 GB.")] = 1,
) -> None:
    """Measure a model on ground truth: paint it as an old game would, convert it, compare with truth and floors.

    Each material is painted in --styles of four fixed styles that training never has, written as DDS files and
    converted as `unbake convert` does. Prints ours beside the floors with 95 % intervals over materials, the same by
    category and by style, calibration, and how well confidence orders errors.

    `unbake eval DIR --folds --model F1 --model F2 ... --keep FILE` cross-validates; `unbake eval DIR --folds` makes
    the table anew from the predictions kept, without any model.
    """
    from unbake.data.sources import list_materials
    from unbake.errors import UsageError
    from unbake.evaluate.folds import jobs_of_folds
    from unbake.evaluate.predictions import jobs_of_kept, keeping, write_kept
    from unbake.evaluate.run import Setting, measure

    models, replayed = model or [], folds and not model
    if len(models) > 1 and not folds:
        raise UsageError(f"Expected one --model, got {len(models)}; add --folds where each is of a fold.")
    if keep and not (folds and models):
        raise UsageError(
            "Expected --folds and the models of the folds beside --keep; name them with --model."
        )
    if sheet_out and sheet_out.suffix.lower() not in _PICTURES:
        raise UsageError(
            f"Expected a picture ({', '.join(_PICTURES)}) for --failures, got '{sheet_out.name}'; let its name end so."
        )
    sources = [s for s in list_materials(folder) if not source or s.source in source]
    if not sources:
        raise UsageError(
            f"Expected materials of {', '.join(source or ())} in {folder}, found none; check --source."
        )
    setting, whole = Setting(size, styles), None
    if replayed:
        jobs, setting, whole = jobs_of_kept(sources, kept)
    elif folds:
        jobs = jobs_of_folds(sources, models, workers)
    else:
        jobs = _jobs_of_one(sources, models[0] if models else None, workers)
    setting = replace(setting, perceptual=_perceptual(backbone or []))
    try:
        with tempfile.TemporaryDirectory() as made, progress_bar("measuring") as bar:
            task = bar.task_ids[0]
            at_work = keeping(jobs, Path(made)) if keep else jobs
            evaluation = measure(
                at_work, setting, workers, lambda done, n: bar.update(task, completed=done, total=n)
            )
            if keep:
                write_kept(keep, Path(made), jobs, setting, models, evaluation)
    except KeyboardInterrupt:
        typer.echo("stopped: nothing was written; run it again", err=True)
        raise typer.Exit(130) from None
    about = _about(setting, evaluation, models, folds)
    _write_figures(evaluation, about, jobs, setting, json_out, page_out)
    if sheet_out:
        _draw_failures(evaluation, jobs, setting, sheet_out)
    _print_figures(evaluation, about)
    if whole is not None:
        _print_whole(whole)


def _jobs_of_one(sources: "list[MaterialSource]", model: Path | None, workers: int) -> "list[Job]":
    """All materials by one model, whose card is asked which it may have been trained on."""
    import json

    from unbake.convert.predict import CARD, bundle_folder, fingerprint
    from unbake.evaluate.conversion import bundle
    from unbake.evaluate.run import Job

    fingerprint(model)  # a folder that is no model is told before the work
    card_file = bundle_folder(model) / CARD
    card = json.loads(card_file.read_text(encoding="utf-8")) if card_file.is_file() else {}
    ids = {one.id for one in sources}
    if known := ids - set(card.get("held_out", {}).get("materials", ids)):
        typer.echo(
            f"{len(known)} of {len(ids)} materials may have been trained on: the card does not hold them out",
            err=True,
        )
    convert = bundle(model, workers)
    return [Job(one, convert, card.get("roughness_constants", {})) for one in sources]


def _perceptual(backbones: list[str]) -> "tuple[Metric, ...]":
    if not backbones:
        return ()
    from unbake.evaluate.perceptual import perceived

    return tuple(perceived(Path(one)) for one in backbones)


def _about(setting: "Setting", evaluation: "Evaluation", models: list[Path], folds: bool) -> list[str]:
    """What was measured and how, in sentences."""
    from unbake.evaluate.painter import PAINTER_VERSION

    whose = (
        f"each converted by the one of {len(models)} models that never saw it"
        if models and folds
        else "with the kept predictions of the folds' models"
        if folds
        else f"converted by {models[0] if models else 'the bundled model'}"
    )
    seen = (
        f"{evaluation.materials} materials at {setting.size} px, {setting.styles} paintings of each (painter "
    )
    told = [f"{seen}{PAINTER_VERSION}), {whose}. Ratio = ours / floor; 95 % intervals over materials."]
    if setting.side is not None:
        told.append(
            f"Predictions, truth and floors are compared at {setting.side} px, one painting of each: what was kept. "
            "The figures of the whole maps and all paintings follow."
        )
    return told


def _print_figures(evaluation: "Evaluation", about: list[str]) -> None:
    from unbake.evaluate.tables import table, table_of_parts, table_of_trust

    for sentence in about:
        typer.echo(sentence)
    _print_lines(table(evaluation.rows))
    _print_lines(table_of_parts(evaluation.categories, "category"), "ours (ratio to the best floor)")
    _print_lines(table_of_parts(evaluation.styles, "style"), "ours (ratio to the best floor)")
    _print_lines(table_of_trust(evaluation))
    for sentence in evaluation.left_out:
        typer.echo(f"left out: {sentence}", err=True)


def _print_whole(figures: dict[str, Any]) -> None:
    from unbake.evaluate.figures import rows_from
    from unbake.evaluate.tables import table

    typer.echo("As measured on the whole maps when the predictions were kept:")
    _print_lines(table(rows_from(figures.get("rows"))))


def _print_lines(lines: list[list[str]], caption: str | None = None) -> None:
    from rich.table import Table

    head, *rows = lines
    printed = Table(*head, caption=caption)
    for row in rows:
        printed.add_row(*row)
    print_table(printed)


def _write_figures(
    evaluation: "Evaluation",
    about: list[str],
    jobs: "Sequence[Job]",
    setting: "Setting",
    json_out: Path | None,
    page_out: Path | None,
) -> None:
    import json

    from unbake.evaluate.figures import as_dict
    from unbake.evaluate.page import page
    from unbake.evaluate.painter import PAINTER_VERSION
    from unbake.files import write_atomic

    if json_out:
        told = {
            "about": about,
            "painter": PAINTER_VERSION,
            "size": setting.size,
            "styles_each": setting.styles,
            "compared_at": setting.side or setting.size,
            **as_dict(evaluation),
        }
        write_atomic(json_out, json.dumps(told, indent=1).encode())
    if page_out:
        write_atomic(page_out, page(evaluation, about, jobs, setting).encode())


def _draw_failures(evaluation: "Evaluation", jobs: "Sequence[Job]", setting: "Setting", path: Path) -> None:
    from unbake.evaluate.page import failure_sheet
    from unbake.files import write_atomic
    from unbake.image.files import encode_jpeg, write_png

    sheet = failure_sheet(evaluation, jobs, setting)
    if path.suffix.lower() == ".png":
        write_png(path, sheet)
    else:
        write_atomic(path, encode_jpeg(sheet))


@app.command()
def bench(
    px: Annotated[int, typer.Option(help="Side of the texture that is converted.")] = 1024,
    training: Annotated[bool, typer.Option(help="Time training too (needs the train extra).")] = True,
) -> None:
    """Time conversion by stage and training with and without data loading, on this machine."""
    from unbake.evaluate.bench import bench_conversion, bench_training, peak_memory_gb

    for timing in bench_conversion(px):
        typer.echo(f"{timing.stage:28s} {timing.seconds:7.2f} s  {timing.mpix_per_s:7.2f} MPix/s")
    if (peak := peak_memory_gb()) is not None:
        typer.echo(f"{'peak memory':28s} {peak:7.2f} GB")
    if training:
        for what, rate in bench_training():
            typer.echo(f"{what:28s} {rate:7.2f} samples/s (small, 128 px)")

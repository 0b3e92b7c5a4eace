"""The verb that measures a model on ground truth."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from unbake.cli.arguments import with_options_of
from unbake.cli.figures import print_evidence, print_figures, print_lines
from unbake.cli.terminal import advance, progress_bar
from unbake.errors import UsageError

if TYPE_CHECKING:
    from unbake.evaluate.figures import Evaluation, Row
    from unbake.evaluate.modes import Comparison, Request

_PICTURES = (".png", ".jpg")
"""Formats of --failures, by the end of the file name."""


@dataclass(frozen=True, slots=True)
class EvaluationOptions:
    """The options of `unbake eval` that choose what is measured, by which model and how."""

    model: Annotated[
        list[Path] | None,
        typer.Option(
            help="Folder of a released model; default: the bundled one. With --folds one for each fold."
        ),
    ] = None
    folds: Annotated[
        bool,
        typer.Option(
            "--folds",
            help="Cross-validate: convert each material with the model that never saw it; without --model, from saved "
            "predictions.",
        ),
    ] = False
    keep: Annotated[
        Path | None,
        typer.Option(help="With --folds and --model: save the predictions in this file, at 256 px."),
    ] = None
    saved: Annotated[Path, typer.Option(help="With --folds alone: the saved predictions.")] = Path(
        "docs/folds/predictions.zip"
    )
    source: Annotated[
        list[str] | None, typer.Option(help="Only materials of this source (metadata.json); repeatable.")
    ] = None
    size: Annotated[
        int | None,
        typer.Option(min=16, help="Longest side of a material, texels; default: 512, with --evidence 256."),
    ] = None
    styles: Annotated[int, typer.Option(min=1, max=4, help="Paintings of each material, of four styles.")] = 2
    backbone: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATH",
            help="Measure albedo's perceptual distance too: a folder with a DINOv2 (dino_distance), or torchvision's "
            "AlexNet, VGG16 or SqueezeNet, or alex, vgg, squeeze to fetch it (lpips); repeatable.",
        ),
    ] = None

    def request(self, folder: Path) -> "Request":
        """The same as the evaluation takes them."""
        from unbake.evaluate.modes import Request
        from unbake.evaluate.run import SIZE

        return Request(
            folder=folder,
            saved=self.saved,
            sources=tuple(self.source or ()),
            models=tuple(self.model or ()),
            folds=self.folds,
            save_to=self.keep,
            size=self.size or SIZE,
            styles=self.styles,
            backbones=tuple(self.backbone or ()),
        )


@dataclass(frozen=True, slots=True)
class EvidenceOptions:
    """The options of `unbake eval` that belong to --evidence."""

    evidence: Annotated[
        bool,
        typer.Option(
            "--evidence",
            help="Measure what names, environment masks, the mod's level and a person's words add: each material in "
            "three mods of declared darkness, by another painter.",
        ),
    ] = False
    at_most: Annotated[int, typer.Option(min=1, help="With --evidence: so many materials, drawn.")] = 60
    seed: Annotated[int, typer.Option(min=0, help="With --evidence: of all that is drawn.")] = 0
    seen: Annotated[
        bool,
        typer.Option("--seen", help="With --evidence: also materials the model may have been trained on."),
    ] = False
    painter: Annotated[
        Literal["declared", "traced"],
        typer.Option(help="With --evidence: light by a formula, or path-traced (with --traced)."),
    ] = "declared"
    traced: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="With --painter traced: what scripts/trace_light.py wrote."),
    ] = None


@with_options_of(EvidenceOptions, "told")
@with_options_of(EvaluationOptions, "chosen")
def evaluate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Ground truth in MatSynth's layout.")],
    chosen: EvaluationOptions,
    told: EvidenceOptions,
    json_out: Annotated[Path | None, typer.Option("--json", help="Write all figures to this file.")] = None,
    page_out: Annotated[
        Path | None, typer.Option("--page", help="Write tables and pictures to this HTML file.")
    ] = None,
    sheet_out: Annotated[
        Path | None, typer.Option("--failures", help="Draw the worst paintings of each map in this picture.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes; each takes about 1 GB.")] = 1,
) -> None:
    """Measure a model on ground truth: paint it as an old game would, convert it, compare with truth and baselines.

    Each material is painted in --styles of four fixed styles that training never has, written as DDS files and
    converted as `unbake convert` does. Prints ours beside the baselines with 95 % intervals over materials, the same by
    category and by style, calibration, and how well confidence orders errors.

    `unbake eval DIR --folds --model F1 --model F2 ... --keep FILE` cross-validates; `unbake eval DIR --folds` makes
    the table anew from saved predictions, without any model. `unbake eval DIR --evidence` measures evidence, on
    materials that the model never saw.
    """
    if told.evidence:
        if page_out or sheet_out:
            raise UsageError("Expected --evidence without --page and --failures, got one; write --json.")
        _measure_evidence(chosen, told, folder, json_out, workers)
        return
    from unbake.evaluate.modes import compare, description, run_comparison

    if sheet_out and sheet_out.suffix.lower() not in _PICTURES:
        raise UsageError(
            f"Expected a picture ({', '.join(_PICTURES)}) for --failures, got '{sheet_out.name}'; let its name end so."
        )
    request = chosen.request(folder)
    comparison = compare(request, workers)
    for note in comparison.notes:
        typer.echo(note, err=True)
    try:
        with progress_bar("measuring") as bar:
            evaluation = run_comparison(comparison, request, workers, advance(bar))
    except KeyboardInterrupt:
        typer.echo("stopped: nothing was written; run it again", err=True)
        raise typer.Exit(130) from None
    about = description(comparison, evaluation)
    _write_figures(evaluation, about, comparison, json_out, page_out)
    if sheet_out:
        _draw_failures(evaluation, comparison, sheet_out)
    print_figures(evaluation, about)
    if comparison.whole is not None:
        _print_whole(comparison.whole)


def _measure_evidence(
    chosen: EvaluationOptions, told: EvidenceOptions, folder: Path, json_out: Path | None, workers: int
) -> None:
    """The evaluation of --evidence, from options to printed tables."""
    import msgspec

    from unbake.evaluate.evidence_figures import evidence_report, lines_of, sentences_of
    from unbake.evaluate.evidence_request import subjects_of
    from unbake.evaluate.evidence_run import SIZE, EvidenceSetting, measure_evidence
    from unbake.files import write_atomic

    if (told.painter == "traced") != (told.traced is not None):
        raise UsageError(
            f"Expected --painter traced and --traced FOLDER together, got --painter {told.painter} "
            f"{'without' if told.traced is None else 'with'} a folder; give both or none."
        )
    setting = EvidenceSetting(chosen.size or SIZE, told.at_most, told.seed, told.traced)
    subjects = subjects_of(chosen.request(folder), setting, told.seen, workers)
    for note in subjects.notes:
        typer.echo(note, err=True)
    try:
        with progress_bar("measuring") as bar:
            measured = measure_evidence(subjects.subjects, setting, workers, advance(bar))
    except KeyboardInterrupt:
        typer.echo("stopped: nothing was written; run it again", err=True)
        raise typer.Exit(130) from None
    about = [*sentences_of(measured, setting, subjects.method), *subjects.notes]
    lines = lines_of(measured.records)
    if json_out:
        figures = evidence_report(measured, lines, about, setting)
        write_atomic(json_out, msgspec.json.format(msgspec.json.encode(figures), indent=1))
    print_evidence(measured, lines, about)


def _print_whole(rows: "Sequence[Row]") -> None:
    from unbake.evaluate.tables import table

    typer.echo("As measured on the whole maps when the predictions were saved:")
    print_lines(table(rows))


def _write_figures(
    evaluation: "Evaluation",
    about: list[str],
    comparison: "Comparison",
    json_out: Path | None,
    page_out: Path | None,
) -> None:
    import json

    from unbake.evaluate.modes import report
    from unbake.evaluate.page import page
    from unbake.files import write_atomic

    if json_out:
        figures = report(evaluation, about, comparison.setting)
        write_atomic(json_out, json.dumps(figures, indent=1).encode())
    if page_out:
        write_atomic(page_out, page(evaluation, about, comparison.jobs, comparison.setting).encode())


def _draw_failures(evaluation: "Evaluation", comparison: "Comparison", path: Path) -> None:
    from unbake.evaluate.page import failure_sheet
    from unbake.files import write_atomic
    from unbake.image.files import encode_jpeg, write_png

    sheet = failure_sheet(evaluation, comparison.jobs, comparison.setting)
    if path.suffix.lower() == ".png":
        write_png(path, sheet)
    else:
        write_atomic(path, encode_jpeg(sheet))

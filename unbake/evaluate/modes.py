"""Chooses how a folder of ground truth is evaluated, and runs it: by one model, by folds, or by saved predictions.

Between the command line and `run`: a `Request` is what a person asks for, a `Comparison` what is then measured.
"""

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from unbake.convert.bundle import bundle_folder, fingerprint
from unbake.data.sources import MaterialSource, list_materials
from unbake.domain.card import CARD
from unbake.errors import UsageError
from unbake.evaluate.conversion import bundle
from unbake.evaluate.figures import Evaluation, Row, as_dict, rows_from
from unbake.evaluate.folds import jobs_of_folds
from unbake.evaluate.painter import PAINTER_VERSION, STYLES_EACH
from unbake.evaluate.predictions import jobs_from_saved, saving, write_predictions
from unbake.evaluate.run import SIZE, Job, Setting, measure
from unbake.metrics.pixel import Metric


@dataclass(frozen=True, slots=True)
class Request:
    """An evaluation as a person asks for it.

    folder: ground truth in MatSynth's layout; sources: only materials of these, all where there is none. models:
    folders of released models, none for the bundled one; one for each fold with `folds`. folds: convert each
    material with the model that never saw it; without models, take the predictions in `saved`. save_to: file for
    the predictions of the folds' models. size, styles: see `Setting`; saved predictions have their own. backbones: of
    perceptual metrics, see `perceptual.perceptual_metric`.
    """

    folder: Path
    saved: Path
    sources: tuple[str, ...] = ()
    models: tuple[Path, ...] = ()
    folds: bool = False
    save_to: Path | None = None
    size: int = SIZE
    styles: int = STYLES_EACH
    backbones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Materials with what converts them, and how they are measured.

    method: "converted by ...", for a sentence. notes: what a person should know before the figures. whole: the rows
    of the whole maps, where saved predictions quote them.
    """

    jobs: tuple[Job, ...]
    setting: Setting
    method: str
    notes: tuple[str, ...] = ()
    whole: tuple[Row, ...] | None = None


def compare(request: Request, workers: int = 1) -> Comparison:
    """The comparison a request asks for.

    workers: processes of `run_comparison`, which share the CPU's threads. Errors: UsageError for options that do not
    go together and for a folder without the materials asked for; those of each mode besides.
    """
    if len(request.models) > 1 and not request.folds:
        raise UsageError(
            f"Expected one --model, got {len(request.models)}; add --folds where each is of a fold."
        )
    if request.save_to and not (request.folds and request.models):
        raise UsageError(
            "Expected --folds and the models of the folds beside --keep, got no such models; name them with --model."
        )
    sources = [
        s for s in list_materials(request.folder) if not request.sources or s.source in request.sources
    ]
    if not sources:
        raise UsageError(
            f"Expected materials of {', '.join(request.sources)} in {request.folder}, found none; check --source."
        )
    if not request.folds:
        comparison = _by_model(sources, request, workers)
    elif request.models:
        comparison = _by_folds(sources, request, workers)
    else:
        comparison = _by_saved(sources, request.saved)
    setting = replace(comparison.setting, perceptual=_perceptual(request.backbones))
    return replace(comparison, setting=setting)


def run_comparison(
    comparison: Comparison,
    request: Request,
    workers: int = 1,
    on_progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """The figures of a comparison; with `save_to` the predictions are written there as well, once all are made."""
    jobs, setting = comparison.jobs, comparison.setting
    if request.save_to is None:
        return measure(jobs, setting, workers, on_progress)
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder)
        evaluation = measure(saving(jobs, made), setting, workers, on_progress)
        write_predictions(request.save_to, made, jobs, setting, request.models, evaluation)
    return evaluation


def description(comparison: Comparison, evaluation: Evaluation) -> list[str]:
    """Sentences on the data and the method of a measurement."""
    setting = comparison.setting
    sentences = [
        f"{evaluation.materials} materials at {setting.size} px, {setting.styles} paintings of each (painter "
        f"{PAINTER_VERSION}), {comparison.method}. Ratio = ours / baseline; 95 % intervals over materials; worse on: "
        "the share of materials on which ours is worse than the baseline."
    ]
    if setting.side is not None:
        sentences.append(
            f"Predictions, truth and baselines are compared at {setting.side} px, one painting of each: what was "
            "saved. The figures of the whole maps and all paintings follow."
        )
    return sentences


def report(evaluation: Evaluation, sentences: Sequence[str], setting: Setting) -> dict[str, Any]:
    """All figures and how they were measured, ready for JSON."""
    return {
        "about": list(sentences),
        "painter": PAINTER_VERSION,
        "size": setting.size,
        "styles_each": setting.styles,
        "compared_at": setting.side or setting.size,
        **as_dict(evaluation),
    }


def _by_model(sources: list[MaterialSource], request: Request, workers: int) -> Comparison:
    """All materials by one model, with a note on those that its card does not hold out."""
    model = request.models[0] if request.models else None
    fingerprint(model)  # an error for a folder that is no model, before the work
    card_file = bundle_folder(model) / CARD
    card = json.loads(card_file.read_text(encoding="utf-8")) if card_file.is_file() else {}
    ids = {source.id for source in sources}
    known = ids - set(card.get("held_out", {}).get("materials", ids))
    note = f"{len(known)} of {len(ids)} materials may have been trained on: the card does not hold them out"
    convert, constants = bundle(model, workers), card.get("roughness_constants", {})
    return Comparison(
        tuple(Job(source, convert, constants) for source in sources),
        Setting(request.size, request.styles),
        f"converted by {model or 'the bundled model'}",
        (note,) if known else (),
    )


def _by_folds(sources: list[MaterialSource], request: Request, workers: int) -> Comparison:
    return Comparison(
        tuple(jobs_of_folds(sources, request.models, workers)),
        Setting(request.size, request.styles),
        f"each converted by the one of {len(request.models)} models that never saw it",
    )


def _by_saved(sources: list[MaterialSource], saved: Path) -> Comparison:
    jobs, setting, figures = jobs_from_saved(sources, saved)
    without = len(sources) - len(jobs)
    note = (
        f"{len(jobs)} of {len(sources)} materials have saved predictions; the other {without} are not measured: "
        "save theirs with --folds --model ... --keep"
    )
    return Comparison(
        tuple(jobs),
        setting,
        "with the saved predictions of the folds' models",
        (note,) if without else (),
        rows_from(figures.get("rows")),
    )


def _perceptual(backbones: Sequence[str]) -> tuple[Metric, ...]:
    if not backbones:
        return ()
    from unbake.evaluate.perceptual import perceptual_metric  # torch

    return tuple(perceptual_metric(Path(backbone)) for backbone in backbones)

"""Chooses the materials of `unbake eval --evidence` and what converts each; between the command line and the run."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from unbake.convert.bundle import BY_RULES, bundle_folder, fingerprint, read_card
from unbake.data.sources import MaterialSource, list_materials
from unbake.domain.card import Card
from unbake.errors import UsageError
from unbake.evaluate.conversion import Bundle, bundle
from unbake.evaluate.evidence_run import EvidenceSetting, Subject, drawn, roughness_constant
from unbake.evaluate.folds import jobs_of_folds
from unbake.evaluate.modes import Request
from unbake.evaluate.traced import with_light
from unbake.evaluate.unseen import unseen


@dataclass(frozen=True, slots=True)
class Subjects:
    """The materials to measure. method: "converted by ...", for a sentence. notes: what to know before the figures."""

    subjects: tuple[Subject, ...]
    method: str
    notes: tuple[str, ...] = ()


def subjects_of(request: Request, setting: EvidenceSetting, seen: bool = False, workers: int = 1) -> Subjects:
    """The materials a request asks for: by default only those that the model never saw.

    seen: also those that it may have been trained on. With the models of the folds each material is converted by the
    one that never saw it; saved predictions hold no log-odds of metal, so without models `folds` changes nothing but
    the note. Materials without
    traced light are left out where the setting asks for it, and a note counts them. Errors: UsageError where no
    material is left, and for options that do not go together.
    """
    if request.save_to or request.backbones:
        raise UsageError(
            "Expected --evidence without --keep and --backbone, got one of them; measure those apart."
        )
    if len(request.models) > 1 and not request.folds:
        raise UsageError(
            f"Expected one --model, got {len(request.models)}; add --folds where each is of a fold."
        )
    asked = [s for s in list_materials(request.folder) if not request.sources or s.source in request.sources]
    sources = with_light(asked, setting.traced)
    if not sources:
        raise UsageError(
            f"Expected traced light of some of {len(asked)} materials in {setting.traced}, found none; trace it with "
            "scripts/trace_light.py."
        )
    found = (
        _by_folds(sources, request, setting, workers)
        if request.folds and request.models
        else _by_one(sources, request, setting, seen, workers)
    )
    if len(sources) == len(asked):
        return found
    note = f"{len(asked) - len(sources)} of {len(asked)} materials have no traced light and are left out"
    return replace(found, notes=(*found.notes, note))


def _by_folds(
    sources: Sequence[MaterialSource], request: Request, setting: EvidenceSetting, workers: int
) -> Subjects:
    chosen = drawn(sources, setting.at_most, setting.seed)
    jobs = jobs_of_folds(chosen, request.models, workers)
    subjects = [
        Subject(job.source, job.convert, roughness_constant(job.roughness))
        for job in jobs
        if isinstance(job.convert, Bundle)
    ]
    return Subjects(
        tuple(subjects), f"each converted by the one of {len(request.models)} models that never saw it"
    )


def _by_one(
    sources: Sequence[MaterialSource], request: Request, setting: EvidenceSetting, seen: bool, workers: int
) -> Subjects:
    model = request.models[0] if request.models else None
    networks = fingerprint(model) != BY_RULES
    card = read_card(bundle_folder(model)) if networks else None
    apart = unseen(sources, card)
    pool = list(sources) if seen else apart
    if not pool:
        raise UsageError(
            f"Expected materials that the model was not trained on in {request.folder}, got {len(sources)} of sources "
            "that its card credits; add --seen to measure on those, or give others."
        )
    chosen = drawn(pool, setting.at_most, setting.seed)
    convert = bundle(model, workers) if networks else None
    constant = roughness_constant(card.roughness_constants if card else {})
    return Subjects(
        tuple(Subject(source, convert, constant) for source in chosen),
        f"converted by {model or 'the bundled model'}"
        if networks
        else "converted by rules, as there is no model",
        tuple(_notes(request, card, len(sources), len(apart), chosen, {source.id for source in apart})),
    )


def _notes(
    request: Request,
    card: Card | None,
    of: int,
    apart: int,
    chosen: Sequence[MaterialSource],
    unseen_ids: set[str],
) -> list[str]:
    notes = []
    if request.folds:
        notes.append(
            "saved predictions hold no log-odds of metal, so evidence cannot be applied to them: one model converts "
            "all; name the models of the folds with --model for a cross-validation"
        )
    if card is None:
        return notes
    known = sum(source.id not in unseen_ids for source in chosen)
    if known:
        notes.append(
            f"{known} of {len(chosen)} materials may have been trained on: their sources are credited"
        )
    else:
        notes.append(
            f"{len(chosen)} drawn of the {apart} materials that the model never saw; the other {of - apart} of {of} "
            "are of sources that its card credits"
        )
    return notes

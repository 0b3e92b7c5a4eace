"""Converts a folder: find, plan, convert, record, report; each set is handled by `stages`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from unbake.batch.checks import (
    check_apart,
    check_links,
    check_materials,
    check_options,
    check_order,
    in_shard,
)
from unbake.batch.choose import Chosen, choose_sets
from unbake.batch.earlier import earlier_sets, key_of_roots, note_of
from unbake.batch.events import (
    Emit,
    Options,
    SetFailed,
    Started,
    Summary,
)
from unbake.batch.in_flight import InFlight
from unbake.batch.journal import Journal
from unbake.batch.levels import Levels, keep_level, measure_level
from unbake.batch.map_cache import stamp_of
from unbake.batch.pipeline import side_by_side
from unbake.batch.plan import check_disk, size_of, total_disk
from unbake.batch.plugins import read_told as read_plugins
from unbake.batch.provenance import PROVENANCE, Provenance, encode_provenance, read_provenance
from unbake.batch.reserve import reserved
from unbake.batch.rules import rules_in_force
from unbake.batch.runner import Run
from unbake.batch.speed import Work
from unbake.batch.stages import FindRecord, Stages, contents_of
from unbake.convert.bundle import BY_RULES, fingerprint
from unbake.convert.game_view import load_order_of
from unbake.convert.load_order import LoadOrder
from unbake.convert.predict import Predictor, load_predictor
from unbake.convert.sets import Skipped, TextureSet
from unbake.decoding import read_text
from unbake.domain.packing import Preset
from unbake.domain.patterns import unmatched
from unbake.errors import UnbakeError, UsageError
from unbake.export import pgpatcher
from unbake.export.landscape import EditorIds, read_edid_map
from unbake.export.packs import load_preset
from unbake.export.rules import load_rules
from unbake.files import write_changed
from unbake.report.page import ModReport, SetReport


def convert_folder(
    roots: Path | Sequence[Path],
    out: Path,
    options: Options = Options(),  # noqa: B008  (frozen)
    emit: Emit = lambda event: None,
    *,
    predictor: Predictor | Literal["rules"] | None = None,
) -> Summary:
    """Convert every texture set of `roots` (a mod, several, one diffuse, or a load order) into `out`, and report on it.

    A set that fails does not stop the others. Files that `out` already holds of the same inputs, model and options
    stay, so that a run after a kill goes on. Events come in the order of the sets, in this thread.
    predictor: networks that are loaded already, "rules" for the baseline alone; None loads `options.model`.
    UsageError where options or folders do not make sense; then nothing is written.

    >>> convert_folder(Path("Data"), Path("MyMod"), Options(preset="png")).exit_code   # doctest: +SKIP
    0
    """
    preset = load_preset(options.preset)
    roots = [roots] if isinstance(roots, Path) else list(roots)
    order = load_order_of(roots, options.profile, options.plugins)
    _check(roots, order, out, options, preset)
    rules_file = rules_in_force(roots[-1], out, options.rules)
    rules = load_rules(roots[-1], rules_file, options.adjust, options.hints)
    check_materials(rules)
    edids = read_edid_map(options.edid_map) if options.edid_map else {}
    chosen = choose_sets(roots, order, out, options, preset)
    named = options.plugins if options.plugins or order is None else order.plugin_files()
    plugins = read_plugins(named, [files.texture for files in chosen.sets])
    own = [files for files in chosen.sets if in_shard(files.name, options.shard)]
    journal = Journal(out, preset.name, options.shard, verify=options.verify)
    notes = (*chosen.notes, *plugins.notes)
    job = _Job(roots, chosen, {**plugins.editor_ids, **edids}, rules_file, order, notes)
    model = _fingerprint(options, predictor)
    needed = _disk(own, journal, preset, options)

    def stages_of(levels: Levels) -> Stages:
        return Stages(out, options, preset, rules, None, model, levels.level, plugins.keywords)

    if options.dry_run:
        stages = stages_of(_levels(out, chosen.whole, options))
        return _dry_run(job, own, stages, journal, emit, needed)
    check_disk(out, needed)
    loaded = _loaded(options, predictor, len(own))
    with reserved(out, options.shard), InFlight(out, options.shard) as in_flight:
        levels = _levels(out, chosen.whole, options, in_flight)
        if options.evidence == "auto":
            keep_level(out, levels)
        stages = stages_of(levels)
        stages.predictor = loaded
        if read_provenance(out) is None:  # the viewer can show what is finished while the rest is converted
            provenance = _provenance(rules_file, stages, chosen.sets, {})
            write_changed(out / PROVENANCE, encode_provenance(provenance))
        _begin(emit, chosen.skipped, len(own))
        journal.reload()  # another run may have ended meanwhile
        run = Run(stages, journal, emit, in_flight)
        run.convert(own)
        in_flight.forget(own, chosen.whole)
        return _finish(run, job)


@dataclass(frozen=True, slots=True)
class _Job:
    """The sources of a conversion: the mods, their sets, and what was read beside them; notes: about the whole."""

    roots: Sequence[Path]
    chosen: Chosen
    edids: EditorIds
    rules_file: Path | None
    order: LoadOrder | None
    notes: tuple[str, ...]


def _check(
    roots: Sequence[Path], order: LoadOrder | None, out: Path, options: Options, preset: Preset
) -> None:
    """UsageError where options or folders do not make sense."""
    if order is not None:
        check_order(order, out)
    for root in roots if order is None else []:
        check_apart(root, out)
    check_links(out, preset)
    check_options(options)


def _levels(
    out: Path, whole: Sequence[TextureSet], options: Options, in_flight: InFlight | None = None
) -> Levels:
    return measure_level(out, whole, in_flight) if options.evidence == "auto" else Levels()


def _mod_report(stages: Stages, whole: Sequence[TextureSet]) -> ModReport:
    rules = stages.rules
    hints = [rules.hint, *(rule.hint for rule in rules.rules if rule.match == "*")]
    overridden = any(hint.painted is not None for hint in hints)
    level = "" if stages.level is None or overridden else stages.level.sentence()
    patterns = [rule.match for rule in rules.rules]
    return ModReport(level, tuple(unmatched(patterns, [files.name for files in whole])))


def _disk(sets: Sequence[TextureSet], journal: Journal, preset: Preset, options: Options) -> int:
    """Bytes that the sets without a record will take in OUT at most."""
    new = (files for files in sets if journal.record(files.name) is None)
    sizes = (size_of(files.diffuse, options.max_size) for files in new)
    return total_disk(sizes, preset, options.keep_maps)


def _fingerprint(options: Options, predictor: Predictor | Literal["rules"] | None) -> str:
    """The hash of the model that converts; see `convert.bundle.fingerprint`."""
    if predictor == "rules":
        return BY_RULES
    return fingerprint(options.model if predictor is None else predictor.folder)


def _loaded(options: Options, predictor: Predictor | Literal["rules"] | None, sets: int) -> Predictor | None:
    """The networks of this process, for so many sets; on a cluster every worker loads them for itself."""
    if predictor == "rules":
        return None
    if predictor is None:
        if options.engine == "ray":
            return None
        return load_predictor(options.model, side_by_side(options.threads, sets)[1])
    if options.engine == "ray":
        raise UsageError(
            "Expected the folder of a model for the engine ray, got networks that are loaded; name it in "
            "Options.model."
        )
    return predictor


def _begin(emit: Emit, skipped: Sequence[Skipped], total: int) -> None:
    unread = _unread(skipped)
    for skip in skipped:
        if not skip.failed:
            emit(skip)
    emit(Started(total + len(unread)))
    for failure in unread:
        emit(failure)


def _unread(skipped: Sequence[Skipped]) -> tuple[SetFailed, ...]:
    """The archives that could not be read, as failures."""
    return tuple(SetFailed(skip.path, skip.reason) for skip in skipped if skip.failed)


def _dry_run(
    job: _Job, own: Sequence[TextureSet], stages: Stages, journal: Journal, emit: Emit, disk: int
) -> Summary:
    """Tells which sets would be converted and how much work they are; writes nothing. disk: bytes they take at most."""
    known = {files.name: _known(files, stages, journal.finished) for files in own}
    todo = [files for files in own if known[files.name] != "done"]
    sizes = [size_of(files.diffuse, stages.options.max_size) or (0, 0) for files in todo]
    texels = {files.name: height * width for files, (height, width) in zip(todo, sizes, strict=True)}
    new = [count for name, count in texels.items() if known[name] == "new"]
    _begin(emit, job.chosen.skipped, len(texels))
    summary = Summary(
        unchanged=tuple(name for name, state in known.items() if state == "done"),
        planned=tuple(texels),
        disk=disk,
        work=Work(len(texels), sum(texels.values()), len(new), sum(new)),
    )
    return _completed(summary, job, _mod_report(stages, job.chosen.whole))


def _known(files: TextureSet, stages: Stages, find_record: FindRecord) -> Literal["done", "cached", "new"]:
    """What earlier runs left of a set: its files, its maps alone, or nothing."""
    try:
        inference, key = stages.keys(files, contents_of(files))
        if find_record(files.name, key) is not None:
            return "done"
        return "new" if stamp_of(stages.out, inference) is None else "cached"
    except UnbakeError:
        return "new"  # the conversion says why


def _finish(run: Run, job: _Job) -> Summary:
    """Write what describes OUT as a whole, this run's sets and those of earlier ones; the summary of the run."""
    out, prune, sets = run.stages.out, run.stages.options.prune, job.chosen.sets
    before = read_provenance(out)
    earlier = earlier_sets(run.journal, before, job.roots, sets, _dropped(job, before))
    mod = _mod_report(run.stages, job.chosen.whole)
    reports = run.finish(sets, job.chosen.skipped, job.edids, mod, earlier)
    left = {} if before is None else before.left
    left = left | {key_of_roots(job.roots): [report for report in reports if report.status != "converted"]}
    kept = [files for files in earlier.sets if not (prune and files.name in earlier.gone)]
    known = sorted((*sets, *kept), key=lambda files: files.name)
    provenance = _provenance(job.rules_file, run.stages, known, dict(sorted(left.items())))
    if before is not None and before.title and provenance.title:
        ours = [entry["texture"] for entry in run.journal.entries()]
        pgpatcher.remove_renamed(out, before.title, ours)
    write_changed(out / PROVENANCE, encode_provenance(provenance))
    notes = (note_of(earlier.gone, prune),) if earlier.gone else ()
    summary = Summary(tuple(run.converted), tuple(run.unchanged), tuple(run.failed), notes=notes)
    return _completed(summary, job, mod)


def _completed(summary: Summary, job: _Job, mod: ModReport) -> Summary:
    """A summary with what is told of the conversion as a whole; archives that could not be read are failures, too."""
    return replace(
        summary,
        failed=(*_unread(job.chosen.skipped), *summary.failed),
        skipped=tuple(skip for skip in job.chosen.skipped if not skip.failed),
        notes=(*job.notes, *summary.notes),
        rules=job.rules_file,
        mod=mod,
    )


def _dropped(job: _Job, before: Provenance | None) -> set[str]:
    """The sets of earlier runs that this load order has no more: a mod is off, or another covers them."""
    if job.order is None or before is None:
        return set()
    sets = {files.name for files in before.sets if job.order.holds(files.diffuse.path)}
    return sets - {files.name for files in job.chosen.whole}


def _provenance(
    rules: Path | None, stages: Stages, sets: Sequence[TextureSet], left: dict[str, list[SetReport]]
) -> Provenance:
    """The provenance of these sets; rules: the file that was read."""
    options = stages.options
    return Provenance(
        stages.preset.name,
        stages.inference,
        "" if rules is None else read_text(rules, "rules"),
        options.adjust,
        options.seamless,
        options.max_size,
        tuple(sets),
        options.hints,
        options.brightness,
        stages.level,
        stages.albedo_by_rule,
        dict(stages.keywords),
        left,
        pgpatcher.title_of(stages.out) if stages.preset.folder == pgpatcher.PBR_ROOT else "",
    )

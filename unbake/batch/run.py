"""Converts a folder: find, plan, convert, record, report; each set is handled by `stages`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Literal

from unbake.batch.checks import (
    check_apart,
    check_links,
    check_materials,
    check_options,
    check_order,
    check_unclaimed,
    in_shard,
    without_clashes,
)
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
from unbake.convert.archives import archives_in
from unbake.convert.game_view import load_order_of, view
from unbake.convert.load_order import LoadOrder
from unbake.convert.predict import BY_RULES, Predictor, fingerprint, load_predictor
from unbake.convert.sets import Skipped, TextureSet, list_sets, select
from unbake.decoding import read_text
from unbake.domain.naming import EXTENSIONS, ROOT_FOLDER, unmatched
from unbake.domain.packing import Preset
from unbake.errors import UnbakeError, UsageError
from unbake.export import pgpatcher
from unbake.export.adjust import Rules, load_rules
from unbake.export.landscape import EditorIds, read_edid_map
from unbake.export.packs import load_preset
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
    sets, skipped, whole, notes = _find_sets(roots, order, out, options, preset)
    named = options.plugins if options.plugins or order is None else order.plugin_files()
    plugins = read_plugins(named, [files.texture for files in sets])
    own = [files for files in sets if in_shard(files.name, options.shard)]
    journal = Journal(out, preset.name, options.shard, verify=options.verify)
    job = _Job(roots, sets, whole, skipped, {**plugins.editor_ids, **edids}, rules_file, order)
    model = _fingerprint(options, predictor)
    needed = _disk(own, journal, preset, options)
    notes += plugins.notes

    def stages_of(levels: Levels) -> Stages:
        return Stages(out, options, preset, rules, None, model, levels.level, plugins.keywords)

    if options.dry_run:
        levels = _levels(out, job.whole, options)
        planned, done, work = _planned(own, stages_of(levels), journal, options.max_size)
        _begin(emit, skipped, len(planned))
        told = _Told(tuple(notes), rules_file, _mod_report(levels, rules, job.whole))
        summary = told.summary(skipped, unchanged=done, planned=planned, disk=needed)
        return replace(summary, work=work)
    check_disk(out, needed)
    loaded = _loaded(options, predictor, len(own))
    with reserved(out, options.shard), InFlight(out, options.shard) as in_flight:
        levels = _levels(out, job.whole, options, in_flight)
        if options.evidence == "auto":
            keep_level(out, levels)
        stages = stages_of(levels)
        stages.predictor = loaded
        if read_provenance(out) is None:  # the viewer can show what is finished while the rest is converted
            write_changed(out / PROVENANCE, encode_provenance(_provenance(rules_file, stages, sets, {})))
        _begin(emit, skipped, len(own))
        journal.reload()  # another run may have ended meanwhile
        run = Run(stages, journal, emit, in_flight)
        run.convert(own)
        in_flight.forget(own, job.whole)
        mod = _mod_report(levels, rules, job.whole)
        notes += _finish(run, job, mod)
    told = _Told(tuple(notes), rules_file, mod)
    return told.summary(skipped, tuple(run.converted), tuple(run.unchanged), tuple(run.failed))


@dataclass(frozen=True, slots=True)
class _Job:
    """The sources of a conversion: the mods, their sets that are converted and all of them, and the rest."""

    roots: Sequence[Path]
    sets: Sequence[TextureSet]
    whole: Sequence[TextureSet]
    skipped: Sequence[Skipped]
    edids: EditorIds
    rules_file: Path | None
    order: LoadOrder | None


@dataclass(frozen=True, slots=True)
class _Told:
    """The parts of a summary that are about the conversion as a whole."""

    notes: tuple[str, ...]
    rules: Path | None
    mod: ModReport

    def summary(
        self,
        skipped: Sequence[Skipped],
        converted: tuple[str, ...] = (),
        unchanged: tuple[str, ...] = (),
        failed: tuple[SetFailed, ...] = (),
        planned: tuple[str, ...] = (),
        disk: int = 0,
    ) -> Summary:
        """The summary; archives that could not be read are failures, too."""
        left = tuple(skip for skip in skipped if not skip.failed)
        failed = (*_unread(skipped), *failed)
        return Summary(converted, unchanged, failed, left, planned, disk, self.notes, self.rules, self.mod)


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


def _find_sets(
    roots: Sequence[Path], order: LoadOrder | None, out: Path, options: Options, preset: Preset
) -> tuple[list[TextureSet], list[Skipped], list[TextureSet], list[str]]:
    """The sets of all shards, the skipped files, all sets of the mod whatever is converted, and notes.

    UsageError where there are no textures at all, or where one of theirs is in `out` already and not from us.
    """
    notes: list[str] = []
    if order is None:
        everything = list_sets(roots, options.texture_root)
    elif options.texture_root is not None:
        raise UsageError(
            f"Expected no texture root for a mod manager's folder, got '{options.texture_root}'; leave it out."
        )
    else:
        seen = view(order, out, options.whole_game)
        everything, notes = (seen.sets, seen.skipped), [*seen.notes]
    sets, skipped = select(*everything, options.include, options.exclude)
    if not sets and not skipped:
        found, cure = "none that match", "name their folder"
        if packed := archives_in(roots[-1]):
            found, cure = f"none but archives such as '{packed[0].name}'", "give an archive itself"
        if options.include or options.exclude:
            cure = "give other patterns to --include and --exclude"
        raise UsageError(f"Expected textures ({' '.join(EXTENSIONS)}) in '{roots[-1]}', got {found}; {cure}.")
    names = [files.name for files in everything[0]]
    notes += [
        f"{origin} '{pattern}' matches no texture set"
        for origin, patterns in (
            ("--include", options.include),
            ("--exclude", options.exclude),
        )
        for pattern in unmatched(patterns, names)
    ]
    if (
        options.texture_root is None
        and order is None
        and preset.folder == pgpatcher.PBR_ROOT
        and sets
        and not _below_textures(sets)
    ):
        notes.append(
            f"no folder called {ROOT_FOLDER} was found, so paths in the game start at '{roots[-1]}': {sets[0].texture} "
            f"is taken for {ROOT_FOLDER}/{sets[0].texture}; name another start with --texture-root"
        )
    chosen, left = without_clashes(sets, skipped, preset)
    check_unclaimed(out, chosen, preset)
    whole = everything[0] if options.include or options.exclude else chosen
    return chosen, left, whole, notes


def _below_textures(sets: Sequence[TextureSet]) -> bool:
    """Whether any set lies below a folder called `textures`, from which its game path was taken."""
    return any(
        ROOT_FOLDER
        in map(str.lower, PurePosixPath(files.diffuse.entry or files.diffuse.path.as_posix()).parts[:-1])
        for files in sets
    )


def _levels(
    out: Path, whole: Sequence[TextureSet], options: Options, in_flight: InFlight | None = None
) -> Levels:
    return measure_level(out, whole, in_flight) if options.evidence == "auto" else Levels()


def _mod_report(levels: Levels, rules: Rules, whole: Sequence[TextureSet]) -> ModReport:
    hints = [rules.hint, *(rule.hint for rule in rules.rules if rule.match == "*")]
    overridden = any(hint.painted is not None for hint in hints)
    level = "" if levels.level is None or overridden else levels.level.sentence()
    return ModReport(
        level, tuple(unmatched([rule.match for rule in rules.rules], [files.name for files in whole]))
    )


def _disk(sets: Sequence[TextureSet], journal: Journal, preset: Preset, options: Options) -> int:
    """Bytes that the sets without a record will take in OUT at most."""
    new = (files for files in sets if journal.record(files.name) is None)
    sizes = (size_of(files.diffuse, options.max_size) for files in new)
    return total_disk(sizes, preset, options.keep_maps)


def _fingerprint(options: Options, predictor: Predictor | Literal["rules"] | None) -> str:
    """The hash of the model that converts; see `convert.predict.fingerprint`."""
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


def _planned(
    own: Sequence[TextureSet], stages: Stages, journal: Journal, max_size: int | None
) -> tuple[tuple[str, ...], tuple[str, ...], Work]:
    """The names of the sets to convert, of those that are done, and how much work the former are."""
    known = {files.name: _known(files, stages, journal.finished) for files in own}
    todo = [files for files in own if known[files.name] != "done"]
    sizes = [size_of(files.diffuse, max_size) or (0, 0) for files in todo]
    texels = {files.name: height * width for files, (height, width) in zip(todo, sizes, strict=True)}
    new = [count for name, count in texels.items() if known[name] == "new"]
    done = tuple(name for name, state in known.items() if state == "done")
    return tuple(texels), done, Work(len(texels), sum(texels.values()), len(new), sum(new))


def _known(files: TextureSet, stages: Stages, find_record: FindRecord) -> Literal["done", "cached", "new"]:
    """What earlier runs left of a set: its files, its maps alone, or nothing."""
    try:
        inference, key = stages.keys(files, contents_of(files))
        if find_record(files.name, key) is not None:
            return "done"
        return "new" if stamp_of(stages.out, inference) is None else "cached"
    except UnbakeError:
        return "new"  # the conversion says why


def _finish(run: Run, job: _Job, mod: ModReport) -> list[str]:
    """Write what describes OUT as a whole, this run's sets and those of earlier ones; notes on the latter."""
    out, prune = run.stages.out, run.stages.options.prune
    before = read_provenance(out)
    earlier = earlier_sets(run.journal, before, job.roots, job.sets, _dropped(job, before))
    reports = run.finish(job.sets, job.skipped, job.edids, mod, earlier)
    left = {} if before is None else before.left
    left = left | {key_of_roots(job.roots): [report for report in reports if report.status != "converted"]}
    kept = [files for files in earlier.sets if not (prune and files.name in earlier.gone)]
    known = sorted((*job.sets, *kept), key=lambda files: files.name)
    provenance = _provenance(job.rules_file, run.stages, known, dict(sorted(left.items())))
    if before is not None and before.title and provenance.title:
        pgpatcher.remove_renamed(out, before.title)
    write_changed(out / PROVENANCE, encode_provenance(provenance))
    return [note_of(earlier.gone, prune)] if earlier.gone else []


def _dropped(job: _Job, before: Provenance | None) -> set[str]:
    """The sets of earlier runs that this load order has no more: a mod is off, or another covers them."""
    if job.order is None or before is None:
        return set()
    sets = {files.name for files in before.sets if job.order.holds(files.diffuse.path)}
    return sets - {files.name for files in job.whole}


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

"""Converts a folder: find, plan, convert, record, report; each set is handled by `stages`."""

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from unbake.batch.alone import convert_alone
from unbake.batch.checks import (
    check_apart,
    check_links,
    check_materials,
    check_options,
    in_shard,
    without_clashes,
)
from unbake.batch.events import (
    Emit,
    Options,
    SetDone,
    SetFailed,
    SetUnchanged,
    Started,
    Summary,
)
from unbake.batch.in_flight import InFlight
from unbake.batch.journal import Failure, Journal, exclusive
from unbake.batch.levels import Levels, keep_level, measure_level
from unbake.batch.map_cache import clear_cached
from unbake.batch.pipeline import Complete, run_staged
from unbake.batch.plan import check_disk, memory_limit, size_of, total_disk
from unbake.batch.plugins import read_told
from unbake.batch.provenance import PROVENANCE, Provenance, encode_provenance
from unbake.batch.reserve import reserved
from unbake.batch.rules import read_toml, rules_in_force
from unbake.batch.stages import FindRecord, Loaded, Stages, Written, contents_of, error_sentence
from unbake.convert.predict import BY_RULES, Predictor, fingerprint, load_predictor
from unbake.convert.sets import Skipped, TextureSet, find_sets
from unbake.domain.naming import EXTENSIONS
from unbake.domain.packing import Preset
from unbake.errors import TextureSetError, UnbakeError, UsageError
from unbake.export import pgpatcher
from unbake.export.adjust import load_rules, unmatched
from unbake.export.landscape import EditorIds, read_edid_map, write_landscape
from unbake.export.packs import load_preset
from unbake.files import write_atomic
from unbake.report.listing import REPORT, listing
from unbake.report.page import PAGE, ModReport, SetReport, page
from unbake.report.view import VIEW

_DRAFT = re.compile(r"\.[0-9a-f]{16}\.tmp")


def convert_folder(
    roots: Path | Sequence[Path],
    out: Path,
    options: Options = Options(),  # noqa: B008  (frozen)
    emit: Emit = lambda event: None,
    *,
    predictor: Predictor | Literal["rules"] | None = None,
) -> Summary:
    """Convert every texture set of `roots` (a mod, several, or one diffuse) into `out`, and report on it.

    A set that fails does not stop the others. Files that `out` already holds of the same inputs, model and options
    stay, so that a run after a kill goes on. Events come in the order of the sets, in this thread.
    predictor: networks that are loaded already, "rules" for the baseline alone; None loads `options.model`.
    UsageError where options or folders do not make sense; then nothing is written.

    >>> convert_folder(Path("Data"), Path("MyMod"), Options(preset="png")).exit_code   # doctest: +SKIP
    0
    """
    preset = load_preset(options.preset)
    roots = [roots] if isinstance(roots, Path) else list(roots)
    for root in roots:
        check_apart(root, out)
    check_links(out)
    check_options(options)
    rules_file = rules_in_force(roots[-1], out, options.rules)
    rules = load_rules(roots[-1], rules_file, options.adjust, options.hints)
    check_materials(rules)
    edids = read_edid_map(options.edid_map) if options.edid_map else {}
    sets, skipped = _find_sets(roots, options, preset)
    told = read_told(options.plugins, [files.texture for files in sets])
    edids = {**told.editor_ids, **edids}
    own = [files for files in sets if in_shard(files.name, options.shard)]
    journal = Journal(out, preset.name, options.shard)
    new = [files for files in own if journal.record(files.name) is None]
    sizes = (size_of(files.diffuse, options.max_size) for files in new)
    needed = total_disk(sizes, preset, options.keep_maps)
    levels, whole = Levels(), _whole_mod(roots, options, sets)
    if options.evidence == "auto":
        levels = measure_level(out, whole)
    model = _fingerprint(options, predictor)
    stages = Stages(out, options, preset, rules, None, model, levels.level, told.keywords)
    mod = ModReport(
        "" if levels.level is None else levels.level.sentence(),
        tuple(unmatched(rules, [files.name for files in whole])),
    )
    if options.dry_run:
        done = [files.name for files in own if _is_done(files, stages, journal.finished)]
        planned = [files.name for files in own if files.name not in done]
        _begin(emit, skipped, len(planned))
        left = tuple(skip for skip in skipped if not skip.failed)
        return Summary(
            (), tuple(done), _unread(skipped), left, tuple(planned), needed, told.notes, rules_file, mod
        )
    check_disk(out, needed)
    if options.evidence == "auto":
        keep_level(out, levels)
    stages.predictor = _loaded(options, predictor)
    _begin(emit, skipped, len(own))
    run = _Run(stages, journal, emit)
    with reserved(out, options.shard):
        journal.reload()  # another run may have ended meanwhile
        run.convert(own)
        run.finish(sets, skipped, edids, mod)
        _write_changed(out / PROVENANCE, encode_provenance(_provenance(rules_file, stages, sets)))
    failed, left = (*_unread(skipped), *run.failed), tuple(skip for skip in skipped if not skip.failed)
    return Summary(
        tuple(run.converted), tuple(run.unchanged), failed, left, notes=told.notes, rules=rules_file, mod=mod
    )


class _Run:
    """One conversion under way: the outcome of each set so far, and the files that describe all of them."""

    def __init__(self, stages: Stages, journal: Journal, emit: Emit) -> None:
        self.stages, self.journal, self.emit = stages, journal, emit
        self.in_flight = InFlight(stages.out, stages.options.shard)
        self.converted: list[str] = []
        self.unchanged: list[str] = []
        self.failed: list[SetFailed] = []

    def convert(self, sets: Sequence[TextureSet]) -> None:
        """Convert every set on the engine of the options; after an interruption, files being written are finished."""
        options = self.stages.options
        if options.shard is None:
            _clear_drafts(self.stages.out)  # other shards may be writing theirs
        if options.engine == "ray":
            from unbake.batch.ray import run_on_ray

            run_on_ray(self.stages, sets, self.journal.record, self.on_result)
            return
        with self.in_flight:
            run_staged(
                sets,
                self._load,
                self.stages.infer,
                self.stages.write,
                self.on_result,
                writers=options.threads or os.cpu_count() or 1,
                memory=memory_limit(),
            )

    def on_result(self, files: TextureSet, outcome: Written | Exception) -> None:
        """Record a written set in the journal, or report its failure; then emit the event."""
        if files.name not in self.in_flight.suspects:
            self.in_flight.end(files.name)
        if isinstance(outcome, Written):
            try:
                self.journal.append(outcome.record)
            except OSError as error:
                outcome = error
        if isinstance(outcome, Exception):
            self.failed.append(SetFailed(files.name, error_sentence(outcome)))
            if self.stages.options.shard is not None:
                self.journal.append(
                    Failure(name=files.name, preset=self.stages.preset.name, message=error_sentence(outcome))
                )
            self.emit(self.failed[-1])
        elif outcome.unchanged:
            self.unchanged.append(files.name)
            self.emit(SetUnchanged(files.name))
        else:
            self.converted.append(files.name)
            notes = tuple(outcome.record.report.notes)
            self.emit(SetDone(files.name, outcome.seconds, notes, outcome.inferred))

    def finish(
        self, sets: Sequence[TextureSet], skipped: Sequence[Skipped], edids: EditorIds, mod: ModReport
    ) -> None:
        """Write the files about all sets, those of other shards as well: PGPatcher's JSON and the reports."""
        out, preset = self.stages.out, self.stages.preset
        with exclusive(out):
            if self.stages.options.shard is None:
                self.journal.compact()
                clear_cached(out, self.journal.inferences())
            else:
                self.journal.reload()
            reports = [self._report(files.name) for files in sets]
            reports += [
                SetReport(skip.path, "failed" if skip.failed else "skipped", skip.reason) for skip in skipped
            ]
            if preset.folder == pgpatcher.PBR_ROOT and (entries := self.journal.entries()):
                title = out.resolve().name or "unbake"
                pgpatcher.write_entries(out, title, entries, self.stages.options.form)
                ground = write_landscape(out, entries, edids)
                reports += [SetReport(texture, "skipped", reason) for texture, reason in ground.items()]
            _write_changed(out / REPORT, listing(reports, mod))
            _write_changed(out / PAGE, page(reports, (out / VIEW).is_file(), mod).encode())

    def _report(self, name: str) -> SetReport:
        """The report of a set, of this run or of another shard so far."""
        failed = {failure.name: failure.message for failure in self.failed}
        if name in failed:
            return SetReport(name, "failed", failed[name])
        if record := self.journal.record(name):
            return record.report
        if failure := self.journal.failure(name):
            return SetReport(name, "failed", failure.message)
        return SetReport(name, "skipped", "another shard is to convert it")

    def _load(self, files: TextureSet, acquire: Callable[[int], None]) -> Loaded | Complete[Written]:
        """Runs in the loader's thread."""
        if files.name in self.in_flight.suspects:
            return self._load_alone(files)

        def begin(size: int) -> None:
            """Called where the set is to be converted, before anything is decoded."""
            acquire(size)
            self.in_flight.begin(files.name)

        loaded = self.stages.load(files, self.journal.finished, begin)
        return Complete(loaded) if isinstance(loaded, Written) else loaded

    def _load_alone(self, files: TextureSet) -> Complete[Written]:
        """A set that was under way when an earlier run died, all stages of it where it can end nothing else."""
        outcome = convert_alone(self.stages, files, self.journal.record(files.name))
        if not outcome.ended:
            self.in_flight.end(files.name)
        if outcome.written is None:
            raise TextureSetError(outcome.failed)
        return Complete(outcome.written)


def _find_sets(
    roots: Sequence[Path], options: Options, preset: Preset
) -> tuple[list[TextureSet], list[Skipped]]:
    """The sets of all shards and the skipped files; UsageError where there are no textures at all."""
    sets, skipped = find_sets(roots, options.texture_root, options.include, options.exclude)
    if not sets and not skipped:
        cure = "name their folder"
        if options.include or options.exclude:
            cure = "give other patterns to --include and --exclude"
        raise UsageError(
            f"Expected textures ({' '.join(EXTENSIONS)}) in '{roots[-1]}', got none that match; {cure}."
        )
    return without_clashes(sets, skipped, preset)


def _whole_mod(roots: Sequence[Path], options: Options, chosen: Sequence[TextureSet]) -> Sequence[TextureSet]:
    """All sets of a mod, by whose brightness its painter's level is known, whichever are converted."""
    if not options.include and not options.exclude:
        return chosen
    return find_sets(roots, options.texture_root)[0]


def _fingerprint(options: Options, predictor: Predictor | Literal["rules"] | None) -> str:
    """The hash of the model that converts; see `convert.predict.fingerprint`."""
    if predictor == "rules":
        return BY_RULES
    return fingerprint(options.model if predictor is None else predictor.folder)


def _loaded(options: Options, predictor: Predictor | Literal["rules"] | None) -> Predictor | None:
    """The networks of this process; on a cluster every worker loads them for itself."""
    if predictor == "rules":
        return None
    if predictor is None:
        return None if options.engine == "ray" else load_predictor(options.model, options.threads)
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


def _is_done(files: TextureSet, stages: Stages, find_record: FindRecord) -> bool:
    try:
        return find_record(files.name, stages.keys(files, contents_of(files))[1]) is not None
    except UnbakeError:
        return False  # the conversion says why


def _clear_drafts(out: Path) -> None:
    """Remove the drafts of a killed run; see `files.write_atomic`."""
    for path in out.rglob(".*.tmp"):
        if _DRAFT.fullmatch(path.name):
            path.unlink(missing_ok=True)


def _provenance(rules: Path | None, stages: Stages, sets: Sequence[TextureSet]) -> Provenance:
    """The provenance of these sets; rules: the file that was read."""
    options = stages.options
    return Provenance(
        stages.preset.name,
        stages.inference,
        "" if rules is None else read_toml(rules),
        options.adjust,
        options.seamless,
        options.max_size,
        tuple(sets),
        options.hints,
        options.brightness,
        stages.level,
        stages.albedo_by_rule,
        dict(stages.keywords),
    )


def _write_changed(path: Path, data: bytes) -> None:
    if not path.is_file() or path.read_bytes() != data:
        write_atomic(path, data)

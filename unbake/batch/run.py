"""Converts a folder: find, plan, convert, record, report; each set is handled by `stages`."""

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import Literal

from unbake.batch.checks import check_apart, check_options, in_shard, without_clashes
from unbake.batch.earlier import Earlier, earlier_sets, key_of_roots, note_of
from unbake.batch.events import (
    Emit,
    Options,
    SetDone,
    SetFailed,
    SetUnchanged,
    Started,
    Summary,
)
from unbake.batch.journal import Failure, Journal, exclusive
from unbake.batch.map_cache import clear_cached
from unbake.batch.pipeline import Complete, run_staged
from unbake.batch.plan import check_disk, memory_limit, size_of, total_disk
from unbake.batch.provenance import PROVENANCE, Provenance, encode_provenance, read_provenance
from unbake.batch.stages import FindRecord, Loaded, Stages, Written, contents_of, error_sentence
from unbake.convert.predict import BY_RULES, Predictor, fingerprint, load_predictor
from unbake.convert.sets import Skipped, TextureSet, list_sets, select, unmatched
from unbake.domain.naming import EXTENSIONS, ROOT_FOLDER
from unbake.domain.packing import Preset
from unbake.errors import UnbakeError, UsageError
from unbake.export import pgpatcher
from unbake.export.adjust import RULES, load_rules
from unbake.export.landscape import EditorIds, read_edid_map, write_landscape
from unbake.export.packs import load_preset
from unbake.files import write_atomic
from unbake.report.listing import REPORT, listing
from unbake.report.page import PAGE, SetReport, page
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
    check_options(options)
    rules = load_rules(roots[-1], options.rules, options.adjust)
    edids = read_edid_map(options.edid_map) if options.edid_map else {}
    sets, skipped, notes = _find_sets(roots, options, preset, [rule.match for rule in rules.rules])
    own = [files for files in sets if in_shard(files.name, options.shard)]
    journal = Journal(out, preset.name, options.shard, verify=options.verify)
    new = [files for files in own if journal.record(files.name) is None]
    sizes = (size_of(files.diffuse, options.max_size) for files in new)
    needed = total_disk(sizes, preset, options.keep_maps)
    stages = Stages(out, options, preset, rules, None, _fingerprint(options, predictor))
    if options.dry_run:
        done = [files.name for files in own if _is_done(files, stages, journal.finished)]
        planned = [files.name for files in own if files.name not in done]
        _begin(emit, skipped, len(planned))
        return Summary((), tuple(done), (), tuple(skipped), tuple(planned), needed, tuple(notes))
    check_disk(out, needed)
    stages.predictor = _loaded(options, predictor)
    _begin(emit, skipped, len(own))
    run = _Run(stages, journal, emit)
    run.convert(own)
    notes += _finish(run, roots, sets, skipped, edids)
    return Summary(
        tuple(run.converted), tuple(run.unchanged), tuple(run.failed), tuple(skipped), notes=tuple(notes)
    )


class _Run:
    """One conversion under way: the outcome of each set so far, and the files that describe all of them."""

    def __init__(self, stages: Stages, journal: Journal, emit: Emit) -> None:
        self.stages, self.journal, self.emit = stages, journal, emit
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
        self, sets: Sequence[TextureSet], skipped: Sequence[Skipped], edids: EditorIds, earlier: Earlier
    ) -> list[SetReport]:
        """Write the files about all sets, those of other shards and earlier runs as well: PGPatcher's JSON and reports.

        Returns the reports of this run's sets and skipped files.
        """
        out, preset = self.stages.out, self.stages.preset
        with exclusive(out):
            if self.stages.options.shard is None:
                if self.stages.options.prune:
                    self.journal.remove(earlier.gone)
                self.journal.compact()
                clear_cached(out, self.journal.inferences())
            else:
                self.journal.reload()
            reports = [self._report(files.name) for files in sets]
            reports += [SetReport(skip.path, "skipped", skip.reason) for skip in skipped]
            entries, mod = self.journal.entries(), out.resolve().name or "unbake"
            if preset.folder == pgpatcher.PBR_ROOT and (entries or pgpatcher.path_of(out, mod).is_file()):
                pgpatcher.write_entries(out, mod, entries, self.stages.options.form)
                ground = write_landscape(out, entries, edids)
                reports += [SetReport(texture, "skipped", reason) for texture, reason in ground.items()]
            pruned = earlier.gone if self.stages.options.prune else ()
            others = [report for report in earlier.reports if report.name not in pruned]
            told = sorted((*reports, *others), key=lambda report: report.name) if others else reports
            _write_changed(out / REPORT, listing(told))
            _write_changed(out / PAGE, page(told, (out / VIEW).is_file()).encode())
        return reports

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
        loaded = self.stages.load(files, self.journal.finished, acquire)
        return Complete(loaded) if isinstance(loaded, Written) else loaded


def _find_sets(
    roots: Sequence[Path], options: Options, preset: Preset, rules: Sequence[str]
) -> tuple[list[TextureSet], list[Skipped], list[str]]:
    """The sets of all shards, the skipped files, and notes; UsageError where there are no textures at all.

    rules: the patterns of the file of rules.
    """
    everything = list_sets(roots, options.texture_root)
    sets, skipped = select(*everything, options.include, options.exclude)
    if not sets and not skipped:
        cure = "name their folder"
        if options.include or options.exclude:
            cure = "give other patterns to --include and --exclude"
        raise UsageError(
            f"Expected textures ({' '.join(EXTENSIONS)}) in '{roots[-1]}', got none that match; {cure}."
        )
    names = [files.name for files in everything[0]]
    notes = [
        f"{origin} '{pattern}' matches no texture set"
        for origin, patterns in (
            ("--include", options.include),
            ("--exclude", options.exclude),
            ("the rule for", rules),
        )
        for pattern in unmatched(patterns, names)
    ]
    if (
        options.texture_root is None
        and preset.folder == pgpatcher.PBR_ROOT
        and sets
        and not _below_textures(sets)
    ):
        notes.append(
            f"no folder called {ROOT_FOLDER} was found, so paths in the game start at '{roots[-1]}': {sets[0].texture} "
            f"is taken for {ROOT_FOLDER}/{sets[0].texture}; name another start with --texture-root"
        )
    return *without_clashes(sets, skipped, preset), notes


def _below_textures(sets: Sequence[TextureSet]) -> bool:
    """Whether any set lies below a folder called `textures`, from which its game path was taken."""
    return any(
        ROOT_FOLDER
        in map(str.lower, PurePosixPath(files.diffuse.entry or files.diffuse.path.as_posix()).parts[:-1])
        for files in sets
    )


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
    for skip in skipped:
        emit(skip)
    emit(Started(total))


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


def _finish(
    run: "_Run",
    roots: Sequence[Path],
    sets: Sequence[TextureSet],
    skipped: Sequence[Skipped],
    edids: EditorIds,
) -> list[str]:
    """Write what describes OUT as a whole, this run's sets and those of earlier ones; notes on the latter."""
    out, prune = run.stages.out, run.stages.options.prune
    before = read_provenance(out)
    earlier = earlier_sets(run.journal, before, roots, sets)
    reports = run.finish(sets, skipped, edids, earlier)
    left = {} if before is None else before.left
    left = left | {key_of_roots(roots): [report for report in reports if report.status != "converted"]}
    known = sorted((*sets, *earlier.sets), key=lambda files: files.name)
    provenance = _provenance(roots[-1], run.stages, known, dict(sorted(left.items())))
    _write_changed(out / PROVENANCE, encode_provenance(provenance))
    return [note_of(earlier.gone, prune)] if earlier.gone else []


def _provenance(
    root: Path, stages: Stages, sets: Sequence[TextureSet], left: dict[str, list[SetReport]]
) -> Provenance:
    """The provenance of these sets; `root` is the last IN, whose rules apply."""
    options = stages.options
    rules = os.path.abspath(options.rules or root / RULES)  # noqa: PTH100  (links stay as a person named them)
    return Provenance(
        stages.preset.name,
        stages.inference,
        Path(rules),
        options.adjust,
        options.seamless,
        options.max_size,
        tuple(sets),
        left,
    )


def _write_changed(path: Path, data: bytes) -> None:
    if not path.is_file() or path.read_bytes() != data:
        write_atomic(path, data)

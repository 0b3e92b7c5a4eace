"""A folder of textures to a folder of materials: find, plan, convert, remember, report; `work` does each set."""

import os
import re
from collections.abc import Callable, Sequence
from hashlib import blake2b
from pathlib import Path

from unbake.batch.events import (
    Emit,
    Options,
    SetDone,
    SetFailed,
    SetUnchanged,
    Started,
    Summary,
)
from unbake.batch.journal import Failure, Journal, alone
from unbake.batch.map_cache import clear_kept
from unbake.batch.pipeline import Ready, run_staged
from unbake.batch.plan import check_disk, memory_limit, size_of, total_disk
from unbake.batch.provenance import ORIGIN, Origin, origin_bytes
from unbake.batch.stages import Done, Finished, Loaded, Work, contents_of, told
from unbake.convert.predict import fingerprint, load_predictor
from unbake.convert.sets import Skipped, TextureSet, find_sets
from unbake.domain.naming import EXTENSIONS
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
    roots: Path | Sequence[Path], out: Path, options: Options, emit: Emit = lambda event: None
) -> Summary:
    """Convert every texture set of `roots` (a mod, several, or one diffuse) into `out`, and report on it.

    A set that fails does not stop the others. What `out` already holds of the same inputs, model and options
    is left as it is, so that a run after a kill goes on. Events come in the order of the sets, in this thread.
    UsageError where what was asked for makes no sense; then nothing is written.

    >>> convert_folder(Path("Data"), Path("MyMod"), Options(preset="png")).exit_code   # doctest: +SKIP
    0
    """
    preset = load_preset(options.preset)
    roots = [roots] if isinstance(roots, Path) else list(roots)
    for root in roots:
        _check_apart(root, out)
    _check_options(options)
    rules = load_rules(roots[-1], options.rules, options.adjust)
    edids = read_edid_map(options.edid_map) if options.edid_map else {}
    sets, skipped = find_sets(roots, options.texture_root, options.include, options.exclude)
    if not sets and not skipped:
        chosen = options.include or options.exclude
        raise UsageError(
            f"textures ({' '.join(EXTENSIONS)}) were expected in '{roots[-1]}', but there are none"
            + (
                " that match; give other patterns to --include and --exclude"
                if chosen
                else "; name their folder"
            )
        )
    sets, skipped = _without_clashes(sets, skipped, preset)
    mine = [one for one in sets if _in_shard(one.name, options.shard)]
    journal = Journal(out, preset.name, options.shard)
    new = [one for one in mine if journal.record(one.name) is None]
    sizes = (size_of(one.diffuse, options.max_size) for one in new)
    needed = total_disk(sizes, preset, options.keep_maps)
    if options.dry_run:
        work = Work(out, options, preset, rules, None, fingerprint(options.model))
        done = [one.name for one in mine if _is_done(one, work, journal.finished)]
        planned = [one.name for one in mine if one.name not in done]
        for skip in skipped:
            emit(skip)
        emit(Started(len(planned)))
        return Summary((), tuple(done), (), tuple(skipped), tuple(planned), needed)
    check_disk(out, needed)
    # On a cluster every machine loads the networks for itself.
    predictor = None if options.engine == "ray" else load_predictor(options.model, options.threads)
    work = Work(out, options, preset, rules, predictor, fingerprint(options.model))
    for skip in skipped:
        emit(skip)
    emit(Started(len(mine)))
    run = _Run(work, journal, emit)
    run.convert(mine)
    run.finish(sets, skipped, edids)
    _write_changed(out / ORIGIN, origin_bytes(_origin(roots[-1], work, sets)))
    return Summary(tuple(run.converted), tuple(run.unchanged), tuple(run.failed), tuple(skipped))


class _Run:
    """One conversion under way: what became of the sets so far, and what is said of all of them at its end."""

    def __init__(self, work: Work, journal: Journal, emit: Emit) -> None:
        self.work, self.journal, self.emit = work, journal, emit
        self.converted: list[str] = []
        self.unchanged: list[str] = []
        self.failed: list[SetFailed] = []

    def convert(self, sets: Sequence[TextureSet]) -> None:
        """Every set, on the engine that was asked for; interrupted, what is being written is finished."""
        options = self.work.options
        if options.shard is None:
            _clear_drafts(self.work.out)  # other shards may be writing theirs
        if options.engine == "ray":
            from unbake.batch.ray import run_on_ray

            run_on_ray(self.work, sets, self.journal.record, self.settle)
            return
        run_staged(
            sets,
            self._load,
            self.work.convert,
            self.work.write,
            self.settle,
            encoders=options.threads or os.cpu_count() or 1,
            memory=memory_limit(),
        )

    def settle(self, files: TextureSet, outcome: Done | Exception) -> None:
        """Remember a set that is written, or say why there is none."""
        if isinstance(outcome, Done):
            try:
                self.journal.append(outcome.record)
            except OSError as error:
                outcome = error
        if isinstance(outcome, Exception):
            self.failed.append(SetFailed(files.name, told(outcome)))
            if self.work.options.shard is not None:
                self.journal.append(
                    Failure(name=files.name, preset=self.work.preset.name, message=told(outcome))
                )
            self.emit(self.failed[-1])
        elif outcome.unchanged:
            self.unchanged.append(files.name)
            self.emit(SetUnchanged(files.name))
        else:
            self.converted.append(files.name)
            notes = tuple(outcome.record.report.notes)
            self.emit(SetDone(files.name, outcome.seconds, notes, outcome.inferred))

    def finish(self, sets: Sequence[TextureSet], skipped: Sequence[Skipped], edids: EditorIds) -> None:
        """Write what speaks of all sets together, those of other shards as well: PGPatcher's JSON and the reports."""
        out, preset = self.work.out, self.work.preset
        with alone(out):
            if self.work.options.shard is None:
                self.journal.compact()
                clear_kept(out, self.journal.inferences())
            else:
                self.journal.reload()
            reports = [self._report(one.name) for one in sets]
            reports += [SetReport(one.path, "skipped", one.reason) for one in skipped]
            if preset.folder == pgpatcher.PBR_ROOT and (entries := self.journal.entries()):
                mod = out.resolve().name or "unbake"
                pgpatcher.write_entries(out, mod, entries, self.work.options.form)
                ground = write_landscape(out, entries, edids)
                reports += [SetReport(texture, "skipped", reason) for texture, reason in ground.items()]
            _write_changed(out / REPORT, listing(reports))
            _write_changed(out / PAGE, page(reports, (out / VIEW).is_file()).encode())

    def _report(self, name: str) -> SetReport:
        """What is known of a set: of this run's, or of another shard's so far."""
        failed = {one.name: one.message for one in self.failed}
        if name in failed:
            return SetReport(name, "failed", failed[name])
        if record := self.journal.record(name):
            return record.report
        if failure := self.journal.failure(name):
            return SetReport(name, "failed", failure.message)
        return SetReport(name, "skipped", "another shard is to convert it")

    def _load(self, files: TextureSet, take: Callable[[int], None]) -> Loaded | Ready[Done]:
        """In the loader's thread."""
        loaded = self.work.load(files, self.journal.finished, take)
        return Ready(loaded) if isinstance(loaded, Done) else loaded


def _is_done(files: TextureSet, work: Work, finished: Finished) -> bool:
    try:
        return finished(files.name, work.keys(files, contents_of(files))[1]) is not None
    except UnbakeError:
        return False  # the conversion says why


def _in_shard(name: str, shard: tuple[int, int] | None) -> bool:
    """Whether a set is of a shard, by its name alone: whatever else there is to convert."""
    if shard is None:
        return True
    number, count = shard
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big") % count == number - 1


def _check_options(options: Options) -> None:
    if options.max_size is not None and options.max_size < 1:
        raise UsageError(f"a longest side of 1 or more was expected, not {options.max_size}; choose another")
    if options.threads < 0:
        raise UsageError(
            f"0 threads (all cores) or more were expected, not {options.threads}; choose another"
        )
    if options.shard is not None and not 1 <= options.shard[0] <= options.shard[1]:
        count = max(options.shard[1], 1)
        raise UsageError(
            f"a shard from 1/{count} to {count}/{count} was expected, not {'/'.join(map(str, options.shard))}; "
            "give each machine one of them"
        )


def _without_clashes(
    sets: Sequence[TextureSet], skipped: Sequence[Skipped], preset: Preset
) -> tuple[list[TextureSet], list[Skipped]]:
    """Without the sets whose first file another set's would be written over: `rug_p` beside a `rug` with a `_p`."""
    taken = {
        f"{one.name}{file.suffix}".lower(): one.name for one in sets for file in preset.files if file.suffix
    }
    clashing = {
        one.name: taken[one.name.lower()]
        for one in sets
        if any(not file.suffix for file in preset.files) and one.name.lower() in taken
    }
    reasons = [
        Skipped(name, f"its file would be one that is written for {other}")
        for name, other in clashing.items()
    ]
    return [one for one in sets if one.name not in clashing], sorted(
        [*skipped, *reasons], key=lambda one: (one.path, one.reason)
    )


def _check_apart(root: Path, out: Path) -> None:
    source, target = root.resolve(), out.resolve()
    if target.is_relative_to(source) or source.is_relative_to(target):
        raise UsageError(
            f"OUT and IN were expected to lie apart, but one of '{out}' and '{root}' is inside the other; "
            "choose another OUT, so that no source can be overwritten"
        )
    if out.exists() and not out.is_dir():
        raise UsageError(f"a folder to write to was expected, but '{out}' is a file; choose another OUT")


def _clear_drafts(out: Path) -> None:
    """Remove what a killed run had begun to write; see `image.files.write_atomic`."""
    for path in out.rglob(".*.tmp"):
        if _DRAFT.fullmatch(path.name):
            path.unlink(missing_ok=True)


def _origin(root: Path, work: Work, sets: Sequence[TextureSet]) -> Origin:
    """Where these sets came from; `root` is the last IN, whose rules hold."""
    options = work.options
    rules = os.path.abspath(options.rules or root / RULES)  # noqa: PTH100  (links stay as a person named them)
    return Origin(
        work.preset.name,
        work.inference,
        Path(rules),
        options.adjust,
        options.seamless,
        options.max_size,
        tuple(sets),
    )


def _write_changed(path: Path, data: bytes) -> None:
    if not path.is_file() or path.read_bytes() != data:
        write_atomic(path, data)

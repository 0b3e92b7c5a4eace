"""A folder of textures to a folder of materials: find, load ahead, convert, write behind, remember, report."""

import os
import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from unbake import __version__
from unbake.convert.convert import Converted, Inputs, convert_set, load_inputs
from unbake.convert.events import (
    Emit,
    Options,
    SetDone,
    SetFailed,
    SetUnchanged,
    Started,
    Summary,
)
from unbake.convert.journal import Journal, Record, key_of
from unbake.convert.predict import Predictor, load_predictor
from unbake.convert.sets import Skipped, TextureSet, find_sets
from unbake.domain.maps import MapKind
from unbake.domain.naming import EXTENSIONS
from unbake.domain.packing import Preset
from unbake.errors import UnbakeError, UsageError
from unbake.export import pgpatcher
from unbake.export.packs import load_preset, recentred, write_set
from unbake.image.files import write_atomic
from unbake.report.checks import plausibility
from unbake.report.page import PAGE, SetReport, page
from unbake.report.pictures import save_thumbnails

REPORT: Final = "unbake-report.json"

WAITING_PIXELS: Final = 8 << 20
"""Converted sets wait to be written while they have no more texels than this in all."""

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
    if options.max_size is not None and options.max_size < 1:
        raise UsageError(f"a longest side of 1 or more was expected, not {options.max_size}; choose another")
    sets, skipped = find_sets(roots, options.texture_root, options.include, options.exclude)
    if not sets and not skipped:
        raise UsageError(
            f"textures ({' '.join(EXTENSIONS)}) were expected in '{roots[-1]}', but there are none that match; "
            "name the folder that holds them"
        )
    sets, skipped = _without_clashes(sets, skipped, preset)
    predictor = None if options.dry_run else load_predictor(options.model, options.threads)
    for one in skipped:
        emit(one)
    emit(Started(len(sets)))
    if options.dry_run:
        return Summary(skipped=tuple(skipped), planned=tuple(one.name for one in sets))
    run = _Run(out, options, preset, predictor, Journal(out, preset.name), emit)
    run.convert(sets)
    run.finish(skipped)
    return Summary(tuple(run.converted), tuple(run.unchanged), tuple(run.failed), tuple(skipped))


@dataclass(slots=True)
class _Job:
    """A converted set on its way to the disk."""

    files: TextureSet
    texels: int
    started: float
    notes: tuple[str, ...]
    record: "Future[Record]"


class _Run:
    """One conversion under way: what is done so far, and how the next set is loaded, converted and written."""

    def __init__(
        self,
        out: Path,
        options: Options,
        preset: Preset,
        predictor: Predictor | None,
        journal: Journal,
        emit: Emit,
    ) -> None:
        self.out, self.options, self.preset = out, options, preset
        self.predictor, self.journal, self.emit = predictor, journal, emit
        self.converted: list[str] = []
        self.unchanged: list[str] = []
        self.failed: list[SetFailed] = []
        self.reports: list[SetReport] = []
        self.depends_on = {
            "version": __version__,
            "model": predictor.fingerprint if predictor else "rules",
            "preset": msgspec.json.encode(preset).decode(),
            "seamless": str(options.seamless),
            "max_size": str(options.max_size),
            "effort": str(options.effort),
            "parallax": str(options.parallax),
        }

    def convert(self, sets: Sequence[TextureSet]) -> None:
        """Load one set ahead, convert here, write behind; interrupted, what is being written is finished."""
        _clear_drafts(self.out)
        waiting: deque[_Job] = deque()
        workers = self.options.threads or os.cpu_count() or 1
        with ThreadPoolExecutor(1) as loader, ThreadPoolExecutor(workers) as writers:
            try:
                for files, loaded in _ahead(loader, self._load, sets):
                    started = time.perf_counter()
                    try:
                        inputs, key = loaded.result()
                        if isinstance(inputs, Record):
                            while waiting:
                                self._settle(waiting.popleft())
                            self._keep(inputs)
                            continue
                        converted = convert_set(inputs, self.predictor)
                    except Exception as error:  # one bad file never stops the batch
                        while waiting:
                            self._settle(waiting.popleft())
                        self._fail(files.name, error)
                        continue
                    texels = converted.maps[MapKind.DIFFUSE][..., 0].size
                    while waiting and sum(job.texels for job in waiting) + texels > WAITING_PIXELS:
                        self._settle(waiting.popleft())
                    record = writers.submit(self._write, files, converted, key)
                    waiting.append(_Job(files, texels, started, converted.notes, record))
                    while waiting and (waiting[0].record.done() or texels > WAITING_PIXELS):
                        self._settle(waiting.popleft())
            finally:
                while waiting:
                    self._settle(waiting.popleft())

    def finish(self, skipped: Sequence[Skipped]) -> None:
        """Write what speaks of all sets together: PGPatcher's JSON and the reports."""
        if self.preset.folder == pgpatcher.PBR_ROOT and (entries := self.journal.entries()):
            pgpatcher.write_entries(self.out, self.out.resolve().name or "unbake", entries)
        reports = [
            *self.reports,
            *(SetReport(one.name, "failed", one.message) for one in self.failed),
            *(SetReport(one.path, "skipped", one.reason) for one in skipped),
        ]
        listed = {
            "converted": self.reports,
            "failed": [{"name": one.name, "message": one.message} for one in self.failed],
            "skipped": [{"path": one.path, "reason": one.reason} for one in skipped],
        }
        _write_changed(self.out / REPORT, msgspec.json.format(msgspec.json.encode(listed), indent=2) + b"\n")
        _write_changed(self.out / PAGE, page(reports).encode())

    def _load(self, files: TextureSet) -> tuple[Inputs | Record, str]:
        """In the loader's thread: the pixels of a set, or the record that says it is done."""
        key = key_of(files, self.depends_on)
        done = self.journal.finished(files.name, key)
        return done or load_inputs(files, self.options.seamless, self.options.max_size), key

    def _write(self, files: TextureSet, converted: Converted, key: str) -> Record:
        """In a writer's thread: the files of a set, and what is to be remembered of them."""
        parallax = all(converted.wrap) if self.options.parallax is None else self.options.parallax
        paths = write_set(
            converted.maps,
            files.name,
            self.out,
            self.preset,
            effort=self.options.effort,
            parallax=parallax,
        )
        report = SetReport(
            files.name,
            thumbnails=save_thumbnails(converted.maps, files.name, self.out),
            classes={name: round(share, 4) for name, share in converted.classes.items()},
            warnings=plausibility(converted.maps),
            notes=list(converted.notes),
        )
        return Record(
            name=files.name,
            preset=self.preset.name,
            key=key,
            outputs=[path.relative_to(self.out).as_posix() for path in paths],
            report=report,
            entry=self._entry(files, converted, paths),
        )

    def _entry(self, files: TextureSet, converted: Converted, paths: Sequence[Path]) -> dict[str, Any] | None:
        """The set's PGPatcher entry, by the files that were written."""
        if self.preset.folder != pgpatcher.PBR_ROOT:
            return None
        stem = files.name.rpartition("/")[2]
        written = {path.stem.removeprefix(stem) for path in paths}
        contrast = float(recentred(converted.maps[MapKind.HEIGHT]).std())
        return pgpatcher.entry(
            files.texture,
            files=files.name,
            parallax="_p" in written,
            emissive="_g" in written,
            displacement=pgpatcher.displacement_scale(converted.relief, contrast),
        )

    def _settle(self, job: _Job) -> None:
        """Wait for a set's files and remember them, or why there are none."""
        try:
            record = job.record.result()
            self.journal.append(record)
        except Exception as error:  # as above
            self._fail(job.files.name, error)
            return
        self.converted.append(record.name)
        self.reports.append(record.report)
        self.emit(SetDone(record.name, time.perf_counter() - job.started, job.notes))

    def _keep(self, record: Record) -> None:
        self.unchanged.append(record.name)
        self.reports.append(record.report)
        self.emit(SetUnchanged(record.name))

    def _fail(self, name: str, error: Exception) -> None:
        match error:
            case UnbakeError():
                message = str(error)
            case MemoryError():
                message = "it needs more memory than there is; close other programs or lower --max-size"
            case _:
                message = f"it could not be converted ({type(error).__name__}: {error})"
        self.failed.append(SetFailed(name, " ".join(message.split())))
        self.emit(self.failed[-1])


def _ahead(
    loader: ThreadPoolExecutor,
    load: Callable[[TextureSet], tuple[Inputs | Record, str]],
    sets: Sequence[TextureSet],
) -> "Iterator[tuple[TextureSet, Future[tuple[Inputs | Record, str]]]]":
    """Each set with its loading, the next one's begun already."""
    following = loader.submit(load, sets[0]) if sets else None
    for at, files in enumerate(sets):
        assert following is not None
        loaded = following
        loaded.exception()  # wait, so that no more than one is loaded ahead
        following = loader.submit(load, sets[at + 1]) if at + 1 < len(sets) else None
        yield files, loaded


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


def _write_changed(path: Path, data: bytes) -> None:
    if not path.is_file() or path.read_bytes() != data:
        write_atomic(path, data)

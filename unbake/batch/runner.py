"""Converts the sets of one job on an engine, and writes what describes all of them; made by `run`."""

import os
from collections.abc import Callable, Sequence

from unbake.batch.alone import convert_alone
from unbake.batch.earlier import Earlier
from unbake.batch.events import (
    Emit,
    SetDone,
    SetFailed,
    SetUnchanged,
)
from unbake.batch.in_flight import InFlight
from unbake.batch.journal import Failure, Journal, exclusive
from unbake.batch.map_cache import clear_cached
from unbake.batch.pipeline import Complete, run_staged, side_by_side
from unbake.batch.plan import memory_limit
from unbake.batch.stages import Loaded, Stages, Written, error_sentence
from unbake.convert.sets import Skipped, TextureSet
from unbake.errors import TextureSetError
from unbake.export import pgpatcher
from unbake.export.landscape import EditorIds, write_landscape
from unbake.files import clear_drafts, write_changed
from unbake.report.listing import REPORT, listing
from unbake.report.page import PAGE, ModReport, SetReport, page
from unbake.report.view import VIEW


class Run:
    """One conversion under way: the outcome of each set so far, and the files that describe all of them."""

    def __init__(self, stages: Stages, journal: Journal, emit: Emit, in_flight: InFlight) -> None:
        self.stages, self.journal, self.emit, self.in_flight = stages, journal, emit, in_flight
        self.converted: list[str] = []
        self.unchanged: list[str] = []
        self.failed: list[SetFailed] = []

    def convert(self, sets: Sequence[TextureSet]) -> None:
        """Convert every set on the engine of the options; after an interruption, files being written are finished."""
        options = self.stages.options
        if options.shard is None:
            clear_drafts(self.stages.out, recursive=True)  # other shards may be writing theirs
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
            inferring=side_by_side(options.threads, len(sets))[0],
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
            self.emit(SetDone(files.name, outcome.seconds, notes, outcome.inferred, outcome.spent))

    def finish(
        self,
        sets: Sequence[TextureSet],
        skipped: Sequence[Skipped],
        edids: EditorIds,
        mod: ModReport,
        earlier: Earlier,
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
            reports += [
                SetReport(skip.path, "failed" if skip.failed else "skipped", skip.reason) for skip in skipped
            ]
            entries, title = self.journal.entries(), pgpatcher.title_of(out)
            if preset.folder == pgpatcher.PBR_ROOT and (entries or pgpatcher.path_of(out, title).is_file()):
                pgpatcher.write_entries(out, title, entries, self.stages.options.form)
                ground = write_landscape(out, entries, edids)
                reports += [SetReport(texture, "skipped", reason) for texture, reason in ground.items()]
            pruned = earlier.gone if self.stages.options.prune else ()
            others = [report for report in earlier.reports if report.name not in pruned]
            listed = sorted((*reports, *others), key=lambda report: report.name) if others else reports
            write_changed(out / REPORT, listing(listed, mod))
            write_changed(out / PAGE, page(listed, (out / VIEW).is_file(), mod).encode())
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

"""The one thing that the app does at a time, a verb as a child process, and what the page is told of it."""

import os
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import RLock
from typing import Any, Final

import msgspec

from unbake.app.child import Child
from unbake.app.commands import commands, convert_arguments, look_arguments, zip_arguments
from unbake.app.folders import remember
from unbake.app.results import Results
from unbake.app.state import NO_COMMANDS, NOTHING_CHOSEN, Group, Phase, Plan, Progress, Settings, State
from unbake.batch.provenance import PROVENANCE
from unbake.batch.speed import Spent, bottleneck
from unbake.decoding import decode_json
from unbake.errors import UsageError
from unbake.export.packs import load_preset
from unbake.report.listing import REPORT

BUSY: Final = ("looking", "running", "stopping", "zipping")

PATIENCE_S: Final = 60.0
"""Seconds that a run has to finish the sets it is writing, when the app ends."""

_STOPPED: Final = 130
"""Exit code of a run that was asked to stop."""


class Job:
    """What is chosen, what runs and what came of it; any thread may ask.

    view_of: gives the address of the viewer for an OUT, below the page's.
    """

    def __init__(self, view_of: Callable[[Path], str]) -> None:
        self._view_of = view_of
        self._lock = RLock()
        self._child: Child | None = None
        self._phase: Phase = "idle"
        self._message = self._zip = ""
        self._settings = NOTHING_CHOSEN
        self._plans = self._runs = 0
        self._plan: Plan | None = None
        self._results: Results | None = None
        self._run = self._followed = _Run()

    def look(self, settings: Settings) -> None:
        """Find out what would happen; UsageError while something else runs."""
        self._start("looking", settings, [*look_arguments(settings), "--json"], self._on_looked, _Run())

    def convert(self, settings: Settings) -> None:
        """Convert, or go on where a run was stopped; UsageError while something else runs."""
        with self._lock:
            view = self._view_of(Path(settings.out))
            results = Results(Path(settings.out), load_preset(settings.preset).name, view)
            arguments = [*convert_arguments(settings), "--json", "--stop-with-stdin"]
            self._start("running", settings, arguments, self._on_converted, _Run())
            self._results, self._run = results, self._followed
            self._runs += 1
        remember(settings)

    def stop(self, pause: bool) -> None:
        """Stop what runs, so that it can go on later; asked twice, at once."""
        with self._lock:
            if self._child is None:
                return
            if self._phase == "running":
                self._child.stop()
            else:
                self._child.kill()
            self._phase, self._run.pause = "stopping", pause

    def zip(self) -> None:
        """Zip the result; UsageError while something else runs, or where nothing was converted."""
        with self._lock:
            if not self._settings.out:
                raise UsageError("Expected a conversion to zip, got none; convert a mod first.")
            self._start("zipping", self._settings, zip_arguments(self._settings), self._on_zipped, _Run())

    def show(self, settings: Settings) -> None:
        """Show the result of an earlier conversion; UsageError while something runs, FileError where there is none."""
        with self._lock:
            self._check_free()
            view = self._view_of(Path(settings.out))
            results = Results(Path(settings.out), load_preset(settings.preset).name, view)
            results.add_listed()
            self._forget_plan_of_others(settings)
            self._settings, self._results, self._run = settings, results, _Run()
            self._phase, self._message, self._zip = "ended", "", ""
            self._runs += 1

    def close(self) -> None:
        """Stop what runs and wait for it."""
        with self._lock:
            child = self._child
        if child is not None:
            child.close(PATIENCE_S)

    @property
    def out(self) -> Path | None:
        """The folder of the result."""
        return Path(self._settings.out) if self._settings.out else None

    def plan(self) -> Plan | None:
        """What would happen, as it was last found out."""
        return self._plan

    def state(self, run: int, start: int) -> State:
        """What the page shows; sets: of the list `run` from `start` on, of another list all."""
        with self._lock:
            settings, results = self._settings, self._results
            shown = results if settings.out else None
            if shown:
                shown.read(at_once=self._phase not in BUSY)
            order, wanted = shown.order() if shown else ([], 0)
            viewable = bool(settings.out) and any(
                (Path(settings.out) / name).is_file() for name in (REPORT, PROVENANCE)
            )
            return State(
                phase=self._phase,
                message=self._message,
                settings=settings,
                commands=commands(settings) if settings.out else NO_COMMANDS,
                plan=self._plans,
                run=self._runs,
                progress=self._run.progress(self._phase),
                sets=shown.lines_from(start if run == self._runs else 0) if shown else [],
                order=order,
                wanted=wanted,
                view=self._view_of(Path(settings.out)) if viewable else "",
                zip=self._zip,
            )

    def _check_free(self) -> None:
        if self._phase in BUSY:
            raise UsageError(
                f"Expected nothing under way, got a run for '{self._settings.out}'; wait until it has ended, or stop "
                "it."
            )

    def _start(
        self,
        phase: Phase,
        settings: Settings,
        arguments: Sequence[str],
        on_end: Callable[[int, str], None],
        run: "_Run",
    ) -> None:
        with self._lock:
            self._check_free()
            self._child, self._followed = Child(arguments, self._on_event, on_end), run
            if settings.out != self._settings.out:
                self._results, self._run = None, _Run()
                self._runs += 1
            self._forget_plan_of_others(settings)
            self._settings, self._phase, self._message, self._zip = settings, phase, "", ""

    def _forget_plan_of_others(self, settings: Settings) -> None:
        if settings != self._settings:
            self._plan, self._plans = None, self._plans + 1

    def _on_event(self, event: dict[str, Any]) -> None:
        with self._lock:
            self._followed.on_event(event, self._results if self._followed is self._run else None)

    def _ended(self, phase: Phase, message: str = "") -> None:
        self._child, self._phase, self._message = None, phase, message

    def _on_looked(self, code: int, words: str) -> None:
        with self._lock:
            if (summary := self._followed.summary) is None:
                return self._ended("idle", "" if self._phase == "stopping" else words)
            self._plan, self._plans = plan_of(summary, Path(self._settings.out)), self._plans + 1
            self._ended("planned")

    def _on_converted(self, code: int, words: str) -> None:
        with self._lock:
            stopped = self._phase == "stopping" or code == _STOPPED
            if self._run.summary is not None:
                return self._ended("ended", " ".join(self._run.summary["notes"]))
            if stopped:
                return self._ended("paused" if self._run.pause else "stopped")
            self._ended("stopped", words or f"The run ended with exit code {code}; start it again to go on.")

    def _on_zipped(self, code: int, words: str) -> None:
        with self._lock:
            if code == 0:
                self._zip = f"{self._settings.out}.zip"
            self._ended("ended", "" if code == 0 or self._phase == "stopping" else words)


class _Run:
    """What the events of a child say."""

    def __init__(self) -> None:
        self.summary: dict[str, Any] | None = None
        self.pause = False
        self._total: int | None = None
        self._counts = {"set_done": 0, "set_unchanged": 0, "set_failed": 0}
        self._spent: list[Spent] = []
        self._began = 0.0
        self._latest = 0.0

    def on_event(self, event: dict[str, Any], results: Results | None) -> None:
        """Note one event, and the set that it tells of in `results`."""
        name = event.get("event")
        match name:
            case "started":
                self._total, self._began = event["total"], time.monotonic()
            case "summary":
                self.summary = event
            case "set_done" | "set_unchanged" | "set_failed" if results is not None:
                self._counts[name] += 1
                self._latest = time.monotonic()
                if name == "set_done":
                    self._spent.append(decode_json(msgspec.json.encode(event["spent"]), Spent))
                status = {"set_done": "converted", "set_unchanged": "unchanged"}.get(name, "failed")
                results.add(event["name"], status, event.get("message", ""))  # type: ignore[arg-type]

    def progress(self, phase: Phase) -> Progress | None:
        """How far it is; None before a conversion."""
        if self._total is None and phase != "running":
            return None
        converted, unchanged, failed = self._counts.values()
        done, left = converted + unchanged + failed, None
        if phase == "running" and self._total is not None and converted:
            left = (self._latest - self._began) / (converted + failed) * (self._total - done)
        return Progress(
            done=done,
            total=self._total,
            converted=converted,
            unchanged=unchanged,
            failed=failed,
            seconds_left=left,
            slowest=bottleneck(self._spent, os.cpu_count() or 1) or "",
        )


def plan_of(summary: dict[str, Any], out: Path) -> Plan:
    """What the summary of a dry run tells a person; of many skipped files, those of one reason together."""
    existing = next((place for place in (out, *out.parents) if place.is_dir()), None)
    level = [f"This mod is {summary['mod']['level']}."] if summary["mod"]["level"] else []
    return Plan(
        planned=summary["planned"],
        unchanged=len(summary["unchanged"]),
        failed=_grouped((one["message"], one["name"]) for one in summary["failed"]),
        skipped=_grouped((one["reason"], one["path"]) for one in summary["skipped"]),
        disk=summary["disk"],
        free=shutil.disk_usage(existing).free if existing else 0,
        seconds=summary["seconds"],
        notes=[*summary["notes"], *level],
    )


def _grouped(pairs: Any) -> list[Group]:
    groups: dict[str, list[str]] = {}
    for reason, name in pairs:
        groups.setdefault(reason, []).append(name)
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    return [Group(reason, names) for reason, names in ordered]

"""The sets of a conversion as the app lists them while it runs and afterwards: in the order of a review."""

import time
from pathlib import Path
from typing import Final, Literal
from urllib.parse import quote

from unbake.app.state import SetLine
from unbake.batch.journal import Journal
from unbake.domain.maps import MapKind
from unbake.report.listing import read_listing
from unbake.report.lit import AFTER, BEFORE
from unbake.report.order import in_order
from unbake.report.outcome import SetReport, thumbnails_of

REST: Final = 10
"""The journal is read again after so many times the time that reading it took."""

Status = Literal["converted", "unchanged", "failed"]


class Results:
    """The sets that have ended so far; what is known of each is read from the journal in OUT.

    preset: the name under which the journal keeps them. view: address of the viewer, below which thumbnails are.
    """

    def __init__(self, out: Path, preset: str, view: str) -> None:
        self._out, self._preset, self._view = out, preset, view
        self._made = time.time_ns()
        self._reports: list[SetReport] = []
        self._statuses: list[Status] = []
        self._unread: list[tuple[str, Status]] = []
        self._order: tuple[list[int], int] = ([], 0)
        self._ordered = 0
        self._rested = 0.0

    def add(self, name: str, status: Status, message: str = "") -> None:
        """Add a set that has ended. message: why it failed."""
        if status == "failed":
            self._append(SetReport(name, "failed", message), status)
        else:
            self._unread.append((name, status))

    def add_listed(self) -> None:
        """Add all sets of an earlier conversion, as its report lists them; FileError where there is none."""
        for report in read_listing(self._out):
            if report.status != "skipped":
                self._append(report, "failed" if report.status == "failed" else "unchanged")

    def read(self, at_once: bool) -> None:
        """Look up what the journal says by now of the sets that have ended.

        at_once: else a large journal is read so seldom that this takes little of the time.
        """
        began = time.monotonic()
        if not self._unread or (began < self._rested and not at_once):
            return
        journal = Journal(self._out, self._preset)
        for name, status in self._unread:
            record = journal.record(name)
            self._append(SetReport(name) if record is None else record.report, status)
        self._unread.clear()
        self._rested = began + REST * (time.monotonic() - began)

    def lines_from(self, start: int) -> list[SetLine]:
        """The sets that were read, from one on, in the order in which they ended."""
        known = zip(self._reports[start:], self._statuses[start:], strict=True)
        return [self._line(report, status) for report, status in known]

    def order(self) -> tuple[list[int], int]:
        """The places of all sets that were read as a person should look at them, and how many of them need a look."""
        if self._ordered != len(self._reports):
            places = {id(report): place for place, report in enumerate(self._reports)}
            failed = [report for report in self._reports if report.status == "failed"]
            converted, doubtful = in_order(self._reports)
            first = sorted(failed, key=lambda report: report.name.lower())
            self._order = [places[id(report)] for report in (*first, *converted)], len(failed) + doubtful
            self._ordered = len(self._reports)
        return self._order

    def _append(self, report: SetReport, status: Status) -> None:
        self._reports.append(report)
        self._statuses.append(status)

    def _line(self, report: SetReport, status: Status) -> SetLine:
        pictures = thumbnails_of(report)
        lit = BEFORE in pictures and AFTER in pictures
        before, after = (BEFORE, AFTER) if lit else (MapKind.DIFFUSE, MapKind.ALBEDO)
        return SetLine(
            name=report.name,
            status=status,
            before=self._address(pictures.get(before)),
            after=self._address(pictures.get(after)),
            lit=lit,
            headline=report.headline,
            warnings=report.warnings,
        )

    def _address(self, path: str | None) -> str:
        """The address of a picture: of each list another one, since a browser shows a known address as it was."""
        return "" if path is None else f"{self._view}{quote(path)}?{self._made}"

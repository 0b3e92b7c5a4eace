"""The sets of a conversion as the app lists them while it runs and afterwards: problems first, with their pictures."""

import time
from pathlib import Path
from typing import Final, Literal
from urllib.parse import quote

from unbake.app.state import SetLine
from unbake.batch.journal import Journal
from unbake.domain.maps import MapKind
from unbake.report.listing import read_listing, reasons, to_review, worst_first
from unbake.report.page import SetReport, thumbnails_of

REASONS = 3
"""Most sentences on a set that the list shows."""

REST: Final = 10
"""The journal is read again after so many times the time that reading it took."""

Status = Literal["converted", "unchanged", "failed"]


class Results:
    """The sets that have ended so far; what is known of each is read from the journal in OUT.

    preset: the name under which the journal keeps them. view: address of the viewer, below which thumbnails are.
    """

    def __init__(self, out: Path, preset: str, view: str) -> None:
        self._out, self._preset, self._view = out, preset, view
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
            wanted = to_review(self._reports, least=0)
            places = {id(report): place for place, report in enumerate(self._reports)}
            first = [places[id(report)] for report in wanted]
            seen = set(first)
            rest = [places[id(report)] for report in worst_first(self._reports)]
            self._order = [*first, *(place for place in rest if place not in seen)], len(first)
            self._ordered = len(self._reports)
        return self._order

    def _append(self, report: SetReport, status: Status) -> None:
        self._reports.append(report)
        self._statuses.append(status)

    def _line(self, report: SetReport, status: Status) -> SetLine:
        thumbnails = thumbnails_of(report)
        failed = status == "failed"
        return SetLine(
            name=report.name,
            status=status,
            before=self._address(thumbnails.get(MapKind.DIFFUSE)),
            after=self._address(thumbnails.get(MapKind.ALBEDO)),
            confidence=None if failed else report.confidence,
            metal=None if report.decided is None else report.decided.metal,
            because=reasons(report)[:REASONS],
        )

    def _address(self, path: str | None) -> str:
        return "" if path is None else self._view + quote(path)

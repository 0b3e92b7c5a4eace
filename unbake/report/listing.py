"""The report as JSON, for tools and for `unbake review`: every set with its status, confidence and warnings."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from unbake.errors import FileError
from unbake.report.confidence import REVIEW_BELOW
from unbake.report.page import SetReport

REPORT: Final = "report.json"
"""Beside `report.html`."""

_ABOUT: Final = (
    "confidence: from 0 to 1, the product of 1 - weight x doubt and of 0.85 for each implausible thing; "
    "unbake/report/confidence.py defines the doubts"
)


class _Failed(msgspec.Struct, frozen=True):
    name: str
    message: str


class _Skipped(msgspec.Struct, frozen=True):
    path: str
    reason: str


class _Named(msgspec.Struct, frozen=True):
    name: str


class _Listing(msgspec.Struct, frozen=True):
    """The content of `report.json`; what is converted is decoded a set at a time."""

    about: str
    converted: list[msgspec.Raw]
    failed: list[_Failed]
    skipped: list[_Skipped]


def listing(reports: Sequence[SetReport]) -> bytes:
    """The JSON of `report.json`: sets and skipped files by their status; the same ones give the same bytes.

    >>> read_sets(listing([SetReport("clutter/pot")]), "report.json")[0].name
    'clutter/pot'
    """
    content = _Listing(
        _ABOUT,
        [msgspec.Raw(msgspec.json.encode(report)) for report in reports if report.status == "converted"],
        [_Failed(report.name, report.reason) for report in reports if report.status == "failed"],
        [_Skipped(report.name, report.reason) for report in reports if report.status == "skipped"],
    )
    return msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"


def read_listing(out: Path) -> list[SetReport]:
    """The sets in the report of a conversion; FileError where there is none, or where it is damaged."""
    path = out / REPORT
    try:
        return read_sets(path.read_bytes(), str(path))
    except OSError as error:
        raise FileError(
            f"Expected a conversion's {REPORT} in '{out}', but it cannot be read "
            f"({error.strerror or error}); name its OUT folder."
        ) from error


def read_sets(data: bytes, name: str) -> list[SetReport]:
    """The sets in the bytes of a `report.json`; FileError where it is damaged.

    A converted set whose entry alone is damaged comes as a failed one.
    """
    try:
        found = msgspec.json.decode(data, type=_Listing)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FileError(
            f"Expected the report of a conversion in {name}, got {error}; convert again."
        ) from error
    return [
        *(_read_set(entry, number) for number, entry in enumerate(found.converted)),
        *(SetReport(report.name, "failed", report.message) for report in found.failed),
        *(SetReport(report.path, "skipped", report.reason) for report in found.skipped),
    ]


def _read_set(entry: msgspec.Raw, number: int) -> SetReport:
    try:
        return msgspec.json.decode(entry, type=SetReport)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        try:
            name = msgspec.json.decode(entry, type=_Named).name
        except (msgspec.DecodeError, UnicodeDecodeError):
            name = f"set {number}"
        return SetReport(
            name, "failed", f"Expected its report, got a damaged one ({error}); convert it again."
        )


def to_review(reports: Sequence[SetReport], below: float = REVIEW_BELOW) -> list[SetReport]:
    """The sets that a person should look at, worst first: those that failed, then those of little confidence.

    >>> [report.name for report in to_review([SetReport("a", confidence=0.9), SetReport("b", confidence=0.2)])]
    ['b']
    """
    wanted = [
        report
        for report in reports
        if report.status == "failed" or (report.status == "converted" and report.confidence < below)
    ]
    return sorted(
        wanted, key=lambda report: (report.status != "failed", report.confidence, report.name.lower())
    )


def worst_first(reports: Sequence[SetReport]) -> list[SetReport]:
    """The converted sets, those of little confidence first."""
    converted = (report for report in reports if report.status == "converted")
    return sorted(converted, key=lambda report: (report.confidence, report.name.lower()))


def reasons(report: SetReport) -> list[str]:
    """Reasons to look at a set, one sentence each."""
    return (
        [report.reason] if report.status == "failed" else report.warnings or ["Several small doubts add up."]
    )

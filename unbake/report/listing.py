"""The report as JSON, for tools and for `unbake review`: every set with its status, confidence and warnings."""

from collections.abc import Sequence
from operator import itemgetter
from pathlib import Path
from statistics import median
from typing import Final

import msgspec

from unbake.decoding import decode_json
from unbake.errors import FileError
from unbake.report.confidence import REVIEW_BELOW
from unbake.report.page import NOTHING_TOLD, ModReport, SetReport

REPORT: Final = "report.json"
"""Beside `report.html`."""

WORST: Final = 10
"""How many sets a review lists at least, if there are as many."""

DISAGREES: Final = 0.25
"""Difference between the metal that was decided and the picture's from which a person should look."""

CHANGES: Final = 1.5
"""Stops by which a set's brightness changed more or less than the mod's from which a person should look."""

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
    mod: ModReport = NOTHING_TOLD


def listing(reports: Sequence[SetReport], mod: ModReport = NOTHING_TOLD) -> bytes:
    """The JSON of `report.json`: sets and skipped files by their status; the same ones give the same bytes.

    >>> read_sets(listing([SetReport("clutter/pot")]), "report.json")[0].name
    'clutter/pot'
    """
    content = _Listing(
        _ABOUT,
        [msgspec.Raw(msgspec.json.encode(report)) for report in reports if report.status == "converted"],
        [_Failed(report.name, report.reason) for report in reports if report.status == "failed"],
        [_Skipped(report.name, report.reason) for report in reports if report.status == "skipped"],
        mod,
    )
    return msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"


def read_listing(out: Path) -> list[SetReport]:
    """The sets in the report of a conversion; FileError where there is none, or where it is damaged."""
    return read_sets(_read(out), str(out / REPORT))


def read_mod(out: Path) -> ModReport:
    """What the report of a conversion says of the mod as a whole; FileError as `read_listing`."""
    return _decoded(_read(out), str(out / REPORT)).mod


def read_sets(data: bytes, name: str) -> list[SetReport]:
    """The sets in the bytes of a `report.json`; FileError where it is damaged.

    A converted set whose entry alone is damaged comes as a failed one.
    """
    found = _decoded(data, name)
    return [
        *(_read_set(entry, number) for number, entry in enumerate(found.converted)),
        *(SetReport(report.name, "failed", report.message) for report in found.failed),
        *(SetReport(report.path, "skipped", report.reason) for report in found.skipped),
    ]


def _read_set(entry: msgspec.Raw, number: int) -> SetReport:
    try:
        return decode_json(entry, SetReport)
    except msgspec.DecodeError as error:
        try:
            name = decode_json(entry, _Named).name
        except msgspec.DecodeError:
            name = f"set {number}"
        return SetReport(
            name, "failed", f"Expected its report, got a damaged one ({error}); convert it again."
        )


def to_review(
    reports: Sequence[SetReport], below: float = REVIEW_BELOW, least: int = WORST
) -> list[SetReport]:
    """The sets that a person should look at, most urgent first.

    First those that failed; then those where companion and name disagree, those whose metal was decided against the
    picture, those whose brightness changed far more or less than the mod's, and those of less confidence than
    `below`. Where these are fewer than `least`, the least confident of the others follow.

    >>> [report.name for report in to_review([SetReport("a"), SetReport("b", confidence=0.2)], least=0)]
    ['b']
    """
    usual = _usual_lift(reports)
    wanted: list[tuple[tuple[int, float], str, SetReport]] = []
    others: list[SetReport] = []
    for report in reports:
        urgency = _urgency(report, usual, below)
        if urgency is None:
            others.append(report)
        else:
            wanted.append((urgency, report.name.lower(), report))
    wanted.sort(key=itemgetter(0, 1))
    return [report for *_, report in wanted] + worst_first(others)[: max(0, least - len(wanted))]


def worst_first(reports: Sequence[SetReport]) -> list[SetReport]:
    """The converted sets, those of little confidence first."""
    converted = (report for report in reports if report.status == "converted")
    return sorted(converted, key=lambda report: (report.confidence, report.name.lower()))


def reasons(report: SetReport) -> list[str]:
    """Reasons to look at a set, one sentence each, and why it became what it is."""
    if report.status == "failed":
        return [report.reason]
    told = [*report.warnings]
    if abs(lift := report.figures.get("albedo_lift", 0.0)) >= CHANGES:
        told.append(
            f"Its albedo is {abs(lift):.1f} stops {'brighter' if lift > 0 else 'darker'} than its diffuse."
        )
    why = [] if report.decided is None else report.decided.sentences()
    return [*told, *why] or ["Several small doubts add up."]


def _urgency(report: SetReport, usual: float, below: float) -> tuple[int, float] | None:
    """The group of a set in a review and its place there, the smallest first; None where nothing calls for a look."""
    if report.status != "converted":
        return (0, 0.0) if report.status == "failed" else None
    decided = report.decided
    if decided is not None and decided.conflict:
        return 1, report.confidence
    if decided is not None and decided.disagreement >= DISAGREES:
        return 2, -decided.disagreement
    if (changed := abs(report.figures.get("albedo_lift", usual) - usual)) >= CHANGES:
        return 3, -changed
    return (4, report.confidence) if report.confidence < below else None


def _usual_lift(reports: Sequence[SetReport]) -> float:
    """The median of how much brighter albedos are than their diffuses, in stops."""
    lifts = [report.figures["albedo_lift"] for report in reports if "albedo_lift" in report.figures]
    return median(lifts) if lifts else 0.0


def _read(out: Path) -> bytes:
    try:
        return (out / REPORT).read_bytes()
    except OSError as error:
        raise FileError(
            f"Expected a conversion's {REPORT} in '{out}', but it cannot be read "
            f"({error.strerror or error}); name its OUT folder."
        ) from error


def _decoded(data: bytes, name: str) -> _Listing:
    try:
        return decode_json(data, _Listing)
    except msgspec.DecodeError as error:
        raise FileError(
            f"Expected the report of a conversion in {name}, got {error}; convert again."
        ) from error

"""The report as JSON, for tools and for `unbake review`: every set with its status, confidence and warnings."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from unbake.decoding import decode_json
from unbake.errors import FileError
from unbake.report.confidence import IMPLAUSIBLE
from unbake.report.order import CHANGES, to_review, worst_first
from unbake.report.outcome import NOTHING_TOLD, ModReport, SetReport

__all__ = [
    "REPORT", "listing", "read_listing", "read_mod", "read_sets", "reasons", "to_review", "worst_first",
]  # fmt: skip

REPORT: Final = "report.json"
"""Beside `report.html`."""

_ABOUT: Final = (
    f"confidence: from 0 to 1, the product of 1 - weight x doubt and of {IMPLAUSIBLE} for each implausible thing; "
    "unbake/report/confidence.py defines the doubts"
)

_DOUBTS: Final = {
    "albedo": "There is much light and dark in its albedo, some of it perhaps painted light.",
    "roughness": "No specular mask tells how rough it is; a finish in the rules does.",
}
"""Sentences of doubts that are no warnings, since many sets have them."""

_TOLD_FROM: Final = 0.5
"""Such a doubt from which a person is told."""


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
    return [*told, *_doubts(report), *why] or ["Several small doubts add up."]


def _doubts(report: SetReport) -> list[str]:
    """Large doubts that no warning tells."""
    return [told for name, told in _DOUBTS.items() if report.figures.get(f"doubt_{name}", 0.0) >= _TOLD_FROM]


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

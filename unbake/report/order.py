"""The order in which a person should look at the sets of a conversion: of `unbake review`, the report, the gallery."""

from collections.abc import Sequence
from operator import itemgetter
from statistics import median
from typing import Final

from unbake.report.confidence import REVIEW_BELOW
from unbake.report.outcome import SetReport

WORST: Final = 10
"""How many sets a review lists at least, if there are as many."""

DISAGREES: Final = 0.25
"""Difference between the metal that was decided and the picture's from which a person should look."""

CHANGES: Final = 1.5
"""Stops by which a set's brightness changed more or less than the mod's from which a person should look."""


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


def in_order(reports: Sequence[SetReport]) -> tuple[list[SetReport], int]:
    """All converted sets in the order of a review, and how many of them call for a look: the first ones.

    >>> in_order([SetReport("a"), SetReport("b", confidence=0.2)])[1]
    1
    """
    converted = [report for report in reports if report.status == "converted"]
    return to_review(converted, least=len(converted)), len(to_review(converted, least=0))


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

"""Sets that earlier runs brought into the same OUT: told in the reports, removed where their source is gone."""

import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from unbake.batch.journal import Journal
from unbake.batch.provenance import Provenance
from unbake.convert.archives import entry_names
from unbake.convert.game_paths import printable
from unbake.convert.sets import TextureSet
from unbake.convert.sources import Source
from unbake.errors import UnbakeError
from unbake.report.page import SetReport


@dataclass(frozen=True, slots=True)
class Earlier:
    """The sets in OUT that a run did not look at.

    reports: theirs, and those of what failed or was left out in the last run of each other IN. sets: those whose
    sources are known, and there or gone. gone: the names of those whose source is not there any more.
    """

    reports: tuple[SetReport, ...] = ()
    sets: tuple[TextureSet, ...] = ()
    gone: tuple[str, ...] = ()


def key_of_roots(roots: Iterable[Path]) -> str:
    """The sources of a run as a key of `Provenance.left`: one absolute path a line."""
    return "\n".join(printable(os.path.abspath(root)) for root in roots)  # noqa: PTH100  (links stay as they are named)


def earlier_sets(
    journal: Journal,
    before: Provenance | None,
    roots: Sequence[Path],
    current: Sequence[TextureSet],
    dropped: Collection[str] = (),
) -> Earlier:
    """What OUT holds besides the `current` sets; see `Earlier`.

    before: what the runs before said of their sources. dropped: names of sets that a load order has no more. They are
    gone, and so is a set whose file is now one of a current set.
    """
    names, read = {files.name for files in current}, {file for files in current for file in files.files}
    known = {files.name: files for files in before.sets if files.name not in names} if before else {}
    others = [record for record in journal.records() if record.name not in names]
    gone = tuple(
        record.name
        for record in others
        if record.name in known
        and (
            record.name in dropped
            or known[record.name].diffuse in read
            or not is_there(known[record.name].diffuse)
        )
    )
    reports = [_without_source(record.report) if record.name in gone else record.report for record in others]
    told = names | {report.name for report in reports}
    for key, left in (before.left if before else {}).items():
        if key != key_of_roots(roots) and all(map(os.path.exists, key.split("\n"))):
            reports += [report for report in left if report.name not in told]
    return Earlier(
        tuple(reports),
        tuple(files for name, files in sorted(known.items()) if name in gone or is_there(files.diffuse)),
        gone,
    )


def is_there(source: Source) -> bool:
    """Whether a source can still be found; an archive that cannot be opened is taken to hold what it held."""
    if not source.path.exists():
        return False
    try:
        return source.entry is None or source.entry in entry_names(source.path)
    except UnbakeError:
        return True


def note_of(gone: Collection[str], pruned: bool) -> str:
    """A sentence on the sets whose source is gone."""
    named = ", ".join(sorted(gone)[:3]) + (", ..." if len(gone) > 3 else "")
    if pruned:
        return f"removed from OUT, since their source is gone: {named}"
    return f"in OUT without a source any more: {named} ({len(gone)} in all); --prune removes their files"


def _without_source(report: SetReport) -> SetReport:
    return replace(report, notes=[*report.notes, "its source is gone; --prune removes its files"])

"""`explain` for files, folders and conversions: their rules, their painter's level, and what was decided."""

from collections.abc import Sequence
from pathlib import Path

from unbake.batch.checks import check_materials
from unbake.batch.explain import Explained, explained, game_name, matching
from unbake.batch.levels import kept_level, measure_level
from unbake.batch.provenance import read_provenance
from unbake.batch.rules import rules_shown
from unbake.convert.find import find_sets
from unbake.convert.game_view import load_order_of, view
from unbake.errors import UsageError
from unbake.evidence.level import Level
from unbake.export.rules import Rules, hint_for, load_rules, read_rules, with_flags
from unbake.report.listing import read_listing


def explained_below(
    path: str, out: Path | None, rules: Path | None = None, hints: Sequence[str] = ()
) -> list[Explained]:
    """What is known of a path: a file, a folder or an archive where there is one of that name, else one in the game.

    out: a conversion, None for none: its level, rules and decisions hold; without it the level is that of all
    textures of a folder. rules, hints: as of a conversion. UsageError where a folder has no textures or the rules
    are damaged, FileError where `out` is no conversion.
    """
    place = Path(path)
    level: Level | None = None
    if place.exists():
        order = load_order_of([place])
        sets = find_sets(place)[0] if order is None else view(order, out or place).sets
        if not sets:
            raise UsageError(
                f"Expected textures in '{path}', got none that are converted; name another folder."
            )
        names = [files.name for files in sets]
        if out is None and place.is_dir():
            level = measure_level(place, sets).level
    else:
        names = [game_name(path)]
    reports = {} if out is None else {report.name: report for report in read_listing(out)}
    if out is not None:
        level = kept_level(out)
        if not place.exists():
            names = matching(reports, path) or names
    known = _rules(place, out, rules, hints)
    check_materials(known)
    return [
        explained(name, hint_for(known, name), level, reports[name].decided if name in reports else None)
        for name in names
    ]


def _rules(place: Path, out: Path | None, rules: Path | None, hints: Sequence[str]) -> Rules:
    """Rules of a person: the file that is named, else the conversion's, else that at the top of a folder."""
    provenance = None if out is None else read_provenance(out)
    if rules is not None or out is None or provenance is None:
        return load_rules(place, rules, (), hints)
    return with_flags(
        read_rules(rules_shown(out, provenance)), provenance.adjust, (*provenance.hints, *hints)
    )

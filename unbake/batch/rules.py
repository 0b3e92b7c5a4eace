"""Finds the file of rules that a conversion reads, and saves rules in OUT, never in a mod that is read."""

from pathlib import Path

from unbake.batch.provenance import Provenance, read_provenance
from unbake.decoding import read_text
from unbake.errors import FileError, UsageError
from unbake.export.rules import RULES, read_rules
from unbake.export.rules_file import read_request, with_changes
from unbake.files import safe_join, write_atomic

UNKNOWN_SOURCE = "the sources of this conversion are unknown; run the same `unbake convert` again"


def rules_in_force(source: Path, out: Path, named: Path | None) -> Path | None:
    """The file of rules of a conversion: the one that was named, else OUT's, else that of the mod; None for none.

    source: the last IN. UsageError where OUT's is a link that leads out of it.
    """
    if named is not None:
        return named
    try:
        own = safe_join(out, RULES)
    except FileError as error:
        raise UsageError(str(error)) from error
    return next((path for path in (own, source / RULES) if path.is_file()), None)


def rules_shown(out: Path, provenance: Provenance | None) -> str:
    """The rules of the conversion in `out` as TOML: OUT's own file, else what the conversion read, else "".

    No other file is looked at: OUT may be anybody's.
    """
    own = rules_in_force(out, out, None)
    if own is not None:
        return read_text(own, "rules")
    return provenance.rules_text if provenance else ""


def save_rules(out: Path, text: str) -> None:
    """Write `OUT/unbake.toml`, which later conversions into `out` read, whole or not at all.

    UsageError where the text is not valid rules, or where they cannot be saved.
    """
    read_rules(text)
    if read_provenance(out) is None:
        raise UsageError(f"Expected a conversion in '{out}', got none to save rules for: {UNKNOWN_SOURCE}.")
    write_atomic(safe_join(out, RULES), text.encode())


def save_changes(out: Path, request: str) -> None:
    """Edit the rules of the conversion in `out`, as a request of the viewer's page asks (JSON), and save them in OUT.

    The first save begins with the rules that the conversion read, comments too. UsageError in one sentence where the
    request is none, or as `save_rules`.
    """
    changes = read_request(request)
    save_rules(out, with_changes(rules_shown(out, read_provenance(out)), changes))

"""Edits the text of a rules file and keeps its comments and layout; `unbake view --serve` saves by it."""

import re
from collections.abc import MutableMapping
from typing import Any

import msgspec
import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT

from unbake.decoding import decode_json
from unbake.errors import UsageError
from unbake.export.adjust import Adjust, Rules, read_rules, rules_for, values_by_map


class SavedChanges(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request of the viewer's page: changes for the texture of this name, or for every texture (None)."""

    changes: Adjust
    name: str | None = None


def read_request(body: str) -> SavedChanges:
    """The request in a JSON text; UsageError in one sentence where it is none.

    >>> read_request('{"changes": {"ao": {"strength": 0.5}}}').changes.ao.strength
    0.5
    """
    try:
        return decode_json(body, SavedChanges)
    except msgspec.DecodeError as error:
        raise UsageError(f"Expected changes of maps as JSON, got: {error}; load the page again.") from error


def with_changes(text: str, saved: SavedChanges) -> str:
    """The text of a rules file with these changes in it; all else stays, comments too.

    A texture's changes go into a rule of its own, which becomes the last one, so that none overrides it. Changes for
    every texture go into the tables outside of the rules. UsageError where the text is no TOML, or no rules.

    >>> print(with_changes("# mine\\nao.bias = 0.1\\n", read_request('{"changes": {"ao": {"bias": 0.2}}}')), end="")
    # mine
    ao.bias = 0.2
    """
    read_rules(text)
    try:
        document = tomlkit.parse(text)
        table: MutableMapping[str, Any] = document if saved.name is None else _own_rule(document, saved.name)
        for name, values in values_by_map(saved.changes).items():
            if name in table:
                for key, value in values.items():
                    table[name][key] = value
            else:
                inline = tomlkit.inline_table()
                inline.update(values)
                table[name] = inline
        edited = tomlkit.dumps(document)
    except (TOMLKitError, RecursionError) as error:
        raise UsageError(
            f"Expected rules that can be edited, got: {error}; edit the file by hand."
        ) from error
    if not _says(read_rules(edited), saved):
        raise UsageError(
            "Expected rules in [map] tables and [[rules]] blocks, got another layout; edit the file by hand."
        )
    return edited


def exact_pattern(name: str) -> str:
    """A pattern that matches this name alone, as `rules_for` matches.

    >>> exact_pattern("a[1]/b*")
    'a[[]1]/b[*]'
    """
    return re.sub(r"([\[*?])", r"[\1]", name)


def _own_rule(document: tomlkit.TOMLDocument, name: str) -> MutableMapping[str, Any]:
    """The rule of one texture, moved behind all others, or a new one."""
    match = exact_pattern(name)
    rules = document.setdefault("rules", tomlkit.aot())
    own = [index for index, rule in enumerate(rules) if rule["match"] == match]
    if own:
        rule = rules.pop(own[-1])
    else:
        rule = tomlkit.table() if isinstance(rules, AoT) else tomlkit.inline_table()
        rule["match"] = match
    rules.append(rule)
    last: MutableMapping[str, Any] = rules[-1]
    return last


def _says(rules: Rules, saved: SavedChanges) -> bool:
    """Whether rules give the values that were to be saved."""
    found = rules.changes if saved.name is None else rules_for(rules, saved.name)
    wanted, got = values_by_map(saved.changes), values_by_map(found)
    return all(wanted[name].items() <= got.get(name, {}).items() for name in wanted)

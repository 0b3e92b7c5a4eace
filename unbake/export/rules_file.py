"""Edits the text of a rules file and keeps its comments and layout; `unbake view --serve` saves by it."""

from collections.abc import MutableMapping
from typing import Any, Literal

import msgspec
import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT

from unbake.decoding import decode_json
from unbake.domain.hints import Hint
from unbake.domain.patterns import exact_pattern
from unbake.errors import UsageError
from unbake.export.adjust import Adjust, values_by_map
from unbake.export.rules import Rules, hint_for, read_rules, rules_for, values_of_hint


class SavedChanges(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request of the viewer's page: changes and hints for the texture of this name, or for every texture (None).

    folder: for every texture of that texture's folder instead, those in folders below it too. unsaid: names of hints
    that the same rule said and that no longer hold.
    """

    changes: Adjust
    hint: Hint = Hint()
    unsaid: tuple[Literal["metal", "finish", "painted", "subsurface", "fuzz", "glint", "emissive"], ...] = ()
    name: str | None = None
    folder: bool = False

    @property
    def match(self) -> str | None:
        """The pattern of the rule that says so; None for every texture."""
        if self.name is None:
            return None
        if not self.folder:
            return exact_pattern(self.name)
        above, slash, _ = self.name.rpartition("/")
        return f"{exact_pattern(above)}{slash}*"


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

    Those of a texture or a folder go into a rule of their own, which becomes the last one, so that none overrides it;
    those of every texture go into the tables outside of the rules. UsageError where the text is no TOML, or no rules.

    >>> print(with_changes("# mine\\nao.bias = 0.1\\n", read_request('{"changes": {"ao": {"bias": 0.2}}}')), end="")
    # mine
    ao.bias = 0.2
    """
    read_rules(text)
    try:
        document = tomlkit.parse(text)
        match = saved.match
        table: MutableMapping[str, Any] = document if match is None else _own_rule(document, match)
        for name, values in values_by_map(saved.changes).items():
            if name in table:
                for key, value in values.items():
                    table[name][key] = value
            else:
                inline = tomlkit.inline_table()
                inline.update(values)
                table[name] = inline
        for name, value in values_of_hint(saved.hint).items():
            table[name] = value
        for name in saved.unsaid:
            table.pop(name, None)
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


def _own_rule(document: tomlkit.TOMLDocument, match: str) -> MutableMapping[str, Any]:
    """The rule of a pattern, moved behind all others, or a new one."""
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
    found, hint = rules.changes, rules.hint
    if saved.name is not None:
        found, hint = rules_for(rules, saved.name), hint_for(rules, saved.name)
    wanted, got = values_by_map(saved.changes), values_by_map(found)
    return values_of_hint(saved.hint).items() <= values_of_hint(hint).items() and all(
        wanted[name].items() <= got.get(name, {}).items() for name in wanted
    )

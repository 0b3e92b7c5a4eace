"""Rules that a user writes: changes of maps (`adjust`) and hints, for every texture or for those that a name matches.

Rules are one small TOML file, named by `--rules`, else `unbake.toml` in OUT, else in IN:

    [roughness]                       # every texture
    bias = 0.05

    [[rules]]                         # the textures whose name matches; a later rule overrides an earlier one
    match = "architecture/*"          # case-insensitive, `*` crosses folders, as with --include
    roughness = { strength = 1.2 }
    normal    = { strength = 0.7 }

    metal     = "some"                # hints: what the thing is, see `domain.hints`
"""

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from unbake.decoding import decode_toml, read_text
from unbake.domain.hints import Hint, merged
from unbake.domain.patterns import matches
from unbake.errors import UsageError
from unbake.export.adjust import ADJUSTED, Adjust, merged_changes

RULES: Final = "unbake.toml"
"""The rules of a conversion, at the top of OUT, or of a mod, at the top of IN."""


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes for the textures whose name matches a pattern."""

    match: str
    changes: Adjust = Adjust()
    hint: Hint = Hint()


class Rules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of rules: changes for every texture, then rules for some. `read_rules` reads its flat form."""

    changes: Adjust = Adjust()
    hint: Hint = Hint()
    rules: tuple[Rule, ...] = ()


def load_rules(
    source: Path, path: Path | None = None, flags: Sequence[str] = (), hints: Sequence[str] = ()
) -> Rules:
    """The rules of a conversion: the file `path`, else `unbake.toml` in the folder `source`, else none.

    flags: `--adjust` values such as "roughness.bias=0.1"; they replace the file's values for every texture,
    while its rules for some textures still go on top. hints: `--hint` values such as "weapons/*: metal=all"; each
    becomes the last rule. UsageError in one sentence, with the place in the file.

    >>> load_rules(Path("nowhere"), flags=["ao.strength=0.5"]).changes.ao.strength
    0.5
    """
    file = path or source / RULES
    rules = Rules()
    if path is not None or file.is_file():
        rules = read_rules(read_text(file, "rules"), str(file))
    return with_flags(rules, flags, hints)


def with_flags(rules: Rules, flags: Sequence[str], hints: Sequence[str] = ()) -> Rules:
    """The rules with the values of `--adjust` in place of theirs for every texture, and each `--hint` as a last rule.

    UsageError as `load_rules`.
    """
    for flag in flags:
        rules = _with_flag(rules, flag)
    said = tuple(read_hint(text) for text in hints)
    return msgspec.structs.replace(rules, rules=(*rules.rules, *said))


def read_hint(text: str) -> Rule:
    """The rule in a `--hint`: a pattern, a colon, and `name=value`s separated by blanks or commas.

    >>> read_hint("weapons/iron/*: metal=all finish=polished").hint.metal
    'all'
    """
    match, colon, values = text.rpartition(":")
    pairs = [pair.partition("=") for pair in re.split(r"[,\s]+", values.strip()) if pair]
    try:
        if not colon or not match.strip() or not pairs:
            raise ValueError("no pattern with a hint")
        said = {name: _plain(value) for name, _, value in pairs}
        return Rule(match=match.strip(), hint=msgspec.convert(said, Hint))
    except (ValueError, msgspec.ValidationError) as error:
        raise UsageError(
            f"Expected --hint 'PATTERN: metal=none|little|some|most|all|0..1 finish=polished|glossy|satin|matt|rough "
            f"material=WORD painted=dark|normal|bright|STOPS subsurface=yes|no|0..1 fuzz=yes|no|0..1 glint=yes|no "
            f"emissive=yes|no|0..10', got {text!r} ({error}); correct it."
        ) from error


_SWITCHES: Final = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}


def _plain(value: str) -> str | float | bool:
    if value.lower() in _SWITCHES:
        return _SWITCHES[value.lower()]
    try:
        return float(value)
    except ValueError:
        return value


def read_rules(text: str, where: str = RULES) -> Rules:
    """The rules in a TOML text; `where` names it in the UsageError that anything wrong with it raises.

    >>> read_rules("[ao]\\nstrength = 0.5").changes.ao.strength
    0.5
    """
    try:
        return msgspec.convert(_nested(decode_toml(text)), Rules)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise UsageError(
            f"Expected rules in {where}, for {', '.join(ADJUSTED)}: strength (0 to 10), bias (-1 to 1, not of "
            f"normal), invert (true or false), or hints ({', '.join(Hint.__struct_fields__)}); "
            f"got: {str(error).replace('.changes', '').replace('.hint', '')}; correct that."
        ) from error


def rules_for(rules: Rules, name: str) -> Adjust:
    """The changes to the texture of this name (below the texture root, forward slashes).

    >>> rules = read_rules('roughness.bias = 0.1\\n[[rules]]\\nmatch = "a/*"\\nroughness.strength = 2.0')
    >>> rules_for(rules, "A/rock").roughness
    Change(strength=2.0, bias=0.1, invert=None)
    """
    matching = [rule.changes for rule in rules.rules if matches(name, rule.match)]
    return merged_changes([rules.changes, *matching])


def hint_for(rules: Rules, name: str) -> Hint:
    """A person's word on the texture of this name; a later rule overrides an earlier one.

    >>> hint_for(read_rules('painted = "dark"\\n[[rules]]\\nmatch = "a/*"\\nmetal = "all"'), "a/pot").metal
    'all'
    """
    return merged([rules.hint, *(rule.hint for rule in rules.rules if matches(name, rule.match))])


def values_of_hint(hint: Hint) -> dict[str, bool | str | float]:
    """What a hint says, by name; what it does not say is left out.

    >>> values_of_hint(Hint(metal="all"))
    {'metal': 'all'}
    """
    values: dict[str, bool | str | float] = msgspec.to_builtins(hint)
    return values


def _nested(flat: dict[str, Any]) -> dict[str, Any]:
    """The tables of a rules file in the shape of `Rules`; whatever is no table stays, for msgspec to refuse."""
    rules = flat.get("rules", [])
    if isinstance(rules, list):
        rules = [_nested_rule(rule) if isinstance(rule, dict) else rule for rule in rules]
    return _parted({key: value for key, value in flat.items() if key != "rules"}) | {"rules": rules}


def _nested_rule(flat: dict[str, Any]) -> dict[str, Any]:
    rest = {key: value for key, value in flat.items() if key != "match"}
    return {key: flat[key] for key in flat if key == "match"} | _parted(rest)


def _parted(flat: dict[str, Any]) -> dict[str, Any]:
    """Hints apart from changes of maps."""
    hint = {key: value for key, value in flat.items() if key in Hint.__struct_fields__}
    return {"changes": {key: value for key, value in flat.items() if key not in hint}, "hint": hint}


def _with_flag(rules: Rules, flag: str) -> Rules:
    """The rules with one value for every texture replaced."""
    form = re.fullmatch(r"\s*(\w+)\.(\w+)\s*=\s*(\S+)\s*", flag)
    if form is None:
        raise UsageError(
            f"Expected --adjust MAP.VALUE=NUMBER, such as roughness.bias=0.1, got {flag!r}; "
            "see unbake convert --help."
        )
    name, key, value = form.groups()
    replaced = read_rules(f"{name}.{key} = {value}", f"--adjust {flag}").changes
    return msgspec.structs.replace(rules, changes=merged_changes([rules.changes, replaced]))

"""A person's words: read from rules and flags, merged, refused in one sentence."""

import pytest

from unbake.domain.hints import Hint, merged
from unbake.domain.patterns import unmatched
from unbake.errors import UsageError
from unbake.export.rules import hint_for, load_rules, read_hint, read_rules

RULES = """
painted = "dark"

[[rules]]
match = "weapons/*"
metal = "all"
finish = "satin"

[[rules]]
match = "weapons/wooden/*"
metal = 0.1
roughness.bias = 0.1
"""


def test_later_rules_override_value_by_value():
    hint = hint_for(read_rules(RULES), "weapons/wooden/bow")
    assert hint == Hint(metal=0.1, finish="satin", painted="dark")


def test_hints_and_changes_of_maps_stand_side_by_side():
    rule = read_rules(RULES).rules[1]
    assert (rule.hint.metal, rule.changes.roughness.bias) == (0.1, 0.1)


def test_a_flag_is_the_last_rule(tmp_path):
    rules = load_rules(tmp_path, hints=["*: metal=none, painted=-1.5", "weapons/*: metal=all"])
    assert hint_for(rules, "Weapons/Axe") == Hint(metal="all", painted=-1.5)
    assert hint_for(rules, "clutter/pot") == Hint(metal="none", painted=-1.5)


@pytest.mark.parametrize(
    "text",
    [
        "metal=all",
        "a:",
        "a: metal",
        "a: metal=2",
        "a: metal=lots",
        "a: shine=1",
        ": metal=all",
        "a: painted=9",
    ],
)
def test_a_wrong_flag_is_one_sentence(text: str):
    with pytest.raises(UsageError, match=r"^Expected --hint 'PATTERN") as error:
        read_hint(text)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ['metal = "lots"', "metal = 2.0", 'finish = "wet"', "painted = 9.0"])
def test_a_wrong_rule_is_one_sentence(text: str):
    with pytest.raises(UsageError, match=r"^Expected rules in"):
        read_rules(text)


def test_patterns_that_match_nothing_are_told():
    assert unmatched([rule.match for rule in read_rules(RULES).rules], ["weapons/axe"]) == [
        "weapons/wooden/*"
    ]


def test_merging_nothing_says_nothing():
    assert merged([]) == Hint()

import json
from pathlib import Path

import msgspec
import pytest

from unbake.errors import UsageError
from unbake.export.adjust import Adjust, Change, NormalChange
from unbake.export.rules import hint_for, load_rules, read_hint, read_rules, rules_for, values_of_hint

RULES = """
[roughness]
strength = 0.9
bias = 0.1

[[rules]]
match = "clutter/*"
roughness = { bias = 0.2 }

[[rules]]
match = "*POT*"
roughness.bias = 0.3
normal.strength = 0.5
"""


def test_a_later_rule_overrides_an_earlier_one_and_what_it_does_not_say_stays():
    rules = read_rules(RULES)
    assert rules_for(rules, "landscape/dirt").roughness == Change(strength=0.9, bias=0.1)
    assert rules_for(rules, "clutter/pan").roughness == Change(strength=0.9, bias=0.2)
    pot = rules_for(rules, "Clutter/deep/Pot01")
    assert (pot.roughness, pot.normal) == (Change(strength=0.9, bias=0.3), NormalChange(strength=0.5))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[roughnes]\nbias = 1", ["roughnes"]),
        ("[roughness]\nbais = 1", ["bais", "$.roughness"]),
        ("[normal]\nbias = 1", ["bias", "$.normal"]),
        ("[ao]\nstrength = -1", [">= 0.0", "$.ao.strength"]),
        ('[[rules]]\nmatch = "*"\nao.bias = "much"', ["float", "$.rules[0].ao.bias"]),
        ("[[rules]]\nao.bias = 0.1", ["match", "$.rules[0]"]),
        ("ao = \nx", ["line 1"]),
    ],
)
def test_anything_wrong_is_one_sentence_with_file_and_place(text, words):
    with pytest.raises(UsageError) as caught:
        read_rules(text, "mod/unbake.toml")
    message = str(caught.value)
    assert [word for word in ["mod/unbake.toml", *words] if word not in message] == []
    assert "\n" not in message


@pytest.mark.parametrize(
    "text",
    ["", "[ao]", '[[rules]]\nmatch = "*"', '[[rules]]\nmatch = "pot"\nao = {}\n[[rules]]\nmatch = "p*"'],
)
def test_equal_changes_are_equal_bytes_however_they_are_written(text):
    assert msgspec.json.encode(rules_for(read_rules(text), "pot")) == msgspec.json.encode(Adjust())


def test_the_example_of_the_documentation_is_read_as_it_says():
    page = (Path(__file__).parents[2] / "docs" / "RULES.md").read_text("utf-8")
    rules = read_rules(page.partition("```toml")[2].partition("```")[0], "RULES.md")
    farm = rules_for(rules, "architecture/farm/planks")
    assert (farm.roughness.bias, farm.normal.strength, farm.height.invert) == (0.05, 0.7, True)
    assert rules_for(rules, "clutter/pot").normal == NormalChange()


def test_rules_are_found_at_the_top_of_the_mod_and_a_named_file_takes_their_place(tmp_path):
    (tmp_path / "unbake.toml").write_text("ao.bias = 0.1", encoding="utf-8-sig")
    (tmp_path / "other.toml").write_text("ao.bias = 0.2")
    assert load_rules(tmp_path).changes.ao.bias == 0.1
    assert load_rules(tmp_path, tmp_path / "other.toml").changes.ao.bias == 0.2
    assert load_rules(tmp_path / "none") == read_rules("")
    with pytest.raises(UsageError, match="cannot be read"):
        load_rules(tmp_path, tmp_path / "none.toml")


def test_a_flag_replaces_what_the_file_says_for_all_but_not_a_rule_for_some(tmp_path):
    (tmp_path / "unbake.toml").write_text(RULES)
    rules = load_rules(tmp_path, flags=["roughness.bias=-0.1", "ao.invert=true"])
    assert rules_for(rules, "dirt").roughness == Change(strength=0.9, bias=-0.1)
    assert rules_for(rules, "pot").roughness.bias == 0.3
    assert rules_for(rules, "dirt").ao.invert is True


@pytest.mark.parametrize("flag", ["roughness", "roughness.bias", "roughness.bias=much", "gloss.bias=1"])
def test_a_flag_that_says_nothing_we_know_is_an_error(tmp_path, flag):
    with pytest.raises(UsageError, match="--adjust"):
        load_rules(tmp_path, flags=[flag])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("fuzz=yes", True),
        ("fuzz=off", False),
        ("fuzz=0.25", 0.25),
        ("emissive=2.5", 2.5),
        ("glint=no", False),
    ],
)
def test_a_feature_is_switched_or_measured_by_a_hint(text, value):
    said = hint_for(read_rules(f'[[rules]]\nmatch = "*"\n{text.split("=")[0]} = {json.dumps(value)}'), "a")
    assert read_hint(f"*: {text}").hint == said
    assert values_of_hint(said) == {text.split("=")[0]: value}


@pytest.mark.parametrize("text", ["glint=0.5", "fuzz=2", "subsurface=green", "emissive=-1"])
def test_a_feature_with_another_value_is_refused(text):
    with pytest.raises(UsageError, match="subsurface=yes"):
        read_hint(f"*: {text}")

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest

from unbake.domain.maps import SPECS, MapKind
from unbake.errors import UsageError
from unbake.export.adjust import (
    Adjust,
    Change,
    NormalChange,
    adjusted,
    hint_for,
    load_rules,
    read_hint,
    read_rules,
    relief_factor,
    rules_for,
    values_of_hint,
)
from unbake.image.normals import from_slopes, slopes

KINDS = [MapKind(name) for name in Adjust.__struct_fields__]


def material(seed=0, size=(8, 8)):
    rng = np.random.default_rng(seed)
    maps = {
        kind: rng.uniform(0.2, 0.8, (*size, SPECS[kind].channels)).astype(np.float32)
        for kind in (*KINDS, MapKind.DIFFUSE)
    }
    return maps | {MapKind.NORMAL: from_slopes(*rng.uniform(-1, 1, (2, *size)).astype(np.float32))}


def test_without_rules_every_map_is_the_very_same():
    maps = material()
    untouched = adjusted(maps, rules_for(read_rules(""), "pot"))
    assert [untouched[kind] is maps[kind] for kind in maps] == [True] * len(maps)


@pytest.mark.parametrize("kind", KINDS)
def test_strength_one_and_bias_zero_change_no_bit(kind):
    maps = material()
    how = NormalChange(strength=1.0) if SPECS[kind].vector else Change(strength=1.0, bias=0.0, invert=False)
    assert adjusted(maps, Adjust(**{kind.value: how}))[kind] is maps[kind]


@pytest.mark.parametrize(
    ("kind", "end"),
    [(MapKind.ROUGHNESS, 0.0), (MapKind.METALLIC, 0.0), (MapKind.AO, 1.0), (MapKind.HEIGHT, 127 / 255)],
)
def test_strength_zero_gives_the_pivot_of_the_table(kind, end):
    changed = adjusted(material(), Adjust(**{kind.value: Change(strength=0.0)}))[kind]
    np.testing.assert_allclose(changed, end, atol=1e-6)


def test_strength_zero_of_albedo_is_the_diffuse_and_a_half_lies_between():
    maps = material()
    for strength in (0.0, 0.5):
        expected = maps[MapKind.DIFFUSE] + strength * (maps[MapKind.ALBEDO] - maps[MapKind.DIFFUSE])
        changed = adjusted(maps, Adjust(albedo=Change(strength=strength)))[MapKind.ALBEDO]
        np.testing.assert_allclose(changed, expected, atol=1e-6)


def test_strength_of_a_normal_multiplies_its_slopes_and_inverting_turns_them_over():
    maps = material()
    changed = adjusted(maps, Adjust(normal=NormalChange(strength=0.5, invert=True)))[MapKind.NORMAL]
    for ours, before in zip(slopes(changed), slopes(maps[MapKind.NORMAL]), strict=True):
        np.testing.assert_allclose(ours, -0.5 * before, atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(changed, axis=-1), 1, atol=1e-5)


def test_inverting_comes_first_then_strength_then_bias_and_the_range_holds():
    flat = {MapKind.ROUGHNESS: np.full((1, 1, 1), 0.8, np.float32)}
    change = Change(invert=True, strength=2.0, bias=0.3)
    assert adjusted(flat, Adjust(roughness=change))[MapKind.ROUGHNESS].item() == pytest.approx(0.7)
    assert adjusted(flat, Adjust(roughness=Change(bias=0.5)))[MapKind.ROUGHNESS].item() == 1.0


def test_strips_of_rows_give_what_the_whole_gives():
    maps, how = (
        material(),
        Adjust(albedo=Change(strength=0.3), height=Change(bias=0.1), normal=NormalChange(strength=2)),
    )
    whole = adjusted(maps, how)
    halves = [
        adjusted({kind: one[rows] for kind, one in maps.items()}, how) for rows in (slice(4), slice(4, 8))
    ]
    for kind in maps:
        np.testing.assert_array_equal(whole[kind], np.concatenate([half[kind] for half in halves]))


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


def test_a_stronger_height_scales_the_displacement():
    assert relief_factor(rules_for(read_rules("height.strength = 2.0"), "pot")) == 2.0
    assert relief_factor(Adjust()) == 1.0


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

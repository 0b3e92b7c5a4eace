"""Saving by the viewer's page: changes go into the text of a rules file, whose other lines stay."""

import json

import pytest

from unbake.domain.hints import Hint
from unbake.errors import UsageError
from unbake.export.adjust import Change
from unbake.export.rules import hint_for, read_rules, rules_for
from unbake.export.rules_file import read_request, with_changes

DULL = Change(strength=1.0, bias=0.4, invert=False)


def saved(text: str, name: str | None = "a", map_name: str = "roughness", **values: object) -> str:
    """The text after the page has saved one map, DULL where no values are given."""
    values = values or {"strength": 1, "bias": 0.4, "invert": False}
    return with_changes(text, read_request(json.dumps({"name": name, "changes": {map_name: values}})))


def test_an_empty_file_becomes_one_rule():
    assert saved("") == ('[[rules]]\nmatch = "a"\nroughness = {strength = 1.0, bias = 0.4, invert = false}\n')


@pytest.mark.parametrize("name", ["a", None])
@pytest.mark.parametrize(
    "text",
    [
        "",
        "roughness.bias = 0.1\n",
        "roughness = { bias = 0.1 }\n",
        "[roughness]\nbias = 0.1\n",
        "[roughness]\nbias = 0.1\n\n[ao]\nbias = 0.2\n",
        '[[rules]]\nmatch = "*"\nroughness.bias = -0.5\nroughness.invert = true\n',
        '[[rules]]\nmatch = "a"\n[rules.roughness]\nbias = 0.2\n\n[[rules]]\nmatch = "b"\n',
        '[[rules]]\nmatch = "a"\nao.bias = 0.3\n\n[roughness]\nbias = 0.3\n',
        'rules = [{ match = "b", ao = { bias = 0.1 } }]\n',
        'rules = [\n  { match = "a", ao = { bias = 0.1 } }, # mine\n  { match = "*" },\n]\n',
        '[[rules]]\nmatch = """\\\n  a"""\n',
        'ao.bias = 0.1\r\n[[rules]]\r\nmatch = "b"\r\n',
    ],
)
def test_the_rules_then_give_what_was_saved_and_all_else_as_before(text: str, name: str | None):
    before, after = read_rules(text), read_rules(saved(text, name))
    if name is None:
        assert after.changes.roughness == DULL
        assert after.rules == before.rules
    else:
        assert rules_for(after, "a").roughness == DULL
        assert after.changes == before.changes
        assert rules_for(after, "b") == rules_for(before, "b")
    assert rules_for(after, "a").ao == rules_for(before, "a").ao


def test_comments_and_the_lines_of_others_stay():
    text = "# mine\n[roughness] # all\n# why\nbias = 0.3\n"
    text += '\n[[rules]] # towns\nmatch = "town/*"\nao.bias = 0.2 # lighter\n'
    assert saved(text).startswith(text)
    assert saved(text, None).startswith("# mine\n[roughness] # all\n# why\nbias = 0.4\n")


def test_saving_again_replaces_the_rule_instead_of_adding_one():
    text = saved(saved("", "pot"), "pot", strength=0.5, bias=0.0, invert=True)
    assert [rule.match for rule in read_rules(text).rules] == ["pot"]
    assert rules_for(read_rules(text), "pot").roughness == Change(strength=0.5, bias=0.0, invert=True)


def test_the_rule_of_a_texture_goes_behind_those_that_would_override_it():
    text = '[[rules]]\nmatch = "a"\n\n[[rules]]\nmatch = "*"\nroughness.strength = 3.0\n'
    assert [rule.match for rule in read_rules(saved(text)).rules] == ["*", "a"]


@pytest.mark.parametrize("name", ["a[1]/b", "what?", "all*", 'a "b"', "ä/é", "a'b"])
def test_a_name_with_signs_of_a_pattern_matches_itself_alone(name: str):
    rules = read_rules(saved("", name))
    assert rules_for(rules, name).roughness == DULL
    assert rules_for(rules, "a1/b").roughness == rules_for(rules, "allx").roughness == Change()


@pytest.mark.parametrize(
    "body",
    [
        "",
        "roughness.bias = 1",
        "[]",
        "{}",
        '{"changes": {"roughnes": {}}}',
        '{"changes": {"ao": {"strength": 11}}}',
    ],
)
def test_a_request_that_is_none_is_one_sentence(body: str):
    with pytest.raises(
        UsageError, match=r"^Expected changes of maps as JSON, got: [^\n]+; load the page again"
    ):
        read_request(body)


@pytest.mark.parametrize("text", ["ao = \n", "[roughnes]\nbias = 0.1\n"])
def test_a_file_that_holds_no_rules_is_not_edited(text: str):
    with pytest.raises(UsageError, match=r"^Expected rules in unbake\.toml"):
        saved(text)


def said(text: str, name: str | None = "town/wall", **more: object) -> str:
    """The text after the page has saved hints."""
    return with_changes(text, read_request(json.dumps({"name": name, "changes": {}, **more})))


def test_a_hint_goes_into_a_rule_of_its_texture_and_lines_of_others_stay():
    text = '# mine\n[[rules]] # towns\nmatch = "town/*"\nmetal = "none" # no armour\n'
    after = said(text, hint={"metal": "all", "painted": -1.5})
    assert after.startswith(text)
    assert hint_for(read_rules(after), "town/wall") == Hint(metal="all", painted=-1.5)
    assert hint_for(read_rules(after), "town/roof") == Hint(metal="none")


def test_a_hint_for_a_folder_overrides_what_was_said_of_its_textures():
    after = said(said("", hint={"metal": "all"}), hint={"metal": "none"}, folder=True)
    rules = read_rules(after)
    assert [rule.match for rule in rules.rules] == ["town/wall", "town/*"]
    assert {hint_for(rules, name).metal for name in ("town/wall", "town/deep/roof")} == {"none"}
    assert hint_for(rules, "townhall/wall").metal is None


def test_a_folder_with_signs_of_a_pattern_matches_itself_alone():
    rules = read_rules(said("", "a[1]/b", hint={"metal": "all"}, folder=True))
    assert (hint_for(rules, "a[1]/c").metal, hint_for(rules, "a1/c").metal) == ("all", None)


def test_the_folder_of_a_texture_at_the_top_is_every_texture():
    assert read_rules(said("", "wall", hint={"metal": "all"}, folder=True)).rules[0].match == "*"


def test_what_is_no_longer_said_is_gone_and_the_rest_of_its_rule_stays():
    text = said("", hint={"metal": "all", "finish": "rough"})
    assert hint_for(read_rules(said(text, unsaid=["metal"])), "town/wall") == Hint(finish="rough")


def test_a_hint_for_every_texture_stands_outside_of_the_rules():
    assert read_rules(said('[[rules]]\nmatch = "a"\n', None, hint={"painted": "dark"})).hint == Hint(
        painted="dark"
    )


@pytest.mark.parametrize(
    "more", [{"hint": {"metal": "much"}}, {"hint": {"metal": 2}}, {"unsaid": ["match"]}, {"hints": {}}]
)
def test_a_hint_that_is_none_is_refused(more: dict[str, object]):
    with pytest.raises(UsageError, match=r"^Expected changes of maps as JSON, got: "):
        said("", **more)

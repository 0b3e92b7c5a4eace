import re
from importlib import resources

import pytest

from unbake.domain.materials import CLASSES
from unbake.errors import UsageError
from unbake.evidence.lexicon import bundled, parsed

TEXT = resources.files("unbake.domain").joinpath("lexicon.toml").read_text(encoding="utf-8")


def test_every_family_maps_to_a_class_of_the_classifier_or_to_none():
    assert {family.category for family in bundled().families.values()} - {None} == set(CLASSES)


def test_the_priors_of_the_families_are_shares_of_one_whole():
    assert 0.9 < sum(family.prior for family in bundled().families.values()) < 1.15


def test_every_meaning_is_a_distribution():
    for meanings in bundled().words.values():
        for meaning in meanings:
            assert abs(sum(meaning.materials.values()) - 1) < 1e-9
            assert abs(sum(meaning.families.values()) - 1) < 1e-9


def test_a_word_told_twice_for_the_same_folders_is_refused():
    with pytest.raises(UsageError, match=r"^Expected 'oak' once"):
        parsed(TEXT + '[[thing]]\nwords = "oak"\nis = { wood = 1 }\nweight = 1\n')


def test_words_are_of_small_letters_so_that_names_can_be_cut_into_them():
    assert [word for word in bundled().known if not re.fullmatch("[a-z]+", word)] == []


def test_the_version_changes_with_any_byte():
    assert parsed(TEXT).version == bundled().version != parsed(TEXT + "\n").version


def test_a_plural_says_what_its_singular_says():
    assert bundled().words["swords"] == bundled().words["sword"]


def test_a_word_below_a_folder_beats_the_word_everywhere():
    shoe = bundled().meaning("boots", frozenset({"clothes"}))
    anywhere = bundled().meaning("boots", frozenset())
    assert shoe and anywhere and shoe.weight > anywhere.weight


@pytest.mark.parametrize(("word", "material"), [("iron", "iron"), ("brass", "bronze"), ("oak", "wood")])
def test_a_person_may_say_a_material_by_any_word_for_it(word: str, material: str):
    assert bundled().material_of(word) == material


@pytest.mark.parametrize("word", ["sword", "unobtainium"])
def test_a_thing_or_an_unknown_word_names_no_material(word: str):
    assert bundled().material_of(word) is None


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("version = 1", "version = 1\ncolour = 2", "colour"),
        ("is = { bronze = 1 }", "is = { brass = 1 }", "brass"),
        ("is = { bronze = 1 }", "is = { bronze = 0 }", "parts above 0"),
        ('polished = "', 'mirrored = "', "mirrored"),
        ("[families]", "[families", "line"),
    ],
)
def test_a_fault_in_the_file_is_told_in_one_sentence(old: str, new: str, told: str):
    with pytest.raises(UsageError, match=f"^Expected .*{told}"):
        parsed(TEXT.replace(old, new, 1))

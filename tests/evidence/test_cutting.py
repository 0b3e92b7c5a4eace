import pytest

from unbake.evidence.cutting import covers, words_of
from unbake.evidence.lexicon import bundled

KNOWN = bundled().known


def words(name: str) -> list[str]:
    return [found.word for found in words_of(name, KNOWN)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("wrwoodbeam01", ["wr", "wood", "beam"]),
        ("WRWoodPlank01", ["wr", "wood", "plank"]),
        ("whstoneflat2", ["wh", "stone", "flat"]),
        ("smetaldet01", ["metal"]),
        ("dwestonefloor02", ["dwestone", "floor"]),
        ("iron_sword", ["iron", "sword"]),
        ("ironsword", ["iron", "sword"]),
        ("ironscabbards", ["iron", "scabbards"]),
        ("barenziahscrown", ["crown"]),
    ],
)
def test_a_glued_name_is_cut_into_its_words(name: str, expected: list[str]):
    assert words(name) == expected


@pytest.mark.parametrize(
    ("name", "misread"),
    [
        ("device", "ice"),
        ("furniture", "fur"),
        ("environment", "iron"),
        ("silverfish", "silver"),
        ("ironically", "iron"),
        ("eaglesfury", "fur"),
        ("thousand", "sand"),
        ("office", "ice"),
        ("cornice", "ice"),
        ("marigold", "gold"),
        ("hideous", "hide"),
        ("boxwood", "box"),
        ("detail", "tail"),
        ("magnet", "net"),
        ("swordfish", "sword"),
        ("cabinet", "net"),
        ("thorns", "horns"),
    ],
)
def test_a_word_inside_a_word_is_not_read(name: str, misread: str):
    assert misread not in words(name)


def test_a_word_over_two_pieces_needs_both_whole():
    assert words("skeleton_key") == ["skeletonkey"]
    assert "skeletonkey" not in words("xskeleton_key")


def test_a_word_counts_less_where_its_piece_has_unknown_letters():
    assert words_of("sgrate", KNOWN)[-1].trust < words_of("grate", KNOWN)[-1].trust


def test_an_empty_name_has_no_words_and_is_not_covered():
    assert words("") == words("01") == []
    assert not covers("", KNOWN) and not covers("01", KNOWN)


def test_a_very_long_name_is_cut_all_the_same():
    assert words("wood" * 40) == ["wood"] * 40

"""Keywords of plugins beside the name and a person's word."""

import pytest

from unbake.domain.hints import Hint
from unbake.evidence.evidence import Evidence, gather
from unbake.evidence.keywords import KeywordEvidence, metal_of_keywords
from unbake.evidence.level import Level
from unbake.evidence.names import name_evidence

IRON = metal_of_keywords({"WeapMaterialIron"})
WOOD = metal_of_keywords({"WeapMaterialWood"})
SILENT = "qzx/qzx01"


def known(path: str, keywords: KeywordEvidence | None, hint: Hint | None = None) -> Evidence:
    return gather(name_evidence(path), hint or Hint(), Level(), keywords)


@pytest.mark.parametrize("path", ["weapons/iron/longsword", "clutter/wood/bowl01", SILENT])
def test_keywords_of_metal_raise_the_share_and_keywords_of_wood_lower_it(path):
    alone = known(path, None)
    more, less = known(path, IRON._replace(metal_share=0.95)), known(path, WOOD)
    for field in ("metal_share", "mostly_metal", "mask_gate"):
        assert getattr(less, field) < getattr(alone, field) < getattr(more, field)
    assert min(less.metal_weight, more.metal_weight) >= alone.metal_weight


def test_keywords_that_weigh_more_pull_harder():
    shares = [known("clutter/wood/bowl01", IRON._replace(weight=w)).metal_share for w in (0.0, 0.2, 0.5, 0.9)]
    assert shares == sorted(shares)
    assert shares[0] == known("clutter/wood/bowl01", None).metal_share


def test_a_name_that_says_nothing_leaves_the_word_to_the_keywords():
    made = known(SILENT, IRON)
    assert made.metal_share == pytest.approx(IRON.metal_share, abs=0.1)
    assert made.material == "iron"
    assert made.because[0] == IRON.because


def test_without_names_keywords_still_count():
    made = gather(None, Hint(), Level(), IRON)
    assert (made.metal_share, made.metal_weight, made.material) == (0.75, IRON.weight, "iron")
    assert IRON.because in made.because


def test_keywords_and_name_that_agree_weigh_more_than_either():
    both = known("weapons/iron/longsword", IRON)
    assert both.metal_weight > max(known("weapons/iron/longsword", None).metal_weight, IRON.weight)
    assert both.metal_share < 1


def test_a_persons_word_on_the_material_beats_keywords():
    hint = Hint(material="wood")
    assert known(SILENT, IRON, hint) == known(SILENT, None, hint)


@pytest.mark.parametrize("share", [0.0, 1.0])
@pytest.mark.parametrize("weight", [0.1, 1.0])
def test_shares_and_weights_stay_within_their_range(share, weight):
    said = KeywordEvidence(share, weight, None, "keyword of a test")
    for path in ("weapons/iron/longsword", "clutter/wood/bowl01", SILENT):
        made = known(path, said)
        assert all(
            0 <= x <= 1 for x in (made.metal_share, made.mostly_metal, made.metal_weight, made.mask_gate)
        )

"""Which names speak for TruePBR's features: few, and none against a person's word."""

import pytest

from unbake.domain.hints import Hint
from unbake.evidence.features import told, wishes_of
from unbake.evidence.names import name_evidence

NOTHING = {"subsurface": 0.0, "fuzz": 0.0, "glint": 0.0}


def amounts(path: str, **said: object) -> dict[str, float]:
    wishes = wishes_of(name_evidence(path), Hint(**said))  # type: ignore[arg-type]
    return {"subsurface": wishes.subsurface.amount, "fuzz": wishes.fuzz.amount, "glint": wishes.glint.amount}


@pytest.mark.parametrize(
    "path", ["landscape/trees/treepineforestbranchcomp", "landscape/grass/fieldgrass01", "plants/thistle01"]
)
def test_leaves_and_grass_let_light_through(path: str):
    assert amounts(path) == NOTHING | {"subsurface": 0.4}


@pytest.mark.parametrize("path", ["clothes/robes/mage_robe", "clutter/rugs/rug01", "armor/fur/furcuirass"])
def test_cloth_and_fur_have_soft_fibres(path: str):
    assert amounts(path) == NOTHING | {"fuzz": 1.0}


@pytest.mark.parametrize("path", ["landscape/snow01", "landscape/snow02"])
def test_snow_glints(path: str):
    assert amounts(path) == NOTHING | {"glint": 1.0}


@pytest.mark.parametrize(
    "path",
    [
        "landscape/trees/treepineforestbarkcomp",
        "landscape/mountains/mountainsnow",
        "architecture/snowroof01",
        "clutter/snowshovel",
        "clothes/monk/boots",
        "armor/iron/ironcuirass",
        "weapons/ice/icesword",
        "clutter/rope01",
        "mymod/cloth01",
        "mymod/leaf",
    ],
)
def test_no_other_name_is_sure_enough(path: str):
    assert amounts(path) == NOTHING


def test_silk_lies_flat():
    assert amounts("clothes/robes/robe", finish="satin") == NOTHING


def test_a_person_is_believed_before_the_name():
    assert amounts("landscape/snow01", glint=False) == NOTHING
    assert amounts("clothes/robes/robe", fuzz=0.3) == NOTHING | {"fuzz": 0.3}
    assert amounts("weapons/iron/sword", subsurface=True) == NOTHING | {"subsurface": 0.4}


def test_what_is_wished_is_told_with_its_reason():
    (clause,) = told(wishes_of(name_evidence("landscape/snow01"), Hint()))
    assert clause == "glint (name 'snow' says ice)"
    assert told(wishes_of(None, Hint(emissive=False))) == ["no glow (you said so)"]

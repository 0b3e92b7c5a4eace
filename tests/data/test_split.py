from collections import defaultdict

import pytest

from unbake.data.sources import PROCEDURAL, MaterialSource, family
from unbake.data.split import folds, split


def material(name: str, category: str = "wood", source: str = "a/b") -> MaterialSource:
    return MaterialSource(
        f"{category}/{name}", category, {}, None, "unknown", "CC0", source, family(name, source)
    )


MANY = [
    material(f"{stem}{i:03d}{letter}", category)
    for category, stem in (("wood", "oak"), ("metal", "iron"))
    for i in range(300)
    for letter in "ab"
]


def test_no_family_is_in_two_splits():
    where = split(MANY, val_fraction=0.3)
    seen = defaultdict(set)
    for source in MANY:
        seen[source.family].add(where[source.id])
    assert all(len(splits) == 1 for splits in seen.values())


def test_adding_materials_moves_no_other():
    before = split(MANY)
    after = split([*MANY, *(material(f"new{i:03d}") for i in range(200))])
    assert {name: after[name] for name in before} == before


def test_about_the_asked_fraction_validates():
    where = list(split(MANY, val_fraction=0.2).values())
    assert where.count("val") / len(where) == pytest.approx(0.2, abs=0.05)


def test_another_seed_draws_another_validation_set():
    assert split(MANY, seed=0) != split(MANY, seed=1)


def test_a_held_out_source_is_test_and_takes_its_families_along():
    where = split([material("oak001a", source="x/y"), material("oak001b"), material("elm002")], ("x/y",))
    assert (where["wood/oak001a"], where["wood/oak001b"]) == ("test", "test")
    assert where["wood/elm002"] != "test"


@pytest.mark.parametrize("seed", range(20))
def test_two_families_are_enough_to_train_and_to_validate(seed):
    where = split([material("oak001"), material("elm002")], seed=seed, val_fraction=0.5)
    assert sorted(where.values()) == ["train", "val"]


def test_one_family_is_for_training():
    assert split([material("oak001a"), material("oak001b")], val_fraction=1.0) == dict.fromkeys(
        ["wood/oak001a", "wood/oak001b"], "train"
    )


@pytest.mark.parametrize("seed", range(20))
def test_metals_and_the_others_are_both_validated(seed):
    some = [material(f"oak{i:03d}") for i in range(3)] + [material(f"iron{i:03d}", "metal") for i in range(3)]
    where = split(some, seed=seed)
    assert {name.split("/")[0] for name, where_to in where.items() if where_to == "val"} == {"wood", "metal"}


@pytest.mark.parametrize("seed", range(20))
def test_every_category_of_four_families_is_validated(seed):
    names = ("oak", "iron", "brick", "silk")
    some = [
        material(f"{name}{i:03d}", category)
        for name, category in zip(names, ("wood", "metal", "stone", "fabric"), strict=True)
        for i in range(4)
    ]
    where = split(some, seed=seed)
    assert {name.split("/")[0] for name, where_to in where.items() if where_to == "val"} == {
        "wood", "metal", "stone", "fabric",
    }  # fmt: skip


def test_folds_part_no_family():
    number = folds(MANY, 4)
    seen = defaultdict(set)
    for source in MANY:
        seen[source.family].add(number[source.id])
    assert all(len(kept) == 1 for kept in seen.values())


def test_every_fold_has_its_share_of_each_category():
    number = folds(MANY, 4)
    counted = defaultdict(int)
    for source in MANY:
        counted[source.category, number[source.id]] += 1
    assert set(counted.values()) == {150}


def test_a_fold_is_kept_for_measuring():
    number = folds(MANY, 4)
    where = split(MANY, fold=(2, 4))
    assert {name for name, part in where.items() if part == "test"} == {
        name for name, fold in number.items() if fold == 2
    }


def test_procedural_materials_are_in_no_fold():
    assert folds([material("oak001"), material("elm002", source=PROCEDURAL)], 2) == {"wood/oak001": 1}

from functools import cache

import numpy as np
import pytest

from unbake.domain.maps import MapKind, spec
from unbake.domain.materials import CATEGORIES, CLASSES, class_of
from unbake.errors import UsageError
from unbake.image.colour import srgb_to_linear
from unbake.image.normals import slopes
from unbake.synth.layers import F0
from unbake.synth.materials import CATEGORY, FEW, NAMES, procedural

SIZE = 128
TRUTH = {
    MapKind.ALBEDO,
    MapKind.ROUGHNESS,
    MapKind.METALLIC,
    MapKind.AO,
    MapKind.HEIGHT,
    MapKind.NORMAL,
}


made = cache(procedural)


@pytest.mark.parametrize("name", NAMES)
def test_every_map_is_there_in_the_shape_type_and_range_its_spec_declares(name: str) -> None:
    maps = made(name, SIZE, 0)
    assert set(maps) == TRUTH
    for kind, image in maps.items():
        assert image.shape == (SIZE, SIZE, spec(kind).channels)
        assert image.dtype == np.float32
        assert image.flags.c_contiguous
        assert spec(kind).low <= image.min() <= image.max() <= spec(kind).high
    np.testing.assert_allclose(np.linalg.norm(maps[MapKind.NORMAL], axis=-1), 1, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_material_and_another_seed_another(name: str) -> None:
    first, again, other = made(name, SIZE, 0), procedural(name, SIZE, 0), made(name, SIZE, 1)
    for kind in TRUTH:
        np.testing.assert_array_equal(first[kind], again[kind])
    assert not np.array_equal(first[MapKind.ALBEDO], other[MapKind.ALBEDO])


@pytest.mark.parametrize("name", NAMES)
def test_normals_are_the_slopes_of_the_height(name: str) -> None:
    maps = made(name, SIZE, 1)
    height = maps[MapKind.HEIGHT][..., 0].astype(np.float64)
    right = (np.roll(height, -1, 1) - np.roll(height, 1, 1)) / 2
    up = (np.roll(height, 1, 0) - np.roll(height, -1, 0)) / 2
    dx, dy = slopes(maps[MapKind.NORMAL])
    # Both axes scale by the same depth, the one number that a height in [0, 1] does not tell.
    depth = np.vdot(right, dx) / np.vdot(right, right)
    assert depth > 0
    np.testing.assert_allclose(dx, depth * right, atol=0.02 * np.abs(dx).max())
    np.testing.assert_allclose(dy, depth * up, atol=0.02 * np.abs(dy).max())


@pytest.mark.parametrize("name", NAMES)
def test_the_border_is_no_seam(name: str) -> None:
    maps = made(name, SIZE, 2)
    for kind in (MapKind.ALBEDO, MapKind.ROUGHNESS, MapKind.HEIGHT):
        image = maps[kind]
        for axis in (0, 1):
            steps = np.abs(image - np.roll(image, 1, axis)).mean(axis=(1 - axis, 2))
            # Joints lie on the border of some: no step there is larger than the largest inside.
            assert steps[0] <= 1.3 * steps[1:].max() + 1e-3


@pytest.mark.parametrize("name", NAMES)
def test_occlusion_is_darker_in_the_depths(name: str) -> None:
    maps = made(name, SIZE, 0)
    height, ao = maps[MapKind.HEIGHT], maps[MapKind.AO]
    low, high = np.quantile(height, [0.1, 0.9])
    assert ao[height <= low].mean() <= ao[height >= high].mean()


def test_bare_metal_has_the_reflectance_of_a_metal_and_the_rest_that_of_a_dielectric() -> None:
    lowest, highest = min(map(min, F0.values())), max(map(max, F0.values()))
    for name in NAMES:
        maps = made(name, SIZE, 2)
        albedo, metallic = srgb_to_linear(maps[MapKind.ALBEDO]), maps[MapKind.METALLIC][..., 0]
        bare = albedo[metallic > 0.99]
        if len(bare):
            # Tarnish takes up to two thirds.
            assert lowest / 3 <= np.median(bare) <= highest + 0.05
        plain = albedo[metallic < 0.01]
        if len(plain):
            # Fresh snow is the brightest thing there is outside of metals.
            assert np.median(plain.max(axis=-1)) < 0.9


COMPOSITES = {
    "ironbound",
    "trimmed_wood",
    "shield",
    "studded_leather",
    "grating",
    "inlay",
    "gilding",
    "trims",
}


@pytest.mark.parametrize("name", NAMES)
def test_metal_categories_and_composites_hold_metal_and_the_others_next_to_none(name: str) -> None:
    share = np.mean([(made(name, SIZE, seed)[MapKind.METALLIC] > 0.5).mean() for seed in range(3)])
    assert share > 0.02 if CATEGORY[name] == "metal" or name in COMPOSITES else share < 0.02


@pytest.mark.parametrize("name", sorted(COMPOSITES))
def test_a_composite_is_metal_or_not_and_hardly_anything_between(name: str) -> None:
    metallic = procedural(name, 256, 1)[MapKind.METALLIC]
    assert (metallic > 0.9).any() and (metallic < 0.1).any()
    assert ((metallic > 0.1) & (metallic < 0.9)).mean() < 0.08


def test_what_is_taken_for_metal_is_dark_grey_or_smooth_and_holds_none() -> None:
    for name in ("polished_stone", "obsidian", "glazed", "varnished", "gloss_paint", "ice"):
        maps = [made(name, SIZE, seed) for seed in range(6)]
        assert all(m[MapKind.METALLIC].max() == 0 for m in maps)
        assert min(np.median(m[MapKind.ROUGHNESS]) for m in maps) < 0.25


def test_metals_go_from_smooth_to_rough_and_from_dark_to_pale() -> None:
    maps = [made("sheet_metal", SIZE, seed) for seed in range(16)]
    rough, pale = ([float(np.median(m[kind])) for m in maps] for kind in (MapKind.ROUGHNESS, MapKind.ALBEDO))
    assert np.ptp(rough) > 0.4
    assert np.ptp(pale) > 0.35


def test_a_thing_of_several_materials_is_of_no_class() -> None:
    assert {class_of(CATEGORY[name]) for name in COMPOSITES} == {None}


FIRST = (
    "bark",
    "bricks",
    "chainmail",
    "cobbles",
    "grass",
    "hammered",
    "leather",
    "marble",
    "masonry",
    "painted_metal",
)


def test_new_kinds_come_after_the_old_ones_whose_place_is_in_their_seed() -> None:
    assert NAMES[: len(FIRST)] == FIRST
    assert NAMES[17:19] == ("weave", "ironbound")


def test_polished_things_are_smoother_than_rough_ones() -> None:
    mean = {name: float(made(name, SIZE, 0)[MapKind.ROUGHNESS].mean()) for name in NAMES}
    assert max(mean[name] for name in ("marble", "hammered", "tiles")) < 0.5
    assert min(mean[name] for name in ("soil", "weave", "bark", "bricks")) > 0.75


def test_another_size_is_the_same_material() -> None:
    for name in ("bricks", "hammered", "weave"):
        small, large = procedural(name, 128, 0)[MapKind.ALBEDO], procedural(name, 256, 0)[MapKind.ALBEDO]
        halved = large.reshape(128, 2, 128, 2, 3).mean(axis=(1, 3))
        assert np.abs(halved - small).mean() < 0.03


def test_every_class_of_the_classifier_has_a_material() -> None:
    assert set(CATEGORY) == set(NAMES)
    assert set(CATEGORY.values()) <= set(CATEGORIES)
    assert {class_of(category) for category in CATEGORY.values()} == {*CLASSES, None}


def test_an_unknown_name_is_answered_with_the_ones_there_are() -> None:
    with pytest.raises(UsageError, match="bricks"):
        procedural("brick", SIZE, 0)


def test_a_few_kinds_show_every_category_that_a_rehearsal_needs() -> None:
    assert set(FEW) < set(NAMES)
    assert {CATEGORY[name] for name in FEW} >= {
        "ceramic",
        "fabric",
        "ground",
        "leather",
        "metal",
        "stone",
        "wood",
    }

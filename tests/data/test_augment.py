import numpy as np
import pytest

from unbake.data.augment import Augmentation, blend, blended, composite, four_crop, turned, two_crop
from unbake.data.colours import jittered, recoloured
from unbake.data.dataset import PatchDataset, Sample
from unbake.domain.maps import SPECS, MapKind
from unbake.domain.materials import CLASSES
from unbake.image.colour import linear_to_srgb, srgb_to_linear
from unbake.image.normals import from_slopes, slopes


def sample(value, kinds=(MapKind.DIFFUSE, MapKind.ALBEDO, MapKind.ROUGHNESS), label="wood", size=16):
    maps = {kind: np.full((size, size, SPECS[kind].channels), value, np.float32) for kind in kinds}
    classes = None if label is None else np.array([label == name for name in CLASSES], np.float32)
    return Sample(maps, classes, f"{label}/{value}", "key")


def surface():
    """A smooth random height on a torus, and its normals by central differences."""
    y, x = np.mgrid[:32, :32] * (2 * np.pi / 32)
    height = 2 * np.sin(x + 0.3) + np.cos(2 * y - x) + 0.5 * np.sin(3 * x + y)
    return height, normals_of(height)


def normals_of(height):
    dx = (np.roll(height, -1, 1) - np.roll(height, 1, 1)) / 2
    down = (np.roll(height, -1, 0) - np.roll(height, 1, 0)) / 2
    return from_slopes(dx, -down)


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("quarter_turns", range(4))
def test_a_turned_samples_normals_are_the_normals_of_its_turned_height(quarter_turns, mirror):
    height, normal = surface()
    flat = Sample(
        {MapKind.NORMAL: normal, MapKind.HEIGHT: height[..., None].astype(np.float32)}, None, "", ""
    )
    got = turned(flat, quarter_turns, mirror).maps
    expected = normals_of(got[MapKind.HEIGHT][..., 0].astype(np.float64))
    np.testing.assert_allclose(got[MapKind.NORMAL], expected, atol=1e-5)


def test_a_ramp_up_to_the_right_rises_upwards_after_a_quarter_turn():
    ramp = from_slopes(np.full((4, 4), 0.5), np.zeros((4, 4)))
    dx, dy = slopes(turned(Sample({MapKind.NORMAL: ramp}, None, "", ""), 1, False).maps[MapKind.NORMAL])
    np.testing.assert_allclose(dx, 0, atol=1e-6)
    np.testing.assert_allclose(dy, 0.5, atol=1e-6)


def test_a_ramp_falls_to_the_right_in_the_mirror():
    ramp = from_slopes(np.full((4, 4), 0.5), np.full((4, 4), 0.25))
    dx, dy = slopes(turned(Sample({MapKind.NORMAL: ramp}, None, "", ""), 0, True).maps[MapKind.NORMAL])
    np.testing.assert_allclose(dx, -0.5, atol=1e-6)
    np.testing.assert_allclose(dy, 0.25, atol=1e-6)


def test_four_quarter_turns_and_two_mirrors_change_nothing():
    height, normal = surface()
    original = Sample({MapKind.NORMAL: normal, MapKind.HEIGHT: height[..., None]}, None, "", "")
    again = turned(turned(turned(original, 3, True), 0, True), 1, False)
    twice = turned(turned(original, 1, True), 1, True)
    for kind, image in original.maps.items():
        np.testing.assert_array_equal(twice.maps[kind], image)
        assert again.maps[kind].shape == image.shape


def test_colour_jitter_changes_the_input_and_no_target():
    before = sample(0.5)
    after = jittered(before, 0.1, -0.1, 0.1, 5.0)
    assert not np.array_equal(after.maps[MapKind.DIFFUSE], before.maps[MapKind.DIFFUSE])
    for kind in (MapKind.ALBEDO, MapKind.ROUGHNESS):
        assert after.maps[kind] is before.maps[kind]


def test_no_jitter_changes_nothing():
    rng = np.random.default_rng(0)
    before = Sample({MapKind.DIFFUSE: rng.random((8, 8, 3), dtype=np.float32)}, None, "", "")
    after = jittered(before, 0.0, 0.0, 0.0, 0.0)
    np.testing.assert_allclose(after.maps[MapKind.DIFFUSE], before.maps[MapKind.DIFFUSE], atol=1e-5)


def test_hue_leaves_grey_grey():
    after = jittered(sample(0.4), 0.0, 0.0, 0.0, 30.0).maps[MapKind.DIFFUSE]
    np.testing.assert_allclose(after, 0.4, atol=1e-3)


def test_jittered_colours_stay_in_their_range():
    for value in (0.0, 1.0):
        image = jittered(sample(value), 0.5, 0.5, 0.5, 20.0).maps[MapKind.DIFFUSE]
        assert image.min() >= 0 and image.max() <= 1


def test_a_composite_shows_each_part_in_its_place():
    which = np.random.default_rng(0).integers(0, 4, (16, 16))
    maps = composite([sample(value) for value in (0.0, 0.25, 0.5, 0.75)], which).maps
    for image in maps.values():
        np.testing.assert_array_equal(image, np.broadcast_to(which[..., None] / 4, image.shape))


def test_a_composites_classes_are_the_union_of_its_parts():
    classes = composite([sample(0, label="wood"), sample(1, label="metal")], np.zeros((16, 16))).classes
    assert [name for name, there in zip(CLASSES, classes, strict=True) if there] == ["metal", "wood"]


def test_a_composite_with_an_unknown_part_has_no_classes():
    assert composite([sample(0, label="wood"), sample(1, label=None)], np.zeros((16, 16))).classes is None


def test_a_map_that_one_part_lacks_is_not_given():
    some = sample(0, kinds=(MapKind.DIFFUSE, MapKind.AO))
    more = sample(1, kinds=(MapKind.DIFFUSE, MapKind.AO, MapKind.HEIGHT))
    less = sample(1, kinds=(MapKind.DIFFUSE, MapKind.ROUGHNESS))
    assert set(composite([some, more], np.zeros((16, 16))).maps) == {MapKind.DIFFUSE, MapKind.AO}
    assert set(composite([some, less], np.zeros((16, 16))).maps) == {MapKind.DIFFUSE}


def test_a_composite_leaves_its_parts_alone():
    parts = [sample(0), sample(1)]
    composite(parts, np.ones((16, 16)))
    assert parts[0].maps[MapKind.ALBEDO].max() == 0


@pytest.mark.parametrize("seed", range(20))
def test_both_sides_of_a_two_crop_are_seen(seed):
    image = two_crop([sample(0, size=64), sample(1, size=64)], np.random.default_rng(seed)).maps[
        MapKind.ALBEDO
    ]
    assert set(np.unique(image)) == {0, 1}
    assert 0.1 < image.mean() < 0.9


@pytest.mark.parametrize("seed", range(20))
def test_all_quadrants_of_a_four_crop_are_seen(seed):
    parts = [sample(value, size=64) for value in (0.0, 0.25, 0.5, 0.75)]
    image = four_crop(parts, np.random.default_rng(seed)).maps[MapKind.ALBEDO][..., 0]
    assert [image[0, 0], image[0, -1], image[-1, 0], image[-1, -1]] == [0, 0.25, 0.5, 0.75]


METAL = (MapKind.ALBEDO, MapKind.METALLIC, MapKind.METALLIC_MASK)


def test_a_blend_is_its_parts_where_the_share_is_nothing_or_all():
    share = np.zeros((16, 16), np.float32)
    share[8:] = 1
    maps = blended([sample(0.2), sample(0.7)], share).maps
    for image in maps.values():
        np.testing.assert_allclose(
            image, np.broadcast_to(0.2 + 0.5 * share[..., None], image.shape), atol=1e-6
        )


def test_a_blends_normals_are_the_normals_of_its_mixed_slopes():
    _, normal = surface()
    level = from_slopes(np.zeros((32, 32)), np.zeros((32, 32)))
    parts = [Sample({MapKind.NORMAL: image}, None, "", "") for image in (normal, level)]
    half = blended(parts, np.full((32, 32), 0.5, np.float32)).maps[MapKind.NORMAL]
    np.testing.assert_allclose(slopes(half), np.array(slopes(normal)) / 2, atol=1e-5)


def test_a_blends_colours_mix_in_linear_light():
    parts = [sample(0.0), sample(1.0)]
    half = blended(parts, np.full((16, 16), 0.5, np.float32)).maps
    np.testing.assert_allclose(half[MapKind.ALBEDO], linear_to_srgb(np.float32([0.5]))[0], atol=1e-5)
    np.testing.assert_allclose(half[MapKind.ROUGHNESS], 0.5, atol=1e-6)


def test_in_a_blend_metal_is_where_the_mixed_metallic_says_so():
    share = np.linspace(0, 1, 16, dtype=np.float32)[None].repeat(16, 0)
    maps = blended([sample(0.0, kinds=METAL), sample(1.0, kinds=METAL)], share).maps
    np.testing.assert_array_equal(maps[MapKind.METALLIC_MASK][..., 0], share > 0.5)


def test_a_blend_gives_only_what_both_have_and_the_union_of_their_classes():
    some = sample(0, kinds=(MapKind.DIFFUSE, MapKind.AO, MapKind.HEIGHT), label="wood")
    other = sample(1, kinds=(MapKind.DIFFUSE, MapKind.AO), label="metal")
    got = blend([some, other], np.random.default_rng(0))
    assert set(got.maps) == {MapKind.DIFFUSE, MapKind.AO}
    assert [name for name, there in zip(CLASSES, got.classes, strict=True) if there] == ["metal", "wood"]


@pytest.mark.parametrize("seed", range(10))
def test_both_parts_of_a_blend_are_seen(seed):
    parts = [sample(0.0, size=64), sample(1.0, size=64)]
    rough = blend(parts, np.random.default_rng(seed)).maps[MapKind.ROUGHNESS]
    assert 0.15 < rough.mean() < 0.85
    assert rough.min() == 0 and rough.max() == 1


def test_a_blend_follows_the_heights_of_its_parts():
    height, _ = surface()
    rough, level = np.float32(height[..., None]), np.zeros((32, 32, 1), np.float32)
    first, second = (
        Sample({MapKind.HEIGHT: tall, MapKind.AO: np.full_like(level, ao)}, None, "", "")
        for tall, ao in ((rough, 0), (level, 1))
    )
    found = [
        np.corrcoef(
            blend([first, second], np.random.default_rng(seed)).maps[MapKind.AO].ravel(), height.ravel()
        )
        for seed in range(20)
    ]
    follows = [correlation[0, 1] for correlation in found]
    assert max(follows) > 0.4 and min(follows) < -0.4


def test_blends_come_as_often_as_asked_and_without_them_nothing_changes():
    rng = np.random.default_rng(0)
    augment = Augmentation(two_crop=0.1, blend=0.3)
    names = [augment(lambda _: sample(0, size=4), lambda _: sample(1, size=4), rng).name for _ in range(2000)]
    assert sum("+" in name for name in names) / 2000 == pytest.approx(0.4, abs=0.03)
    never = Augmentation()
    assert never.blend == 0
    assert "+" not in never(lambda _: sample(0), lambda _: sample(1), np.random.default_rng(1)).name


def test_composites_come_as_often_as_asked():
    augment = Augmentation(two_crop=0.3, four_crop=0.15)
    rng = np.random.default_rng(0)
    names = [augment(lambda _: sample(0, size=4), lambda _: sample(1, size=4), rng).name for _ in range(2000)]
    parts = [name.count("+") + 1 for name in names]
    assert parts.count(2) / 2000 == pytest.approx(0.3, abs=0.03)
    assert parts.count(4) / 2000 == pytest.approx(0.15, abs=0.03)


def test_augmented_samples_are_a_function_of_their_numbers(cache):
    augment = Augmentation(two_crop=0.5, four_crop=0.5)
    first, second = (
        PatchDataset({"matsynth": cache}, "train", 24, augment=augment)[1, 2, 0, 24] for _ in range(2)
    )
    assert first.key == second.key
    for kind, image in first.maps.items():
        np.testing.assert_array_equal(image, second.maps[kind])


def test_validation_is_never_augmented(cache):
    augment = Augmentation(two_crop=1.0)
    plain, augmented = (
        PatchDataset({"matsynth": cache}, "val", 24)[0],
        PatchDataset({"matsynth": cache}, "val", 24, augment=augment)[0],
    )
    assert plain.key == augmented.key
    np.testing.assert_array_equal(plain.maps[MapKind.DIFFUSE], augmented.maps[MapKind.DIFFUSE])


def painted(seed=0, metallic=0.0):
    """A mottled albedo under light of one hue, its diffuse, and how much of it is metal."""
    rng = np.random.default_rng(seed)
    albedo = rng.uniform(0.05, 0.4, (12, 12, 3)).astype(np.float32)
    light = rng.uniform(0.3, 1.0, (12, 12, 1)).astype(np.float32)
    maps = {
        MapKind.ALBEDO: linear_to_srgb(albedo),
        MapKind.DIFFUSE: linear_to_srgb(albedo * light),
        MapKind.METALLIC: np.full((12, 12, 1), metallic, np.float32),
    }
    return Sample(maps, None, "", ""), light


def test_a_recoloured_sample_is_lit_as_it_was():
    one, light = painted()
    other = recoloured(one, np.array([0.6, 1.3, 0.9]), 0.2, 20.0).maps
    albedo, diffuse = (srgb_to_linear(other[kind]) for kind in (MapKind.ALBEDO, MapKind.DIFFUSE))
    inside = (albedo > 0.01) & (albedo < 0.99)
    assert inside.mean() > 0.8
    np.testing.assert_allclose(diffuse[inside], (albedo * light)[inside], atol=1e-4)
    assert np.abs(other[MapKind.ALBEDO] - one.maps[MapKind.ALBEDO]).mean() > 0.02


def test_recolouring_leaves_metal_and_what_has_no_albedo_alone():
    metal, _ = painted(metallic=1.0)
    for kind, image in recoloured(metal, np.full(3, 0.3), 0.5, 40.0).maps.items():
        np.testing.assert_allclose(image, metal.maps[kind], atol=1e-6)
    game = sample(0.5, kinds=(MapKind.DIFFUSE, MapKind.HEIGHT))
    assert recoloured(game, np.full(3, 0.3), 0.5, 40.0) is game


def test_no_recoloured_albedo_is_brighter_than_snow_and_all_stay_in_range():
    one, _ = painted()
    maps = recoloured(one, np.full(3, 8.0), 0.0, 0.0).maps
    assert np.quantile(srgb_to_linear(maps[MapKind.ALBEDO]), 0.98) < 0.86
    for seed in range(20):
        augment = Augmentation(recolour=1.0)
        other = augment(lambda _: one, lambda _: one, np.random.default_rng(seed)).maps
        assert all(image.min() >= 0 and image.max() <= 1 for image in other.values())

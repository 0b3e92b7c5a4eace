import numpy as np
import pytest

from unbake.data.augment import Augmentation
from unbake.data.dataset import Sample
from unbake.data.photometric import SkyrimPhotometric, ao_tinted, cold_balanced, vignetted
from unbake.domain.maps import SPECS, MapKind
from unbake.image.colour import luminance

KINDS = (MapKind.DIFFUSE, MapKind.ALBEDO, MapKind.NORMAL, MapKind.ROUGHNESS, MapKind.AO, MapKind.GEO_AO)


def sample(domain="skyrim", value=0.5, kinds=KINDS, size=16, **given):
    maps = {kind: np.full((size, size, SPECS[kind].channels), value, np.float32) for kind in kinds}
    return Sample(maps | given, None, "name", "key", domain)


def diffuse(of, seed=0, **asked):
    changed = SkyrimPhotometric(**{"p": 1.0, **asked})(of, np.random.default_rng(seed))
    return changed.maps[MapKind.DIFFUSE]


def change(of, **asked):
    return np.mean([np.abs(diffuse(of, seed, **asked) - 0.5).mean() for seed in range(20)])


def test_the_input_changes_and_nothing_else():
    before = sample()
    after = SkyrimPhotometric(1.0)(before, np.random.default_rng(0))
    assert not np.array_equal(after.maps[MapKind.DIFFUSE], before.maps[MapKind.DIFFUSE])
    assert all(after.maps[kind] is before.maps[kind] for kind in set(KINDS) - {MapKind.DIFFUSE})
    assert (before.maps[MapKind.DIFFUSE] == 0.5).all()
    assert (after.name, after.key, after.domain, after.classes) == ("name", "key", "skyrim", None)


def test_samples_of_another_domain_stay_as_they_are():
    before = sample("matsynth")
    assert SkyrimPhotometric(1.0)(before, np.random.default_rng(0)) is before


@pytest.mark.parametrize("p", [0.0, 0.6, 1.0])
def test_it_comes_as_often_as_asked(p):
    before, rng = sample(size=4), np.random.default_rng(0)
    changed = [SkyrimPhotometric(p)(before, rng) is not before for _ in range(1000)]
    assert np.mean(changed) == pytest.approx(p, abs=0.05)


def test_half_the_strength_changes_about_half_as_much():
    full, half = change(sample(), strength=1.0), change(sample(), strength=0.5)
    assert half == pytest.approx(full / 2, rel=0.2)


def test_no_strength_changes_nothing():
    np.testing.assert_allclose(diffuse(sample(), strength=0.0), 0.5, atol=1e-6)


def test_the_same_numbers_give_the_same_change():
    np.testing.assert_array_equal(diffuse(sample(), 3), diffuse(sample(), 3))


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_colours_stay_in_their_range(value):
    image = diffuse(sample(value=value))
    assert image.dtype == np.float32 and image.min() >= 0 and image.max() <= 1


def test_given_occlusion_goes_before_the_normals_own():
    open_sky = np.ones((16, 16, 1), np.float32)
    given = diffuse(sample(**{MapKind.AO: open_sky}))
    derived = diffuse(sample(kinds=(MapKind.DIFFUSE, MapKind.GEO_AO)))
    both_open = diffuse(sample(**{MapKind.AO: open_sky, MapKind.GEO_AO: open_sky}))
    np.testing.assert_array_equal(given, both_open)
    np.testing.assert_array_equal(derived, diffuse(sample()))
    assert derived.mean() < given.mean()


def test_without_any_occlusion_the_rest_is_done():
    assert not np.allclose(diffuse(sample(kinds=(MapKind.DIFFUSE,))), 0.5)


def test_occluded_places_are_darker_and_bluer_and_open_ones_stay():
    light = np.full((1, 2, 3), 0.4, np.float32)
    hidden, free = ao_tinted(light, np.float32([[[0.0], [1.0]]]), 1.0)[0]
    np.testing.assert_allclose(free, 0.4)
    assert hidden[0] < hidden[1] < hidden[2] < 0.4


def test_colder_light_keeps_the_luminance_of_a_grey():
    light = np.full((1, 1, 3), 0.4, np.float32)
    for amount in (0.0, 0.5, 1.0):
        assert luminance(cold_balanced(light, amount)).item() == pytest.approx(0.4, abs=1e-6)
    red, _, blue = cold_balanced(light, 1.0)[0, 0]
    assert red < 0.4 < blue


def test_a_vignette_darkens_towards_the_corners_alike():
    falloff = vignetted(np.ones((32, 48, 3), np.float32), 1.0, np.zeros(2))[..., 0]
    np.testing.assert_allclose(falloff, falloff[::-1], atol=1e-6)
    np.testing.assert_allclose(falloff, falloff[:, ::-1], atol=1e-6)
    assert falloff[16, 24] > 0.99 and (np.diff(falloff[16, 24:]) <= 0).all()
    assert falloff.min() == pytest.approx(falloff[0, 0], abs=1e-6) and falloff.min() > 0.6


def test_a_vignette_moves_with_its_centre():
    falloff = vignetted(np.ones((32, 32, 3), np.float32), 1.0, np.array([0.5, 0.0]))[..., 0]
    assert np.unravel_index(falloff.argmax(), falloff.shape)[0] in (23, 24)


def test_augmentation_gives_each_part_of_a_composite_its_own_light():
    light = SkyrimPhotometric(1.0)
    augment = Augmentation(
        spatial=False, brightness=0, contrast=0, saturation=0, hue=0, two_crop=1, photometric=light
    )
    flat = sample(size=64, kinds=(MapKind.DIFFUSE, MapKind.ALBEDO, MapKind.GEO_AO))
    got = augment(lambda _: flat, lambda _: flat, np.random.default_rng(1))
    image = got.maps[MapKind.DIFFUSE]
    steps = np.abs(np.diff(image[..., 2], axis=1)).max(), np.abs(np.diff(image[..., 2], axis=0)).max()
    assert max(steps) > 0.01  # a vignette alone has no edge
    np.testing.assert_array_equal(got.maps[MapKind.ALBEDO], flat.maps[MapKind.ALBEDO])
    assert got.domain == "skyrim"


def test_augmentation_leaves_matsynth_to_the_other_changes():
    augment = Augmentation(brightness=0, contrast=0, saturation=0, hue=0, photometric=SkyrimPhotometric(1.0))
    flat = sample("matsynth")
    got = augment(lambda _: flat, lambda _: flat, np.random.default_rng(0))
    np.testing.assert_allclose(got.maps[MapKind.DIFFUSE], 0.5, atol=1e-5)

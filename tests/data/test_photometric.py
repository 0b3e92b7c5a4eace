"""Skyrim's light on its samples' pictures: how often, how much, and on nothing else."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from support.samples import flat, plain, seen, whole, write_entry
from torch import Tensor

from unbake.data.augment import Augmentation
from unbake.data.crop import Crop
from unbake.data.photometric import Light, SkyrimPhotometric, ao_tinted, cold_balanced, lit, vignetted
from unbake.data.sample import Sample
from unbake.domain.maps import MapKind
from unbake.domain.materials import Domain
from unbake.image.colour import luminance

KINDS = (MapKind.DIFFUSE, MapKind.ALBEDO, MapKind.ROUGHNESS, MapKind.AO, MapKind.GEO_AO)
GREY = 127 / 255


def light(seed: int = 0, strength: float = 1.0, domain: Domain = "skyrim", p: float = 1.0) -> Light | None:
    return SkyrimPhotometric(p, strength).drawn(domain, np.random.default_rng(seed))


def shown(sample: Sample, seed: int = 0) -> dict[MapKind, np.ndarray]:
    """The maps of a sample in a light that is drawn for it."""
    layer = replace(sample.layers[0], light=light(seed))
    return seen(replace(sample, layers=(layer,))).maps


def diffuse(value: float = 0.5, ao: float = 0.5, seed: int = 0, strength: float = 1.0) -> Tensor:
    drawn = light(seed, strength)
    assert drawn is not None
    return lit(torch.full((1, 3, 16, 16), value), torch.full((1, 1, 16, 16), ao), [drawn])


def test_the_input_changes_and_nothing_else(tmp_path: Path):
    sample = whole(tmp_path, flat(GREY, KINDS), domain="skyrim")
    before, after = seen(sample).maps, shown(sample)
    assert not np.array_equal(after[MapKind.DIFFUSE], before[MapKind.DIFFUSE])
    for kind in set(KINDS) - {MapKind.DIFFUSE}:
        np.testing.assert_array_equal(after[kind], before[kind])


def test_samples_of_another_domain_keep_their_light():
    assert light(domain="matsynth") is None


@pytest.mark.parametrize("p", [0.0, 0.6, 1.0])
def test_it_comes_as_often_as_asked(p: float):
    rng = np.random.default_rng(0)
    drawn = [SkyrimPhotometric(p).drawn("skyrim", rng) is not None for _ in range(1000)]
    assert np.mean(drawn) == pytest.approx(p, abs=0.05)


def test_half_the_strength_changes_about_half_as_much():
    full, half = (
        np.mean([(diffuse(seed=seed, strength=strength) - 0.5).abs().mean() for seed in range(20)])
        for strength in (1.0, 0.5)
    )
    assert half == pytest.approx(full / 2, rel=0.2)


def test_no_strength_changes_nothing():
    torch.testing.assert_close(diffuse(strength=0.0), torch.full((1, 3, 16, 16), 0.5), atol=1e-6, rtol=0)


def test_the_same_numbers_draw_the_same_light():
    assert light(3) == light(3) != light(4)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_colours_stay_in_their_range(value: float):
    image = diffuse(value)
    assert image.dtype == torch.float32 and image.min() >= 0 and image.max() <= 1


def test_each_picture_has_its_own_light():
    pictures = torch.rand(3, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    occlusion = torch.rand(3, 1, 16, 16, generator=torch.Generator().manual_seed(1))
    lights = [drawn for seed in range(3) if (drawn := light(seed))]
    together = lit(pictures, occlusion, lights)
    for i, drawn in enumerate(lights):
        alone = lit(pictures[i : i + 1], occlusion[i : i + 1], [drawn])
        torch.testing.assert_close(together[i : i + 1], alone)


def test_given_occlusion_goes_before_the_normals_own(tmp_path: Path):
    def picture(name: str, **given: float) -> np.ndarray:
        kinds = {MapKind(kind): value for kind, value in given.items()}
        maps = {MapKind.DIFFUSE: GREY} | kinds
        made = {kind: flat(value, (kind,))[kind] for kind, value in maps.items()}
        return shown(whole(tmp_path, made, name, domain="skyrim"))[MapKind.DIFFUSE]

    given = picture("a", ao=1.0, geo_ao=GREY)
    derived = picture("b", geo_ao=GREY)
    np.testing.assert_array_equal(given, picture("c", ao=1.0, geo_ao=1.0))
    np.testing.assert_array_equal(derived, picture("d", ao=GREY, geo_ao=GREY))
    assert derived.mean() < given.mean()
    assert not np.allclose(picture("e"), GREY)  # without any, the rest is done


def amount(value: float) -> Tensor:
    return torch.full((1, 1, 1, 1), value)


def test_occluded_places_are_darker_and_bluer_and_open_ones_stay():
    ao = torch.tensor([0.0, 1.0]).view(1, 1, 1, 2)
    hidden, free = ao_tinted(torch.full((1, 3, 1, 2), 0.4), ao, amount(1.0))[0, :, 0].T
    torch.testing.assert_close(free, torch.full((3,), 0.4))
    assert hidden[0] < hidden[1] < hidden[2] < 0.4


def test_colder_light_keeps_the_luminance_of_a_grey():
    grey = torch.full((1, 3, 1, 1), 0.4)
    for cold in (0.0, 0.5, 1.0):
        balanced = cold_balanced(grey, amount(cold))
        assert luminance(balanced, 1).item() == pytest.approx(0.4, abs=1e-6)
    red, _, blue = balanced.flatten()
    assert red < 0.4 < blue


def falloff(height: int, width: int, centre: tuple[float, float]) -> np.ndarray:
    white = torch.ones(1, 3, height, width)
    return vignetted(white, amount(1.0), torch.tensor([centre]))[0, 0].numpy()


def test_a_vignette_darkens_towards_the_corners_alike():
    dark = falloff(32, 48, (0.0, 0.0))
    np.testing.assert_allclose(dark, dark[::-1], atol=1e-6)
    np.testing.assert_allclose(dark, dark[:, ::-1], atol=1e-6)
    assert dark[16, 24] > 0.99 and (np.diff(dark[16, 24:]) <= 0).all()
    assert dark.min() == pytest.approx(dark[0, 0], abs=1e-6) and dark.min() > 0.6


def test_a_vignette_moves_with_its_centre():
    dark = falloff(32, 32, (0.5, 0.0))
    assert np.unravel_index(dark.argmax(), dark.shape)[0] in (23, 24)


NOTHING_ELSE = {"brightness": 0.0, "contrast": 0.0, "saturation": 0.0, "hue": 0.0}


def test_augmentation_gives_each_part_of_a_composite_its_own_light(tmp_path: Path):
    augment = Augmentation(spatial=False, two_crop=1.0, photometric=SkyrimPhotometric(1.0), **NOTHING_ELSE)
    maps = flat(GREY, (MapKind.DIFFUSE, MapKind.ALBEDO, MapKind.GEO_AO), size=64)
    sample = plain(Crop(tmp_path, write_entry(tmp_path, maps), 0, 0, 0, 64), domain="skyrim")
    drawn = augment(lambda _: sample, lambda _: sample, np.random.default_rng(1))
    got = seen(drawn).maps
    image = got[MapKind.DIFFUSE]
    steps = np.abs(np.diff(image[..., 2], axis=1)).max(), np.abs(np.diff(image[..., 2], axis=0)).max()
    assert max(steps) > 0.01  # a vignette alone has no edge
    np.testing.assert_array_equal(got[MapKind.ALBEDO], seen(sample).maps[MapKind.ALBEDO])
    assert drawn.domain == "skyrim"


def test_augmentation_leaves_matsynth_to_the_other_changes(tmp_path: Path):
    augment = Augmentation(spatial=False, photometric=SkyrimPhotometric(1.0), **NOTHING_ELSE)
    sample = whole(tmp_path, flat(GREY, KINDS))
    drawn = augment(lambda _: sample, lambda _: sample, np.random.default_rng(0))
    np.testing.assert_array_equal(seen(drawn).maps[MapKind.DIFFUSE], seen(sample).maps[MapKind.DIFFUSE])

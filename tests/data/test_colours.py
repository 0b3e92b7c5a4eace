"""Gradings of a sample's picture, and other paint on its surface."""

import numpy as np
import pytest
import torch
from torch import Tensor

from unbake.data.colours import Jitter, Paint, jittered, quantile, recoloured, thinned
from unbake.image.colour import linear_to_srgb, luma, srgb_to_linear


def grey(value: float) -> Tensor:
    return torch.full((1, 3, 8, 8), value)


def test_no_jitter_changes_nothing():
    before = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(jittered(before, [Jitter(), Jitter()]), before, atol=1e-5, rtol=0)


def test_each_picture_is_graded_by_its_own_jitter():
    before = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    jitters = [Jitter(0.1, -0.1, 0.1, 5.0), Jitter(-0.1, 0.2, -0.3, -20.0)]
    together = jittered(before, jitters)
    for place, jitter in enumerate(jitters):
        torch.testing.assert_close(together[place], jittered(before[place : place + 1], [jitter])[0])


def test_brightness_contrast_saturation_and_hue_come_one_after_the_other():
    picture = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * 0.4 + 0.3
    one = jittered(picture, [Jitter(0.1, -0.2, 0.3, 10.0)])
    bright = picture * 1.1
    drawn = bright.mean() + 0.8 * (bright - bright.mean())
    plain = luma(drawn, 1)
    strong = plain + 1.3 * (drawn - plain)
    torch.testing.assert_close(one, jittered(strong, [Jitter(hue=10.0)]), atol=1e-5, rtol=0)


def test_hue_leaves_grey_grey():
    torch.testing.assert_close(jittered(grey(0.4), [Jitter(hue=30.0)]), grey(0.4), atol=1e-3, rtol=0)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_jittered_colours_stay_in_their_range(value: float):
    image = jittered(grey(value), [Jitter(0.5, 0.5, 0.5, 20.0)])
    assert image.min() >= 0 and image.max() <= 1


def painted(metallic: float = 0.0) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The diffuse of a mottled albedo under light of one hue, the albedo, how much of it is metal, and the light."""
    generator = torch.Generator().manual_seed(0)
    albedo = 0.05 + 0.35 * torch.rand(1, 3, 12, 12, generator=generator)
    light = 0.3 + 0.7 * torch.rand(1, 1, 12, 12, generator=generator)
    metal = torch.full((1, 1, 12, 12), metallic)
    return linear_to_srgb(albedo * light), linear_to_srgb(albedo), metal, light


def test_a_recoloured_sample_is_lit_as_it_was():
    diffuse, was, metal, light = painted()
    lit, paint = recoloured(diffuse, was, metal, [Paint((0.6, 1.3, 0.9), 0.2, 20.0)])
    picture, albedo = srgb_to_linear(lit), srgb_to_linear(paint)
    inside = (albedo > 0.01) & (albedo < 0.99)
    assert inside.float().mean() > 0.8
    torch.testing.assert_close(picture[inside], (albedo * light)[inside], atol=1e-4, rtol=0)
    assert (paint - was).abs().mean() > 0.02


def test_recolouring_leaves_metal_alone():
    diffuse, albedo, metal, _ = painted(metallic=1.0)
    for before, after in zip(
        (diffuse, albedo), recoloured(diffuse, albedo, metal, [Paint((0.3,) * 3, 0.5, 40.0)]), strict=True
    ):
        torch.testing.assert_close(after, before, atol=1e-6, rtol=0)


def test_no_recoloured_albedo_is_brighter_than_snow_and_all_stay_in_range():
    diffuse, albedo, metal, _ = painted()
    both = recoloured(diffuse, albedo, metal, [Paint((8.0,) * 3)])
    assert np.quantile(srgb_to_linear(both[1].numpy()), 0.98) < 0.86
    assert all(image.min() >= 0 and image.max() <= 1 for image in both)


@pytest.mark.parametrize("share", [0.0, 0.31, 0.98, 1.0])
def test_a_quantile_is_numpys(share: float):
    values = np.random.default_rng(0).random((3, 1000), np.float32)
    np.testing.assert_allclose(
        quantile(torch.from_numpy(values), share), np.quantile(values, share, axis=1), atol=1e-6
    )


def test_a_quantile_is_asked_of_every_texel_up_to_256_a_side():
    assert thinned(torch.zeros(1, 3, 256, 256)).shape[-2:] == (256, 256)
    assert thinned(torch.zeros(1, 3, 511, 511)).shape[-2:] == (511, 511)
    assert thinned(torch.zeros(1, 3, 768, 768)).shape[-2:] == (256, 256)

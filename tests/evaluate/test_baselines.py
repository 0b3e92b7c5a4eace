"""The baselines without a network, by closed forms."""

import numpy as np
import pytest

from unbake.evaluate.baselines import albedo_baselines, level_free_rmse, scaled_contrast
from unbake.evaluate.figures import Score, Scored
from unbake.evaluate.gather import gather
from unbake.image.colour import linear_to_srgb, srgb_to_linear


def picture(seed: int = 0, low: float = 0.05, high: float = 0.4) -> np.ndarray:
    """Random linear light between two values, as sRGB (16, 16, 3)."""
    return linear_to_srgb(np.random.default_rng(seed).uniform(low, high, (16, 16, 3)))


def logarithm(srgb: np.ndarray) -> np.ndarray:
    return np.log(srgb_to_linear(srgb))


def test_contrast_keeps_the_geometric_mean_of_each_channel():
    before, after = (logarithm(image).mean((0, 1)) for image in (picture(), scaled_contrast(picture())))
    np.testing.assert_allclose(after, before, atol=1e-6)


def test_contrast_scales_the_deviation_of_the_logarithm():
    before, after = (logarithm(image).std((0, 1)) for image in (picture(), scaled_contrast(picture(), 0.7)))
    np.testing.assert_allclose(after, 0.7 * before, rtol=1e-6)


def test_contrast_of_two_greys_is_the_formula():
    linear = np.array([0.04, 0.36])[None, :, None].repeat(3, -1)
    expected = 0.12 * np.array([1 / 3, 3.0]) ** 0.7  # about the geometric mean 0.12
    after = srgb_to_linear(scaled_contrast(linear_to_srgb(linear), 0.7))
    np.testing.assert_allclose(after[0, :, 0], expected, rtol=1e-6)


def test_contrast_times_one_changes_nothing():
    np.testing.assert_allclose(scaled_contrast(picture(), 1.0), picture(), atol=1e-7)


def test_contrast_of_black_is_finite_and_in_range():
    half = np.concatenate([np.zeros((4, 4, 3), np.float32), np.ones((4, 4, 3), np.float32)])
    after = scaled_contrast(half)
    assert after.dtype == np.float32
    assert 0 <= after.min() <= after.max() <= 1


def test_contrast_below_one_undoes_light_that_added_contrast():
    albedo = picture()
    mean = logarithm(albedo).mean((0, 1))
    lit = linear_to_srgb(np.exp(mean + (logarithm(albedo) - mean) / 0.7))
    np.testing.assert_allclose(scaled_contrast(lit, 0.7), albedo, atol=1e-6)


def test_the_first_albedo_baseline_is_the_diffuse():
    named = albedo_baselines(picture())
    assert list(named) == ["identity", "contrast × 0.7"]
    np.testing.assert_array_equal(named["identity"], picture())


@pytest.mark.parametrize("gain", [0.3, 1.0, 2.0])
def test_a_level_alone_is_no_level_free_error(gain: float):
    darker = linear_to_srgb(gain * srgb_to_linear(picture()))
    assert level_free_rmse(darker, picture()) == pytest.approx(0, abs=1e-6)


def test_the_level_free_error_does_not_depend_on_the_level():
    darker = linear_to_srgb(0.5 * srgb_to_linear(picture(1)))
    assert level_free_rmse(darker, picture()) == pytest.approx(
        level_free_rmse(picture(1), picture()), rel=1e-6
    )


def test_the_gain_is_that_of_least_squares():
    albedo, truth = (np.array([[[a, a, a], [b, b, b]]]) for a, b in ((0.1, 0.3), (0.3, 0.1)))
    fitted = 0.6 * np.array([0.1, 0.3])  # (0.1 * 0.3 + 0.3 * 0.1) / (0.1² + 0.3²)
    expected = np.sqrt(np.mean((linear_to_srgb(fitted) - linear_to_srgb(np.array([0.3, 0.1]))) ** 2))
    assert level_free_rmse(linear_to_srgb(albedo), linear_to_srgb(truth)) == pytest.approx(expected)


def test_black_has_no_gain_and_the_error_of_black():
    truth = np.full((2, 2, 3), 0.5)
    assert level_free_rmse(np.zeros((2, 2, 3)), truth) == pytest.approx(0.5)


def scored(material_id: str, better: str, ours: float) -> Scored:
    return Scored(material_id, "stone", "sun", (Score("albedo", "m", better, ours, {"identity": 0.2}),))  # type: ignore[arg-type]


def worse_on(better: str, *ours: float) -> float:
    paintings = [scored(str(number), better, value) for number, value in enumerate(ours)]
    return gather(paintings).rows[0].baselines[0].worse


def test_worse_is_the_share_of_materials_with_a_larger_error():
    assert worse_on("lower", 0.1, 0.2, 0.3, 0.4) == 0.5


def test_worse_is_the_share_of_materials_with_a_smaller_score():
    assert worse_on("higher", 0.1, 0.2, 0.3, 0.4) == 0.25

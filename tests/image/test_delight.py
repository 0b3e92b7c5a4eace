"""Albedo by rule: each of the three rules undoes what it is for, and leaves alone what it is not."""

import numpy as np
import pytest

from unbake.image.colour import linear_to_srgb, srgb_to_linear
from unbake.image.delight import METAL_LIFT, Delight, albedo, fit, relevelled

SIDE = 48
ZERO = np.zeros((SIDE, SIDE, 1), np.float32)


@pytest.fixture
def normal() -> np.ndarray:
    rng = np.random.default_rng(3)
    tilt = rng.normal(0, 0.35, (SIDE, SIDE, 2))
    made = np.concatenate([tilt, np.ones((SIDE, SIDE, 1))], -1)
    return (made / np.linalg.norm(made, axis=-1, keepdims=True)).astype(np.float32)


@pytest.fixture
def surface() -> np.ndarray:
    """Linear albedo (H, W, 3) that has nothing to do with the normal."""
    rng = np.random.default_rng(4)
    return np.exp(rng.normal(-2, 0.4, (SIDE, SIDE, 1)) * np.ones(3)).clip(0, 0.6).astype(np.float32)


def error(srgb: np.ndarray, linear: np.ndarray) -> float:
    return float(np.sqrt(((srgb - linear_to_srgb(linear)) ** 2).mean()))


def test_light_from_one_side_is_taken_out(normal: np.ndarray, surface: np.ndarray):
    lit = surface * np.exp(0.8 * normal[..., :1] - 0.4 * normal[..., 1:2])
    picture = linear_to_srgb(np.clip(lit, 0, 1)).astype(np.float32)
    made = albedo(picture, normal, ZERO, fit(picture, normal, contrast=1.0), 1.0)
    assert error(made, surface) < 0.35 * error(picture, surface)


def test_a_picture_without_painted_light_keeps_its_pattern(normal: np.ndarray, surface: np.ndarray):
    picture = linear_to_srgb(surface).astype(np.float32)
    made = albedo(picture, normal, ZERO, fit(picture, normal, contrast=1.0), 1.0)
    assert error(made, surface) < 0.03


def test_the_level_is_divided_out_in_linear_light(normal: np.ndarray, surface: np.ndarray):
    picture = linear_to_srgb(surface * 0.3).astype(np.float32)
    found = Delight((0.0, 0.0, 0.0), 0.0, 0.0, 1.0)
    made = srgb_to_linear(albedo(picture, normal, ZERO, found, 0.3))
    np.testing.assert_allclose(made, surface, rtol=0.08, atol=0.008)


def test_metal_is_lifted_by_a_share_of_its_own_level(normal: np.ndarray, surface: np.ndarray):
    picture = linear_to_srgb(surface * 0.2).astype(np.float32)
    found = Delight((0.0, 0.0, 0.0), 0.0, 0.0, 1.0)
    bare, metal = (albedo(picture, normal, ZERO + on, found, 1.0, 0.5) for on in (0, 1))
    ratio = srgb_to_linear(metal) / srgb_to_linear(bare)
    assert float(np.median(ratio)) == pytest.approx(0.5**-METAL_LIFT, rel=0.05)


def test_the_pictures_mean_stays_at_level_one(normal: np.ndarray, surface: np.ndarray):
    picture = linear_to_srgb(surface).astype(np.float32)
    made = srgb_to_linear(albedo(picture, normal, ZERO, fit(picture, normal), 1.0))
    assert float(made.mean()) == pytest.approx(float(surface.mean()), rel=0.03)


def test_less_contrast_leaves_colours_their_distances(normal: np.ndarray, surface: np.ndarray):
    rng = np.random.default_rng(5)
    coloured = surface * np.exp(rng.normal(0, 0.5, surface.shape).astype(np.float32)) / 2 + 0.02
    picture = linear_to_srgb(coloured).astype(np.float32)
    made = srgb_to_linear(albedo(picture, normal, ZERO, fit(picture, normal, contrast=0.6), 1.0))
    apart = [np.log(image[..., 0] / image[..., 2]) for image in (coloured, made)]
    assert float(np.std(apart[1])) == pytest.approx(float(np.std(apart[0])), rel=0.05)


def test_an_even_picture_loses_more_of_its_contrast_than_a_varied_one(
    normal: np.ndarray, surface: np.ndarray
):
    def kept(deviation: float) -> float:
        pattern = np.log(surface)
        pattern = (pattern - pattern.mean()) * deviation / pattern.std()
        picture = linear_to_srgb(0.2 * np.exp(pattern)).astype(np.float32)
        made = srgb_to_linear(albedo(picture, normal, ZERO, fit(picture, normal), 1.0))
        return float(np.log(made + 2e-3).std()) / deviation

    assert kept(0.15) < 0.6 < kept(0.3) < 0.8 < kept(0.6) < 1


def test_rows_are_the_rows_of_the_whole(normal: np.ndarray, surface: np.ndarray):
    picture = linear_to_srgb(surface).astype(np.float32)
    found = fit(picture, normal)
    whole = albedo(picture, normal, ZERO, found, 0.5)
    part = albedo(picture[8:16], normal[8:16], ZERO[8:16], found, 0.5)
    np.testing.assert_array_equal(part, whole[8:16])


def test_nothing_grows_whiter_than_snow(normal: np.ndarray):
    picture = np.full((SIDE, SIDE, 3), 0.9, np.float32)
    made = srgb_to_linear(albedo(picture, normal, ZERO, fit(picture, normal), 0.1))
    assert float(made.max()) <= 0.951


def test_texels_without_weight_do_not_count(normal: np.ndarray, surface: np.ndarray):
    picture = linear_to_srgb(surface).astype(np.float32)
    weight = np.ones((SIDE, SIDE, 1), np.float32)
    weight[: SIDE // 2] = 0
    spoilt = picture.copy()
    spoilt[: SIDE // 2] = 0
    assert fit(spoilt, normal, weight) == fit(picture, normal, weight)


def test_a_flat_normal_and_an_empty_weight_are_no_error():
    flat = np.zeros((SIDE, SIDE, 3), np.float32) + np.float32([0, 0, 1])
    black = np.zeros((SIDE, SIDE, 3), np.float32)
    made = albedo(black, flat, ZERO, fit(black, flat, ZERO), 0.4)
    assert np.isfinite(made).all() and float(made.max()) < 0.05


def test_relevelled_multiplies_light():
    grey = np.full((2, 2, 3), 0.5, np.float32)
    assert float(srgb_to_linear(relevelled(grey, 2.0)).mean()) == pytest.approx(0.428, abs=2e-3)

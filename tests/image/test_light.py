import numpy as np
import pytest

from unbake.image.colour import linear_to_srgb, srgb_to_linear
from unbake.image.light import codes_of, light_of


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_the_light_of_codes_is_that_of_their_floats(dtype):
    codes = np.arange(0, np.iinfo(dtype).max + 1, 7).astype(dtype)
    expected = srgb_to_linear(codes / np.iinfo(dtype).max)
    np.testing.assert_allclose(light_of(codes), expected, atol=1e-6)


def test_codes_of_light_are_the_nearest_ones_but_for_a_tenth_of_a_code():
    light = np.linspace(0, 1, 100_001, dtype=np.float32)
    exact = linear_to_srgb(light.astype(np.float64)) * 255
    assert np.abs(codes_of(light) - exact).max() < 0.6


def test_every_code_comes_back():
    codes = np.arange(256, dtype=np.uint8)
    assert np.array_equal(codes_of(light_of(codes)), codes)


def test_light_beyond_the_range_is_cut():
    assert codes_of(np.float32([-3, 7])).tolist() == [0, 255]

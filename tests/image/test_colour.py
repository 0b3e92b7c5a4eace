import numpy as np
import pytest

from unbake.image.colour import linear_to_srgb, luma, luminance, srgb_to_linear

torch = pytest.importorskip("torch")


def test_srgb_follows_the_two_pieces_of_the_standard():
    encoded = np.array([0.0, 0.04045, 0.5, 1.0])
    expected = [0.0, 0.04045 / 12.92, ((0.5 + 0.055) / 1.055) ** 2.4, 1.0]
    np.testing.assert_allclose(expected, srgb_to_linear(encoded), rtol=1e-12)


def test_encoding_undoes_decoding_for_every_eight_bit_value():
    values = np.arange(256) / 255
    np.testing.assert_allclose(values, linear_to_srgb(srgb_to_linear(values)), atol=1e-7)


def test_values_outside_the_range_come_back_unchanged():
    values = np.array([-0.5, 1.7])
    np.testing.assert_allclose(values, linear_to_srgb(srgb_to_linear(values)), atol=1e-12)


@pytest.mark.parametrize("function", [srgb_to_linear, linear_to_srgb])
def test_numpy_and_torch_agree_and_keep_float32(function):
    x = np.linspace(-0.1, 1.1, 1001, dtype=np.float32)
    of_numpy, of_torch = function(x), function(torch.from_numpy(x))
    assert (np.float32, torch.float32) == (of_numpy.dtype, of_torch.dtype)
    np.testing.assert_allclose(of_numpy, of_torch.numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("function", [srgb_to_linear, linear_to_srgb])
def test_gradients_are_finite_even_below_zero(function):
    x = torch.tensor([-1.0, 0.0, 0.001, 0.03, 0.5, 2.0], dtype=torch.float64, requires_grad=True)
    function(x).sum().backward()
    assert x.grad is not None and bool(torch.isfinite(x.grad).all()) and bool((x.grad > 0).all())


def test_white_has_luminance_one_and_green_weighs_most():
    rgb = np.array([[1.0, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
    np.testing.assert_allclose([[1.0], [0.2126], [0.7152], [0.0722]], luminance(rgb), rtol=1e-12)


def test_luminance_reads_the_channels_on_any_axis_of_a_tensor():
    batch = torch.rand(2, 3, 4, 5)
    expected = luminance(batch.movedim(1, -1).numpy())
    np.testing.assert_allclose(expected, luminance(batch, axis=1).movedim(1, -1).numpy(), rtol=1e-6)


def test_luma_weighs_encoded_values_as_luminance_weighs_light():
    rgb = np.random.default_rng(0).random((5, 4, 3), np.float32)
    np.testing.assert_array_equal(luma(rgb), luminance(rgb))
    assert abs(luma(linear_to_srgb(rgb)) - linear_to_srgb(luminance(rgb))).max() > 0.01

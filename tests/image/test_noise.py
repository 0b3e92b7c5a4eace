import numpy as np
import pytest

from unbake.image.noise import blur, rough_noise, smooth_noise, smoothstep


def seam_ratio(field: np.ndarray) -> float:
    """Steps across the border relative to steps inside; about 1 when the field tiles."""
    across = np.abs(field[0] - field[-1]).mean() + np.abs(field[:, 0] - field[:, -1]).mean()
    inside = np.abs(np.diff(field, axis=0)).mean() + np.abs(np.diff(field, axis=1)).mean()
    return float(across / inside)


def test_blur_wraps_around_so_that_it_commutes_with_rolling() -> None:
    image = np.random.default_rng(0).random((32, 48), dtype=np.float32)
    rolled = blur(np.roll(image, (5, 7), (0, 1)), 2.5)
    np.testing.assert_allclose(rolled, np.roll(blur(image, 2.5), (5, 7), (0, 1)), atol=1e-5)


def test_blur_of_a_wave_is_the_wave_times_the_gaussian_transfer() -> None:
    x = np.arange(64, dtype=np.float32)
    wave = np.broadcast_to(np.sin(2 * np.pi * 4 * x / 64), (16, 64))
    expected = wave * np.exp(-2 * (np.pi * 3.0 * 4 / 64) ** 2)
    np.testing.assert_allclose(blur(wave, 3.0), expected, atol=1e-5)


@pytest.mark.parametrize("shape", [(64, 64), (32, 128), (63, 50)])
def test_noises_tile_and_are_standardised(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(3)
    for field in (
        smooth_noise(rng, shape, 5),
        rough_noise(rng, shape, 1.2),
        rough_noise(rng, shape, 1, (6, 1)),
    ):
        assert field.shape == shape
        assert field.dtype == np.float32
        assert abs(float(field.mean())) < 1e-4
        assert abs(float(field.std()) - 1) < 1e-4
        assert 0.5 < seam_ratio(field) < 1.6


def test_smooth_noise_is_the_same_pattern_at_every_size() -> None:
    small = smooth_noise(np.random.default_rng(1), (64, 64), 4)
    large = smooth_noise(np.random.default_rng(1), (128, 128), 4)
    np.testing.assert_allclose(large[::2, ::2], small, atol=0.02)


def test_stretched_noise_has_its_grain_along_the_stretched_axis() -> None:
    field = rough_noise(np.random.default_rng(0), (64, 64), 1.0, (8.0, 1.0))
    down, across = np.abs(np.diff(field, axis=0)).mean(), np.abs(np.diff(field, axis=1)).mean()
    assert down < 0.5 * across


def test_smoothstep_is_zero_one_and_half_where_it_should_be() -> None:
    assert smoothstep(np.array([-1.0, 0.0, 0.5, 1.0, 2.0]), 0, 1).tolist() == [0, 0, 0.5, 1, 1]

import numpy as np
import pytest

from unbake.image.resample import by_area, smooth_rows, smoothly

RNG = np.random.default_rng(1)


def test_colours_are_averaged_in_linear_light() -> None:
    black_and_white = np.float32([[[0], [1]]])
    assert np.allclose(by_area(black_and_white, 1, 1, colour="srgb"), 0.7354, atol=1e-4)


def test_data_are_averaged_as_they_are() -> None:
    black_and_white = np.float32([[[0], [1]]])
    assert np.allclose(by_area(black_and_white, 1, 1), 0.5)


def test_by_area_takes_the_means_of_blocks() -> None:
    image = RNG.random((8, 12, 2), np.float32)
    assert np.allclose(
        by_area(image, 4, 4, (False, False)), image.reshape(4, 2, 4, 3, 2).mean((1, 3)), atol=1e-6
    )


def test_smoothly_reads_across_the_seam_of_an_axis_that_wraps() -> None:
    image = RNG.random((16, 24, 1), np.float32)
    rolled = np.roll(image, (4, 6), (0, 1))
    enlarged = smoothly(image, 32, 48, (True, True))
    assert np.allclose(smoothly(rolled, 32, 48, (True, True)), np.roll(enlarged, (8, 12), (0, 1)), atol=1e-6)


@pytest.mark.parametrize("size", [(224, 224), (40, 100)])
def test_smoothly_is_torchs_antialiased_interpolation(size: tuple[int, int]) -> None:
    torch = pytest.importorskip("torch")
    image = RNG.random((100, 300, 3), np.float32)
    batch = torch.from_numpy(image.transpose(2, 0, 1)[None])
    expected = torch.nn.functional.interpolate(batch, size, mode="bilinear", antialias=True)
    assert np.abs(smoothly(image, *size) - expected[0].numpy().transpose(1, 2, 0)).max() < 1e-4


@pytest.mark.parametrize("wrap", [(True, True), (False, True), (False, False)])
@pytest.mark.parametrize("size", [(64, 48), (50, 33), (16, 12)])
def test_some_rows_of_what_grows_smoothly_are_those_of_the_whole(size, wrap):
    image = np.random.default_rng(4).random((16, 12, 2), np.float32)
    rows = smooth_rows(image, *size, wrap)
    found = np.concatenate([rows(slice(top, min(top + 7, size[0]))) for top in range(0, size[0], 7)])
    np.testing.assert_allclose(found, smoothly(image, *size, wrap), atol=1e-5)

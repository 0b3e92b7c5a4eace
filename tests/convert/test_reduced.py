import numpy as np
import pytest

from unbake.convert.reduced import by_area, reduced_size, smoothly

RNG = np.random.default_rng(1)


def test_a_reduced_copy_keeps_to_the_longest_side_and_multiples_of_32() -> None:
    for height, width in ((1, 1), (33, 4000), (512, 512), (1024, 768), (5, 31)):
        sides = reduced_size(height, width, 512)
        assert max(sides) <= 512
        assert all(side % 32 == 0 and side > 0 for side in sides)


def test_a_size_that_fits_is_kept() -> None:
    assert reduced_size(512, 256, 512) == (512, 256)


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

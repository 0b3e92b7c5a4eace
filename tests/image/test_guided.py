import numpy as np
import pytest

from unbake.image.guided import guided
from unbake.image.resample import by_area, smoothly

SIZE, SMALL = (96, 128), (48, 64)


def guide(seed: int, channels: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).random((*SIZE, channels), np.float32)


def enlarged(small: np.ndarray, guides: np.ndarray, wrap: tuple[bool, bool] = (True, True)) -> np.ndarray:
    reduced = by_area(guides, *SMALL)
    return guided(small, reduced, guides.__getitem__, SIZE, wrap)


@pytest.mark.parametrize("channels", [1, 2])
def test_what_follows_the_guides_gets_their_detail_back(channels):
    guides = guide(0, channels)
    truth = 0.3 + (guides * np.float32([0.4, -0.2])[:channels]).sum(-1, keepdims=True)
    small = by_area(truth, *SMALL)
    blurred = smoothly(small, *SIZE, (True, True))
    found = enlarged(small, guides)
    assert np.corrcoef(found.ravel(), truth.ravel())[0, 1] > 0.98
    assert np.corrcoef(blurred.ravel(), truth.ravel())[0, 1] < 0.8


def test_mean_and_broad_shapes_are_those_of_the_small_map():
    along = np.cos(np.arange(SMALL[1], dtype=np.float32) * np.float32(2 * np.pi / SMALL[1]))
    small = np.tile(0.5 + 0.3 * along[None, :, None], (SMALL[0], 1, 1))
    unlike = smoothly(np.random.default_rng(2).random((24, 32, 1), np.float32), *SIZE, (True, True))
    found = enlarged(small, unlike)
    assert found.mean() == pytest.approx(small.mean(), abs=1e-4)
    broad = [by_area(image, 3, 4, (True, True)) for image in (found, small)]
    np.testing.assert_allclose(*broad, atol=0.15 * small.std())


def test_a_blurred_map_of_full_size_gets_the_detail_of_what_it_follows():
    guides = smoothly(guide(7)[:48, :64], *SIZE, (True, True))
    truth = 0.8 - 0.5 * guides
    blurred = smoothly(smoothly(truth, 24, 32, (True, True)), *SIZE, (True, True))
    found = guided(blurred, guides, guides.__getitem__, SIZE, (True, True))
    errors = [float((image - truth).std()) for image in (blurred, found)]
    assert errors[1] < 0.5 * errors[0]


def test_one_value_stays_one_value():
    found = enlarged(np.full((*SMALL, 1), 0.4, np.float32), guide(3))
    np.testing.assert_allclose(found, 0.4, atol=1e-3)


def test_a_flat_guide_guides_nothing():
    small = smoothly(np.random.default_rng(4).random((6, 8, 1), np.float32), *SMALL, (True, True))
    found = enlarged(small, np.full((*SIZE, 1), 0.5, np.float32))
    assert np.isfinite(found).all()
    assert np.corrcoef(found.ravel(), smoothly(small, *SIZE, (True, True)).ravel())[0, 1] > 0.9


def test_rolling_what_tiles_rolls_the_result():
    small, guides, by = by_area(guide(5), *SMALL), guide(6), (10, 18)
    turned = enlarged(np.roll(small, by, (0, 1)), np.roll(guides, (20, 36), (0, 1)))
    np.testing.assert_allclose(turned, np.roll(enlarged(small, guides), (20, 36), (0, 1)), atol=1e-4)

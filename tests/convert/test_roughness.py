"""The roughness calibrated by how far its mask tells of gloss, and moved by what else is known."""

import numpy as np
import pytest

from unbake.convert.roughness import calibrated, moved
from unbake.domain.card import RoughnessFit
from unbake.image.noise import smooth_noise

SIZE = (96, 80)
SURE = RoughnessFit(offset=-0.3, slope=1.6, word=0.0, spread=2.0)
UNSURE = RoughnessFit(offset=0.1, slope=0.8, word=0.1, spread=0.5)


def codes(values: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)


def noise(seed: int) -> np.ndarray:
    return 0.5 + 0.15 * smooth_noise(np.random.default_rng(seed), SIZE, 12)[..., None]


def test_the_mean_and_the_deviations_follow_the_fit():
    roughness = codes(0.25 + 0.5 * noise(3))
    mean = float(roughness.mean()) / 255
    made = calibrated(roughness, 0.5, 1.0, (SURE, UNSURE)) / 255
    assert made.mean() == pytest.approx(-0.3 + 1.6 * mean, abs=0.004)
    assert made.std() == pytest.approx(2 * roughness.std() / 255, rel=0.02)


def test_between_both_a_share_of_each_counts():
    roughness = codes(noise(3))
    said = [calibrated(roughness, 0.7, share, (SURE, UNSURE)).mean() for share in (0.0, 0.5, 1.0)]
    assert said[1] == pytest.approx((said[0] + said[2]) / 2, abs=1)


def test_a_rougher_word_makes_it_rougher():
    roughness = codes(noise(3))
    rough, smooth = (calibrated(roughness, word, 0.0, (SURE, UNSURE)).mean() for word in (0.8, 0.3))
    assert rough > smooth + 20


def test_no_word_and_no_mean_leave_the_range():
    for value in (0, 255):
        made = calibrated(np.full((*SIZE, 1), value, np.uint8), float(value > 0), 1.0, (SURE, SURE))
        assert 0 < made.min() <= made.max() < 255


def test_a_family_moves_it_within_the_range():
    roughness = codes(0.25 + 0.5 * noise(3))
    assert moved(roughness, 0.1).mean() == pytest.approx(roughness.mean() + 25.5, abs=0.6)
    assert 0 < moved(roughness, -2.0).max() < 255 * 0.05

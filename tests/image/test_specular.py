"""How far a specular mask tells of gloss."""

import numpy as np
import pytest

from unbake.image.arrays import unit
from unbake.image.noise import smooth_noise
from unbake.image.specular import mask_tells

SIZE = (96, 80)
OPEN = (False, False)


def codes(values: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)


def noise(seed: int) -> np.ndarray:
    return 0.5 + 0.15 * smooth_noise(np.random.default_rng(seed), SIZE, 12)[..., None]


@pytest.fixture(scope="module")
def diffuse() -> np.ndarray:
    return codes(noise(1) * np.float32([0.9, 0.7, 0.5]))


def tells(diffuse: np.ndarray, mask: np.ndarray | None) -> float:
    return mask_tells(unit(diffuse), None if mask is None else unit(mask), OPEN)


def test_a_mask_of_its_own_tells(diffuse):
    assert tells(diffuse, codes(noise(2))) > 0.99


def test_a_missing_a_constant_and_a_barely_noisy_mask_tell_nothing(diffuse):
    grain = np.random.default_rng(0).normal(0, 0.004, (*SIZE, 1))
    assert tells(diffuse, None) == 0
    assert tells(diffuse, np.full((*SIZE, 1), 90, np.uint8)) == 0
    assert tells(diffuse, codes(0.4 + grain)) < 0.05


@pytest.mark.parametrize("gamma", [0.4, 1.0, 2.5])
@pytest.mark.parametrize("inverted", [False, True])
def test_a_mask_made_from_the_painted_brightness_tells_nothing(diffuse, gamma, inverted):
    light = (diffuse @ np.float32([0.2126, 0.7152, 0.0722]))[..., None] / 255
    grain = np.random.default_rng(0).normal(0, 0.01, light.shape)
    drawn = light**gamma * 0.8
    assert tells(diffuse, codes((0.9 - drawn if inverted else drawn) + grain)) < 0.05

"""A sheet of bare metal: what it mirrors is no albedo; its grain is, and an atlas and a plain sheet stay."""

import numpy as np
import pytest

from unbake.convert.bare_metal import LEAST, OWN, evened
from unbake.image.arrays import Codes, Floats, Wrap
from unbake.image.light import codes_of, light_of
from unbake.image.noise import blur

SIDE = 64
SHEET = np.full((SIDE, SIDE, 1), 255, np.uint8)
BOTH = (True, True)
_TURN = 2 * np.pi * np.arange(SIDE, dtype=np.float32) / SIDE
WAVE = np.sin(_TURN)[:, None, None] + np.sin(_TURN)[None, :, None]


def painted(deviation: float, grain: float = 0.0) -> Codes:
    """A steel with a sky of that deviation of log light in it, and grain; warm and grey in turns."""
    noise = np.random.default_rng(0).normal(0, grain, (SIDE, SIDE, 1))
    tint = np.where(np.arange(SIDE)[:, None, None] % 16 < 8, [1.0, 0.9, 0.8], [1.0, 1.0, 1.0])
    return codes_of((0.2 * np.exp(deviation * WAVE / WAVE.std() + noise) * tint).astype(np.float32))


def log_light(codes: Codes) -> Floats:
    return np.log(light_of(codes)[..., :1] + np.float32(2e-3))


def broad(codes: Codes) -> float:
    return float(blur(log_light(codes), SIDE / 43).std())


@pytest.mark.parametrize(("before", "after"), [(0.2, OWN), (0.5, 0.5 * LEAST)])
def test_a_painted_sky_is_weakened_and_the_light_stays(before: float, after: float):
    codes = painted(before)
    made = evened(codes, SHEET, BOTH)
    assert broad(made) == pytest.approx(after, rel=0.1)
    assert light_of(made).mean() == pytest.approx(light_of(codes).mean(), rel=0.01)


def test_grain_and_colours_stay():
    codes = painted(0.4, grain=0.2)
    made = evened(codes, SHEET, BOTH)
    fine = [(log - blur(log, 1.0)).std() for log in map(log_light, (codes, made))]
    assert fine[1] > 0.95 * fine[0]
    before, after = light_of(codes), light_of(made)
    np.testing.assert_allclose(after[..., 2] / after[..., 0], before[..., 2] / before[..., 0], atol=0.06)


@pytest.mark.parametrize(
    ("codes", "mask", "wrap"),
    [
        (painted(0.5), SHEET, (True, False)),
        (painted(0.5), SHEET // 2, BOTH),
        (painted(0.05, grain=0.3), SHEET, BOTH),
        (np.zeros((SIDE, SIDE, 3), np.uint8), SHEET, BOTH),
    ],
    ids=["does not tile", "hardly metal", "is even", "is black"],
)
def test_what_is_no_sheet_of_painted_metal_stays(codes: Codes, mask: Codes, wrap: Wrap):
    np.testing.assert_array_equal(evened(codes, mask, wrap), codes)


def test_texels_that_are_no_metal_stay():
    codes, mask = painted(0.5), SHEET.copy()
    mask[:8] = 0
    made = evened(codes, mask, BOTH)
    np.testing.assert_array_equal(made[:8], codes[:8])
    assert (made[8:] != codes[8:]).any()


def test_a_tiling_sheet_tiles_afterwards():
    codes = painted(0.5)
    shifted = evened(np.roll(codes, 20, (0, 1)), SHEET, BOTH)
    apart = np.abs(np.roll(shifted, -20, (0, 1)).astype(int) - evened(codes, SHEET, BOTH))
    assert apart.max() <= 1

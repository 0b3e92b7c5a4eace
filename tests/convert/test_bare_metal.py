"""A sheet of bare metal: what it mirrors is no albedo; an atlas, a picture with little metal and a plain sheet stay."""

import numpy as np
import pytest

from unbake.convert.bare_metal import LEAST, OWN, evened
from unbake.image.arrays import Codes, Wrap
from unbake.image.light import codes_of, light_of

SIDE = 64
SHEET = np.full((SIDE, SIDE, 1), 255, np.uint8)


def painted(deviation: float, seed: int = 0) -> Codes:
    """A steel of that deviation of log light, warm and grey in turns."""
    noise = np.random.default_rng(seed).normal(0, deviation, (SIDE, SIDE, 1))
    tint = np.where(np.arange(SIDE)[:, None, None] % 16 < 8, [1.0, 0.9, 0.8], [1.0, 1.0, 1.0])
    return codes_of((0.2 * np.exp(noise) * tint).astype(np.float32))


def deviation(codes: Codes) -> float:
    return float(np.log(light_of(codes).mean(-1) + 2e-3).std())


@pytest.mark.parametrize(("before", "after"), [(0.3, OWN), (0.6, 0.6 * LEAST)])
def test_a_painted_sky_is_weakened_and_the_light_stays(before: float, after: float):
    codes = painted(before)
    made = evened(codes, SHEET, (True, True))
    assert deviation(made) == pytest.approx(after, rel=0.1)
    assert light_of(made).mean() == pytest.approx(light_of(codes).mean(), rel=0.01)
    order = np.argsort(light_of(codes)[..., 1].ravel(), kind="stable")
    assert (
        np.diff(light_of(made)[..., 1].ravel()[order]) >= -0.02
    ).all()  # the picture is the same, only fainter


def test_colours_keep_their_ratios():
    codes = painted(0.4)
    before, after = light_of(codes), light_of(evened(codes, SHEET, (True, True)))
    np.testing.assert_allclose(after[..., 2] / after[..., 0], before[..., 2] / before[..., 0], atol=0.05)


@pytest.mark.parametrize(
    ("codes", "mask", "wrap"),
    [
        (painted(0.5), SHEET, (True, False)),
        (painted(0.5), SHEET // 2, (True, True)),
        (painted(0.1), SHEET, (True, True)),
        (np.zeros((SIDE, SIDE, 3), np.uint8), SHEET, (True, True)),
    ],
    ids=["does not tile", "hardly metal", "is even", "is black"],
)
def test_what_is_no_sheet_of_painted_metal_stays(codes: Codes, mask: Codes, wrap: Wrap):
    np.testing.assert_array_equal(evened(codes, mask, wrap), codes)


def test_texels_that_are_no_metal_stay():
    codes, mask = painted(0.5), SHEET.copy()
    mask[:8] = 0
    made = evened(codes, mask, (True, True))
    np.testing.assert_array_equal(made[:8], codes[:8])
    assert (made[8:] != codes[8:]).any()

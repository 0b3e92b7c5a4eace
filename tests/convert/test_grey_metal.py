"""A grey metal by name: what is of another colour is none of it."""

import numpy as np

from unbake.convert.grey_metal import greyness, only_grey

SIDE = 64
STEEL, BROWN_IRON, LEATHER, RED_PAINT = (
    np.array(colour, np.float32) / 255
    for colour in ((120, 122, 125), (80, 70, 60), (110, 75, 45), (120, 30, 25))
)
WRAP = (False, False)


def halves(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    picture = np.empty((SIDE, SIDE, 3), np.float32)
    picture[:, : SIDE // 2], picture[:, SIDE // 2 :] = left, right
    return picture


def test_leather_and_paint_are_no_steel():
    for other in (LEATHER, RED_PAINT):
        grey = greyness(halves(STEEL, other))
        assert grey[:, 3 : SIDE // 2 - 3].min() > 0.98
        assert grey[:, SIDE // 2 + 3 : -3].max() < 0.02


def test_the_brownish_iron_of_games_is_iron():
    assert greyness(halves(BROWN_IRON, BROWN_IRON * 0.5)).min() > 0.98


def test_a_picture_that_is_coloured_all_over_keeps_its_mask():
    picture = LEATHER * np.linspace(0.3, 1.5, SIDE, dtype=np.float32)[:, None, None] * np.ones((1, SIDE, 1))
    assert greyness(picture.astype(np.float32)).min() == 1


def test_a_mask_is_only_ever_lowered_and_keeps_its_size():
    rng = np.random.default_rng(2)
    mask = rng.integers(0, 256, (48, 80, 1)).astype(np.uint8)
    made = only_grey(mask, rng.random((48, 80, 3), np.float32), WRAP)
    assert made.shape == mask.shape and made.dtype == np.uint8
    assert (made <= mask).all()


def test_grey_pictures_keep_their_mask():
    mask = np.full((32, 32, 1), 200, np.uint8)
    grey = np.random.default_rng(1).random((32, 32, 1), np.float32).repeat(3, 2)
    np.testing.assert_array_equal(only_grey(mask, grey, WRAP), mask)

"""Black between the islands of an atlas is told from what is painted."""

import numpy as np

from unbake.image.ground import BLACK, painted


def test_black_texels_are_no_paint():
    light = np.full((8, 8), 0.2, np.float32)
    light[:, 4:] = 0
    assert (painted(light) == (light > 0)).all()


def test_the_darkest_paint_of_a_dark_painter_counts():
    assert painted(np.full((4, 4), 2 * BLACK, np.float32)).all()


def test_a_texture_that_is_black_nearly_everywhere_is_painted_black():
    light = np.zeros((100, 100), np.float32)
    light[0] = 0.5
    assert painted(light).all()

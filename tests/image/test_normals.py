import numpy as np
import pytest
from support.turning import turn

from unbake.image.normals import (
    Z_FLOOR,
    decode_normal,
    encode_normal,
    flip_green,
    from_slopes,
    slopes,
)


@pytest.fixture
def normal() -> np.ndarray:
    dx, dy = np.random.default_rng(0).normal(0, 0.7, (2, 6, 9)).astype(np.float32)
    return from_slopes(dx, dy)


def eight_bit(unit: np.ndarray) -> np.ndarray:
    return np.round(unit * 255).astype(np.float32) / 255


@pytest.mark.parametrize("green", ["opengl", "directx"])
def test_eight_bits_and_back_lose_less_than_a_degree(normal, green):
    back = decode_normal(eight_bit(encode_normal(normal, green)), green)
    angle = np.degrees(np.arccos(np.clip((back * normal).sum(-1), -1, 1)))
    assert angle.max() < 1.0


@pytest.mark.parametrize("seed", range(3))
def test_any_bytes_give_unit_vectors_that_face_the_viewer(seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (16, 16, 3)).astype(np.float32) / 255
    vectors = decode_normal(pixels, "directx")
    np.testing.assert_allclose(1, np.linalg.norm(vectors, axis=-1), atol=1e-5)
    assert vectors[..., 2].min() > Z_FLOOR / 2


@pytest.mark.parametrize("paint", [0, 127, 128, 255])
def test_grey_black_and_white_hold_no_normal_and_read_as_flat(paint):
    pixels = np.full((2, 2, 3), paint / 255, np.float32)
    assert decode_normal(pixels, "opengl")[0, 0].tolist() == [0, 0, 1]


def test_directx_green_points_the_other_way(normal):
    stored = encode_normal(normal, "opengl")
    np.testing.assert_allclose(flip_green(normal), decode_normal(stored, "directx"), atol=1e-6)


def test_slopes_are_those_the_normal_was_made_of():
    dx, dy = np.random.default_rng(1).normal(0, 1, (2, 5, 7)).astype(np.float32)
    np.testing.assert_allclose((dx, dy), slopes(from_slopes(dx, dy)), rtol=1e-5, atol=1e-6)


def test_a_bump_higher_up_the_picture_has_its_normals_pointing_away_from_its_top():
    rows, columns = np.mgrid[:33, :33].astype(np.float32) - 16
    height = 8 * np.exp(-(rows**2 + columns**2) / 50)
    down, right = np.gradient(height)
    bump = from_slopes(right, -down)
    assert bump[16, 26, 0] > 0 > bump[16, 6, 0]
    assert bump[6, 16, 1] > 0 > bump[26, 16, 1]


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("quarter_turns", range(4))
def test_turning_the_normals_is_turning_the_height_under_them(quarter_turns, mirror):
    height = np.random.default_rng(2).random((8, 12)).astype(np.float32)

    def of(field: np.ndarray) -> np.ndarray:
        right = (np.roll(field, -1, 1) - np.roll(field, 1, 1)) / 2
        down = (np.roll(field, -1, 0) - np.roll(field, 1, 0)) / 2
        return from_slopes(right, -down)

    turned = np.rot90(np.fliplr(height) if mirror else height, quarter_turns)
    np.testing.assert_allclose(of(turned), turn(of(height), quarter_turns, mirror), atol=1e-6)


def test_a_turned_map_is_contiguous_and_keeps_its_type(normal):
    turned = turn(normal, 1, True)
    assert (True, np.float32) == (turned.flags.c_contiguous, turned.dtype)

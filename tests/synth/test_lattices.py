import numpy as np
import pytest

from unbake.image.noise import coordinates
from unbake.synth.lattices import bricks, rings, stones, threads


def test_a_bricks_edge_is_its_distance_to_the_nearest_joint() -> None:
    x, y = np.array([[0.1, 0.25, 0.45]]), np.array([[0.5, 0.5, 0.5]])
    cells = bricks(x, y, 1, 2, np.zeros(1))
    np.testing.assert_allclose(cells.edge, [[0.1, 0.25, 0.05]], atol=1e-6)
    assert cells.cell.tolist() == [[0, 0, 0]]


def test_a_shifted_course_wraps_round_to_its_first_brick() -> None:
    x, y = coordinates(16)
    cells = bricks(x, y, 2, 2, np.array([0.0, 0.5]))
    assert cells.cell[-1, 0] == cells.cell[-1, -1] == 2
    assert set(np.unique(cells.cell)) == {0, 1, 2, 3}


def test_stones_match_the_nearest_seed_by_brute_force() -> None:
    x, y = coordinates(32)
    cells = stones(x, y, np.random.default_rng(0), 4)
    seeds = 0.5 + 0.8 * (np.random.default_rng(0).random((2, 4, 4), dtype=np.float32) - 0.5)
    row, column = np.divmod(np.arange(16), 4)
    sx, sy = (column + seeds[0].ravel()) / 4, (row + seeds[1].ravel()) / 4
    apart_x = np.abs(x[..., None] - sx)
    apart_y = np.abs(y[..., None] - sy)
    distance = np.minimum(apart_x, 1 - apart_x) ** 2 + np.minimum(apart_y, 1 - apart_y) ** 2
    assert (cells.cell == distance.argmin(-1)).mean() > 0.995


def test_the_edge_of_a_stone_is_zero_on_its_border_and_positive_inside() -> None:
    x, y = coordinates(64)
    cells = stones(x, y, np.random.default_rng(1), 4)
    border = cells.cell != np.roll(cells.cell, 1, 1)
    assert cells.edge.min() >= 0
    assert cells.edge[border].max() < 1.5 / 64
    assert cells.edge.max() > 0.05


@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_lattices_have_period_one(shift: float) -> None:
    x, y = coordinates(16)
    np.testing.assert_allclose(rings(x + shift, y, 4), rings(x, y, 4), atol=1e-4)
    np.testing.assert_allclose(threads(x, y + shift, 4)[0], threads(x, y, 4)[0], atol=1e-4)
    first, moved = (stones(x + s, y, np.random.default_rng(0), 3).edge for s in (0.0, shift))
    np.testing.assert_allclose(moved, first, atol=1e-4)


def test_warp_and_weft_take_turns_on_top() -> None:
    count = 4
    middles = (np.arange(count) + 0.5) / count
    x, y = np.meshgrid(middles, middles)
    height, on_top, number = threads(x, y, count)
    checker = np.add.outer(np.arange(count), np.arange(count)) % 2 == 0
    np.testing.assert_array_equal(on_top, checker)
    np.testing.assert_allclose(height, 1, atol=1e-6)
    assert number[0, 0] == 0
    assert number[0, 1] == count


def test_where_two_rings_cross_one_is_on_top_at_one_crossing_and_the_other_at_the_next() -> None:
    x, y = coordinates(64)
    height = rings(x, y, 1)
    assert 0 < (height > 0).mean() < 1
    # The ring round (0.5, 0.5) leans one way, so its two sides differ in height.
    assert abs(float(height[32, 32 + 26] - height[32, 32 - 26])) > 0.3

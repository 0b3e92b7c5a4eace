"""Turns of a sample: its normals are those of the turned surface."""

import numpy as np
import pytest
import torch

from unbake.data.turn import Turn, turned, turned_vectors
from unbake.image.normals import from_slopes


def surface() -> tuple[np.ndarray, np.ndarray]:
    """A smooth random height on a torus, and its normals by central differences."""
    y, x = np.mgrid[:32, :32] * (2 * np.pi / 32)
    height = 2 * np.sin(x + 0.3) + np.cos(2 * y - x) + 0.5 * np.sin(3 * x + y)
    return height, normals_of(height)


def normals_of(height: np.ndarray) -> np.ndarray:
    dx = (np.roll(height, -1, 1) - np.roll(height, 1, 1)) / 2
    down = (np.roll(height, -1, 0) - np.roll(height, 1, 0)) / 2
    return from_slopes(dx, -down)


def planes(image: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.moveaxis(image, -1, 0).copy())


def turned_normals(normal: torch.Tensor, turn: Turn) -> torch.Tensor:
    return turned_vectors(turned(normal, turn), turn)


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("quarters", range(4))
def test_a_turned_samples_normals_are_the_normals_of_its_turned_height(quarters: int, mirror: bool):
    height, normal = surface()
    turn = Turn(quarters, mirror)
    expected = normals_of(turned(planes(height[..., None]), turn)[0].numpy())
    got = turned_normals(planes(normal), turn)
    np.testing.assert_allclose(got, np.moveaxis(expected, -1, 0), atol=1e-5)


def slopes(normal: torch.Tensor) -> torch.Tensor:
    return -normal[:2] / normal[2:]


def test_a_ramp_up_to_the_right_rises_upwards_after_a_quarter_turn():
    ramp = planes(from_slopes(np.full((4, 4), 0.5), np.zeros((4, 4))))
    dx, dy = slopes(turned_normals(ramp, Turn(1)))
    np.testing.assert_allclose(dx, 0, atol=1e-6)
    np.testing.assert_allclose(dy, 0.5, atol=1e-6)


def test_a_ramp_falls_to_the_right_in_the_mirror():
    ramp = planes(from_slopes(np.full((4, 4), 0.5), np.full((4, 4), 0.25)))
    dx, dy = slopes(turned_normals(ramp, Turn(0, mirror=True)))
    np.testing.assert_allclose(dx, -0.5, atol=1e-6)
    np.testing.assert_allclose(dy, 0.25, atol=1e-6)


@pytest.mark.parametrize("turns", [[Turn(1)] * 4, [Turn(0, mirror=True)] * 2, [Turn(3, mirror=True)] * 2])
def test_four_quarter_turns_and_two_mirrors_change_nothing(turns: list[Turn]):
    again = normal = planes(surface()[1])
    for turn in turns:
        again = turned_normals(again, turn)
    assert torch.equal(again, normal)

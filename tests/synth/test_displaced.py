import numpy as np
import pytest

from unbake.domain.maps import MapKind
from unbake.image.arrays import Maps
from unbake.image.normals import alike, from_slopes, slopes
from unbake.synth.displaced import RELIEF, STEEPER, displaced, grid, repeated, repeated_normal

BOTH = (True, True)


def hills(side: int = 64, tall: float = 3.0) -> np.ndarray:
    """A height in texels that tiles."""
    x = np.arange(side) * 2 * np.pi / side
    return (tall * (np.sin(2 * x)[None] + np.cos(x)[:, None])).astype(np.float32)


def material(height: np.ndarray) -> Maps:
    """A material with the normals of a height that tiles."""
    right = (np.roll(height, -1, 1) - np.roll(height, 1, 1)) / 2
    down = (np.roll(height, -1, 0) - np.roll(height, 1, 0)) / 2
    return {MapKind.NORMAL: from_slopes(right, -down)}


def relief(height: np.ndarray) -> float:
    low, high = np.percentile(height, [1, 99])
    return float(high - low) / max(height.shape)


def test_a_height_is_integrated_from_the_normals_and_gets_a_drawn_relief():
    shape = displaced(material(hills()), BOTH, np.random.default_rng(0))
    assert alike(shape.height, hills()) > 0.99
    assert shape.relief == pytest.approx(relief(shape.height), rel=1e-3)
    assert RELIEF[0] <= shape.relief <= RELIEF[1]


def test_the_height_map_is_taken_where_it_agrees_with_the_normals_and_left_where_it_does_not():
    truth = material(hills())
    spiky = hills() / 12 + 0.5
    spiky[10:12, 10:12] += 0.1
    taken = displaced(truth | {MapKind.HEIGHT: spiky[..., None]}, BOTH, np.random.default_rng(0))
    left = displaced(truth | {MapKind.HEIGHT: 1 - spiky[..., None]}, BOTH, np.random.default_rng(0))
    assert alike(taken.height, spiky) > 0.999
    assert alike(left.height, hills()) > 0.99


def test_what_is_nearly_flat_is_not_blown_up():
    faint = material(hills(tall=0.2))
    shape = displaced(faint, BOTH, np.random.default_rng(0))
    assert shape.relief < RELIEF[0]
    told, made = (np.hypot(*slopes(n)).std() for n in (faint[MapKind.NORMAL], shape.normal))
    assert made <= STEEPER * told * 1.01


def test_a_flat_material_stays_flat():
    flat = {MapKind.NORMAL: np.broadcast_to(np.float32([0, 0, 1]), (16, 16, 3))}
    shape = displaced(flat, BOTH, np.random.default_rng(0))
    assert (shape.height.any(), shape.relief) == (False, 0)


def test_the_same_draw_gives_the_same_surface():
    first, second = (displaced(material(hills()), BOTH, np.random.default_rng(7)) for _ in range(2))
    assert np.array_equal(first.height, second.height)
    assert first.relief == second.relief


def test_a_repeat_has_the_picture_in_its_middle_and_goes_on_round_or_mirrored():
    height = hills(16)
    for wrap in (BOTH, (False, True)):
        grown = repeated(height, wrap)
        assert np.array_equal(grown[8:24, 8:24], height)
    assert np.array_equal(repeated(height, BOTH)[:8], np.roll(repeated(height, BOTH), -16, 0)[:8])
    assert np.array_equal(repeated(height, (False, True))[7], repeated(height, (False, True))[8])


def test_mirrored_normals_lean_the_other_way():
    normal = material(hills(16))[MapKind.NORMAL]
    grown = repeated_normal(normal, (False, False))
    assert np.array_equal(grown[8:24, 8:24], normal)
    assert np.array_equal(grown[8:24, 7], normal[:, 0] * [-1, 1, 1])
    assert np.array_equal(grown[7, 8:24], normal[0] * [1, -1, 1])


def test_a_grids_corners_are_the_texels_seen_from_above():
    height = np.arange(6, dtype=np.float32).reshape(2, 3)
    corners, faces = grid(height)
    assert corners[0].tolist() == [-1.0, 0.5, 0.0]
    assert corners[5].tolist() == [1.0, -0.5, 5.0]
    a, b, c, _ = (corners[place] for place in faces[0])
    assert len(faces) == 2
    assert np.cross(b - a, c - b)[2] > 0

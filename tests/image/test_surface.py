"""Height and relief of a surface without drift, by closed forms."""

import numpy as np
import pytest
from support.turning import turn

from unbake.domain.maps import MapKind
from unbake.export.pgpatcher import LEAST_RELIEF
from unbake.image.arrays import Wrap, dequantise, quantise
from unbake.image.normals import decode_normal, encode_normal, from_slopes
from unbake.image.surface import (
    DRIFT,
    LEAST_Z,
    RELIEF_DRIFT,
    height_map,
    height_of,
    relief_of,
    surface_of,
)

SIZES = [(64, 64), (4, 4), (30, 42), (27, 45)]
WRAPS = [(True, True), (False, True), (True, False), (False, False)]


def wave(cycles: float, wraps: bool = True, side: int = 64, tops: float = 1.0):
    """A height in texels that goes up and down `cycles` times from top to bottom, (H, W), and its normals.

    wraps: False for a wave that stands still at both borders.
    """
    frequency = 2 * np.pi * cycles / side
    y = np.arange(side)[:, None] + (0.0 if wraps else 0.5) + np.zeros((1, side))
    height = tops * np.cos(frequency * y)
    return height, from_slopes(0 * y, tops * frequency * np.sin(frequency * y)).astype(np.float32)


def rough(rows: int, columns: int, seed: int = 0) -> np.ndarray:
    return from_slopes(*np.random.default_rng(seed).normal(0, 0.5, (2, rows, columns)).astype(np.float32))


@pytest.mark.parametrize("wraps", [True, False])
@pytest.mark.parametrize("cycles", [1, 2, 5])
@pytest.mark.parametrize("drift", [0.0, DRIFT, RELIEF_DRIFT])
def test_a_wave_keeps_the_share_that_the_formula_says(cycles, wraps, drift):
    height, normal = wave(cycles, wraps)
    share = cycles**2 / (cycles**2 + drift**2)
    np.testing.assert_allclose(height_of(surface_of(normal, (wraps, True)), drift), share * height, atol=2e-3)


@pytest.mark.parametrize("wrap", WRAPS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("drift", [1e-6, RELIEF_DRIFT])
def test_relief_is_the_deviation_of_the_height_over_the_width(size, wrap, drift):
    surface = surface_of(rough(*size), wrap)
    assert relief_of(surface, drift) == pytest.approx(height_of(surface, drift).std() / size[1], rel=1e-4)


def test_relief_is_a_share_of_the_width_whatever_the_resolution():
    coarse, fine = (
        relief_of(surface_of(wave(8, side=side, tops=side / 64)[1], (True, True))) for side in (64, 256)
    )
    assert coarse == pytest.approx(0.8 / 2**0.5 / 64, rel=2e-2)
    assert fine == pytest.approx(coarse, rel=2e-2)


@pytest.mark.parametrize("bow", [0.0, 0.03])
def test_a_tilted_or_bowed_normal_map_has_no_relief(bow):
    ramp = np.linspace(-1, 1, 256, dtype=np.float32)[None] * np.ones((256, 1), np.float32)
    surface = surface_of(from_slopes(0.1 + bow * ramp, 0.05 - bow * ramp.T), (False, False))
    assert relief_of(surface) < LEAST_RELIEF
    assert (height_of(surface).std() / 256 > 7 * LEAST_RELIEF) == (bow > 0)


def test_a_least_z_leaves_gentle_slopes_as_they_are():
    normal = from_slopes(*np.random.default_rng(0).uniform(-2, 2, (2, 40, 56)).astype(np.float32))
    surfaces = [surface_of(normal, (True, False), least_z=least) for least in (0.02, LEAST_Z)]
    assert (height_map(surfaces[0]) == height_map(surfaces[1])).all()


def test_texels_that_lie_on_their_side_make_no_cliffs_of_a_surface_with_a_least_z():
    height, normal = wave(2)
    painted = normal.copy()
    painted[20:24, 30] = (1, 0, 0)
    apart = [
        np.abs(height_of(surface_of(painted, (True, True), least_z=least)) - height).max()
        for least in (0.02, LEAST_Z)
    ]
    assert apart[0] > 20 * height.std() > 8 * apart[1]


def test_a_flat_normal_map_has_no_relief_even_in_eight_bits():
    flat = np.zeros((128, 128, 3), np.uint8) + np.uint8([128, 127, 255])
    assert relief_of(surface_of(flat, (True, True))) < 1e-6


def test_relief_grows_with_the_slopes():
    reliefs = [relief_of(surface_of(wave(8, tops=tops)[1], (True, True))) for tops in (0.1, 0.3, 1, 2)]
    assert reliefs == sorted(reliefs)
    assert reliefs[2] == pytest.approx(10 * reliefs[0], rel=1e-2)


@pytest.mark.parametrize("wrap", WRAPS)
def test_rolling_a_tiling_surface_rolls_its_height_map(wrap):
    normal = rough(40, 56)
    shift = (13 * wrap[0], 21 * wrap[1])
    straight, rolled = (height_map(surface_of(n, wrap)) for n in (normal, np.roll(normal, shift, (0, 1))))
    np.testing.assert_allclose(rolled.astype(int), np.roll(straight, shift, (0, 1)), atol=4)


@pytest.mark.parametrize("wrap", WRAPS)
@pytest.mark.parametrize("quarter_turns", range(4))
def test_turning_a_surface_turns_its_height_map(wrap, quarter_turns):
    normal = rough(30, 45)
    turned = height_map(
        surface_of(turn(normal, quarter_turns, False), wrap[::-1] if quarter_turns % 2 else wrap)
    )
    expected = np.rot90(height_map(surface_of(normal, wrap)), quarter_turns)
    np.testing.assert_allclose(turned.astype(int), expected, atol=4)


def test_the_height_map_counts_twelfths_of_deviations():
    height, normal = wave(4)
    made = dequantise(MapKind.HEIGHT, height_map(surface_of(normal, (True, True))))
    np.testing.assert_allclose(made[..., 0], 0.5 + height / height.std() / 12, atol=1e-3)


def test_a_lone_hill_keeps_its_top_where_three_deviations_would_cut_it():
    y, x = np.mgrid[:128, :128] - 64.0
    bump = np.exp(-(x**2 + y**2) / 512)
    slope = bump * 2 / 512
    made = dequantise(
        MapKind.HEIGHT, height_map(surface_of(from_slopes(-x * slope, y * slope), (True, True)))
    )
    assert 0.5 + 3 / 12 < made.max() < 1
    assert (made == made.max()).sum() == 1


def test_rounding_noise_of_a_flat_map_makes_a_nearly_flat_height():
    flat = quantise(MapKind.NORMAL, np.zeros((64, 64, 3), np.float32) + np.float32([0, 0, 1]), 8)
    made = dequantise(MapKind.HEIGHT, height_map(surface_of(flat, (True, True))))
    np.testing.assert_allclose(made, 0.5, atol=1e-3)


def test_eight_bits_of_a_normal_map_give_nearly_its_relief():
    _, normal = wave(8, side=128)
    stored = np.round(encode_normal(normal, "directx") * 255) / 255
    exact, rounded = (
        relief_of(surface_of(n, (True, True))) for n in (normal, decode_normal(stored, "directx"))
    )
    assert rounded == pytest.approx(exact, rel=0.02)


@pytest.mark.parametrize("wrap", WRAPS)
def test_the_work_in_bands_gives_what_the_whole_gives(wrap):
    normal: np.ndarray = rough(70, 50)
    pair: list[Wrap] = [wrap, wrap]
    whole, parts = (surface_of(normal, w, band) for w, band in zip(pair, (None, 600), strict=True))
    assert relief_of(parts) == pytest.approx(relief_of(whole), rel=1e-5)
    np.testing.assert_allclose(height_map(parts).astype(int), height_map(whole), atol=2)

"""Levels of a cache's diffuses, and diffuses brought to the level that networks read."""

from dataclasses import replace

import numpy as np
import pytest

from unbake.data.cache_format import Entry, read_index
from unbake.data.levels import LEAST, MOST, NOISE, at_network_level, draw_doubt, mod_levels, painted_level
from unbake.domain.layout import NETWORK_LEVEL
from unbake.domain.maps import MapKind
from unbake.image.colour import linear_to_srgb, luminance, srgb_to_linear

SIDE = 16


def surface(metallic: float = 0.0) -> tuple[np.ndarray, dict[MapKind, np.ndarray]]:
    """Linear albedo (H, W, 3), dark enough to be lifted without clipping, and the truth that has it."""
    linear = np.random.default_rng(1).uniform(0.05, 0.3, (SIDE, SIDE, 3)).astype(np.float32)
    metal = np.zeros((SIDE, SIDE, 1), np.float32)
    metal[:, : round(metallic * SIDE)] = 1
    return linear, {MapKind.ALBEDO: linear_to_srgb(linear), MapKind.METALLIC: metal}


def light(srgb: np.ndarray) -> float:
    return float(luminance(srgb_to_linear(srgb)).mean())


def test_the_level_is_the_share_of_the_albedos_light():
    linear, truth = surface()
    assert painted_level(linear_to_srgb(linear * 0.4), truth) == pytest.approx(0.4, rel=1e-3)


def test_metal_does_not_count():
    linear, truth = surface(metallic=0.5)
    painted = np.where(truth[MapKind.METALLIC] > 0, linear * 0.1, linear * 0.4)
    assert painted_level(linear_to_srgb(painted), truth) == pytest.approx(0.4, rel=1e-3)


def test_where_nearly_all_is_metal_its_own_level_is_taken():
    linear, truth = surface(metallic=1.0)
    assert painted_level(linear_to_srgb(linear * 0.3), truth) == pytest.approx(0.3, rel=1e-3)


def test_without_a_metallic_map_all_counts():
    linear, truth = surface()
    del truth[MapKind.METALLIC]
    assert painted_level(linear_to_srgb(linear * 0.5), truth) == pytest.approx(0.5, rel=1e-3)


def test_without_an_albedo_a_typical_materials_is_taken():
    linear, _ = surface()
    dark, bright = (painted_level(linear_to_srgb(linear * share), {}) for share in (0.2, 0.6))
    assert bright == pytest.approx(3 * dark, rel=1e-3)


def test_levels_that_no_painter_means_are_brought_to_the_range():
    _, truth = surface()
    assert painted_level(np.zeros((SIDE, SIDE, 3), np.float32), truth) == LEAST
    assert painted_level(np.ones((SIDE, SIDE, 3), np.float32), truth) == MOST


@pytest.fixture
def entry(cache) -> Entry:
    return read_index(cache).entries[0]


def test_a_mods_level_is_the_geometric_mean_of_its_paintings(entry: Entry):
    entries = [
        replace(entry, mods=("a", "b"), levels=(0.2, 0.5)),
        replace(entry, mods=("a", "c"), levels=(0.8, 1.0)),
    ]
    assert mod_levels(entries) == pytest.approx({"a": 0.4, "b": 0.5, "c": 1.0})


def test_a_diffuse_of_a_known_mod_is_brought_to_the_level_of_the_networks():
    linear, _ = surface()
    brought = at_network_level(linear_to_srgb(linear * 0.4), 0.4)
    np.testing.assert_allclose(srgb_to_linear(brought), linear * NETWORK_LEVEL, atol=1e-4)


def test_in_training_the_level_is_known_within_two_and_a_half_deviations():
    linear, _ = surface()
    painted = linear_to_srgb(linear * 0.3)
    exact = light(at_network_level(painted, 0.3))
    rng = np.random.default_rng(0)
    misses = [np.log(light(at_network_level(painted, 0.3, draw_doubt(rng))) / exact) for _ in range(200)]
    assert np.abs(misses).max() < 2.5 * NOISE + 1e-3
    assert np.std(misses) == pytest.approx(NOISE, rel=0.2)
    assert abs(np.mean(misses)) < 3 * NOISE / 200**0.5

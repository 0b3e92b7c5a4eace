import numpy as np
import pytest

from unbake.domain.maps import MapKind
from unbake.image.geometry import geometry_channels
from unbake.image.noise import smooth_noise
from unbake.image.normals import from_slopes
from unbake.prepare.occlusion import derived_ao, texels_per_unit

WRAP = (True, True)


@pytest.fixture(scope="module")
def surface() -> tuple[np.ndarray, np.ndarray]:
    """A tiling height in texels, (64, 64), and the normals of its slopes."""
    height = 2 * smooth_noise(np.random.default_rng(0), (64, 64), 6)
    dx = (np.roll(height, -1, 1) - np.roll(height, 1, 1)) / 2
    dy = (np.roll(height, 1, 0) - np.roll(height, -1, 0)) / 2
    return height.astype(np.float32), from_slopes(dx, dy)


@pytest.mark.parametrize("unit", [0.01, 1.0, 7.0])
def test_whatever_its_unit_a_height_comes_back_to_texels_by_its_normals(surface, unit):
    height, normal = surface
    assert texels_per_unit(height * unit, normal) == pytest.approx(1 / unit, rel=1e-3)


def test_the_definition_is_the_geometry_channel_of_the_height_in_texels(surface):
    height, normal = surface
    expected = geometry_channels(normal, WRAP, height=height - height.mean())[MapKind.GEO_AO]
    actual = derived_ao((height * 0.02 + 0.5)[..., None], normal, WRAP)
    np.testing.assert_allclose(actual, expected, atol=1e-3)


def test_hollows_are_darker_than_tops(surface):
    height, normal = surface
    ao = derived_ao(height[..., None], normal, WRAP)[..., 0]
    assert ao[height < np.quantile(height, 0.2)].mean() < ao[height > np.quantile(height, 0.8)].mean() - 0.02


def test_normals_that_contradict_the_height_still_tell_how_steep_it_is(surface):
    height, normal = surface
    assert texels_per_unit(-height, normal) == pytest.approx(1, rel=1e-3)


def test_without_relief_nothing_is_derived(surface):
    height, normal = surface
    flat = np.zeros_like(normal) + np.array([0, 0, 1], np.float32)
    assert derived_ao(height[..., None], flat, WRAP) is None
    assert derived_ao(0 * height[..., None], normal, WRAP) is None

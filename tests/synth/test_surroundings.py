import numpy as np
import pytest

from unbake.image.normals import from_slopes
from unbake.synth.surroundings import LIGHTS, draw_surroundings, lit_by, shadow_of


def rolling(size: int = 32) -> np.ndarray:
    turns = np.arange(size, dtype=np.float32) * np.float32(2 * np.pi / size)
    return from_slopes(*np.meshgrid(np.cos(2 * turns), np.sin(turns)))


def lit(seed: int, roughness: float, normal: np.ndarray | None = None):
    rng = np.random.default_rng(seed)
    normal = rolling() if normal is None else normal
    shape = normal.shape[:2]
    surroundings = draw_surroundings(rng)
    rough, ao = np.full(shape, roughness, np.float32), np.ones(shape, np.float32)
    return surroundings, lit_by(surroundings, normal, rough, ao, rng)


@pytest.mark.parametrize("seed", range(4))
def test_light_is_finite_and_never_negative_and_comes_from_lights_over_the_surface(seed: int):
    surroundings, light = lit(seed, 0.3)
    for part in (light.matt, light.mirrored):
        assert part.dtype == np.float32 and part.shape == (32, 32, 3)
        assert np.isfinite(part).all() and part.min() >= 0
    assert 1 <= len(surroundings.towards) <= LIGHTS
    np.testing.assert_allclose(np.linalg.norm(surroundings.towards, axis=1), 1, rtol=1e-5)
    assert (surroundings.towards[:, 2] > 0).all()


def test_what_is_smooth_mirrors_with_more_contrast_than_what_is_rough():
    sharp, dull = ([lit(seed, rough)[1].mirrored for seed in range(8)] for rough in (0.05, 1.0))
    contrast = [[float(light.std() / light.mean()) for light in lights] for lights in (sharp, dull)]
    assert np.mean(contrast[0]) > 1.3 * np.mean(contrast[1])


def test_a_wall_casts_its_shadow_away_from_the_light():
    height = np.zeros((32, 32), np.float32)
    height[:, 16] = 8
    shadow = shadow_of(height, np.array([0.8, 0.0, 0.6], np.float32), 1.0)  # from the right
    assert shadow[:, 10:15].min() > 0.9 and shadow[:, 17:].max() == 0
    assert shadow[:, :4].max() == 0  # 8 texels high and 0.75 steep: 10 texels long


def test_a_light_overhead_casts_no_shadow():
    height = np.random.default_rng(0).uniform(0, 9, (16, 16)).astype(np.float32)
    assert shadow_of(height, np.array([0.0, 0.0, 1.0], np.float32), 1.0).max() == 0


def test_a_shadow_from_above_falls_down_the_picture():
    height = np.zeros((32, 32), np.float32)
    height[10] = 8
    shadow = shadow_of(height, np.array([0.0, 0.8, 0.6], np.float32), 1.0)
    assert shadow[12:16].min() > 0.9 and shadow[:10].max() == 0

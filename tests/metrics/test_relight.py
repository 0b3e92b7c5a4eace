import numpy as np
import pytest

from unbake.domain.maps import MapKind
from unbake.metrics.relight import LIGHTS, relight_rmse


def maps(albedo: float = 0.5, roughness: float = 0.6, size: int = 8) -> dict[MapKind, np.ndarray]:
    return {
        MapKind.ALBEDO: np.full((size, size, 3), albedo, np.float32),
        MapKind.ROUGHNESS: np.full((size, size, 1), roughness, np.float32),
        MapKind.METALLIC: np.zeros((size, size, 1), np.float32),
        MapKind.AO: np.ones((size, size, 1), np.float32),
        MapKind.NORMAL: np.tile(np.float32([0, 0, 1]), (size, size, 1)),
    }


def test_the_same_maps_look_the_same():
    assert relight_rmse(maps(), maps()) == 0.0


def test_the_further_off_the_albedo_the_larger_the_error():
    assert relight_rmse(maps(0.4), maps()) > relight_rmse(maps(0.45), maps()) > 0.0


def test_a_wrong_roughness_shows_under_some_light():
    assert relight_rmse(maps(roughness=0.2), maps()) > 1e-3


def test_ao_that_the_truth_does_not_have_is_not_held_against_anyone():
    truth, pred = maps(), maps()
    del truth[MapKind.AO]
    pred[MapKind.AO] = np.zeros_like(pred[MapKind.AO])
    assert relight_rmse(pred, truth) == 0.0


def test_large_maps_are_thinned_without_changing_the_figure_of_flat_ones():
    assert relight_rmse(maps(0.4, size=600), maps(size=600)) == pytest.approx(relight_rmse(maps(0.4), maps()))


def test_the_nine_lights_are_unit_vectors():
    np.testing.assert_allclose(np.ones(9), np.linalg.norm(LIGHTS, axis=1))

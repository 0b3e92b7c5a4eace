import numpy as np
import pytest

from unbake.image.colour import srgb_to_linear
from unbake.synth.finishes import ANY, sheet
from unbake.synth.layers import F0, Layers, overlay

SIZE = 64


def of(metal: str, seed: int, age: float) -> Layers:
    return sheet(np.random.default_rng(seed), SIZE, (metal,), age=age)


@pytest.mark.parametrize("metal", ANY)
def test_a_metal_that_is_kept_clean_reflects_what_was_measured(metal: str) -> None:
    for seed in range(4):
        clean = of(metal, seed, 0.0)
        assert clean.metallic.min() > 0.99
        np.testing.assert_allclose(srgb_to_linear(clean.albedo).mean((0, 1)), F0[metal], atol=0.03)


@pytest.mark.parametrize("metal", ["iron", "copper", "silver"])
def test_a_neglected_metal_loses_metal_to_a_rough_crust(metal: str) -> None:
    aged = [of(metal, seed, 1.0) for seed in range(6)]
    metallic, roughness = (np.stack([getattr(s, field) for s in aged]) for field in ("metallic", "roughness"))
    assert metallic.mean() < 0.9
    assert roughness[metallic < 0.1].mean() > roughness[metallic > 0.9].mean() + 0.1


def test_gold_grows_no_crust() -> None:
    assert all(of("gold", seed, 1.0).metallic.mean() > 0.99 for seed in range(4))


def test_finishes_go_from_a_mirror_to_a_casting() -> None:
    levels = [float(sheet(np.random.default_rng(seed), 32).roughness.mean()) for seed in range(60)]
    assert min(levels) < 0.2
    assert max(levels) > 0.7


def test_what_lies_on_a_ground_hides_it() -> None:
    ground, metal = (
        Layers(np.full((4, 4, 3), v), *(np.full((4, 4), v) for _ in range(3))) for v in (0.0, 1.0)
    )
    mask = np.zeros((4, 4))
    mask[0] = 1
    got = overlay(ground, metal, mask, np.full((4, 4), 0.5))
    np.testing.assert_array_equal(got.metallic, mask)
    np.testing.assert_array_equal(got.relief, 1.5 * mask)
    np.testing.assert_array_equal(got.albedo[..., 0], mask)

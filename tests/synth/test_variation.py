from dataclasses import replace

import numpy as np
import pytest

from unbake.domain.maps import MapKind, spec
from unbake.image.colour import srgb_to_linear
from unbake.synth.layers import F0, Layers
from unbake.synth.materials import NAMES, procedural
from unbake.synth.variation import varied

SIZE = 64


def plain(metallic: float = 0.0, colour: float = 0.5, roughness: float = 0.6) -> Layers:
    """A flat sheet of one colour and one roughness."""
    flat = np.zeros((SIZE, SIZE), np.float32)
    return Layers(np.full((SIZE, SIZE, 3), colour, np.float32), flat + roughness, flat, flat + metallic)


@pytest.mark.parametrize("name", NAMES)
def test_varied_materials_keep_to_the_specs(name: str) -> None:
    for kind, image in procedural(name, SIZE, 7, varied=True).items():
        assert image.shape == (SIZE, SIZE, spec(kind).channels)
        assert image.dtype == np.float32
        assert spec(kind).low <= image.min() <= image.max() <= spec(kind).high


def test_varied_materials_keep_to_their_seeds_and_differ_from_the_plain_ones() -> None:
    first, again, unvaried = (procedural("planks", SIZE, 7, v) for v in (True, True, False))
    for kind, image in first.items():
        np.testing.assert_array_equal(image, again[kind])
        assert not np.array_equal(image, unvaried[kind])


@pytest.mark.parametrize("colour", [0.02, 0.5, 1.0])
def test_dielectrics_stay_between_30_and_240(colour: float) -> None:
    for seed in range(8):
        albedo = varied(np.random.default_rng(seed), plain(colour=colour), "stone").albedo
        assert albedo.min() >= 29.5 / 255
        assert albedo.max() <= 240.5 / 255


def test_seeds_differ_in_colour_and_gloss() -> None:
    seeds = [varied(np.random.default_rng(seed), plain(), "wood") for seed in range(30)]
    assert np.ptp([s.albedo.mean() for s in seeds]) > 0.2
    assert np.ptp([s.roughness.mean() for s in seeds]) > 0.3


def test_wood_is_waxed_and_cloth_is_not() -> None:
    def levels(category: str) -> np.ndarray:
        seeds = (varied(np.random.default_rng(seed), plain(roughness=0.9), category) for seed in range(30))
        return np.array([s.roughness.mean() for s in seeds])

    assert (levels("fabric") < 0.6).mean() < (levels("wood") < 0.6).mean()


def test_bare_metal_only_darkens_and_what_covers_it_is_none() -> None:
    gold = replace(plain(1.0), albedo=np.broadcast_to(np.float32([1, 0.894, 0.62]), (SIZE, SIZE, 3)))
    for seed in range(12):
        got = varied(np.random.default_rng(seed), gold, "metal")
        bare = srgb_to_linear(got.albedo)[got.metallic > 0.99]
        assert (bare <= np.array(F0["gold"]) * 1.05 + 0.01).all()
        assert got.metallic.max() <= 1


def test_a_tiling_material_goes_on_tiling() -> None:
    for seed in range(3):
        image = procedural("cobbles", SIZE, seed, varied=True)[MapKind.ALBEDO].mean(-1)
        inside = np.abs(np.diff(image, axis=0)).mean(axis=1).max()
        assert np.abs(image[0] - image[-1]).mean() <= 1.3 * inside

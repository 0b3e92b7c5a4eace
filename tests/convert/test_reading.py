import numpy as np
import pytest

from unbake.convert.reading import MOST, SIDE, enlarged, reading_size, reduced_codes
from unbake.domain.maps import SPECS, MapKind
from unbake.image.arrays import Stored, dequantise, quantise, unit
from unbake.image.light import light_of
from unbake.image.resample import smoothly

RNG = np.random.default_rng(3)


def texture(height: int, width: int) -> Stored:
    normal = np.dstack([RNG.normal(0, 0.3, (height, width, 2)), np.ones((height, width))]).astype(np.float32)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    return {
        MapKind.DIFFUSE: RNG.integers(0, 256, (height, width, 3), np.uint8),
        MapKind.NORMAL: quantise(MapKind.NORMAL, normal, 8),
        MapKind.SPECULAR: RNG.integers(0, 256, (height, width, 1), np.uint8),
    }


@pytest.mark.parametrize("side", [1, 64, SIDE])
def test_what_the_networks_know_is_read_as_it_is(side):
    assert reading_size(side, side) == (side, side)
    codes = texture(side, 8)
    read = reduced_codes(codes, (side, 8), (True, True))
    assert all(read[kind] is codes[kind] for kind in codes)


@pytest.mark.parametrize("side", [SIDE + 1, 1024, 4096, 16384])
def test_no_texture_is_read_larger_than_the_most_nor_smaller_than_half_of_it(side):
    assert SIDE <= max(reading_size(side, side // 3)) <= min(side, MOST)


@pytest.mark.parametrize(("size", "at"), [((64, 96), (32, 48)), ((64, 96), (16, 24)), ((50, 70), (33, 46))])
def test_a_reduced_copy_has_the_light_of_the_texture_and_unit_normals(size, at):
    codes = texture(*size)
    read = reduced_codes(codes, at, (True, False))
    assert {image.shape[:2] for image in read.values()} == {at}
    assert {image.dtype for image in read.values()} == {np.dtype(np.uint16)}
    assert light_of(read[MapKind.DIFFUSE]).mean() == pytest.approx(
        light_of(codes[MapKind.DIFFUSE]).mean(), rel=0.02
    )
    assert unit(read[MapKind.SPECULAR]).mean() == pytest.approx(
        unit(codes[MapKind.SPECULAR]).mean(), rel=0.02
    )
    lengths = np.linalg.norm(unit(read[MapKind.NORMAL]) * 2 - 1, axis=-1)
    np.testing.assert_allclose(lengths, 1, atol=1e-3)


def test_bands_of_rows_do_not_show(monkeypatch):
    from unbake.image import arrays

    codes = texture(64, 32)
    whole = reduced_codes(codes, (16, 8), (True, True))
    monkeypatch.setattr(arrays, "BAND_TEXELS", 256)
    banded = reduced_codes(codes, (16, 8), (True, True))
    assert all(np.array_equal(whole[kind], banded[kind]) for kind in whole)


def test_maps_of_the_textures_own_size_are_given_back():
    codes = texture(16, 16)
    maps = {MapKind.AO: np.zeros((16, 16, 1), np.uint8)}
    assert enlarged(maps, codes, codes, 1.0, (True, True))[MapKind.AO] is maps[MapKind.AO]


def brought_back(kind: MapKind, values: np.ndarray, codes: Stored, read: Stored) -> np.ndarray:
    return dequantise(
        kind, enlarged({kind: quantise(kind, values, 16)}, read, codes, 1.0, (True, True))[kind]
    )


def test_an_albedo_that_is_the_diffuse_at_another_level_gets_all_its_detail_back():
    codes = texture(64, 64)
    codes[MapKind.DIFFUSE] = codes[MapKind.DIFFUSE] // 2 + 30
    read = reduced_codes(codes, (32, 32), (True, True))
    lit = light_of(read[MapKind.DIFFUSE]) * 1.5
    from unbake.image.colour import linear_to_srgb

    found = brought_back(MapKind.ALBEDO, linear_to_srgb(lit).astype(np.float32), codes, read)
    expected = linear_to_srgb(light_of(codes[MapKind.DIFFUSE]) * 1.5)
    assert np.abs(found - expected).max() < 2 / 255


def test_a_roughness_that_follows_the_specular_mask_follows_it_in_detail():
    codes = texture(64, 64)
    read = reduced_codes(codes, (32, 32), (True, True))
    found = brought_back(MapKind.ROUGHNESS, 0.8 - 0.5 * unit(read[MapKind.SPECULAR]), codes, read)
    assert np.corrcoef(found.ravel(), codes[MapKind.SPECULAR].ravel())[0, 1] < -0.98


def test_a_blurred_roughness_of_the_textures_own_size_follows_the_specular_mask_in_detail():
    codes = texture(64, 64)
    truth = 0.8 - 0.5 * unit(codes[MapKind.SPECULAR])
    blurred = smoothly(smoothly(truth, 16, 16, (True, True)), 64, 64, (True, True))
    found = brought_back(MapKind.ROUGHNESS, blurred, codes, codes)
    assert (found - truth).std() < 0.4 * (blurred - truth).std()


@pytest.mark.parametrize("kind", [MapKind.METALLIC, MapKind.METALLIC_MASK, MapKind.AO, MapKind.HEIGHT])
def test_other_maps_are_enlarged_smoothly_with_their_own_bits(kind):
    codes = texture(64, 48)
    read = reduced_codes(codes, (32, 24), (True, True))
    made = enlarged(
        {kind: quantise(kind, np.full((32, 24, 1), 0.25, np.float32))}, read, codes, 1.0, (True, True)
    )
    assert made[kind].shape == (64, 48, 1)
    assert made[kind].dtype.itemsize * 8 == SPECS[kind].bits
    np.testing.assert_allclose(dequantise(kind, made[kind]), 0.25, atol=1 / 255)


def test_black_stays_finite():
    codes = texture(64, 64)
    codes[MapKind.DIFFUSE][:] = 0
    read = reduced_codes(codes, (32, 32), (True, True))
    found = brought_back(MapKind.ALBEDO, np.full((32, 32, 3), 0.9, np.float32), codes, read)
    assert np.isfinite(found).all()

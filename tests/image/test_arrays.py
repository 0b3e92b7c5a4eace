from dataclasses import replace

import numpy as np
import pytest

from unbake.domain.maps import SPECS, MapKind
from unbake.image.arrays import CodedMaps, bands, dequantise, plane, quantise, unit
from unbake.image.normals import decode_normal, from_slopes

RNG = np.random.default_rng(4)


@pytest.mark.parametrize("kind", [kind for kind in MapKind if not SPECS[kind].vector])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_codes_come_back_from_their_floats(kind: MapKind, dtype: type) -> None:
    codes = RNG.integers(0, np.iinfo(dtype).max + 1, (9, 7, SPECS[kind].channels), dtype)
    again = quantise(kind, dequantise(kind, codes), np.iinfo(dtype).bits)
    assert np.array_equal(again, codes)


def test_normals_come_back_within_half_a_code() -> None:
    normal = from_slopes(*RNG.normal(0, 0.5, (2, 20, 30)).astype(np.float32))
    again = dequantise(MapKind.NORMAL, quantise(MapKind.NORMAL, normal, 16))
    assert np.abs(again - normal).max() < 2 / 65535


@pytest.mark.parametrize("kind", MapKind)
def test_codes_are_those_of_the_formula_that_caches_were_first_written_by(kind: MapKind) -> None:
    spec = SPECS[kind]
    values = RNG.uniform(spec.low - 0.1, spec.high + 0.1, (40, 50, spec.channels)).astype(np.float32)
    if spec.vector:
        values /= np.linalg.norm(values, axis=-1, keepdims=True)
    shares = values * np.float32(0.5) + np.float32(0.5) if spec.vector else values
    expected = np.round(np.clip(shares, 0, 1) * (2**spec.bits - 1)).astype(f"u{spec.bits // 8}")
    assert np.array_equal(quantise(kind, values), expected)


@pytest.mark.parametrize("kind", MapKind)
def test_floats_are_within_two_ulps_of_those_that_training_once_read(kind: MapKind) -> None:
    spec = SPECS[kind]
    values = RNG.uniform(spec.low, spec.high, (40, 50, spec.channels)).astype(np.float32)
    if spec.vector:
        values = from_slopes(*RNG.normal(0, 0.5, (2, 40, 50)).astype(np.float32))
    codes = quantise(kind, values)
    shares = codes.astype(np.float32) * np.float32(1 / (2**spec.bits - 1))
    expected = decode_normal(shares, "opengl") if spec.vector else shares
    assert np.abs(dequantise(kind, codes) - expected).max() <= 1.8e-7


@pytest.mark.parametrize("kind", MapKind)
def test_maps_come_back_to_half_a_step(kind: MapKind) -> None:
    spec = SPECS[kind]
    values = RNG.uniform(spec.low, spec.high, (9, 7, spec.channels)).astype(np.float32)
    if spec.vector:
        values[..., 2] = np.abs(values[..., 2]) + 0.5
        values /= np.linalg.norm(values, axis=-1, keepdims=True)
    step = (spec.high - spec.low) / (2**spec.bits - 1)
    error = np.abs(dequantise(kind, quantise(kind, values)) - values).max()
    assert error <= (2 if spec.vector else 0.51) * step


def test_a_range_other_than_0_to_1_is_stored_from_its_low_to_its_high_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(SPECS, MapKind.GEO_CURVATURE, replace(SPECS[MapKind.GEO_CURVATURE], low=-1.0))
    values = np.float32([[[-1.5], [-1.0], [0.0], [1.0]]])
    codes = quantise(MapKind.GEO_CURVATURE, values)
    assert codes.ravel().tolist() == [0, 0, 128, 255]
    back = dequantise(MapKind.GEO_CURVATURE, codes)
    np.testing.assert_allclose(back.ravel(), [-1, -1, 1 / 255, 1], atol=1e-6)
    assert np.array_equal(plane(MapKind.GEO_CURVATURE, codes, 0), back[..., 0])


def test_sixteen_bits_become_eight_by_rounding() -> None:
    codes = np.arange(65536, dtype=np.uint16).reshape(256, 256, 1)
    assert np.array_equal(quantise(MapKind.AO, codes), np.rint(codes / 257).astype(np.uint8))


def test_a_plane_is_a_channel_of_the_whole() -> None:
    codes = RNG.integers(0, 256, (12, 10, 3), np.uint8)
    for kind in (MapKind.NORMAL, MapKind.ALBEDO):
        assert np.array_equal(plane(kind, codes, 1), dequantise(kind, codes)[..., 1])


def test_bands_of_a_normal_are_the_whole() -> None:
    codes = RNG.integers(0, 256, (13, 10, 3), np.uint8)
    normal = dequantise(MapKind.NORMAL, codes)
    assert np.array_equal(dequantise(MapKind.NORMAL, codes, band=30), normal)
    assert np.array_equal(quantise(MapKind.NORMAL, normal, band=30), quantise(MapKind.NORMAL, normal))


def test_bands_cover_every_row_once_in_multiples() -> None:
    found = [(rows.start, rows.stop) for rows in bands(18, 10, 4, texels=100)]
    assert found == [(0, 8), (8, 16), (16, 18)]


def test_coded_maps_read_as_a_dictionary_of_floats() -> None:
    codes = RNG.integers(0, 256, (6, 4, 1), np.uint8)
    maps = CodedMaps({MapKind.AO: codes})
    assert (MapKind.AO in maps, MapKind.HEIGHT in maps, len(maps)) == (True, False, 1)
    assert np.array_equal(maps[MapKind.AO], unit(codes))
    assert np.array_equal(maps.rows(2, 4)[MapKind.AO], unit(codes[2:4]))

import numpy as np
import pytest

from unbake.domain.maps import SPECS, MapKind
from unbake.image import arrays as coded
from unbake.image.arrays import CodedMaps, bands, decoded, encoded, plane, unit
from unbake.image.normals import from_slopes

RNG = np.random.default_rng(4)


@pytest.mark.parametrize("kind", [kind for kind in MapKind if not SPECS[kind].vector])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_codes_come_back_from_their_floats(kind: MapKind, dtype: type) -> None:
    codes = RNG.integers(0, np.iinfo(dtype).max + 1, (9, 7, SPECS[kind].channels), dtype)
    again = encoded(kind, decoded(kind, codes), np.iinfo(dtype).bits)
    assert np.array_equal(again, codes)


def test_normals_come_back_within_half_a_code() -> None:
    normal = from_slopes(*RNG.normal(0, 0.5, (2, 20, 30)).astype(np.float32))
    again = decoded(MapKind.NORMAL, encoded(MapKind.NORMAL, normal, 16))
    assert np.abs(again - normal).max() < 2 / 65535


def test_sixteen_bits_become_eight_by_rounding() -> None:
    codes = np.arange(65536, dtype=np.uint16).reshape(256, 256, 1)
    assert np.array_equal(encoded(MapKind.AO, codes), np.rint(codes / 257).astype(np.uint8))


def test_a_plane_is_a_channel_of_the_whole() -> None:
    codes = RNG.integers(0, 256, (12, 10, 3), np.uint8)
    for kind in (MapKind.NORMAL, MapKind.ALBEDO):
        assert np.array_equal(plane(kind, codes, 1), decoded(kind, codes)[..., 1])


def test_bands_of_a_normal_are_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    codes = RNG.integers(0, 256, (13, 10, 3), np.uint8)
    whole = decoded(MapKind.NORMAL, codes)
    monkeypatch.setattr(coded, "BAND_TEXELS", 30)
    assert np.array_equal(decoded(MapKind.NORMAL, codes), whole)


def test_bands_cover_every_row_once_in_multiples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coded, "BAND_TEXELS", 100)
    found = [(rows.start, rows.stop) for rows in bands(18, 10, 4)]
    assert found == [(0, 8), (8, 16), (16, 18)]


def test_coded_maps_read_as_a_dictionary_of_floats() -> None:
    codes = RNG.integers(0, 256, (6, 4, 1), np.uint8)
    maps = CodedMaps({MapKind.AO: codes})
    assert (MapKind.AO in maps, MapKind.HEIGHT in maps, len(maps)) == (True, False, 1)
    assert np.array_equal(maps[MapKind.AO], unit(codes))
    assert np.array_equal(maps.rows(2, 4)[MapKind.AO], unit(codes[2:4]))

import numpy as np
import pytest
from support.turning import turn

from unbake.domain.maps import GEOMETRY, MapKind
from unbake.image.arrays import Wrap, dequantise, quantise
from unbake.image.geometry import geometry_channels, horizon_ao, integrate
from unbake.image.normals import decode_normal, encode_normal, from_slopes

SIZES = [(64, 64), (4, 4), (30, 42), (27, 45)]
WRAPS = [(True, True), (False, True), (True, False), (False, False)]


def waves(rows: int, columns: int, seed: int = 0, wrap: Wrap = (True, True)):
    """A smooth height in texels and its exact normals: waves that go round, or that stand still at the borders."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:rows, :columns] + 0.5
    height, right, down = np.zeros((3, rows, columns))
    for _ in range(4):
        (phase, across), tops = rng.uniform(0, 6, 2), rng.uniform(0.3, 1) * min(rows, columns) / 20
        v, u = (
            (2 if goes_round else 1) * np.pi * rng.integers(1, max(2, side // 8)) / side
            for goes_round, side in zip(wrap, (rows, columns), strict=True)
        )
        a, b = v * y + phase * wrap[0], u * x + across * wrap[1]
        height += tops * np.cos(a) * np.cos(b)
        down -= tops * v * np.sin(a) * np.cos(b)
        right -= tops * u * np.cos(a) * np.sin(b)
    return (height - height.mean()).astype(np.float32), from_slopes(right, -down)


def rough(rows: int, columns: int, seed: int = 0) -> np.ndarray:
    return from_slopes(*np.random.default_rng(seed).normal(0, 0.5, (2, rows, columns)).astype(np.float32))


@pytest.mark.parametrize("wrap", WRAPS)
@pytest.mark.parametrize("size", SIZES)
def test_integration_finds_the_height_whose_slopes_the_normals_are(size, wrap):
    height, normal = waves(*size, wrap=wrap)
    np.testing.assert_allclose(integrate(normal, wrap), height, atol=2e-3 * max(1, height.std()))


def test_integration_survives_eight_bits():
    height, normal = waves(128, 128)
    stored = np.round(encode_normal(normal, "directx") * 255) / 255
    back = integrate(decode_normal(stored, "directx"), (True, True))
    assert np.corrcoef(back.ravel(), height.ravel())[0, 1] > 0.999


def test_a_tilted_plane_has_no_height():
    tilted = from_slopes(np.full((16, 16), 0.3), np.full((16, 16), -0.2))
    np.testing.assert_allclose(integrate(tilted, (False, False)), 0, atol=1e-4)


def test_the_bottom_of_a_groove_sees_what_the_closed_form_says():
    slope = 0.8
    height = np.tile(slope * np.abs(np.arange(-64, 64, dtype=np.float32)), (128, 1))
    along, across, askew = 1, 1 / (1 + slope**2), 1 / (1 + slope**2 / 2)
    expected = (2 * along + 2 * across + 4 * askew) / 8
    np.testing.assert_allclose(horizon_ao(height, (True, False))[:, 64], expected, rtol=1e-5)


def test_what_lies_below_the_horizon_takes_no_light():
    height = np.zeros((64, 64), np.float32)
    height[30:34, 30:34] = -5
    sky = horizon_ao(height, (True, True))
    assert sky[0, 0] == 1
    assert sky[31, 31] < 0.5


def test_occlusion_deepens_with_depth():
    height, _ = waves(64, 64)
    assert (horizon_ao(2 * height, (True, True)) <= horizon_ao(height, (True, True)) + 1e-6).all()


def test_work_in_chunks_of_rows_changes_nothing(monkeypatch):
    height, _ = waves(96, 40)
    whole = horizon_ao(height, (True, False))
    monkeypatch.setattr("unbake.image.geometry._CHUNK", 7 * 40)
    np.testing.assert_array_equal(horizon_ao(height, (True, False)), whole)


def curvature(height: np.ndarray, wrap: Wrap = (True, True)) -> np.ndarray:
    """The curvature channel (H, W) of a height whose normals say nothing of its steepness."""
    flat = np.zeros((*height.shape, 3), np.float32) + np.float32([0, 0, 1])
    return geometry_channels(flat, wrap, height.astype(np.float32))[MapKind.GEO_CURVATURE][..., 0]


def test_a_hilltop_is_convex_and_a_pit_concave():
    y, x = np.mgrid[:64, :64] - 32.0
    hill = 6 * np.exp(-(x**2 + y**2) / 60)
    assert curvature(hill)[32, 32] > 0.5 > curvature(-hill)[32, 32]


def test_curvature_of_a_parabola_is_the_same_at_every_point_inside():
    x = np.arange(160) - 80
    inside = curvature(np.tile(x**2 / 400, (160, 1)), (False, False))[20:-20, 20:-20]
    gain = 4 * (0.4 / 0.05) ** 0.5  # of the flattest normals there can be
    expected = 0.5 + 0.5 * np.tanh(-1.5 * gain * (1 + 4 + 16) / 800 / 3)
    np.testing.assert_allclose(inside, expected, rtol=1e-3)


@pytest.mark.parametrize("wrap", WRAPS)
@pytest.mark.parametrize("size", SIZES)
def test_channels_have_the_size_and_range_of_their_specs(size, wrap):
    channels = geometry_channels(rough(*size), wrap)
    assert tuple(channels) == GEOMETRY
    for channel in channels.values():
        assert (channel.shape, channel.dtype) == ((*size, 1), np.float32)
        assert channel.min() >= 0
        assert channel.max() <= 1


def test_the_height_channel_counts_standard_deviations():
    height, normal = waves(64, 64)
    expected = 0.5 + np.clip(height / height.std(), -3, 3) / 6
    np.testing.assert_allclose(geometry_channels(normal)[MapKind.GEO_HEIGHT][..., 0], expected, atol=2e-3)


def test_rounding_noise_of_a_flat_map_stays_nearly_flat():
    flat = decode_normal(
        np.full((64, 64, 3), 128 / 255, np.float32) + np.array([0, 0, 0.49], np.float32), "opengl"
    )
    channels = geometry_channels(flat)
    for kind, value in zip(GEOMETRY, (0.5, 0.5, 1.0), strict=True):
        np.testing.assert_allclose(channels[kind], value, atol=1e-3)


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("quarter_turns", range(4))
@pytest.mark.parametrize("wrap", WRAPS)
@pytest.mark.parametrize("size", [(48, 48), (30, 45)])
def test_turning_the_surface_turns_the_channels(size, wrap, quarter_turns, mirror):
    normal = rough(*size)
    straight = geometry_channels(normal, wrap)
    turned = geometry_channels(turn(normal, quarter_turns, mirror), wrap[::-1] if quarter_turns % 2 else wrap)
    for kind in GEOMETRY:
        expected = np.rot90(np.fliplr(straight[kind]) if mirror else straight[kind], quarter_turns)
        np.testing.assert_allclose(turned[kind], expected, atol=1e-4)


@pytest.mark.parametrize("wrap", WRAPS[:3])
def test_rolling_a_tiling_surface_rolls_the_channels(wrap):
    normal = rough(40, 56)
    shift = (13 * wrap[0], 21 * wrap[1])
    rolled = geometry_channels(np.roll(normal, shift, (0, 1)), wrap)
    for kind, channel in geometry_channels(normal, wrap).items():
        np.testing.assert_allclose(rolled[kind], np.roll(channel, shift, (0, 1)), atol=1e-4)


def test_the_normals_are_left_as_they_were():
    normal = rough(16, 16)
    before = normal.copy()
    geometry_channels(normal, (False, False))
    np.testing.assert_array_equal(normal, before)


@pytest.mark.parametrize("wrap", WRAPS)
def test_codes_of_a_normal_map_give_what_its_floats_give(wrap):
    codes = quantise(MapKind.NORMAL, rough(40, 56), 8)
    floats, coded = geometry_channels(dequantise(MapKind.NORMAL, codes), wrap), geometry_channels(codes, wrap)
    assert all(np.array_equal(floats[kind], coded[kind]) for kind in GEOMETRY)


def test_channels_come_as_codes_where_asked():
    floats, codes = (geometry_channels(rough(40, 56), bits=bits) for bits in (None, 16))
    for kind in GEOMETRY:
        assert np.array_equal(codes[kind], quantise(kind, floats[kind], 16))


@pytest.mark.parametrize("wrap", WRAPS)
def test_the_work_in_bands_gives_what_the_whole_gives(wrap):
    whole, parts = (geometry_channels(rough(70, 50), wrap, band=texels) for texels in (None, 600))
    for kind in GEOMETRY:
        np.testing.assert_allclose(parts[kind], whole[kind], atol=1e-6)

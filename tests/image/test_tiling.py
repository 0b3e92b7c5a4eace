import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import convolve, gaussian_filter

from unbake.convert.convert import TILE
from unbake.image.arrays import Wrap
from unbake.image.tiling import LEAST_AROUND, crop, run_tiled, tileable_axes, windows

STRIDE = 4
HALO = 24
RING = 12
MATERIALS = Path(__file__).parents[3] / "shared" / "data" / "materials"
WRAPS = [(True, True), (True, False), (False, True), (False, False)]


def kernels(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.4, (6, 3, 3))


def conv(x: np.ndarray, kernel: np.ndarray, around: Wrap = (False, False)) -> np.ndarray:
    """Zeros beyond the picture; along an axis that is gone around, its other end."""
    pad = [(1, 1) if axis else (0, 0) for axis in around]
    padded = np.tanh(convolve(np.pad(x, pad, mode="wrap"), kernel, mode="constant"))
    return padded[tuple(slice(low, -high if high else None) for low, high in pad)]


def small_unet(crops: dict[str, np.ndarray], around: Wrap = (False, False)) -> dict[str, np.ndarray]:
    """Two halvings, zero padding, skips: what depends on the place of a window would show.

    around: axes that are a whole one with RING texels more on each side; the coarsest level goes on round by itself.
    """
    k = kernels()
    x = crops["a"][..., 0].astype(np.float64) - crops["b"][..., 1]
    assert x.shape[0] % STRIDE == 0
    assert x.shape[1] % STRIDE == 0
    fine = conv(x, k[0])
    middle = conv(fine.reshape(x.shape[0] // 2, 2, -1, 2).max((1, 3)), k[1])
    coarse = middle[::2, ::2]
    ends = [(RING // 4, RING // 4) if axis else (0, 0) for axis in around]
    coarse = coarse[tuple(slice(low, -high if high else None) for low, high in ends)]
    coarse = np.pad(conv(conv(coarse, k[2], around), k[3], around), ends, mode="wrap")
    middle = conv(middle + coarse.repeat(2, 0).repeat(2, 1), k[4])
    fine = conv(fine + middle.repeat(2, 0).repeat(2, 1), k[5])
    return {"y": fine[..., None], "z": np.stack([fine, x], -1)}


def pictures(rows: int, columns: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    return {
        "a": rng.normal(size=(rows, columns, 1)).astype(np.float32),
        "b": rng.normal(size=(rows, columns, 2)).astype(np.float32),
    }


@pytest.mark.parametrize("wrap", WRAPS)
@pytest.mark.parametrize("size", [(64, 96), (61, 90), (4, 4), (7, 130), (128, 20)])
@pytest.mark.parametrize("tile", [12, 32, 50])
def test_tiled_is_whole(size, wrap, tile):
    inputs = pictures(*size)
    whole = run_tiled(inputs, small_unet, 10_000, HALO, STRIDE, wrap)
    tiled = run_tiled(inputs, small_unet, tile, HALO, STRIDE, wrap)
    for key in ("y", "z"):
        np.testing.assert_allclose(tiled[key], whole[key], atol=1e-12)


@pytest.mark.parametrize("wrap", WRAPS)
@pytest.mark.parametrize("size", [(64, 96), (64, 90), (16, 16), (12, 128)])
@pytest.mark.parametrize("tile", [32, 64, 10_000])
def test_a_network_that_goes_on_round_by_itself_says_what_a_halo_says(size, wrap, tile):
    inputs = pictures(*size)
    haloed = run_tiled(inputs, small_unet, 10_000, HALO, STRIDE, wrap)
    around = run_tiled(inputs, small_unet, tile, HALO, STRIDE, wrap, RING)
    for key in ("y", "z"):
        np.testing.assert_allclose(around[key], haloed[key], atol=1e-12)


def test_a_network_is_told_the_whole_axes_that_tile_and_no_others():
    told = []

    def network(crops, around):
        told.append(around)
        return {"y": crops["a"]}

    for size, tile, wrap in (((64, 64), 64, (True, False)), ((64, 128), 64, (True, True)), ((64, 62), 64, (True, True)),
                             ((4, 64), 64, (True, True))):  # fmt: skip
        run_tiled(pictures(*size), network, tile, HALO, STRIDE, wrap, RING)
    assert told == [(True, False), *[(True, False)] * 2, (True, False), (False, True)]
    assert LEAST_AROUND * STRIDE > 4


@pytest.mark.parametrize(("side", "most"), [(512, 1.15), (1024, 1.07)])
def test_the_windows_of_a_whole_texture_that_tiles_add_little_to_it(side, most):
    seen = windows(side, side, TILE, 90, 16, (True, True), ring=16)
    assert sum(window.texels for window in seen) <= most * side**2


def test_the_windows_of_a_whole_texture_that_does_not_tile_add_nothing():
    [window] = windows(1024, 512, TILE, 90, 16, (False, False), ring=16)
    assert window.texels == 1024 * 512


def test_a_halo_too_narrow_would_show():
    inputs = pictures(64, 64)
    whole = run_tiled(inputs, small_unet, 10_000, HALO, STRIDE, (True, True))
    tiled = run_tiled(inputs, small_unet, 16, 4, STRIDE, (True, True))
    assert np.abs(tiled["y"] - whole["y"]).max() > 1e-6


@pytest.mark.parametrize("wrap", WRAPS[:3])
@pytest.mark.parametrize("tile", [32, 10_000])
def test_rolling_a_tiling_texture_rolls_its_outputs(wrap, tile):
    inputs = pictures(64, 96)
    shift = (5 * STRIDE * wrap[0], 7 * STRIDE * wrap[1])
    straight = run_tiled(inputs, small_unet, tile, HALO, STRIDE, wrap)["y"]
    rolled_inputs = {key: np.roll(image, shift, (0, 1)) for key, image in inputs.items()}
    rolled = run_tiled(rolled_inputs, small_unet, tile, HALO, STRIDE, wrap)["y"]
    np.testing.assert_allclose(rolled, np.roll(straight, shift, (0, 1)), atol=1e-12)


@pytest.mark.parametrize("size", [(32, 48), (30, 45), (3, 5)])
def test_a_convolution_on_a_tiling_texture_is_the_periodic_one(size):
    inputs = pictures(*size)
    kernel = kernels()[0]

    def network(crops, _):
        return {"y": convolve(crops["a"][..., 0], kernel, mode="constant")[..., None]}

    found = run_tiled(inputs, network, 16, 1, STRIDE, (True, True))["y"][..., 0]
    np.testing.assert_allclose(found, convolve(inputs["a"][..., 0], kernel, mode="wrap"), atol=1e-5)


def test_where_nothing_tiles_and_the_stride_fits_the_network_sees_the_bare_picture():
    inputs = pictures(32, 48)
    found = run_tiled(inputs, small_unet, 16, HALO, STRIDE, (False, False))
    np.testing.assert_allclose(found["z"], small_unet(inputs)["z"], atol=1e-12)


def test_a_side_that_misses_the_stride_is_filled_with_its_last_texels():
    image = np.arange(6, dtype=np.float32)[:, None, None] * np.ones((1, 4, 1), np.float32)
    [window] = windows(6, 4, 64, 4, 4, (False, False))
    assert crop(image, window, (False, False))[:, 0, 0].tolist() == [0, 1, 2, 3, 4, 5, 5, 5]


def test_a_side_that_tiles_goes_on_round():
    image = np.arange(6, dtype=np.float32)[:, None, None] * np.ones((1, 4, 1), np.float32)
    [window] = windows(6, 4, 64, 4, 4, (True, False))
    assert crop(image, window, (True, False))[:, 0, 0].tolist() == [
        2,
        3,
        4,
        5,
        0,
        1,
        2,
        3,
        4,
        5,
        0,
        1,
        2,
        3,
        4,
        5,
    ]


@pytest.mark.parametrize("wrap", WRAPS)
@pytest.mark.parametrize("size", [(1, 1), (64, 64), (100, 37), (1000, 513)])
def test_cores_cover_the_picture_once_on_multiples_of_the_stride(size, wrap):
    seen = np.zeros(size, int)
    for window in windows(*size, 96, 20, 16, wrap):
        for span in (window.rows, window.columns):
            assert all(edge % 16 == 0 for edge in (span.start, span.stop, span.low, span.high))
            assert span.stop - span.start <= 96
        seen[window.rows.start : window.rows.stop, window.columns.start : window.columns.stop] += 1
    assert (seen == 1).all()


def test_cores_are_of_one_size_rather_than_leaving_a_sliver():
    cores = {w.columns.stop - w.columns.start for w in windows(16, 528, 512, 64, 16, (True, True))}
    assert cores == {272, 256}


def blotches(side: int, mode: str, seed: int = 0) -> np.ndarray:
    noise = gaussian_filter(np.random.default_rng(seed).random((side, side)), 3, mode=mode)
    return ((noise - noise.min()) / np.ptp(noise))[..., None].astype(np.float32)


@pytest.mark.parametrize("seed", range(3))
def test_smooth_noise_that_goes_round_is_seen_to_tile(seed):
    assert tileable_axes(blotches(128, "wrap", seed)) == (True, True)


@pytest.mark.parametrize("seed", range(3))
def test_each_axis_is_judged_by_itself(seed):
    assert tileable_axes(blotches(128, "wrap", seed)[:100]) == (False, True)
    assert tileable_axes(blotches(128, "wrap", seed)[:, :100]) == (True, False)


def test_a_ramp_does_not_tile_along_itself():
    ramp = np.linspace(0, 1, 64, dtype=np.float32)[:, None, None] * np.ones((1, 64, 3), np.float32)
    assert tileable_axes(ramp) == (False, True)


@pytest.mark.parametrize("side", [1, 4, 64])
def test_one_colour_tiles_at_any_size(side):
    assert tileable_axes(np.full((side, side, 3), 0.3, np.float32)) == (True, True)


def test_nine_in_ten_real_textures_are_judged_as_their_metadata_say():
    found = sorted(MATERIALS.glob("*/*/metadata.json"))[::6]
    if not found:
        pytest.skip("needs the real materials in ../shared/data/materials")
    agree = []
    for path in found:
        with Image.open(path.with_name("basecolor.jpg")) as picture:
            pixels = np.asarray(picture.convert("RGB"), np.float32) / 255
        agree.append(all(tileable_axes(pixels)) == json.loads(path.read_text())["tileable"])
    assert np.mean(agree) >= 0.85


@pytest.mark.parametrize("size", [(64, 96), (37, 51)])
def test_codes_tile_as_their_floats_do(size):
    codes = np.random.default_rng(6).integers(0, 256, (*size, 3), np.uint8)
    assert tileable_axes(codes) == tileable_axes(codes.astype(np.float32) / 255)

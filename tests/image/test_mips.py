import numpy as np
import pytest
from PIL import Image

from unbake.image.colour import linear_to_srgb, srgb_to_linear
from unbake.image.mips import bleeding, is_cut_out, mip_chain
from unbake.image.normals import decode_normal, encode_normal, from_slopes
from unbake.image.resample import resize


def noise(height, width, channels, seed=0):
    return np.random.default_rng(seed).random((height, width, channels), np.float32)


def checker(size, channels=3):
    board = np.add.outer(np.arange(size), np.arange(size)) % 2
    return np.repeat(board[..., None], channels, 2).astype(np.float32)


def foliage(size=256, seed=1):
    """Colour with a stencil alpha of thin, ragged shapes."""
    coarse = Image.fromarray(
        np.random.default_rng(seed).integers(0, 256, (size // 4, size // 4), dtype=np.uint8)
    )
    alpha = np.asarray(coarse.resize((size, size), Image.Resampling.BICUBIC)) > 150
    return np.dstack([noise(size, size, 3), alpha]).astype(np.float32)


@pytest.mark.parametrize(
    "height, width, levels", [(1, 1, 1), (4, 4, 3), (1024, 1024, 11), (8, 2, 4), (1, 16, 5)]
)
def test_a_chain_ends_at_one_texel(height, width, levels):
    chain = mip_chain(np.zeros((height, width, 1), np.float32), "linear")
    assert (len(chain), chain[-1].shape) == (levels, (1, 1, 1))


def test_one_axis_reaches_one_texel_first():
    chain = mip_chain(np.zeros((8, 2, 1), np.float32), "linear")
    assert [mip.shape[:2] for mip in chain] == [(8, 2), (4, 1), (2, 1), (1, 1)]


@pytest.mark.parametrize("height, width", [(3, 4), (4, 6), (0, 4)])
def test_sides_that_are_no_powers_of_two_are_refused(height, width):
    with pytest.raises(ValueError, match="powers of two"):
        mip_chain(np.zeros((height, width, 1), np.float32), "linear")


@pytest.mark.parametrize("kind", ["srgb", "linear", "normal"])
def test_the_top_is_the_image_to_the_bit(kind):
    image = noise(8, 8, 4)
    np.testing.assert_array_equal(image, mip_chain(image, kind)[0])


def test_black_and_white_average_to_half_the_light():
    for mip in mip_chain(checker(16), "srgb")[1:]:
        np.testing.assert_allclose(0.5, srgb_to_linear(mip), atol=1e-6)


def test_data_averages_as_it_is():
    for mip in mip_chain(checker(16), "linear")[1:]:
        np.testing.assert_array_equal(0.5, mip)


def test_the_last_texel_is_the_mean_light():
    image = noise(64, 32, 3)
    expected = linear_to_srgb(srgb_to_linear(image).mean((0, 1)))
    np.testing.assert_allclose(expected, mip_chain(image, "srgb")[-1][0, 0], atol=1e-6)


def test_the_last_texel_of_data_is_the_mean():
    image = noise(64, 32, 4)
    np.testing.assert_allclose(image.mean((0, 1)), mip_chain(image, "linear")[-1][0, 0], atol=1e-6)


def test_normals_stay_unit_length():
    normal = from_slopes(*(noise(64, 64, 2, seed=3) * 4 - 2).transpose(2, 0, 1))
    for mip in mip_chain(encode_normal(normal, "directx"), "normal"):
        np.testing.assert_allclose(1, np.linalg.norm(mip * 2 - 1, axis=2), atol=1e-5)


def test_opposite_slopes_average_to_flat():
    normal = from_slopes(np.where(checker(8, 1)[..., 0] > 0, 1.0, -1.0), np.zeros((8, 8)))
    last = decode_normal(mip_chain(encode_normal(normal, "opengl"), "normal")[-1], "opengl")
    np.testing.assert_allclose([0, 0, 1], last[0, 0], atol=1e-6)


def test_the_specular_mask_beside_a_normal_averages_as_it_is():
    image = np.dstack([np.full((8, 8, 3), (0.5, 0.5, 1.0)), checker(8, 1)]).astype(np.float32)
    assert mip_chain(image, "normal")[-1][0, 0, 3] == 0.5


def test_hidden_colour_does_not_show_in_mips():
    image = np.dstack([np.where(checker(8, 3) > 0, (1.0, 0.2, 0.4), (0.0, 1.0, 0.0)), checker(8, 1) * 0.7])
    for mip in mip_chain(image.astype(np.float32), "srgb")[1:]:
        np.testing.assert_allclose(
            np.broadcast_to((1.0, 0.2, 0.4), mip[..., :3].shape), mip[..., :3], atol=1e-4
        )


def test_where_nothing_is_seen_colour_is_the_plain_mean():
    image = np.dstack([noise(8, 8, 3), np.zeros((8, 8))]).astype(np.float32)
    expected = linear_to_srgb(srgb_to_linear(image[..., :3]).mean((0, 1)))
    np.testing.assert_allclose(expected, mip_chain(image, "srgb")[-1][0, 0, :3], atol=1e-4)


def test_soft_alpha_averages_as_it_is():
    image = np.dstack([noise(16, 16, 3), noise(16, 16, 1, seed=2) * 0.8 + 0.1])
    np.testing.assert_allclose(image[..., 3].mean(), mip_chain(image, "srgb")[-1][0, 0, 3], atol=1e-6)


def test_a_stencil_keeps_its_coverage_as_nearly_as_any_threshold_could():
    image = foliage()
    expected = (image[..., 3] > 0.5).mean()
    for mip, plain in zip(mip_chain(image, "srgb"), mip_chain(image[..., 3:], "linear"), strict=True):
        shares = [(plain >= level).mean() for level in (*np.unique(plain[plain > 0]), 2)]
        nearest = min(abs(share - expected) for share in shares)
        assert abs((np.rint(mip[..., 3] * 255) > 127).mean() - expected) == nearest


def test_without_care_the_stencil_would_have_thinned():
    image = foliage()
    plain = mip_chain(image[..., 3:], "linear")[4]
    assert (plain > 0.5).mean() < (image[..., 3] > 0.5).mean() - 0.05


def test_solid_parts_of_a_stencil_stay_solid():
    image = foliage()
    image[:128, :128, 3] = 1
    image[128:, 128:, 3] = 0
    mip = mip_chain(image, "srgb")[4][..., 3]
    assert (mip[:8, :8].min(), mip[8:, 8:].max()) == (1, 0)


@pytest.mark.parametrize(
    "values, expected",
    [([0, 1], True), ([1, 1], False), ([0, 0], False), ([0.3, 1], False), ([0.05, 0.95], True)],
)
def test_a_cut_out_has_both_ends_and_little_between(values, expected):
    assert is_cut_out(np.float32(values).reshape(1, -1, 1)) is expected


def bled(rgb, alpha):
    rgba = np.concatenate([rgb, alpha], axis=2)
    return bleeding(lambda top, bottom: rgba[top:bottom], len(rgba))(0, len(rgba))


def test_bleeding_leaves_seen_colour_to_the_bit():
    image = foliage(64)
    seen = image[..., 3] > 0
    np.testing.assert_array_equal(image[seen][:, :3], bled(image[..., :3], image[..., 3:])[seen])


def test_bleeding_fills_from_the_nearest_colours():
    rgb = np.zeros((8, 16, 3), np.float32)
    rgb[:, 0], rgb[:, 15] = (1, 0, 0), (0, 0, 1)
    alpha = np.zeros((8, 16, 1), np.float32)
    alpha[:, [0, 15]] = 1
    filled = bled(rgb, alpha)
    np.testing.assert_allclose(np.broadcast_to((1, 0, 0), (8, 8, 3)), filled[:, :8], atol=1e-6)
    np.testing.assert_allclose(np.broadcast_to((0, 0, 1), (8, 8, 3)), filled[:, 8:], atol=1e-6)


@pytest.mark.parametrize("height, width", [(7, 5), (1, 9), (33, 64)])
def test_bleeding_one_colour_fills_everything_with_it(height, width):
    alpha = np.zeros((height, width, 1), np.float32)
    alpha[height // 2, width // 3] = 0.01
    rgb = np.where(alpha > 0, np.float32((0.2, 0.5, 0.8)), np.float32(0))
    filled = bled(rgb, alpha)
    np.testing.assert_allclose(np.broadcast_to(np.float32((0.2, 0.5, 0.8)), filled.shape), filled, atol=1e-5)


def test_bleeding_changes_nothing_where_all_is_seen():
    rgb = noise(8, 8, 3)
    np.testing.assert_array_equal(rgb, bled(rgb, np.ones((8, 8, 1), np.float32)))


@pytest.mark.parametrize("kind", ["srgb", "linear", "normal"])
@pytest.mark.parametrize("height, width", [(8, 8), (16, 4), (32, 32), (1, 1)])
def test_a_constant_stays_constant_at_any_size(kind, height, width):
    image = np.broadcast_to(np.float32((0.5, 0.5, 1.0)), (11, 13, 3))
    np.testing.assert_allclose(
        np.broadcast_to(image[0, 0], (height, width, 3)), resize(image, height, width, kind), atol=1e-5
    )


@pytest.mark.parametrize("kind", ["srgb", "linear", "normal"])
def test_halving_by_resize_is_the_next_mip(kind):
    image = encode_normal(from_slopes(*(noise(16, 16, 2) - 0.5).transpose(2, 0, 1)), "opengl")
    np.testing.assert_allclose(mip_chain(image, kind)[1], resize(image, 8, 8, kind), atol=1e-5)


def test_shrinking_keeps_the_mean_light():
    image = noise(30, 50, 3)
    light = srgb_to_linear(resize(image, 16, 32, "srgb")).mean((0, 1))
    np.testing.assert_allclose(srgb_to_linear(image).mean((0, 1)), light, atol=1e-5)


def test_one_axis_may_grow_while_the_other_shrinks():
    resized = resize(noise(10, 30, 1), 16, 16, "linear")
    assert (resized.shape, resized.dtype, resized.flags.c_contiguous) == ((16, 16, 1), np.float32, True)


def test_growing_normals_stay_unit_length():
    normal = from_slopes(*(noise(10, 10, 2) * 4 - 2).transpose(2, 0, 1))
    grown = resize(encode_normal(normal, "opengl"), 16, 16, "normal") * 2 - 1
    np.testing.assert_allclose(1, np.linalg.norm(grown, axis=2), atol=1e-5)


def test_growing_stays_in_range():
    grown = resize(checker(10), 32, 32, "linear")
    assert (grown.min(), grown.max()) == (0, 1)


def test_the_same_size_is_the_same_image():
    image = noise(5, 7, 3)
    np.testing.assert_array_equal(image, resize(image, 5, 7, "srgb"))


@pytest.mark.parametrize("kind", ["srgb", "linear", "normal"])
@pytest.mark.parametrize("axis", [0, 1])
def test_rolling_what_tiles_rolls_what_it_grows_to(kind, axis):
    unit = noise(12, 12, 3)
    size, wrap = ((24, 16), (True, False)) if axis == 0 else ((16, 24), (False, True))
    grown = resize(unit, *size, kind, wrap)
    rolled = resize(np.roll(unit, 5, axis), *size, kind, wrap)
    assert np.abs(np.roll(grown, 10, axis) - rolled).max() < 1e-5


def test_the_seam_shows_where_tiling_is_not_asked_for():
    unit = noise(12, 12, 1)
    rolled = resize(np.roll(unit, 5, 0), 24, 12, "linear")
    assert np.abs(np.roll(resize(unit, 24, 12, "linear"), 10, 0) - rolled).max() > 0.01

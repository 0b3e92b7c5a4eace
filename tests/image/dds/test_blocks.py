import io
import struct
import sys
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from unbake.image import arrays as coded
from unbake.image.dds import bc1, bc7
from unbake.image.dds.blocks import BlockFormat, Effort, block_size, decode_blocks, encode_blocks

needs_ispc = pytest.mark.skipif(bc7.ispc_texcomp is None, reason="no wheel of ispc-texcomp for this machine")

WRITTEN = [BlockFormat.BC1, BlockFormat.BC3, BlockFormat.BC4, BlockFormat.BC5, BlockFormat.BC7]


def painted(height=128, width=128, channels=3, seed=0):
    """Noise at four scales over a gradient, as textures are: uint8."""
    rng = np.random.default_rng(seed)
    image = np.linspace(0.2, 0.7, width)[None, :, None] * np.ones((height, 1, channels))
    for cells, strength in ((4, 0.3), (16, 0.2), (64, 0.1), (128, 0.03)):
        coarse = Image.fromarray(rng.integers(0, 256, (cells, cells, 4), dtype=np.uint8))
        smooth = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC)) / 255 - 0.5
        image += strength * (0.9 * smooth[..., 3:] + 0.1 * smooth[..., :channels])  # mostly light and dark
    return np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)


def stencil(height=128, width=128):
    """Alpha 0 or 255 with ragged edges."""
    return np.where(painted(height, width, 1, seed=5) > 115, 255, 0).astype(np.uint8)


def psnr(a, b):
    return 10 * np.log10(255**2 / np.mean((a.astype(float) - b.astype(float)) ** 2))


def round_trip(pixels, fmt, effort=Effort.GOOD):
    height, width = pixels.shape[:2]
    return decode_blocks(encode_blocks(pixels, fmt, effort), width, height, fmt)


def by_pillow(fourcc, blocks, width, height):
    header = struct.pack("<4s7I44x", b"DDS ", 124, 0x1007, height, width, 0, 0, 0)
    header += struct.pack("<2I4s5I5I", 32, 4, fourcc, 0, 0, 0, 0, 0, 0x1000, 0, 0, 0, 0)
    return np.asarray(Image.open(io.BytesIO(header + blocks))).reshape(height, width, -1)


@pytest.mark.parametrize(
    "fourcc, fmt",
    [
        (b"DXT1", BlockFormat.BC1),
        (b"DXT3", BlockFormat.BC2),
        (b"DXT5", BlockFormat.BC3),
        (b"ATI1", BlockFormat.BC4),
        (b"ATI2", BlockFormat.BC5),
    ],
)
def test_random_blocks_decode_as_pillow_decodes_them(fourcc, fmt):
    blocks = np.random.default_rng(1).integers(0, 256, block_size(36, 20, fmt), dtype=np.uint8).tobytes()
    expected = by_pillow(fourcc, blocks, 36, 20)[..., : fmt.channels]
    np.testing.assert_array_equal(expected, decode_blocks(blocks, 36, 20, fmt))


def test_random_half_float_blocks_decode_nearly_as_pillow_decodes_them():
    blocks = np.random.default_rng(1).integers(0, 256, block_size(36, 20, BlockFormat.BC6H), dtype=np.uint8)
    expected = by_pillow(b"DX10", struct.pack("<5I", 95, 3, 0, 1, 0) + blocks.tobytes(), 36, 20)
    decoded = decode_blocks(blocks.tobytes(), 36, 20, BlockFormat.BC6H)
    assert np.abs(expected.astype(int) - decoded).max() <= 1


@pytest.mark.parametrize("low, high", [(-127, 127), (127, -127), (-30, 90), (90, -30), (-128, 127)])
def test_signed_blocks_decode_to_the_unsigned_codes_of_the_same_numbers(low, high):
    indices = sum((i % 8) << (3 * i) for i in range(16))
    block = struct.pack("<bb", low, high) + indices.to_bytes(6, "little")
    a, b = max(low, -127) / 127, max(high, -127) / 127
    if low > high:
        palette = [a, b, *(((7 - i) * a + i * b) / 7 for i in range(1, 7))]
    else:
        palette = [a, b, *(((5 - i) * a + i * b) / 5 for i in range(1, 5)), -1.0, 1.0]
    expected = (np.array(palette * 2).reshape(4, 4) + 1) / 2 * 255
    decoded = decode_blocks(block, 4, 4, BlockFormat.BC4_SNORM)[..., 0]
    assert np.abs(expected - decoded).max() <= 1.5


@pytest.mark.parametrize(
    "fmt, effort, least",
    [
        (BlockFormat.BC1, Effort.GOOD, 40.5),
        (BlockFormat.BC1, Effort.FAST, 38.0),
        (BlockFormat.BC3, Effort.GOOD, 40.5),
        (BlockFormat.BC4, Effort.GOOD, 48.8),
        (BlockFormat.BC5, Effort.GOOD, 48.8),
        (BlockFormat.BC7, Effort.GOOD, 48.0),
        (BlockFormat.BC7, Effort.FAST, 47.7),
    ],
)
def test_a_round_trip_stays_near_the_pixels(fmt, effort, least):
    pixels = painted(channels=min(fmt.channels, 3))
    decoded = round_trip(pixels, fmt, effort)[..., : pixels.shape[2]]
    assert psnr(pixels, decoded) >= least


def exact_bc4(blocks):
    """Texels (N, 16) of BC4 blocks as Direct3D defines them, unrounded, where decoders of integers round down."""
    packed = np.frombuffer(blocks, np.uint8).reshape(-1, 8)
    first, second = packed[:, :1].astype(float), packed[:, 1:2].astype(float)
    eight = np.array([1, 0, *(np.arange(6, 0, -1) / 7)])
    six = np.array([1, 0, *(np.arange(4, 0, -1) / 5), 0, 0])
    short = first * six + second * (1 - six)
    short[:, 6:] = 0, 255
    palette = np.where(first > second, first * eight + second * (1 - eight), short)
    index = np.unpackbits(packed[:, 2:], axis=1, bitorder="little").reshape(-1, 16, 3) @ [1, 2, 4]
    return np.take_along_axis(palette, index, axis=1)


@pytest.mark.parametrize("fmt", [BlockFormat.BC3, BlockFormat.BC4, BlockFormat.BC5])
def test_channels_of_their_own_stay_near_the_pixels_as_direct3d_reads_them(fmt):
    channel = 3 if fmt is BlockFormat.BC3 else 0
    pixels = painted(channels=1).repeat(4, axis=2)
    halves = np.frombuffer(encode_blocks(pixels, fmt), np.uint8).reshape(-1, fmt.block_bytes)[:, :8]
    texels = pixels[..., channel].reshape(32, 4, 32, 4).swapaxes(1, 2).reshape(-1, 16)
    assert psnr(texels, exact_bc4(halves.tobytes())) >= 48.8


@pytest.mark.parametrize("seed", range(3))
def test_both_ends_of_a_blocks_range_are_exact_in_bc4_as_direct3d_reads_them(seed):
    rng = np.random.default_rng(seed)
    low = rng.integers(0, 250, (1, 64, 1))
    texels = (low.repeat(16, 2) + rng.integers(0, 1 + rng.integers(0, 6, (1, 64, 1)), (1, 64, 16)))[0]
    image = texels.reshape(64, 4, 4).swapaxes(0, 1).reshape(4, 256, 1).astype(np.uint8)
    decoded = exact_bc4(encode_blocks(image, BlockFormat.BC4))
    for end in (texels.min(1, keepdims=True), texels.max(1, keepdims=True)):
        at_end = texels == end
        np.testing.assert_array_equal(texels[at_end], decoded[at_end])


@pytest.mark.parametrize("effort", list(Effort))
def test_flat_colours_are_nearer_in_bc1_than_its_endpoints_can_be(effort):
    colours = np.random.default_rng(2).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    decoded = round_trip(colours.repeat(4, 0).repeat(4, 1), BlockFormat.BC1, effort)[::4, ::4, :3]
    assert np.abs(colours.astype(int) - decoded).max() <= 2  # 4 in red and blue for the endpoints alone


@pytest.mark.parametrize("effort", list(Effort))
@pytest.mark.parametrize("etcpak_alone", [False, True])
@pytest.mark.parametrize("fmt, colour_at", [(BlockFormat.BC1, 0), (BlockFormat.BC3, 8)])
def test_opaque_blocks_hold_four_colours_or_one(fmt, colour_at, etcpak_alone, effort, monkeypatch):
    if etcpak_alone:
        monkeypatch.setattr(bc1, "ispc_texcomp", None)
    pixels = np.concatenate([painted(), np.full((8, 128, 3), 77, np.uint8), painted() // 64 + 30])
    blocks = np.frombuffer(encode_blocks(pixels, fmt, effort), np.uint8).reshape(-1, fmt.block_bytes)
    ends = np.ascontiguousarray(blocks[:, colour_at : colour_at + 4]).view("<u2")
    one = (blocks[:, colour_at + 4 :] == 0).all(1)
    assert ((ends[:, 0] > ends[:, 1]) | one & (ends[:, 0] == ends[:, 1])).all()


def test_the_second_fit_of_bc1_never_makes_a_block_worse():
    pixels = painted()
    error = {
        effort: ((round_trip(pixels, BlockFormat.BC1, effort)[..., :3].astype(float) - pixels) ** 2)
        .reshape(32, 4, 32, 4, 3)
        .sum((1, 3, 4))
        for effort in Effort
    }
    assert error[Effort.GOOD].sum() < 0.97 * error[Effort.FAST].sum()
    assert (error[Effort.GOOD] <= error[Effort.FAST] + 48 * 4).all()  # the decoder rounds thirds down


def test_bc1_without_ispc_is_nearly_as_good(monkeypatch):
    good = psnr(painted(), round_trip(painted(), BlockFormat.BC1)[..., :3])
    monkeypatch.setattr(bc1, "ispc_texcomp", None)
    assert psnr(painted(), round_trip(painted(), BlockFormat.BC1)[..., :3]) >= good - 3


@pytest.mark.parametrize("fmt", WRITTEN)
@pytest.mark.parametrize("height, width", [(1, 1), (2, 1), (5, 3), (4, 9)])
def test_any_size_comes_back_in_its_size(fmt, height, width):
    pixels = painted(height, width, min(fmt.channels, 3))
    assert (height, width, fmt.channels) == round_trip(pixels, fmt).shape


@pytest.mark.parametrize("fmt", WRITTEN)
def test_padding_repeats_the_edge(fmt):
    pixels = painted(6, 7, min(fmt.channels, 3))
    padded = np.pad(pixels, ((0, 2), (0, 1), (0, 0)), mode="edge")
    assert encode_blocks(padded, fmt) == encode_blocks(pixels, fmt)


@pytest.mark.parametrize("fmt", WRITTEN)
def test_the_same_pixels_give_the_same_blocks(fmt):
    pixels = painted(64, 64, fmt.channels)
    assert encode_blocks(pixels, fmt) == encode_blocks(pixels, fmt)


@pytest.mark.parametrize("fmt", [BlockFormat.BC1, BlockFormat.BC3, BlockFormat.BC7])
def test_the_neutral_rmaos_texel_is_exact(fmt):
    pixels = np.full((8, 8, 4), (255, 0, 255, 255), np.uint8)
    np.testing.assert_array_equal(pixels, round_trip(pixels, fmt))


@pytest.mark.parametrize("effort", list(Effort))
def test_flat_colours_are_exact_in_bc7(effort):
    colours = np.random.default_rng(2).integers(0, 256, (16, 16, 4), dtype=np.uint8)
    colours[:, :8, 3] = 255
    pixels = colours.repeat(4, 0).repeat(4, 1)
    np.testing.assert_array_equal(pixels, round_trip(pixels, BlockFormat.BC7, effort))


def test_every_flat_height_is_exact_in_bc4():
    pixels = np.repeat(np.repeat(np.arange(256, dtype=np.uint8).reshape(16, 16, 1), 4, 0), 4, 1)
    np.testing.assert_array_equal(pixels, round_trip(pixels, BlockFormat.BC4))


@pytest.mark.parametrize("fmt", [BlockFormat.BC1, BlockFormat.BC3, BlockFormat.BC7])
@pytest.mark.parametrize("effort", list(Effort))
def test_an_opaque_picture_stays_opaque(fmt, effort):
    assert (round_trip(painted(), fmt, effort)[..., 3] == 255).all()


@pytest.mark.parametrize("fmt", [BlockFormat.BC1, BlockFormat.BC3, BlockFormat.BC7])
@pytest.mark.parametrize("effort", list(Effort))
def test_a_stencil_is_exact(fmt, effort):
    pixels = np.dstack([painted(), stencil()])
    np.testing.assert_array_equal(pixels[..., 3], round_trip(pixels, fmt, effort)[..., 3])


def test_seen_colour_of_a_cut_out_bc1_is_as_good_as_without_holes():
    pixels = np.dstack([painted(), stencil()])
    seen = pixels[..., 3] == 255
    pixels[~seen, :3] = (0, 255, 0)  # what is hidden must not matter
    whole = psnr(painted()[seen], round_trip(painted(), BlockFormat.BC1)[seen][:, :3])
    cut = psnr(pixels[seen][:, :3], round_trip(pixels, BlockFormat.BC1)[seen][:, :3])
    assert cut >= whole - 0.5


def test_a_block_without_a_seen_texel_is_all_transparent():
    pixels = np.full((4, 4, 4), (9, 80, 200, 0), np.uint8)
    assert (round_trip(pixels, BlockFormat.BC1) == 0).all()


@pytest.mark.parametrize("etcpak_alone", [False, True])
@pytest.mark.parametrize("effort", list(Effort))
def test_bc7_keeps_both_ends_of_a_soft_alpha(effort, etcpak_alone, monkeypatch):
    if etcpak_alone:
        monkeypatch.setattr(bc7, "ispc_texcomp", None)
    alpha = np.clip(painted(channels=1, seed=5).astype(int) * 6 - 600, 0, 255).astype(np.uint8)
    decoded = round_trip(np.dstack([painted(), alpha]), BlockFormat.BC7, effort)[..., 3:]
    ends = (alpha == 0) | (alpha == 255)
    np.testing.assert_array_equal(alpha[ends], decoded[ends])


@pytest.mark.parametrize("effort", list(Effort))
def test_bc7_keeps_a_gentle_alpha_within_two_codes(effort):
    alpha = np.rint(np.add.outer(np.arange(128), np.arange(128)) * (255 / 254))[..., None].astype(np.uint8)
    decoded = round_trip(np.dstack([painted(), alpha]), BlockFormat.BC7, effort)[..., 3:]
    assert np.abs(alpha.astype(int) - decoded).max() <= bc7.ALPHA_TOLERANCE


def searched(monkeypatch, pixels, painted):
    """Blocks that ISPC was given by each profile, in encoding these pixels as BC7."""
    given, names = {}, {}
    encoder = bc7.ispc_texcomp

    class Settings:
        @staticmethod
        def from_profile(name):
            chosen = encoder.BC7EncSettings.from_profile(name)
            names[id(chosen)] = name, chosen
            return chosen

    def compressed(surface, settings):
        name, _ = names[id(settings)]
        given[name] = given.get(name, 0) + surface.width * surface.height // 16
        return encoder.compress_blocks_bc7(surface, settings)

    counting = SimpleNamespace(
        RGBASurface=encoder.RGBASurface, BC7EncSettings=Settings, compress_blocks_bc7=compressed
    )
    monkeypatch.setattr(bc7, "ispc_texcomp", counting)
    monkeypatch.setattr(bc7, "_encode_apart", lambda texels: np.zeros((len(texels), 16), np.uint8))
    encode_blocks(pixels, BlockFormat.BC7, painted=painted)
    monkeypatch.undo()
    return given


@needs_ispc
def test_colours_are_searched_quickly_and_vectors_are_not(monkeypatch):
    assert searched(monkeypatch, painted(64, 64), False) == {"veryfast": 256}
    assert searched(monkeypatch, painted(64, 64), True) == {"ultrafast": 256}


@needs_ispc
@pytest.mark.parametrize("quick", [False, True])
def test_only_blocks_with_alpha_are_searched_for_it(quick, monkeypatch):
    alpha = np.full((64, 64), 255, np.uint8)
    alpha[:5, :4] = 0  # in two blocks
    given = searched(monkeypatch, np.dstack([painted(64, 64), alpha]), quick)
    assert given == {"ultrafast" if quick else "veryfast": 254, "alpha_fast": 2}


def progress_of_another_thread(work):
    """Steps that another thread of Python makes while this one works, and would not give way between instructions."""
    steps, done = [0], threading.Event()

    def walk():
        while not done.is_set():
            steps[0] += 1
            time.sleep(0)

    walker, interval = threading.Thread(target=walk), sys.getswitchinterval()
    walker.start()
    sys.setswitchinterval(60)
    try:
        before = steps[0]
        work()
        return steps[0] - before
    finally:
        done.set()
        sys.setswitchinterval(interval)
        walker.join()


def test_a_loop_of_python_lets_no_other_thread_walk():
    assert progress_of_another_thread(lambda: sum(range(1_000_000))) == 0


@needs_ispc
def test_the_encoders_let_other_threads_walk():
    encoder = bc7.ispc_texcomp
    surface = encoder.RGBASurface(np.dstack([painted(512, 512), stencil(512, 512)]).tobytes(), 512, 512)
    settings = encoder.BC7EncSettings.from_profile("veryfast")
    assert progress_of_another_thread(lambda: encoder.compress_blocks_bc7(surface, settings)) > 0
    assert progress_of_another_thread(lambda: [encoder.compress_blocks_bc1(surface) for _ in range(20)]) > 0


def test_colours_to_look_at_lose_less_than_a_decibel():
    for seed in range(3):
        pixels = painted(seed=seed)
        slow, quick = (
            decode_blocks(encode_blocks(pixels, BlockFormat.BC7, painted=told), 128, 128, BlockFormat.BC7)
            for told in (False, True)
        )
        assert psnr(pixels, quick[..., :3]) > psnr(pixels, slow[..., :3]) - 1


def test_bc7_without_ispc_is_nearly_as_good(monkeypatch):
    good = psnr(painted(), round_trip(painted(), BlockFormat.BC7)[..., :3])
    monkeypatch.setattr(bc7, "ispc_texcomp", None)
    assert psnr(painted(), round_trip(painted(), BlockFormat.BC7)[..., :3]) >= good - 1.5


def test_opaque_bc7_gets_neither_brighter_nor_darker():
    pixels = painted(256, 256)
    drift = round_trip(pixels, BlockFormat.BC7)[..., :3].mean((0, 1)) - pixels.mean((0, 1))
    assert np.abs(drift).max() < 0.1


def test_too_few_bytes_are_refused():
    with pytest.raises(ValueError, match=r"Expected 32 bytes .*, got 31"):
        decode_blocks(bytes(31), 8, 4, BlockFormat.BC7)


@pytest.mark.parametrize(
    "fmt", [BlockFormat.BC2, BlockFormat.BC4_SNORM, BlockFormat.BC5_SNORM, BlockFormat.BC6H]
)
def test_formats_that_are_only_read_are_refused(fmt):
    with pytest.raises(ValueError, match="only read"):
        encode_blocks(painted(4, 4), fmt)


@pytest.mark.parametrize(
    "fmt", [BlockFormat.BC1, BlockFormat.BC3, BlockFormat.BC4, BlockFormat.BC5, BlockFormat.BC7]
)
def test_bands_of_an_image_are_encoded_as_the_whole(fmt, monkeypatch):
    pixels = np.random.default_rng(9).integers(0, 256, (37, 30, 1 if fmt is BlockFormat.BC4 else 4), np.uint8)
    pixels[:12, :, 3:] = 255
    whole = encode_blocks(pixels, fmt)
    monkeypatch.setattr(coded, "BAND_TEXELS", 250)
    assert encode_blocks(pixels, fmt) == whole

import io
import struct
import tracemalloc

import numpy as np
import pytest
from PIL import Image
from support.dds_files import dds, dx10

from unbake.errors import FileError, UnsuitableError
from unbake.image.colour import linear_to_srgb, srgb_to_linear
from unbake.image.dds.blocks import BlockFormat, encode_blocks
from unbake.image.dds.encode import encode_dds
from unbake.image.dds.formats import DxgiFormat
from unbake.image.files import decode_picture

RGBA8 = DxgiFormat.R8G8B8A8_UNORM
RNG = np.random.default_rng(0)
RGBA = RNG.integers(0, 256, (6, 10, 4), dtype=np.uint8)


@pytest.mark.parametrize(
    "body, fields, expected",
    [
        (RGBA[..., [2, 1, 0]], {"bits": 24, "masks": (0xFF0000, 0xFF00, 0xFF, 0)}, RGBA[..., :3]),
        (RGBA, {"bits": 32, "flags": 0x41, "masks": (0xFF, 0xFF00, 0xFF0000, 0xFF000000)}, RGBA),
        (
            RGBA[..., [2, 1, 0, 3]],
            {"bits": 32, "flags": 0x41, "masks": (0xFF0000, 0xFF00, 0xFF, 0xFF000000)},
            RGBA,
        ),
        (RGBA[..., [2, 1, 0, 3]], {"bits": 32, "masks": (0xFF0000, 0xFF00, 0xFF, 0)}, RGBA[..., :3]),
        (RGBA[..., 0], {"bits": 8, "flags": 0x20000, "masks": (0xFF, 0, 0, 0)}, RGBA[..., :1]),
        (
            RGBA[..., [0, 3]],
            {"bits": 16, "flags": 0x20001, "masks": (0xFF, 0, 0, 0xFF00)},
            RGBA[..., [0, 0, 0, 3]],
        ),
    ],
)
def test_uncompressed_legacy_dds_is_read_to_the_bit(body, fields, expected):
    np.testing.assert_array_equal(expected, decode_picture(dds(body.tobytes(), **fields), "a").pixels)


@pytest.mark.parametrize(
    "masks, depths, flags",
    [
        ((0xF800, 0x7E0, 0x1F, 0), (5, 6, 5), 0x40),
        ((0x7C00, 0x3E0, 0x1F, 0x8000), (5, 5, 5, 1), 0x41),
        ((0xF00, 0xF0, 0xF, 0xF000), (4, 4, 4, 4), 0x41),
    ],
)
def test_packed_pixels_are_scaled_to_full_range(masks, depths, flags):
    words = RNG.integers(0, 65536, (6, 10), dtype=np.uint16)
    fields = [(words & mask) // (mask & -mask) for mask in masks if mask]
    expected = np.stack(
        [np.floor(f * 255 / (2**d - 1) + 0.5) for f, d in zip(fields, depths, strict=True)], -1
    )
    picture = decode_picture(dds(words.tobytes(), flags=flags, bits=16, masks=masks), "a")
    np.testing.assert_array_equal(expected, picture.pixels)


def test_sixteen_bit_dds_is_read_to_the_bit():
    deep = RNG.integers(0, 65536, (6, 10, 4), dtype=np.uint16)
    picture = decode_picture(dx10(DxgiFormat.R16G16B16A16_UNORM, deep.tobytes()), "a")
    assert picture.pixels.dtype == np.uint16
    np.testing.assert_array_equal(deep, picture.pixels)


@pytest.mark.parametrize(
    "dxgi, kind", [(DxgiFormat.R16G16B16A16_FLOAT, np.float16), (DxgiFormat.R32G32B32A32_FLOAT, np.float32)]
)
def test_floats_are_clipped_to_the_range_of_a_texture(dxgi, kind):
    values = RNG.uniform(-0.2, 1.2, (6, 10, 4)).astype(kind)
    values[0, 0] = [np.nan, np.inf, -np.inf, 1]
    pixels = decode_picture(dx10(dxgi, values.tobytes()), "a").pixels
    assert pixels[0, 0].tolist() == [0, 65535, 0, 65535]
    expected = np.clip(values.astype(float), 0, 1)[1:]
    assert np.abs(pixels[1:] / 65535 - expected).max() <= 0.5 / 65535


def test_numbers_from_minus_one_to_one_become_unsigned_codes():
    signed = np.array([-128, -127, 0, 127], np.int8).repeat(60).reshape(4, 6, 10).transpose(1, 2, 0)
    pixels = decode_picture(dx10(DxgiFormat.R8G8B8A8_SNORM, signed.tobytes()), "a").pixels
    assert pixels[0, 0].tolist() == [0, 0, 128, 255]


def test_a_signed_normal_gets_its_blue_back():
    straight = decode_picture(dx10(DxgiFormat.R8G8_SNORM, bytes(120)), "a").pixels
    assert straight[3, 3].tolist() == [128, 128, 255]


@pytest.mark.parametrize(
    "dxgi, order",
    [
        (DxgiFormat.R8G8B8A8_UNORM, [0, 1, 2, 3]),
        (DxgiFormat.R8G8B8A8_UNORM_SRGB, [0, 1, 2, 3]),
        (DxgiFormat.B8G8R8A8_UNORM, [2, 1, 0, 3]),
        (DxgiFormat.B8G8R8A8_UNORM_SRGB, [2, 1, 0, 3]),
    ],
)
def test_uncompressed_dx10_is_read_to_the_bit(dxgi, order):
    np.testing.assert_array_equal(RGBA, decode_picture(dx10(dxgi, RGBA[..., order].tobytes()), "a").pixels)


def padded(rows, pitch, mips=1, stated=None):
    """An RGB24 DDS file of one top mip whose rows (H, W, 3) are `pitch` bytes apart; its header states `stated`."""
    height, width = rows.shape[:2]
    body = b"".join(row[:, ::-1].tobytes().ljust(pitch, b"\xee") for row in rows)
    data = bytearray(dds(body, width, height, bits=24, masks=(0xFF0000, 0xFF00, 0xFF, 0)))
    if stated is not None:
        struct.pack_into("<I", data, 8, 0x100F)
        struct.pack_into("<I", data, 20, stated)
    return bytes(data)


@pytest.mark.parametrize("pitch, stated", [(24, 24), (24, None), (21, 21), (21, None), (21, 24), (32, 32)])
def test_padded_rows_are_read_where_length_and_header_allow_no_other_reading(pitch, stated):
    rows = RNG.integers(0, 256, (6, 7, 3), np.uint8)
    assert np.array_equal(decode_picture(padded(rows, pitch, stated=stated), "wall.dds").pixels, rows)


def test_premultiplied_colours_are_divided_by_alpha():
    straight = np.full((4, 4, 4), (200, 100, 40, 128), np.uint8)
    stored = straight.copy()
    stored[..., :3] = straight[..., :3] * (128 / 255)
    body = encode_blocks(stored, BlockFormat.BC3)
    plain, divided = (
        decode_picture(dds(body, 4, 4, fourcc, 4), "glass.dds").pixels.astype(int)
        for fourcc in (b"DXT5", b"DXT4")
    )
    assert np.abs(divided[..., :3] - straight[..., :3]).max() <= 12
    assert np.abs(plain[..., :3] - stored[..., :3]).max() <= 8
    assert np.array_equal(divided[..., 3], plain[..., 3])


def test_premultiplied_dx10_of_linear_light_is_divided_in_linear_light():
    straight = np.full((4, 4, 4), (200, 100, 40, 128), np.uint8)
    linear = srgb_to_linear(straight[..., :3] / 255) * (128 / 255)
    stored = straight.copy()
    stored[..., :3] = np.rint(linear_to_srgb(linear) * 255)
    data = bytearray(dx10(DxgiFormat.R8G8B8A8_UNORM_SRGB, stored.tobytes(), 4, 4))
    struct.pack_into("<I", data, 144, 2)
    assert np.abs(decode_picture(bytes(data), "glass.dds").pixels.astype(int) - straight).max() <= 2


def test_where_nothing_is_visible_premultiplied_colours_stay():
    stored = np.full((4, 4, 4), (7, 7, 7, 0), np.uint8)
    data = bytearray(dx10(RGBA8, stored.tobytes(), 4, 4))
    struct.pack_into("<I", data, 144, 2)
    assert np.array_equal(decode_picture(bytes(data), "glass.dds").pixels, stored)


def test_doom_3s_red_in_alpha_is_put_back():
    stored = np.zeros((4, 4, 4), np.uint8)
    stored[:] = (0, 120, 240, 90)
    data = dds(encode_blocks(stored, BlockFormat.BC3), 4, 4, b"RXGB", 4)
    assert np.abs(decode_picture(data, "wall_n.dds").pixels.astype(int) - (90, 120, 240)).max() <= 8


def test_small_floats_are_read_as_their_numbers():
    one, half, quarter = 15 << 6, 14 << 6, 13 << 5
    word = one | half << 11 | quarter << 22
    data = dx10(DxgiFormat.R11G11B10_FLOAT, struct.pack("<I", word) * 4, 2, 2)
    assert decode_picture(data, "glow.dds").unit()[0, 0] == pytest.approx([1, 0.5, 0.25], abs=1e-4)


def test_two_floats_that_go_below_0_are_a_normals_numbers():
    data = dx10(DxgiFormat.R16G16_FLOAT, np.float16([[0.6, 0]] * 3 + [[-0.6, 0]]).tobytes(), 2, 2)
    assert decode_picture(data, "wall_n.dds").unit()[0, 0] == pytest.approx([0.8, 0.5, 0.9], abs=1e-3)


@pytest.mark.parametrize("container_format", [None, "DXT1", "DXT3", "DXT5", "BC2", "BC3"])
def test_dds_that_pillow_writes_reads_as_pillow_reads_it(container_format):
    options = {"pixel_format": container_format} if container_format else {}
    buffer = io.BytesIO()
    Image.fromarray(RGBA).save(buffer, "DDS", **options)
    data = buffer.getvalue()
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(data))), decode_picture(data, "a").pixels)


@pytest.mark.parametrize("mips", [0, 1, 3, 4])
def test_only_the_top_mip_must_be_there(mips):
    whole = encode_dds([RGBA[:4, :8], *(RGBA[: 4 >> i or 1, : 8 >> i] for i in (1, 2, 3))], RGBA8)
    claims = bytearray(whole)
    struct.pack_into("<I", claims, 28, mips)
    np.testing.assert_array_equal(RGBA[:4, :8], decode_picture(bytes(claims)[: 148 + 4 * 8 * 4], "a").pixels)


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (4, 4), (3, 700), (700, 3), (64, 16)])
@pytest.mark.parametrize("dxgi", [DxgiFormat.BC1_UNORM, DxgiFormat.BC7_UNORM, DxgiFormat.B8G8R8A8_UNORM])
def test_any_shape_is_read(size, dxgi):
    flat = np.full((*size, 3), (255, 0, 132), np.uint8)
    np.testing.assert_array_equal(flat, decode_picture(encode_dds([flat], dxgi), "a").pixels[..., :3])


def test_large_pixels_are_unpacked_as_small_ones():
    deep = RNG.integers(0, 65536, (1100, 2000, 4), dtype=np.uint16)  # more than a band of texels
    data = dx10(DxgiFormat.R16G16B16A16_UNORM, deep.tobytes(), 2000, 1100)
    np.testing.assert_array_equal(deep, decode_picture(data, "a").pixels)


def test_bc1_without_holes_has_no_alpha():
    data = dds(encode_blocks(RGBA[..., :3], BlockFormat.BC1), fourcc=b"DXT1", flags=4)
    assert decode_picture(data, "a").alpha is None


def test_two_channel_normals_get_their_blue_back():
    x, y = np.meshgrid(np.linspace(-0.6, 0.6, 64), np.linspace(-0.6, 0.6, 64))
    normal = np.stack([x, y, np.sqrt(1 - x**2 - y**2)], -1)
    codes = np.rint((normal + 1) * 127.5).astype(np.uint8)
    data = dx10(DxgiFormat.R8G8_UNORM, codes[..., :2].tobytes(), 64, 64)
    assert np.abs(decode_picture(data, "a").pixels.astype(int) - codes).max() <= 2


@pytest.mark.parametrize("flags", [0x40, 0x41, 0x20000, 0x20001, 0x2, 0x80000])
@pytest.mark.parametrize("bits", [2**32 - 1, 2**31, 0, 7, 64])
def test_an_impossible_count_of_bits_is_refused_at_once(bits, flags):
    tracemalloc.start()
    try:
        with pytest.raises(FileError, match=f"got {bits} bits"):
            decode_picture(dds(bytes(1000), flags=flags, bits=bits, masks=(2**31, 2**30, 1, 2)), "lie.dds")
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("caps2, kind", [(0xFE00, "a cubemap"), (0x200000, "a volume")])
def test_what_is_not_flat_is_unsuitable_but_not_damaged(caps2, kind):
    with pytest.raises(UnsuitableError, match=f"^Expected one flat texture in sky_e.dds, got {kind}; "):
        decode_picture(dds(bytes(5000), fourcc=b"DXT1", flags=4, caps2=caps2), "sky_e.dds")

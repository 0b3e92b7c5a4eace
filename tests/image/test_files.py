import io
import os
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image

from unbake.errors import FileError, UnsuitableError
from unbake.files import write_atomic
from unbake.image.colour import linear_to_srgb, srgb_to_linear
from unbake.image.dds.blocks import BlockFormat, encode_blocks
from unbake.image.dds.encode import encode_dds
from unbake.image.dds.header import DxgiFormat
from unbake.image.files import decode_picture, picture_size, read_picture, write_png

RGBA8 = DxgiFormat.R8G8B8A8_UNORM
RNG = np.random.default_rng(0)
RGBA = RNG.integers(0, 256, (6, 10, 4), dtype=np.uint8)


def saved(pixels, container, **options):
    buffer = io.BytesIO()
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(buffer, container, **options)
    return buffer.getvalue()


def dds(body, width=10, height=6, fourcc=bytes(4), flags=0x40, bits=0, masks=(0, 0, 0, 0), caps2=0):
    header = struct.pack("<4s7I44x", b"DDS ", 124, 0x1007, height, width, 0, 0, 1)
    header += struct.pack("<2I4s5I5I", 32, flags, fourcc, bits, *masks, 0x1000, caps2, 0, 0, 0)
    return header + body


def dx10(dxgi, body, width=10, height=6):
    return dds(b"", width, height, b"DX10", 4) + struct.pack("<5I", dxgi, 3, 0, 1, 0) + body


@pytest.mark.parametrize("container", ["PNG", "TGA", "BMP"])
def test_lossless_rgb_is_read_to_the_bit(container):
    np.testing.assert_array_equal(RGBA[..., :3], decode_picture(saved(RGBA[..., :3], container), "a").pixels)


@pytest.mark.parametrize("container", ["PNG", "TGA"])
def test_lossless_alpha_is_read_to_the_bit(container):
    np.testing.assert_array_equal(RGBA, decode_picture(saved(RGBA, container), "a").pixels)


def test_run_length_tga_is_read_to_the_bit():
    np.testing.assert_array_equal(RGBA, decode_picture(saved(RGBA, "TGA", compression="tga_rle"), "a").pixels)


@pytest.mark.parametrize("container", ["PNG", "TGA", "BMP", "JPEG"])
def test_grey_has_one_channel(container):
    assert decode_picture(saved(RGBA[..., 0], container), "a").pixels.shape == (6, 10, 1)


def test_a_palette_becomes_its_colours():
    image = Image.fromarray(RGBA[..., :3]).quantize(200)
    np.testing.assert_array_equal(
        np.asarray(image.convert("RGB")), decode_picture(saved(image, "PNG"), "a").pixels
    )


def test_a_transparent_palette_colour_becomes_alpha():
    image = Image.fromarray(np.array([[0, 1]], np.uint8), "L").convert("P")
    picture = decode_picture(saved(image, "PNG", transparency=0), "a")
    assert picture.pixels[0, :, 3].tolist() == [0, 255]


def test_grey_with_alpha_becomes_rgba():
    picture = decode_picture(saved(Image.fromarray(RGBA[..., 2:]), "PNG"), "a")
    np.testing.assert_array_equal(RGBA[..., [2, 2, 2, 3]], picture.pixels)


def test_a_print_jpeg_becomes_rgb():
    flat = Image.new("RGB", (8, 8), (200, 40, 90))
    picture = decode_picture(saved(flat.convert("CMYK"), "JPEG", quality=98), "a")
    assert np.abs(picture.pixels.astype(int) - (200, 40, 90)).max() <= 4


def test_sixteen_bit_grey_png_is_read_to_the_bit():
    grey = RNG.integers(0, 65536, (6, 10), dtype=np.uint16)
    picture = decode_picture(saved(grey, "PNG"), "a")
    assert picture.format == "png/16"
    np.testing.assert_array_equal(grey[..., None], picture.pixels)


def test_every_sixteen_bit_value_survives_writing_and_reading(tmp_path):
    unit = (np.arange(65536, dtype=np.float32) / 65535).reshape(256, 256, 1)
    write_png(tmp_path / "h.png", unit, bits=16)
    np.testing.assert_array_equal(unit, read_picture(tmp_path / "h.png").unit())


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_every_eight_bit_value_survives_writing_and_reading(tmp_path, channels):
    unit = RGBA[..., :channels].astype(np.float32) / 255
    write_png(tmp_path / "c.png", unit)
    np.testing.assert_array_equal(unit, read_picture(tmp_path / "c.png").unit())


def test_writing_clips_and_rounds(tmp_path):
    write_png(tmp_path / "c.png", np.float32([[[-1], [0.5], [1.5]]]))
    assert read_picture(tmp_path / "c.png").pixels.ravel().tolist() == [0, 128, 255]


@pytest.mark.parametrize("bits, channels", [(16, 3), (8, 2), (12, 1)])
def test_png_layouts_that_are_not_written_are_refused(bits, channels, tmp_path):
    with pytest.raises(ValueError, match="for a PNG file"):
        write_png(tmp_path / "c.png", np.zeros((2, 2, channels), np.float32), bits)


def test_alpha_is_apart_from_colour():
    picture = decode_picture(saved(RGBA, "PNG"), "a")
    np.testing.assert_array_equal(RGBA / np.float32(255), np.dstack([picture.rgb(), picture.alpha]))


def test_a_picture_without_alpha_has_none():
    assert decode_picture(saved(RGBA[..., :3], "PNG"), "a").alpha is None


def test_grey_gives_rgb_by_repeating():
    picture = decode_picture(saved(RGBA[..., 0], "PNG"), "a")
    np.testing.assert_array_equal(np.repeat(RGBA[..., :1], 3, 2) / np.float32(255), picture.rgb())


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


@pytest.mark.parametrize("channels, colour_type", [(2, 4), (3, 2), (4, 6)])
def test_sixteen_bit_png_of_several_channels_keeps_all_levels(channels, colour_type):
    stored = np.random.default_rng(0).integers(0, 65536, (9, 7, channels), np.uint16)

    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">2I5B", 7, 9, 16, colour_type, 0, 0, 0))
    data += chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row.astype(">u2").tobytes() for row in stored)))
    read = decode_picture(data + chunk(b"IEND", b""), "height.png").pixels
    assert np.array_equal(read, stored[..., [0, 0, 0, 1]] if channels == 2 else stored)


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
    data = saved(RGBA, "DDS", **options)
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


def test_the_content_decides_not_the_name(tmp_path):
    path = tmp_path / "really_a_png.dds"
    path.write_bytes(saved(RGBA, "PNG"))
    assert read_picture(path).format == "png/8"


def test_the_format_names_container_and_layout():
    data = dx10(DxgiFormat.BC7_UNORM_SRGB, encode_blocks(RGBA, BlockFormat.BC7))
    assert decode_picture(data, "a").format == "dds/bc7_srgb"


WHOLE = {
    "png": saved(RGBA, "PNG"),
    "jpg": saved(RGBA[..., :3], "JPEG"),
    "tga": saved(RGBA, "TGA", compression="tga_rle"),
    "bmp": saved(RGBA[..., :3], "BMP"),
    "bc1": dds(encode_blocks(RGBA, BlockFormat.BC1), fourcc=b"DXT1", flags=4),
    "bc7": dx10(DxgiFormat.BC7_UNORM, encode_blocks(RGBA, BlockFormat.BC7)),
    "rgba": dx10(DxgiFormat.R8G8B8A8_UNORM, RGBA.tobytes()),
}


@pytest.mark.parametrize("kind", WHOLE)
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_a_cut_off_file_is_a_sentence_that_names_it(kind, kept):
    data = WHOLE[kind][: int(len(WHOLE[kind]) * kept)]
    with pytest.raises(FileError, match=r"^Expected .*wall\.dds.*, got:? .*; .*[.]$"):
        decode_picture(data, "wall.dds")


@pytest.mark.parametrize("kind", WHOLE)
def test_flipped_bytes_give_a_picture_or_a_file_error(kind):
    rng = np.random.default_rng(3)
    for _ in range(150):
        data = np.frombuffer(WHOLE[kind], np.uint8).copy()
        where = rng.integers(0, min(len(data), 160), 3)
        data[where] = rng.integers(0, 256, 3)
        try:
            picture = decode_picture(data.tobytes(), "noise")
        except (FileError, UnsuitableError):
            continue
        assert picture.pixels.shape[2] in (1, 3, 4)


def claiming(side):
    """A PNG whose header claims side × side pixels and that holds next to nothing."""
    data = struct.pack(">2I5B", side, side, 8, 6, 0, 0, 0)

    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", data)
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    "data",
    [
        claiming(16384),
        claiming(100_000),
        dds(bytes(100), 16384, 16384, b"DXT1", 4),
        dds(bytes(100), 2**31, 2**31, b"DXT1", 4),
        struct.pack("<3B5x4H2B", 0, 0, 2, 0, 0, 0xFFFF, 0xFFFF, 32, 0) + bytes(20),
    ],
    ids=["png", "huge png", "dds", "huge dds", "tga"],
)
def test_a_lying_header_allocates_nothing(data):
    tracemalloc.start()
    try:
        with pytest.raises(FileError, match=r"Expected (sides|a file long enough|\d+ bytes)"):
            decode_picture(data, "lie")
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def flat_png(side, colour):
    """A sound PNG of one colour, RGBA (6) or grey (0), as small as deflate makes it."""
    row = b"\0" + bytes(side * (4 if colour == 6 else 1))
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    chunks = [
        (b"IHDR", struct.pack(">2I5B", side, side, 8, colour, 0, 0, 0)),
        (b"IDAT", packed),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )


@pytest.mark.parametrize(("side", "colour"), [(16384, 0), (12000, 6)])
def test_a_small_file_of_a_huge_picture_is_refused_by_its_header(side, colour):
    data = flat_png(side, colour)
    tracemalloc.start()
    try:
        for read in (decode_picture, lambda data, name: picture_size(data, name, len(data))):
            with pytest.raises(
                FileError, match=r"^Expected a picture of .* in more than .*; make it smaller.*\.$"
            ):
                read(data, "empty.png")
        assert tracemalloc.get_traced_memory()[1] < 2**21
    finally:
        tracemalloc.stop()


def test_a_large_picture_of_one_colour_is_read():
    data = flat_png(8192, 0)
    assert picture_size(data, "grey.png", len(data)) == (8192, 8192)


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


def test_an_empty_file_is_a_sentence(tmp_path):
    path = tmp_path / "nothing.dds"
    path.touch()
    with pytest.raises(FileError, match="an empty file"):
        read_picture(path)


@pytest.mark.parametrize("data", [b"hello, this is a text file", b"GIF89a" + bytes(40), b"\x00"])
def test_other_content_is_a_sentence(data):
    with pytest.raises(FileError, match="Expected DDS, PNG, TGA, JPEG or BMP"):
        decode_picture(data, "readme.png")


def test_a_missing_file_and_a_folder_are_sentences(tmp_path):
    for path in (tmp_path / "none.png", tmp_path):
        with pytest.raises(FileError, match="can be read"):
            read_picture(path)


def test_writing_makes_missing_folders(tmp_path):
    write_atomic(tmp_path / "a" / "b" / "c.bin", b"1")
    assert (tmp_path / "a" / "b" / "c.bin").read_bytes() == b"1"


def test_writing_leaves_only_the_file(tmp_path):
    write_atomic(tmp_path / "c.bin", b"1")
    write_atomic(tmp_path / "c.bin", b"2")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"c.bin": b"2"}


@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_a_failed_write_leaves_the_old_file_and_no_draft(broken, tmp_path, monkeypatch):
    write_atomic(tmp_path / "c.bin", b"old")

    def fails(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, broken, fails)
    with pytest.raises(FileError, match=r"Expected to write .*c\.bin, got: No space left on device;"):
        write_atomic(tmp_path / "c.bin", b"new")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"c.bin": b"old"}


def test_an_interrupted_write_leaves_the_old_file_and_no_draft(tmp_path, monkeypatch):
    write_atomic(tmp_path / "c.bin", b"old")

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(tmp_path / "c.bin", b"new")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"c.bin": b"old"}


def test_unicode_names_are_written_and_read(tmp_path):
    path = tmp_path / "Mauer_ä_壁.png"
    write_png(path, np.ones((2, 2, 1), np.float32))
    assert read_picture(path).pixels.max() == 255

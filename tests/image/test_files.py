import io
import os
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image
from support.dds_files import dds, dx10

from unbake.errors import FileError, UnsuitableError
from unbake.files import write_atomic
from unbake.image.dds.blocks import BlockFormat, encode_blocks
from unbake.image.dds.formats import DxgiFormat
from unbake.image.files import decode_picture, picture_size, read_picture, write_png

RGBA8 = DxgiFormat.R8G8B8A8_UNORM
RNG = np.random.default_rng(0)
RGBA = RNG.integers(0, 256, (6, 10, 4), dtype=np.uint8)


def saved(pixels, container, **options):
    buffer = io.BytesIO()
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(buffer, container, **options)
    return buffer.getvalue()


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


@pytest.mark.parametrize("channels, colour_type", [(2, 4), (3, 2), (4, 6)])
def test_sixteen_bit_png_of_several_channels_keeps_all_levels(channels, colour_type):
    stored = np.random.default_rng(0).integers(0, 65536, (9, 7, channels), np.uint16)

    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">2I5B", 7, 9, 16, colour_type, 0, 0, 0))
    data += chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row.astype(">u2").tobytes() for row in stored)))
    read = decode_picture(data + chunk(b"IEND", b""), "height.png").pixels
    assert np.array_equal(read, stored[..., [0, 0, 0, 1]] if channels == 2 else stored)


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

import io
import struct
from pathlib import Path

import numpy as np
import pytest
import texture2ddecoder
from PIL import Image

from unbake.errors import FileError
from unbake.image.dds.blocks import BlockFormat, Effort
from unbake.image.dds.encode import encode_dds, write_dds
from unbake.image.dds.formats import DxgiFormat
from unbake.image.dds.header import read_dds_info
from unbake.image.files import decode_picture, read_picture
from unbake.image.mips import mip_chain

WRITTEN = [
    DxgiFormat.BC1_UNORM,
    DxgiFormat.BC1_UNORM_SRGB,
    DxgiFormat.BC3_UNORM,
    DxgiFormat.BC3_UNORM_SRGB,
    DxgiFormat.BC4_UNORM,
    DxgiFormat.BC5_UNORM,
    DxgiFormat.BC7_UNORM,
    DxgiFormat.BC7_UNORM_SRGB,
    DxgiFormat.R8G8B8A8_UNORM,
    DxgiFormat.R8G8B8A8_UNORM_SRGB,
]


def mips(height=16, width=32, channels=3):
    """A chain of a smooth picture, uint8."""
    ramp = np.linspace(0.1, 0.9, height * width * channels, dtype=np.float32).reshape(height, width, channels)
    return [np.rint(mip * 255).astype(np.uint8) for mip in mip_chain(ramp, "linear")]


def for_format(dxgi):
    return mips(channels={BlockFormat.BC4: 1, BlockFormat.BC5: 2}.get(dxgi.block, 3))


@pytest.mark.parametrize("dxgi", WRITTEN)
def test_the_header_says_what_is_in_the_file(dxgi):
    info = read_dds_info(encode_dds(for_format(dxgi), dxgi))
    assert (info.width, info.height, info.mips, info.format, info.srgb, info.legacy) == (
        32,
        16,
        6,
        dxgi.name,
        dxgi.name.endswith("SRGB"),
        False,
    )


@pytest.mark.parametrize("dxgi", WRITTEN)
def test_the_file_is_as_long_as_its_mips(dxgi):
    sizes = [(16, 32), (8, 16), (4, 8), (2, 4), (1, 2), (1, 1)]
    if dxgi.block:
        expected = 148 + sum(-(-h // 4) * -(-w // 4) * dxgi.block.block_bytes for h, w in sizes)
    else:
        expected = 148 + sum(h * w * 4 for h, w in sizes)
    assert len(encode_dds(for_format(dxgi), dxgi)) == expected


@pytest.mark.parametrize("dxgi", WRITTEN)
def test_pictures_come_back_near(dxgi):
    chain = for_format(dxgi)
    pixels = decode_picture(encode_dds(chain, dxgi), "a").pixels[..., : chain[0].shape[2]].astype(int)
    assert np.abs(pixels - chain[0]).max() <= (12 if dxgi.block in (BlockFormat.BC1, BlockFormat.BC3) else 5)


@pytest.mark.parametrize(
    "dxgi",
    [
        d for d in WRITTEN if d not in (DxgiFormat.BC1_UNORM_SRGB, DxgiFormat.BC3_UNORM_SRGB)
    ],  # unknown to Pillow
)
def test_pillow_reads_the_same_pixels(dxgi):
    data = encode_dds(for_format(dxgi), dxgi)
    ours = decode_picture(data, "a").pixels
    theirs = np.asarray(Image.open(io.BytesIO(data)))
    theirs = theirs.reshape(*theirs.shape[:2], -1)
    count = min(ours.shape[2], theirs.shape[2], for_format(dxgi)[0].shape[2])
    np.testing.assert_array_equal(theirs[..., :count], ours[..., :count])


def test_each_mip_lies_where_it_should():
    chain = mips()
    data = encode_dds(chain, DxgiFormat.BC7_UNORM_SRGB)
    offset = 148
    for mip in chain:
        height, width, _ = mip.shape
        bgra = texture2ddecoder.decode_bc7(data[offset:], width, height)
        pixels = np.frombuffer(bgra, np.uint8).reshape(height, width, 4)[..., 2::-1]
        assert np.abs(pixels.astype(int) - mip).max() <= 5
        offset += -(-height // 4) * -(-width // 4) * 16
    assert offset == len(data)


def words(data, start, count):
    return struct.unpack_from(f"<{count}I", data, start)


def test_the_fields_of_a_compressed_header_are_microsofts():
    data = encode_dds(mips(), DxgiFormat.BC1_UNORM_SRGB)
    assert words(data, 4, 7) == (124, 0xA1007, 16, 32, 32 // 4 * 16 // 4 * 8, 0, 6)
    assert (words(data, 76, 2), data[84:88], words(data, 108, 1)) == ((32, 4), b"DX10", (0x401008,))
    assert words(data, 128, 5) == (72, 3, 0, 1, 3)


def test_the_fields_of_an_uncompressed_header_are_microsofts():
    data = encode_dds(mips(channels=4)[:1], DxgiFormat.R8G8B8A8_UNORM)
    assert words(data, 4, 7) == (124, 0x100F, 16, 32, 128, 0, 1)
    assert (words(data, 108, 1), words(data, 128, 5)) == ((0x1000,), (28, 3, 0, 1, 1))


@pytest.mark.parametrize(
    "dxgi, fourcc, name",
    [
        (DxgiFormat.BC1_UNORM, b"DXT1", "BC1_UNORM"),
        (DxgiFormat.BC3_UNORM, b"DXT5", "BC3_UNORM"),
        (DxgiFormat.B8G8R8A8_UNORM, bytes(4), "B8G8R8A8_UNORM"),
    ],
)
def test_a_legacy_file_looks_as_old_games_ship_them(dxgi, fourcc, name):
    data = encode_dds(mips(channels=4), dxgi, legacy=True)
    info = read_dds_info(data)
    assert (data[84:88], info.format, info.legacy, info.mips) == (fourcc, name, True, 6)
    theirs = np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))
    ours = decode_picture(data, "a").pixels
    np.testing.assert_array_equal(theirs[..., : ours.shape[2]], ours)


def test_uncompressed_legacy_pixels_are_kept_to_the_bit():
    chain = mips(channels=4)
    data = encode_dds(chain, DxgiFormat.B8G8R8A8_UNORM, legacy=True)
    np.testing.assert_array_equal(chain[0], decode_picture(data, "a").pixels)


def test_uncompressed_pixels_are_kept_to_the_bit():
    chain = mips(channels=4)
    np.testing.assert_array_equal(
        chain[0], decode_picture(encode_dds(chain, DxgiFormat.R8G8B8A8_UNORM_SRGB), "a").pixels
    )


def test_a_cut_out_bc1_keeps_its_holes():
    chain = mips(channels=4)
    chain[0][..., 3] = np.where(np.arange(32) % 7 < 3, 255, 0)
    data = encode_dds(chain[:1], DxgiFormat.BC1_UNORM_SRGB)
    np.testing.assert_array_equal(chain[0][..., 3], decode_picture(data, "a").pixels[..., 3])


def test_both_efforts_are_valid_files():
    for effort in Effort:
        assert read_dds_info(encode_dds(mips(), DxgiFormat.BC7_UNORM, effort)).mips == 6


@pytest.mark.parametrize("dxgi", [DxgiFormat.BC6H_UF16, DxgiFormat.BC2_UNORM, DxgiFormat.R16_UNORM])
def test_formats_that_are_only_read_are_refused(dxgi):
    with pytest.raises(ValueError, match="only read"):
        encode_dds(mips(), dxgi)


def test_a_legacy_header_cannot_flag_srgb():
    with pytest.raises(ValueError, match="got BC1_UNORM_SRGB"):
        encode_dds(mips(), DxgiFormat.BC1_UNORM_SRGB, legacy=True)


def test_mips_that_do_not_follow_each_other_are_refused():
    with pytest.raises(ValueError, match="Expected mips"):
        encode_dds(mips()[::2], DxgiFormat.BC7_UNORM)


def test_a_file_is_written_whole(tmp_path):
    write_dds(tmp_path / "pbr" / "wall.dds", mips(), DxgiFormat.BC7_UNORM_SRGB)
    assert read_picture(tmp_path / "pbr" / "wall.dds").format == "dds/bc7_srgb"


def test_a_failed_write_is_a_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match="Expected to write"):
        write_dds(tmp_path / "file" / "wall.dds", mips(), DxgiFormat.BC7_UNORM)


def test_a_real_texture_keeps_its_look(tmp_path):
    data = Path(__file__).parents[3] / "shared" / "data" / "materials" / "stone"
    pictures = sorted(data.glob("*/basecolor.jpg"))
    if not pictures:
        pytest.skip("no real materials beside the repository")
    unit = read_picture(pictures[0]).rgb()[:256, :256]
    chain = [np.rint(mip * 255).astype(np.uint8) for mip in mip_chain(unit, "srgb")]
    decoded = decode_picture(encode_dds(chain, DxgiFormat.BC7_UNORM_SRGB), "a").pixels[..., :3]
    assert 10 * np.log10(255**2 / np.mean((decoded.astype(float) - chain[0]) ** 2)) > 38

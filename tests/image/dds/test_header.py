import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unbake.errors import FileError
from unbake.image.dds.blocks import BlockFormat
from unbake.image.dds.formats import DxgiFormat, Masks
from unbake.image.dds.header import read_dds_info

UNREAD = [DxgiFormat.BC6H_SF16]


def legacy(width=8, height=4, mips=1, fourcc=b"DXT1", flags=4, bits=0, masks=(0, 0, 0, 0), caps2=0):
    header = struct.pack("<4s7I44x", b"DDS ", 124, 0x1007, height, width, 0, 0, mips)
    return header + struct.pack("<2I4s5I5I", 32, flags, fourcc, bits, *masks, 0x1000, caps2, 0, 0, 0)


def dx10(dxgi, dimension=3, misc=0, array=1, misc2=0, **fields):
    return legacy(fourcc=b"DX10", **fields) + struct.pack("<5I", dxgi, dimension, misc, array, misc2)


@pytest.mark.parametrize(
    "fourcc, name, layout",
    [
        (b"DXT1", "BC1_UNORM", BlockFormat.BC1),
        (b"DXT2", "BC2_UNORM", BlockFormat.BC2),
        (b"DXT3", "BC2_UNORM", BlockFormat.BC2),
        (b"DXT4", "BC3_UNORM", BlockFormat.BC3),
        (b"DXT5", "BC3_UNORM", BlockFormat.BC3),
        (b"ATI1", "BC4_UNORM", BlockFormat.BC4),
        (b"BC4U", "BC4_UNORM", BlockFormat.BC4),
        (b"ATI2", "BC5_UNORM", BlockFormat.BC5),
        (b"BC5U", "BC5_UNORM", BlockFormat.BC5),
        (
            struct.pack("<I", 116),
            "R32G32B32A32_FLOAT",
            Masks(128, tuple((2**32 - 1) << 32 * i for i in range(4)), "float"),
        ),
    ],
)
def test_legacy_names_are_known(fourcc, name, layout):
    info = read_dds_info(legacy(fourcc=fourcc))
    assert (name, layout, False, True, 128) == (info.format, info.layout, info.srgb, info.legacy, info.offset)


@pytest.mark.parametrize("dxgi", [f for f in DxgiFormat if f not in UNREAD])
def test_every_format_is_known_by_its_dx10_number(dxgi):
    info = read_dds_info(dx10(dxgi))
    assert (dxgi.name, "SRGB" in dxgi.name, False, 148) == (info.format, info.srgb, info.legacy, info.offset)


@pytest.mark.parametrize(
    "number, name", [(21, "B8G8R8A8_UNORM"), (34, "R16G16_UNORM"), (50, "R8_UNORM"), (64, "R16G16_SNORM")]
)
def test_numbers_of_direct3d_9_are_known(number, name):
    assert read_dds_info(legacy(fourcc=struct.pack("<I", number))).format == name


@pytest.mark.parametrize("sizes", [(124, 24), (124, 0), (24, 32)])
def test_sizes_that_some_writers_put_in_the_header_are_read(sizes):
    data = bytearray(legacy())
    struct.pack_into("<I", data, 4, sizes[0])
    struct.pack_into("<I", data, 76, sizes[1])
    assert read_dds_info(bytes(data)) == read_dds_info(legacy())


def test_four_letters_count_without_their_flag():
    assert read_dds_info(legacy(flags=0)).format == "BC1_UNORM"


@pytest.mark.parametrize(
    "data, expected",
    [
        (legacy(fourcc=b"DXT2"), True),
        (legacy(fourcc=b"DXT4"), True),
        (legacy(fourcc=b"DXT5"), False),
        (dx10(DxgiFormat.BC7_UNORM, misc2=2), True),
        (dx10(DxgiFormat.BC7_UNORM, misc2=1), False),
    ],
)
def test_premultiplied_colours_are_told(data, expected):
    assert read_dds_info(data).premultiplied is expected


@pytest.mark.parametrize("dxgi", UNREAD)
def test_formats_that_are_not_read_are_named(dxgi):
    with pytest.raises(FileError, match=f"in glow.dds, got {dxgi.name}"):
        read_dds_info(dx10(dxgi), "glow.dds")


def test_an_unknown_number_is_named():
    with pytest.raises(FileError, match="DXGI 130"):
        read_dds_info(dx10(130))


def test_an_unknown_fourcc_is_named():
    with pytest.raises(FileError, match="UYVY"):
        read_dds_info(legacy(fourcc=b"UYVY"))


def test_typeless_blocks_are_read_as_plain_ones():
    assert read_dds_info(dx10(97)).format == "BC7_UNORM"


@pytest.mark.parametrize(
    "flags, bits, masks, name, layout",
    [
        (0x40, 24, (0xFF0000, 0xFF00, 0xFF, 0), "RGB24", Masks(24, (0xFF0000, 0xFF00, 0xFF))),
        (
            0x41,
            32,
            (0xFF, 0xFF00, 0xFF0000, 0xFF000000),
            "R8G8B8A8_UNORM",
            Masks(32, (0xFF, 0xFF00, 0xFF0000, 0xFF000000)),
        ),
        (0x40, 32, (0xFF0000, 0xFF00, 0xFF, 0), "B8G8R8X8_UNORM", Masks(32, (0xFF0000, 0xFF00, 0xFF))),
        (0x40, 16, (0xF800, 0x7E0, 0x1F, 0), "B5G6R5_UNORM", Masks(16, (0xF800, 0x7E0, 0x1F))),
        (0x41, 16, (0x7C00, 0x3E0, 0x1F, 0x8000), "B5G5R5A1_UNORM", Masks(16, (0x7C00, 0x3E0, 0x1F, 0x8000))),
        (0x41, 16, (0xF00, 0xF0, 0xF, 0xF000), "B4G4R4A4_UNORM", Masks(16, (0xF00, 0xF0, 0xF, 0xF000))),
        (0x20000, 8, (0xFF, 0, 0, 0), "R8_UNORM", Masks(8, (0xFF,))),
        (0x20001, 16, (0xFF, 0, 0, 0xFF00), "LA16", Masks(16, (0xFF, 0xFF00))),
        (0x40, 8, (0xFF, 0, 0, 0), "R8_UNORM", Masks(8, (0xFF,))),
        (0x40, 16, (0xFFFF, 0, 0, 0), "R16_UNORM", Masks(16, (0xFFFF,))),
        (0x41, 16, (0xFF, 0, 0, 0xFF00), "LA16", Masks(16, (0xFF, 0xFF00))),
        (0x40, 32, (0xFFFF, 0xFFFF0000, 0, 0), "R16G16_UNORM", Masks(32, (0xFFFF, 0xFFFF0000))),
        (0x80000, 16, (0xFF, 0xFF00, 0, 0), "R8G8_SNORM", Masks(16, (0xFF, 0xFF00), "snorm")),
    ],
)
def test_legacy_masks_are_known(flags, bits, masks, name, layout):
    info = read_dds_info(legacy(fourcc=bytes(4), flags=flags, bits=bits, masks=masks))
    assert (name, layout) == (info.format, info.layout)


@pytest.mark.parametrize(
    "masks", [(0xFF, 0xFF00, 0, 0), (0xF0F, 0xF0, 0xF000, 0), (0xFF0000, 0xFF00, 0xFF, 0)]
)
def test_masks_that_describe_no_pixel_are_refused(masks):
    with pytest.raises(FileError, match="known DDS layout"):
        read_dds_info(legacy(fourcc=bytes(4), flags=0x40, bits=16, masks=masks))


def test_a_cubemap_is_recognised_in_both_headers():
    found = (read_dds_info(legacy(caps2=0xFE00)).cubemap, read_dds_info(dx10(98, misc=4)).cubemap)
    assert found == (True, True)


def test_a_volume_is_recognised_in_both_headers():
    found = (read_dds_info(legacy(caps2=0x200000)).volume, read_dds_info(dx10(98, dimension=4)).volume)
    assert found == (True, True)


def test_an_array_is_recognised():
    assert read_dds_info(dx10(98, array=6)).array == 6


@pytest.mark.parametrize("stated, counted", [(0, 1), (1, 1), (4, 4), (99, 4)])
def test_mips_are_counted_from_one_to_a_full_chain(stated, counted):
    assert read_dds_info(legacy(mips=stated)).mips == counted


@pytest.mark.parametrize("width, height", [(0, 4), (4, 0), (16385, 4), (4, 2**32 - 1)])
def test_impossible_sizes_are_refused(width, height):
    with pytest.raises(FileError, match=f"{width}×{height}"):
        read_dds_info(legacy(width=width, height=height))


def test_a_header_can_be_read_from_a_file(tmp_path):
    path = tmp_path / "a.dds"
    path.write_bytes(dx10(99, width=1024, height=512, mips=11) + bytes(10))
    info = read_dds_info(path)
    assert (info.width, info.height, info.mips, info.format) == (1024, 512, 11, "BC7_UNORM_SRGB")


def test_a_missing_file_is_a_sentence(tmp_path):
    with pytest.raises(FileError, match=r"can be read in .*none\.dds"):
        read_dds_info(tmp_path / "none.dds")


@settings(max_examples=300, deadline=None)
@given(st.binary(min_size=0, max_size=160), st.booleans())
def test_any_bytes_give_an_info_or_a_file_error(noise, signed):
    data = b"DDS " + struct.pack("<I", 124) + noise if signed else noise
    try:
        info = read_dds_info(data, "noise.dds")
    except FileError as error:
        assert "noise.dds" in str(error)
    else:
        assert info.top_bytes > 0

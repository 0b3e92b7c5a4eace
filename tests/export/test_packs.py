import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import texture2ddecoder
from PIL import Image
from support.unpacking import unpack

from unbake.domain.maps import SPECS, MapKind
from unbake.errors import RecipeError, TextureSetError, UsageError
from unbake.export.adjust import Adjust, Change
from unbake.export.channels import coded, pack, recentred
from unbake.export.packs import (
    load_preset,
    preset_names,
    resampling,
    target_size,
    wanted,
    write_set,
)
from unbake.export.pgpatcher import entry, write_entries
from unbake.export.pgpatcher_faults import validate
from unbake.image import arrays as codes_of_maps
from unbake.image.arrays import dequantise, quantise
from unbake.image.dds.header import read_dds_info
from unbake.image.files import read_picture

SIZE = (32, 64)


def material(size=SIZE, kinds=tuple(MapKind), seed=0):
    """Smooth random maps, so that block compression keeps them."""
    rng = np.random.default_rng(seed)
    maps = {}
    for kind in kinds:
        coarse = rng.random((4, 4, SPECS[kind].channels)).astype(np.float32)
        rows, cols = (np.minimum(np.arange(n) * 4 // n, 3) for n in size)
        values = coarse[rows][:, cols]
        if SPECS[kind].vector:
            values = values - 0.5
            values[..., 2] = 1
            values /= np.linalg.norm(values, axis=-1, keepdims=True)
        maps[kind] = np.ascontiguousarray(values)
    return maps


def opaque(size=SIZE):
    return material(size) | {MapKind.OPACITY: np.ones((*size, 1), np.float32)}


def skyrim(out, maps=None, **options):
    return write_set(maps or opaque(), "clutter/pot", out, load_preset("skyrim"), **options)


@pytest.mark.parametrize("name", preset_names())
@pytest.mark.parametrize("green", ["opengl", "directx"])
def test_unpacking_undoes_packing_in_every_preset(name, green):
    maps = material()
    for file in load_preset(name).files:
        unpacked = unpack(coded(pack(maps, file, green), file), file, green)
        assert set(unpacked) == set(file.maps)
        for kind, values in unpacked.items():
            np.testing.assert_allclose(values, maps[kind], atol=1e-6)


TOLERANCE = {
    "png8": 1.5,
    "png16": 0.01,
    "bc7_unorm": 6,
    "bc7_unorm_srgb": 6,
    "bc1_unorm": 12,
    "bc4_unorm": 4,
    "bc5_unorm": 4,
}
"""Largest mean error of a map that is read back, in steps of 8 bits."""


@pytest.mark.parametrize("name", preset_names())
def test_what_a_preset_writes_is_read_back_within_its_quantisation(tmp_path, name):
    maps, preset = opaque(), load_preset(name)
    paths = write_set(maps, "clutter/pot", tmp_path, preset, parallax=True, subsurface=True)
    green = "directx" if preset.normal == "as_input" else preset.normal
    assert len(paths) == len(preset.files) + (preset.scene is not None)
    for file, path in zip(preset.files, paths, strict=False):
        assert path.name == f"pot{file.suffix}{file.format.extension}"
        for kind, values in unpack(read_picture(path).unit(), file, green).items():
            expected = recentred(maps[kind]) if file.recentred else maps[kind]
            steps = 255 / (SPECS[kind].high - SPECS[kind].low) * np.abs(values - expected).mean()
            assert steps <= TOLERANCE[(file.opaque_format or file.format).value], (kind, steps)


def test_the_presets_are_those_of_the_format_page():
    assert preset_names() == [
        "blender", "gltf", "godot", "png", "remix", "skyrim", "unity-hdrp", "unity-urp", "unreal"
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["blender", "godot", "png", "unity-hdrp", "unity-urp", "unreal"])
def test_height_has_sixteen_bits_where_a_preset_has_height_in_a_picture(tmp_path, name):
    (path,) = (one for one in write_set(opaque(), "a", tmp_path, load_preset(name)) if "eight" in one.stem)
    assert read_picture(path).format == "png/16"


def test_remix_names_its_files_by_tag_and_stores_them_as_its_ingestion_does(tmp_path):
    paths = write_set(opaque(), "clutter/pot", tmp_path, load_preset("remix"))
    assert {path.name: read_dds_info(path).format for path in paths} == {
        "pot.a.rtex.dds": "BC7_UNORM_SRGB",
        "pot.n.rtex.dds": "BC5_UNORM",
        "pot.r.rtex.dds": "BC4_UNORM",
        "pot.m.rtex.dds": "BC4_UNORM",
        "pot.e.rtex.dds": "BC7_UNORM_SRGB",
        "pot.h.rtex.dds": "BC4_UNORM",
    }


def test_whole_numbers_are_packed_like_the_floats_they_stand_for(tmp_path):
    maps = {kind: dequantise(kind, quantise(kind, values, 16)) for kind, values in opaque().items()}
    for form, stored in (
        ("floats", maps),
        ("codes", {kind: quantise(kind, values, 16) for kind, values in maps.items()}),
    ):
        write_set(stored, "pot", tmp_path / form, load_preset("godot"))
    for path in (tmp_path / "floats").iterdir():
        ours, theirs = (
            read_picture(tmp_path / form / path.name).pixels.astype(int) for form in ("floats", "codes")
        )
        assert np.abs(ours - theirs).max() <= 1, path.name


def test_what_a_person_changes_is_changed_before_packing(tmp_path):
    maps = opaque((8, 8))
    write_set(maps, "pot", tmp_path, load_preset("gltf"), adjust=Adjust(roughness=Change(strength=0.0)))
    assert read_picture(tmp_path / "pot_orm.png").pixels[..., 1].max() == 0


def test_bands_of_rows_make_no_difference(tmp_path, monkeypatch):
    maps = material((512, 64)) | {MapKind.OPACITY: np.tile(leaves(64), (8, 1, 1))}
    for folder, rows in (("one", 512), ("many", 32)):
        monkeypatch.setattr(codes_of_maps, "BAND_TEXELS", 64 * rows)
        skyrim(tmp_path / folder, maps, parallax=True)
    for path in (tmp_path / "one").rglob("*.dds"):
        other = tmp_path / "many" / path.relative_to(tmp_path / "one")
        ours, theirs = (read_picture(one).pixels.astype(int) for one in (path, other))
        assert np.abs(ours - theirs).max() <= 1, path.name


def test_a_size_that_is_written_differently_has_a_note():
    assert resampling((1000, 3000), load_preset("skyrim")).startswith("resampled from 3000×1000 to 2048×1024")
    assert resampling((1000, 3000), load_preset("png")) is None


@pytest.mark.parametrize(
    ("preset", "suffix", "expected"),
    [
        ("skyrim", "_rmaos", ["roughness", "metallic", "ao", 1.0]),
        ("gltf", "_orm", ["ao", "roughness", "metallic"]),
        ("godot", "_orm", ["ao", "roughness", "metallic"]),
        ("unreal", "_ORM", ["ao", "roughness", "metallic"]),
        ("unity-hdrp", "_MaskMap", ["metallic", "ao", 0.0, "smoothness"]),
        ("unity-urp", "_MetallicSmoothness", ["metallic", 0.0, 0.0, "smoothness"]),
    ],
)
def test_channels_lie_where_the_engine_reads_them(preset, suffix, expected):
    maps = material()
    (file,) = (one for one in load_preset(preset).files if one.suffix == suffix)
    image = pack(maps, file, "opengl")
    for channel, what in enumerate(expected):
        if what == "smoothness":
            plane = 1 - maps[MapKind.ROUGHNESS][..., 0]
        elif isinstance(what, float):
            plane = np.full(SIZE, what, np.float32)
        else:
            plane = maps[MapKind(what)][..., 0]
        np.testing.assert_array_equal(image[..., channel], plane)


@pytest.mark.parametrize(
    ("preset", "green"),
    [("skyrim", "directx"), ("unreal", "directx"), ("gltf", "opengl"), ("godot", "opengl"), ("unity-hdrp", "opengl"),
     ("unity-urp", "opengl"), ("blender", "opengl"), ("png", "as_input"), ("remix", "directx")],
)  # fmt: skip
def test_green_points_as_the_engine_expects(preset, green):
    assert load_preset(preset).normal == green


@pytest.mark.parametrize(("input_green", "stored"), [("directx", 0.2), ("opengl", 0.8)])
def test_plain_pictures_keep_the_green_of_the_input(tmp_path, input_green, stored):
    up = np.broadcast_to(np.float32([0, 0.6, 0.8]), (8, 8, 3))
    write_set({MapKind.NORMAL: up, MapKind.ALBEDO: np.zeros((8, 8, 3), np.float32)}, "a", tmp_path,
              load_preset("png"), input_green=input_green)  # fmt: skip
    assert read_picture(tmp_path / "a_normal.png").unit()[0, 0, 1] == pytest.approx(stored, abs=1 / 255)


def test_maps_that_are_missing_are_neutral():
    rmaos = load_preset("skyrim").files[2]
    image = pack({MapKind.ROUGHNESS: np.zeros((4, 4, 1), np.float32)}, rmaos, "directx")
    assert image[0, 0].tolist() == [0, 0, 1, 1]


def test_a_set_of_which_a_file_has_nothing_at_all_is_refused(tmp_path):
    with pytest.raises(TextureSetError, match="normal"):
        skyrim(tmp_path, material(kinds=[MapKind.ALBEDO]))


def test_maps_of_different_sizes_do_not_share_a_file():
    maps = material() | {MapKind.AO: np.ones((8, 8, 1), np.float32)}
    with pytest.raises(TextureSetError, match="ao 8×8"):
        pack(maps, load_preset("gltf").files[2], "opengl")


def test_an_unknown_preset_is_an_error_that_lists_those_there_are():
    with pytest.raises(UsageError, match=r"Expected a preset \(.*png.*skyrim.*got 'skyrm'"):
        load_preset("skyrm")


def test_a_preset_of_ones_own_is_read_from_its_path(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        'name="mine"\nabout=""\nnormal="opengl"\nsides="keep"\n[[files]]\nsuffix=""\nchannels=["ao"]\nformat="png8"'
    )
    assert load_preset(path).name == "mine"
    path.write_text("nam=1")
    with pytest.raises(RecipeError, match=r"mine\.toml"):
        load_preset(path)
    with pytest.raises(UsageError, match="cannot be read"):
        load_preset(tmp_path / "none.toml")


def test_skyrim_gets_the_files_and_formats_of_the_format_page(tmp_path):
    paths = skyrim(tmp_path, parallax=True)
    assert {path.relative_to(tmp_path).as_posix(): read_dds_info(path).format for path in paths} == {
        "textures/pbr/clutter/pot.dds": "BC7_UNORM_SRGB",
        "textures/pbr/clutter/pot_n.dds": "BC7_UNORM",
        "textures/pbr/clutter/pot_rmaos.dds": "BC1_UNORM",
        "textures/pbr/clutter/pot_p.dds": "BC4_UNORM",
        "textures/pbr/clutter/pot_g.dds": "BC7_UNORM_SRGB",
    }


def test_every_dds_has_a_dx10_header_and_all_mips_down_to_one_texel(tmp_path):
    for path in skyrim(tmp_path, parallax=True):
        info = read_dds_info(path)
        assert (info.width, info.height, info.mips, info.legacy) == (64, 32, 7, False)
        sides = [(max(64 >> i, 1), max(32 >> i, 1)) for i in range(7)]
        blocks = sum(-(-w // 4) * -(-h // 4) for w, h in sides) * info.layout.block_bytes
        assert path.stat().st_size == 148 + blocks


def test_parallax_is_written_only_where_it_is_wanted(tmp_path):
    assert [path.stem for path in skyrim(tmp_path)] == ["pot", "pot_n", "pot_rmaos", "pot_g"]


def test_emissive_is_written_only_if_it_is_present():
    maps = material(kinds=[MapKind.ALBEDO, MapKind.NORMAL, MapKind.AO])
    assert [file.suffix for file in wanted(maps, load_preset("skyrim"), False)] == ["", "_n", "_rmaos"]


def bgra(decode, path, block):
    info = read_dds_info(path)
    data = path.read_bytes()[148 : 148 + -(-info.width // 4) * -(-info.height // 4) * block]
    return np.frombuffer(decode(data, info.width, info.height), np.uint8).reshape(info.height, info.width, 4)


def test_an_independent_decoder_reads_back_what_was_written(tmp_path):
    maps = material(kinds=tuple(kind for kind in MapKind if kind is not MapKind.OPACITY))
    colour, normals, rmaos, height, _ = skyrim(tmp_path, maps, parallax=True)
    shown = bgra(texture2ddecoder.decode_bc7, colour, 16)[..., 2::-1] / 255
    assert np.abs(shown - maps[MapKind.ALBEDO]).mean() < 2 / 255
    stored = bgra(texture2ddecoder.decode_bc7, normals, 16)[..., 2::-1] / 255 * 2 - 1
    assert np.abs(stored * [1, -1, 1] - maps[MapKind.NORMAL]).mean() < 3 / 255
    packed = bgra(texture2ddecoder.decode_bc1, rmaos, 8)[..., 2::-1] / 255
    for channel, kind in enumerate((MapKind.ROUGHNESS, MapKind.METALLIC, MapKind.AO)):
        assert np.abs(packed[..., channel] - maps[kind][..., 0]).mean() < 6 / 255
    lifted = bgra(texture2ddecoder.decode_bc4, height, 8)[..., 2] / 255
    assert np.abs(lifted - recentred(maps[MapKind.HEIGHT])[..., 0]).mean() < 2 / 255


@pytest.mark.parametrize("suffix", ["", "_n", "_p"])
def test_pillow_agrees_with_our_reader_on_what_was_written(tmp_path, suffix):
    skyrim(tmp_path, material(), parallax=True)
    path = tmp_path / f"textures/pbr/clutter/pot{suffix}.dds"
    with Image.open(path) as image:
        theirs = np.asarray(image)
    ours = read_picture(path).pixels
    assert np.abs(theirs.reshape(ours.shape).astype(int) - ours).max() <= 1


def leaves(size):
    """A stencil of crooked leaves, no two alike: alpha 0 and 1 only."""
    rows, cols = np.indices((size, size)) / size
    shape = np.sin(19 * rows + 5 * cols + 1) * np.sin(4 * rows - 23 * cols + 7 * rows * cols)
    return (shape > 0.2)[..., None].astype(np.float32)


def test_a_cut_out_is_stored_exactly_in_bc7_and_in_pictures(tmp_path):
    maps = material((64, 64)) | {MapKind.OPACITY: leaves(64)}
    dds = read_picture(skyrim(tmp_path, maps)[0]).alpha
    np.testing.assert_array_equal(dds, maps[MapKind.OPACITY])
    png = read_picture(write_set(maps, "a", tmp_path, load_preset("png"))[0]).alpha
    np.testing.assert_array_equal(png, maps[MapKind.OPACITY])


def test_a_cut_out_keeps_its_coverage_in_every_mip(tmp_path):
    maps = material((64, 64)) | {MapKind.OPACITY: leaves(64)}
    data, at = skyrim(tmp_path, maps)[0].read_bytes(), 148
    for side in (64, 32, 16):
        blocks = (side // 4) ** 2 * 16
        pixels = texture2ddecoder.decode_bc7(data[at : at + blocks], side, side)
        share = np.mean(np.frombuffer(pixels, np.uint8).reshape(-1, 4)[:, 3] >= 128)
        assert share == pytest.approx(np.mean(maps[MapKind.OPACITY]), abs=0.05)
        at += blocks


def test_colour_under_holes_is_bled_from_what_is_seen(tmp_path):
    maps = material((8, 8)) | {MapKind.OPACITY: np.zeros((8, 8, 1), np.float32)}
    maps[MapKind.OPACITY][:, :4] = 1
    maps[MapKind.ALBEDO] = np.concatenate([np.full((8, 4, 3), 0.8), np.zeros((8, 4, 3))], axis=1).astype(
        np.float32
    )
    shown = read_picture(write_set(maps, "a", tmp_path, load_preset("png"))[0]).rgb()
    np.testing.assert_allclose(shown, 0.8, atol=1 / 255)


def test_the_last_mip_of_colour_is_the_mean_in_linear_light(tmp_path):
    maps = opaque((64, 64))
    board = np.indices((64, 64)).sum(0) % 2
    maps[MapKind.ALBEDO] = np.repeat(board[..., None], 3, axis=2).astype(np.float32)
    data = skyrim(tmp_path, maps)[0].read_bytes()
    last = np.frombuffer(texture2ddecoder.decode_bc7(data[-16:], 4, 4), np.uint8)[0]
    assert abs(int(last) - 188) <= 2


@pytest.mark.parametrize(
    ("size", "written"),
    [((2, 2), (4, 4)), ((1000, 3000), (1024, 2048)), ((96, 5), (128, 4)), ((512, 256), (512, 256))],
)
def test_sides_go_to_the_nearest_power_of_two_from_four_up(size, written):
    assert target_size(size, load_preset("skyrim")) == written
    assert target_size(size, load_preset("png")) == size


def test_a_set_of_any_size_is_written_at_powers_of_two(tmp_path):
    for path in skyrim(tmp_path, material((30, 7)), parallax=True):
        info = read_dds_info(path)
        assert (info.height, info.width, info.mips) == (32, 8, 6)


def test_height_is_moved_to_127_and_keeps_its_contrast_where_there_is_room():
    height = np.float32([0.7, 0.8]).reshape(1, 2, 1)
    assert recentred(height).mean() == pytest.approx(127 / 255)
    assert np.ptp(recentred(height)) == pytest.approx(0.1, abs=1e-6)


def test_height_is_squeezed_only_as_far_as_it_would_clip():
    moved = recentred(np.float32([0, 0, 0, 1]).reshape(2, 2, 1))
    assert (moved.max(), moved.mean()) == (pytest.approx(1), pytest.approx(127 / 255))


def test_plain_pictures_mirror_the_tree_and_keep_height_in_sixteen_bits(tmp_path):
    maps = opaque((6, 5))
    paths = write_set(maps, "Clutter/Töpfe/Pot", tmp_path, load_preset("png"))
    names = {"albedo", "normal", "roughness", "metallic", "metallic_mask", "ao", "height", "emissive"}
    assert {path.relative_to(tmp_path).as_posix() for path in paths} == {
        f"Clutter/Töpfe/Pot_{n}.png" for n in names
    }
    height = read_picture(tmp_path / "Clutter/Töpfe/Pot_height.png")
    assert (height.format, height.pixels.shape) == ("png/16", (6, 5, 1))
    assert np.abs(height.unit() - maps[MapKind.HEIGHT]).max() <= 0.5 / 65535


@pytest.mark.parametrize(("maps", "channels"), [(opaque(), 3), (material(), 4)])
def test_a_picture_has_an_alpha_only_where_something_is_seen_through(tmp_path, maps, channels):
    path = write_set(maps, "a", tmp_path, load_preset("png"))[0]
    assert read_picture(path).pixels.shape[2] == channels


def test_writing_the_same_set_twice_gives_the_same_bytes(tmp_path):
    for side in "ab":
        skyrim(tmp_path / side, parallax=True)
    for path in (tmp_path / "a").rglob("*.dds"):
        assert path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes()


def test_a_name_that_leads_out_of_the_folder_writes_nothing(tmp_path):
    with pytest.raises(TextureSetError, match="below the texture root"):
        write_set(opaque(), "../pot", tmp_path / "out", load_preset("skyrim"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("parallax", [True, False])
def test_what_is_written_passes_pgpatchers_rules(tmp_path, parallax):
    paths = skyrim(tmp_path, parallax=parallax)
    stems = {path.stem for path in paths}
    made = entry("clutter/pot", parallax="pot_p" in stems, emissive="pot_g" in stems)
    write_entries(tmp_path, "mod", [made])
    assert validate(tmp_path) == []
    assert made["parallax"] is parallax


def test_no_torch_is_imported_on_the_way_to_files_and_page():
    code = "import sys, unbake.export.packs, unbake.export.pgpatcher, unbake.report.page, unbake.report.pictures,"
    code += " unbake.report.checks; sys.exit('torch' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=False).returncode
        == 0
    )

"""A mod's own data come through a conversion: alpha, glow, height, and a normal that variants share."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from unbake.batch.events import Options, SetDone
from unbake.batch.run import convert_folder
from unbake.export.pgpatcher_faults import validate
from unbake.image.dds.blocks import BlockFormat, Effort, block_size, decode_blocks
from unbake.image.dds.encode import encode_dds
from unbake.image.dds.formats import DxgiFormat
from unbake.image.dds.header import read_dds_info
from unbake.image.files import read_picture, write_png

RNG = np.random.default_rng(3)
PNG = Options(preset="png", threads=1, evidence="none")
SKYRIM = Options(preset="skyrim", threads=1, effort=Effort.FAST, evidence="none")


def smooth(height: int, width: int, channels: int) -> np.ndarray:
    """Waves that tile, as codes."""
    rows, columns = np.mgrid[:height, :width]
    planes = [
        127 + 100 * np.sin(2 * np.pi * (rows / height * (i + 1) + columns / width)) for i in range(channels)
    ]
    return np.rint(np.stack(planes, -1)).astype(np.uint8)


def foliage(side: int = 128) -> np.ndarray:
    """Green leaves with a stencil alpha, magenta where nothing is seen."""
    rows, columns = np.mgrid[:side, :side]
    waves = np.random.default_rng(0).integers(1, side // 8, (12, 3))
    field = sum(np.sin(2 * np.pi * (a * rows + b * columns) / side + c) for a, b, c in waves)
    seen = np.asarray(field) > 1
    colour = np.where(seen[..., None], (40, 160, 50), (255, 0, 255))
    return np.dstack([colour, np.where(seen, 255, 0)]).astype(np.uint8)


def put(path: Path, codes: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".dds":
        path.write_bytes(encode_dds([codes], DxgiFormat.R8G8B8A8_UNORM))
    else:
        write_png(path, codes / np.float32(255))


def converted(folder: Path, options: Options) -> tuple[Path, list[SetDone]]:
    """OUT and the events; by rules, whose albedo is the diffuse, so that what comes through can be compared."""
    done: list[SetDone] = []
    out = folder.with_name(f"{folder.name}-{options.preset}")
    summary = convert_folder(
        folder,
        out,
        options,
        lambda event: done.extend([event] * isinstance(event, SetDone)),
        predictor="rules",
    )
    assert summary.failed == ()
    return out, done


def mips_of(path: Path) -> list[np.ndarray]:
    """Every mip of a BC7 file, RGBA."""
    data, info = path.read_bytes(), read_dds_info(path)
    at, mips = info.offset, []
    for level in range(info.mips):
        height, width = max(info.height >> level, 1), max(info.width >> level, 1)
        mips.append(decode_blocks(data[at:], width, height, BlockFormat.BC7))
        at += block_size(width, height, BlockFormat.BC7)
    assert at == len(data)
    return mips


def test_a_height_of_its_own_is_kept_to_the_bit(tmp_path: Path) -> None:
    own = smooth(32, 32, 1)
    put(tmp_path / "in" / "pot.png", smooth(32, 32, 3))
    put(tmp_path / "in" / "pot_p.png", own)
    out, [done] = converted(tmp_path / "in", PNG)
    assert np.array_equal(read_picture(out / "pot_height.png").pixels, own.astype(np.uint16) * 257)
    assert any("its own height map" in note for note in done.notes)


def test_a_height_that_says_nothing_is_not_kept(tmp_path: Path) -> None:
    put(tmp_path / "in" / "pot.png", smooth(32, 32, 3))
    put(tmp_path / "in" / "pot_p.png", np.full((32, 32, 1), 127, np.uint8))
    _, [done] = converted(tmp_path / "in", PNG)
    assert not any("height" in note for note in done.notes)


@pytest.mark.parametrize("own", [False, True])
def test_what_does_not_tile_gets_parallax_where_it_had_it_before(tmp_path: Path, own: bool) -> None:
    ramp = np.linspace(0, 255, 64).astype(np.uint8)
    put(tmp_path / "in" / "pot.png", np.broadcast_to(ramp[:, None, None], (64, 64, 3)).copy())
    if own:
        put(tmp_path / "in" / "pot_p.png", smooth(64, 64, 1))
    out, _ = converted(tmp_path / "in", SKYRIM)
    assert (out / "textures" / "pbr" / "pot_p.dds").is_file() == own


def waves(folder: Path, *, steepness: float) -> Path:
    """A texture that tiles, with the normals of ripples."""
    put(folder / "pot.dds", smooth(128, 128, 3))
    slope = steepness * np.cos(2 * np.pi * 8 * np.arange(128) / 128)
    normal = np.dstack(np.broadcast_arrays(-slope[None], np.zeros((128, 128)), np.ones((128, 128))))
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    put(folder / "pot_n.dds", np.rint(normal * 127.5 + 127.5).astype(np.uint8))
    return folder


@pytest.mark.parametrize(("steepness", "asked", "given"), [
    (0.5, None, True), (0.0, None, False), (0.0, True, True), (0.5, False, False),
])  # fmt: skip
def test_a_flat_surface_gets_no_parallax_unless_it_is_asked_for(
    tmp_path: Path, steepness: float, asked: bool | None, given: bool
) -> None:
    options = replace(SKYRIM, parallax=asked)
    out, _ = converted(waves(tmp_path / "in", steepness=steepness), options)
    [entry] = json.loads((out / "PBRNIFPatcher" / "in-skyrim.json").read_text())
    assert entry["parallax"] == (out / "textures" / "pbr" / "pot_p.dds").is_file() == given
    assert 0.02 <= entry["displacement_scale"] <= 0.25
    assert validate(out) == []


def test_a_flat_surface_with_a_height_of_its_own_keeps_its_parallax(tmp_path: Path) -> None:
    put(waves(tmp_path / "in", steepness=0.0) / "pot_p.dds", smooth(128, 128, 1))
    out, _ = converted(tmp_path / "in", SKYRIM)
    assert (out / "textures" / "pbr" / "pot_p.dds").is_file()


def test_glow_comes_through(tmp_path: Path) -> None:
    glow = smooth(64, 64, 3)
    put(tmp_path / "in" / "lamp.dds", smooth(64, 64, 3))
    put(tmp_path / "in" / "lamp_g.dds", glow)
    out, _ = converted(tmp_path / "in", SKYRIM)
    written = read_picture(out / "textures" / "pbr" / "lamp_g.dds")
    assert written.format == "dds/bc7_srgb"
    assert (
        np.abs(written.pixels[..., :3].astype(int) - glow).mean() < 4
    )  # what fast BC7 makes of waves in all colours


def test_a_shared_normal_serves_every_variant(tmp_path: Path) -> None:
    slopes = smooth(32, 32, 3) // 4 + 96
    slopes[..., 2] = 255
    put(tmp_path / "in" / "rug_n.png", slopes)
    for name in ("rug", "rug_red", "rug_blue"):
        put(tmp_path / "in" / f"{name}.png", smooth(32, 32, 3))
    out, done = converted(tmp_path / "in", PNG)
    assert [any("the one of rug" in note for note in one.notes) for one in done] == [False, True, True]
    normals = [read_picture(out / f"{name}_normal.png").pixels for name in ("rug", "rug_red", "rug_blue")]
    assert np.array_equal(normals[0], normals[1])
    assert np.array_equal(normals[0], normals[2])


def test_a_normal_of_another_shape_is_not_shared(tmp_path: Path) -> None:
    put(tmp_path / "in" / "rug_n.png", smooth(32, 32, 3))
    put(tmp_path / "in" / "rug_long.png", smooth(32, 128, 3))
    _, [done] = converted(tmp_path / "in", PNG)
    assert "no normal map was found, so the surface is taken as flat" in done.notes


def test_alpha_is_exact_at_its_ends_and_a_gentle_one_within_two_codes_between(tmp_path: Path) -> None:
    veil = np.clip(np.linspace(-20, 275, 128), 0, 255)  # no steeper than eight levels a block can tell
    rgba = np.dstack([smooth(128, 128, 3), np.tile(veil[:, None], (1, 128))]).astype(np.uint8)
    assert {0, 255} <= set(rgba[..., 3].ravel())
    put(tmp_path / "in" / "veil.dds", rgba)
    out, _ = converted(tmp_path / "in", SKYRIM)
    written = read_picture(out / "textures" / "pbr" / "veil.dds").pixels[..., 3]
    ends = (rgba[..., 3] == 0) | (rgba[..., 3] == 255)
    assert np.array_equal(written[ends], rgba[..., 3][ends])
    assert np.abs(written.astype(int) - rgba[..., 3]).max() <= 2


def test_colour_under_holes_shows_in_no_mip(tmp_path: Path) -> None:
    put(tmp_path / "in" / "fern.dds", foliage())
    out, _ = converted(tmp_path / "in", SKYRIM)
    for mip in mips_of(out / "textures" / "pbr" / "fern.dds"):
        assert np.abs(mip[..., :3].astype(int) - (40, 160, 50)).max() <= 12


def test_a_cut_out_keeps_its_coverage_in_every_mip(tmp_path: Path) -> None:
    put(tmp_path / "in" / "fern.dds", foliage())
    out, _ = converted(tmp_path / "in", SKYRIM)
    top, *smaller = mips_of(out / "textures" / "pbr" / "fern.dds")
    assert np.array_equal(top[..., 3], foliage()[..., 3])
    covered = (top[..., 3] > 127).mean()
    assert max(abs((mip[..., 3] > 127).mean() - covered) for mip in smaller[:3]) < 0.06


@pytest.mark.parametrize(
    "dxgi",
    [
        DxgiFormat.BC1_UNORM, DxgiFormat.BC3_UNORM, DxgiFormat.BC7_UNORM, DxgiFormat.BC7_UNORM_SRGB,
        DxgiFormat.R8G8B8A8_UNORM, DxgiFormat.B8G8R8A8_UNORM_SRGB,
    ],
)  # fmt: skip
def test_the_flag_of_the_input_changes_no_colour(tmp_path: Path, dxgi: DxgiFormat) -> None:
    (tmp_path / "in").mkdir()
    grey = np.full((16, 16, 4), (132, 132, 132, 255), np.uint8)
    (tmp_path / "in" / "pot.dds").write_bytes(encode_dds([grey], dxgi))
    out, _ = converted(tmp_path / "in", PNG)
    assert set(read_picture(out / "pot_albedo.png").pixels.ravel()) <= {131, 132, 133}

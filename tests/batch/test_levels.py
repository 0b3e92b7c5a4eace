"""The mod's level: from all its sets, kept in OUT, and steady while little changes."""

from pathlib import Path

import numpy as np
import pytest

from unbake.batch.events import Options
from unbake.batch.levels import FILE, keep_level, measure_level
from unbake.batch.run import convert_folder
from unbake.convert.find import find_sets
from unbake.convert.small import small_picture
from unbake.convert.sources import Source
from unbake.image.colour import linear_to_srgb
from unbake.image.dds.encode import write_dds
from unbake.image.dds.formats import DxgiFormat
from unbake.image.files import read_picture, write_png
from unbake.image.mips import mip_chain

RNG = np.random.default_rng(2)


def paint(folder: Path, name: str, mean: float, side: int = 16) -> None:
    light = np.clip(mean * np.exp(RNG.normal(0, 0.2, (side, side, 1))) * np.ones(3), 0, 1)
    path = folder / "textures" / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_png(path, linear_to_srgb(light).astype(np.float32))


@pytest.fixture
def mod(tmp_path: Path) -> Path:
    for i in range(12):
        paint(tmp_path / "mod", f"x/thing{i}", 0.05)
    return tmp_path / "mod"


def level(mod: Path, out: Path) -> float:
    return measure_level(out, find_sets(mod)[0]).level.gain


def test_a_dark_mod_has_a_lower_level_than_a_bright_one(mod: Path, tmp_path: Path):
    for i in range(12):
        paint(tmp_path / "bright", f"x/thing{i}", 0.4)
    assert level(mod, tmp_path) < 0.6 < level(tmp_path / "bright", tmp_path)


def test_the_black_between_an_atlass_islands_is_no_dark_paint(mod: Path, tmp_path: Path):
    for path in (mod / "textures" / "x").iterdir():
        ground = np.zeros((16, 16, 3), np.float32)
        island = read_picture(path).unit()
        (tmp_path / "atlases" / "textures").mkdir(parents=True, exist_ok=True)
        write_png(tmp_path / "atlases" / "textures" / path.name, np.concatenate([island, ground, ground]))
    assert level(tmp_path / "atlases", tmp_path) == pytest.approx(level(mod, tmp_path), rel=0.02)


def test_a_measurement_is_kept_and_used_again(mod: Path, tmp_path: Path):
    out = tmp_path / "out"
    levels = measure_level(out, find_sets(mod)[0])
    assert not (out / FILE).exists()
    keep_level(out, levels)
    assert measure_level(out, find_sets(mod)[0]) == levels


def test_one_texture_more_leaves_the_level_as_it_was(mod: Path, tmp_path: Path):
    out = tmp_path / "out"
    before = measure_level(out, find_sets(mod)[0])
    keep_level(out, before)
    paint(mod, "x/new", 0.08)
    assert measure_level(out, find_sets(mod)[0]).level == before.level


def test_a_much_brighter_mod_changes_it(mod: Path, tmp_path: Path):
    out = tmp_path / "out"
    before = measure_level(out, find_sets(mod)[0])
    keep_level(out, before)
    for i in range(12):
        paint(mod, f"x/thing{i}", 0.4)
    assert measure_level(out, find_sets(mod)[0]).level.gain > 1.3 * before.level.gain


def test_the_level_is_of_the_whole_mod_whichever_sets_are_converted(mod: Path, tmp_path: Path):
    wholly, partly = tmp_path / "wholly", tmp_path / "partly"
    convert_folder(mod, wholly, Options(preset="png"), predictor="rules")
    convert_folder(mod, partly, Options(preset="png", include=("x/thing1*",)), predictor="rules")
    name = "x/thing1_albedo.png"
    assert (wholly / name).read_bytes() == (partly / name).read_bytes()


@pytest.mark.parametrize(
    "text",
    [
        b"[" * 5000,
        b"\xff",
        b'{"level": {"gain": 0}}',
        b'{"level": {"gain": 1e308, "metal_gain": -1}}',
        b'{"measured": {"a": [1e308]}}',
    ],
)
def test_a_damaged_file_in_out_is_measured_again(mod: Path, tmp_path: Path, text: bytes):
    (tmp_path / FILE).parent.mkdir(parents=True)
    (tmp_path / FILE).write_bytes(text)
    assert measure_level(tmp_path, find_sets(mod)[0]).level.sets == 12


def test_a_texture_that_cannot_be_read_does_not_count(mod: Path, tmp_path: Path):
    (mod / "textures" / "x" / "bad.png").write_bytes(b"none")
    assert measure_level(tmp_path, find_sets(mod)[0]).level.sets == 12


@pytest.mark.parametrize("format", [DxgiFormat.BC1_UNORM, DxgiFormat.BC7_UNORM, DxgiFormat.R8G8B8A8_UNORM])
def test_a_small_mip_is_about_the_mean_of_the_whole(tmp_path: Path, format: DxgiFormat):
    image = np.clip(np.linspace(0.2, 0.8, 256)[:, None, None] + RNG.normal(0, 0.05, (256, 256, 1)), 0, 1)
    rgba = np.concatenate([np.repeat(image, 3, 2), np.ones((256, 256, 1))], -1).astype(np.float32)
    path = tmp_path / "a.dds"
    write_dds(path, [np.rint(mip * 255).astype(np.uint8) for mip in mip_chain(rgba, "srgb")], format)
    small = small_picture(Source(path))
    assert min(small.shape[:2]) == 64
    whole = read_picture(path).unit()[..., :3]
    np.testing.assert_allclose(small[..., :3].mean((0, 1)), whole.mean((0, 1)), atol=0.02)


@pytest.mark.parametrize(
    ("hint", "told"), [("*: painted=normal", ""), ("x/thing1: painted=normal", "painted ")]
)
def test_a_hint_for_all_textures_takes_the_place_of_the_level(
    hint: str, told: str, mod: Path, tmp_path: Path
):
    options = Options(preset="png", hints=(hint,), dry_run=True)
    level = convert_folder(mod, tmp_path / "out", options, predictor="rules").mod.level
    assert level[: len("painted ")] == told

"""Inputs that are odd, damaged or named otherwise, through a whole conversion."""

import json
import math
import os
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from unbake.batch import run
from unbake.batch.events import Options
from unbake.report.listing import read_listing, to_review

convert_folder = partial(run.convert_folder, predictor="rules")

PNG = Options(preset="png", threads=1)


def paint(path: Path, size: tuple[int, int] = (16, 16), seed: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(60, 200, (*size, 3), np.uint8)
    if path.stem.endswith("_n"):
        pixels[..., 2] = 255
    Image.fromarray(pixels).save(path)


def leaves(value: Any) -> list[Any]:
    """All leaves of a JSON document."""
    if isinstance(value, dict | list):
        return [
            leaf for one in (value.values() if isinstance(value, dict) else value) for leaf in leaves(one)
        ]
    return [value]


@pytest.mark.parametrize("size", [(1, 1), (1, 64), (64, 1), (2, 1), (3, 3)])
@pytest.mark.parametrize("seamless", [None, True, False])
def test_sides_of_one_texel_convert_with_finite_figures(
    tmp_path: Path, size: tuple[int, int], seamless: bool | None
) -> None:
    for end in ("", "_n", "_m", "_p"):
        paint(tmp_path / "in" / f"tiny{end}.png", size)
    options = Options(preset="png", threads=1, seamless=seamless)
    assert convert_folder(tmp_path / "in", tmp_path / "out", options).exit_code == 0
    [report] = read_listing(tmp_path / "out")
    assert all(map(math.isfinite, (report.confidence, *report.figures.values())))
    texts = [(tmp_path / "out" / "report.json").read_text("utf-8")]
    texts += (tmp_path / "out" / "unbake-journal.jsonl").read_text("utf-8").splitlines()
    for text in texts:
        document = json.loads(text)
        document.pop("entry", None)
        assert None not in leaves(document)


def test_everything_can_be_reduced_to_one_texel(tmp_path: Path) -> None:
    paint(tmp_path / "in" / "pot.png", (64, 16))
    paint(tmp_path / "in" / "pot_n.png", (64, 16))
    options = Options(preset="png", threads=1, max_size=1)
    assert convert_folder(tmp_path / "in", tmp_path / "out", options).exit_code == 0
    assert math.isfinite(read_listing(tmp_path / "out")[0].confidence)


def test_a_bump_map_as_normal_is_to_be_reviewed(tmp_path: Path) -> None:
    paint(tmp_path / "in" / "pot.png")
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (16, 16), np.uint8)).save(
        tmp_path / "in" / "pot_n.png"
    )
    convert_folder(tmp_path / "in", tmp_path / "out", PNG)
    [report] = to_review(read_listing(tmp_path / "out"))
    assert "bump map" in report.warnings[0]


def test_another_convention_of_normals_converts_again(tmp_path: Path) -> None:
    paint(tmp_path / "in" / "pot.png")
    paint(tmp_path / "in" / "pot_n.png")
    convert_folder(tmp_path / "in", tmp_path / "out", PNG)
    options = Options(preset="png", threads=1, normals="opengl")
    assert convert_folder(tmp_path / "in", tmp_path / "out", options).converted == ("pot",)


def test_a_normal_renamed_to_tell_its_green_converts_again(tmp_path: Path) -> None:
    paint(tmp_path / "in" / "pot.png")
    paint(tmp_path / "in" / "pot_n.png")
    convert_folder(tmp_path / "in", tmp_path / "out", PNG)
    (tmp_path / "in" / "pot_n.png").rename(tmp_path / "in" / "pot_NormalGL.png")
    assert convert_folder(tmp_path / "in", tmp_path / "out", PNG).converted == ("pot",)


def test_a_header_that_claims_more_than_its_file_fails_alone(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1 << 28})())
    paint(tmp_path / "in" / "pot.png")
    whole = (tmp_path / "in" / "pot.png").read_bytes()
    (tmp_path / "in" / "liar.dds").write_bytes(_dxt1_of(16384))
    (tmp_path / "in" / "liar2.png").write_bytes(whole[:16] + (60000).to_bytes(4, "big") * 2 + whole[24:])
    summary = convert_folder(tmp_path / "in", tmp_path / "out", PNG)
    assert (summary.converted, [failure.name for failure in summary.failed]) == (("pot",), ["liar", "liar2"])


def _dxt1_of(side: int) -> bytes:
    header = bytearray(128)
    header[:4] = b"DDS "
    for at, value in ((4, 124), (8, 0x1007), (12, side), (16, side), (76, 32), (80, 4)):
        header[at : at + 4] = value.to_bytes(4, "little")
    header[84:88] = b"DXT1"
    return bytes(header) + bytes(64)


def test_records_of_macos_are_neither_failed_nor_skipped(tmp_path: Path) -> None:
    paint(tmp_path / "in" / "textures" / "pot.png")
    for folder in ("textures", "__MACOSX/textures"):
        (tmp_path / "in" / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / folder / "._pot.png").write_bytes(b"\0\5\26\7")
    summary = convert_folder(tmp_path / "in", tmp_path / "out", PNG)
    assert (summary.converted, summary.failed, summary.skipped) == (("pot",), (), ())


@pytest.mark.skipif(os.name != "posix", reason="names are Unicode on Windows")
def test_names_and_folders_that_are_not_utf8_stop_nothing(tmp_path: Path) -> None:
    root = tmp_path / "caf\udce9"
    try:
        paint(root / "textures" / "pot.png")
        (root / "textures" / "bad.png").write_bytes(b"no picture")
        paint(root / "textures" / "caf\udce9.png")
    except OSError:
        pytest.skip("this system has no such names")
    summary = convert_folder(root, tmp_path / "out", PNG)
    assert (summary.converted, [failure.name for failure in summary.failed]) == (("pot",), ["bad"])
    assert [skip.path for skip in summary.skipped] == ["caf\\udce9.png"]
    assert len(read_listing(tmp_path / "out")) == 3


REPRO = Path(__file__).resolve().parents[2].parent / "shared" / "repro"


@pytest.mark.skipif(not REPRO.is_dir(), reason="the examples of faults are not beside the repository")
@pytest.mark.parametrize(
    ("folder", "converted", "failed"),
    [
        ("one_tiny_among_ten", 11, 0),
        ("names_other_conventions", 6, 0),
        ("normal_dxt5nm", 2, 0),
        ("bump_as_normal", 2, 0),
        ("dds_dxt4_premultiplied", 2, 0),
        ("dds_rgb24_dword_pitch", 2, 0),
        ("dds_l8_rgbflag", 1, 0),
        ("normal_g16r16_dx9", 1, 0),
        ("dds_pf_size24", 1, 0),
        ("png_variants", 7, 0),
        ("lying_header_blocks_batch", 1, 1),
        ("huge_header", 1, 2),
        ("appledouble", 1, 0),
        ("nested_textures_folder", 2, 0),
        ("male_female_suffix", 2, 0),
    ],
)
def test_the_examples_of_faults_convert(tmp_path: Path, folder: str, converted: int, failed: int) -> None:
    summary = convert_folder(REPRO / folder / "in", tmp_path / "out", PNG)
    assert (len(summary.converted), len(summary.failed)) == (converted, failed)

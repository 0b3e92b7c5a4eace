"""TruePBR's features through a whole conversion: from a name or a hint to the files and PGPatcher's entry."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from unbake.batch.events import Options
from unbake.batch.run import convert_folder
from unbake.export.pgpatcher_faults import validate
from unbake.image.dds.blocks import Effort
from unbake.image.files import read_picture, write_png
from unbake.report.listing import read_listing

OPTIONS = Options(preset="skyrim", threads=1, effort=Effort.FAST)
SIDE = 32
LEAVES, ROBE, SNOW, LAMP = "plants/fern01", "clothes/robes/robe", "landscape/snow01", "clutter/lamp01"


def write_mod(folder: Path) -> Path:
    """Leaves cut out by alpha, a robe, snow, and a lamp with a glow map."""
    noise = np.random.default_rng(1).random((SIDE, SIDE, 3), np.float32) * 0.1
    alpha = np.zeros((SIDE, SIDE, 1), np.float32)
    alpha[8:24, 4:28] = 1
    pictures = {
        LEAVES: np.dstack([noise + np.float32([0.1, 0.5, 0.1]), alpha]),
        ROBE: noise + np.float32([0.4, 0.2, 0.2]),
        SNOW: noise + 0.85,
        LAMP: noise + 0.3,
        f"{LAMP}_g": noise * 9,
    }
    for name, picture in pictures.items():
        path = folder / "textures" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_png(path, np.clip(picture, 0, 1).astype(np.float32))
    return folder


def convert(folder: Path, out: Path, *hints: str, **options: Any) -> dict[str, dict[str, Any]]:
    """PGPatcher's entries by texture."""
    summary = convert_folder(folder, out, replace(OPTIONS, hints=hints, **options), predictor="rules")
    assert summary.failed == ()
    assert validate(out) == []
    (path,) = (out / "PBRNIFPatcher").glob("*.json")
    return {entry["texture"].replace("\\", "/"): entry for entry in json.loads(path.read_text())}


def test_each_gets_what_its_name_says_and_its_picture_bears_out(tmp_path: Path):
    entries = convert(write_mod(tmp_path / "mod"), tmp_path / "out")
    on = {
        name: sorted(key for key in ("subsurface", "fuzz", "glint", "emissive") if entry.get(key))
        for name, entry in entries.items()
    }
    assert on == {LEAVES: ["subsurface"], ROBE: ["fuzz"], SNOW: ["glint"], LAMP: ["emissive"]}
    written = {path.name for path in (tmp_path / "out" / "textures").rglob("*_s.dds")}
    assert written == {"fern01_s.dds"}


def test_the_light_through_leaves_has_their_colour_and_their_outline(tmp_path: Path):
    convert(write_mod(tmp_path / "mod"), tmp_path / "out")
    colour = read_picture(tmp_path / "out/textures/pbr" / f"{LEAVES}.dds")
    through = read_picture(tmp_path / "out/textures/pbr" / f"{LEAVES}_s.dds")
    assert through.format == "dds/bc7_srgb"
    assert np.array_equal(colour.pixels, through.pixels)


def test_the_report_says_why(tmp_path: Path):
    convert(write_mod(tmp_path / "mod"), tmp_path / "out")
    told = {
        report.name: " ".join(report.reasons) for report in read_listing(tmp_path / "out") if report.decided
    }
    assert "its alpha cuts the leaves out" in told[LEAVES]
    assert "Soft fibres" in told[ROBE]
    assert "white as snow" in told[SNOW]
    assert "It glows where its glow map" in told[LAMP]


def test_a_hint_switches_each_on_or_off_and_only_that_set_is_written_again(tmp_path: Path):
    mod, out = write_mod(tmp_path / "mod"), tmp_path / "out"
    convert(mod, out)
    before = {path: path.stat().st_mtime_ns for path in (out / "textures").rglob("*.dds")}
    entries = convert(
        mod, out, f"{LEAVES}: subsurface=no", f"{LAMP}: emissive=no fuzz=0.5", f"{ROBE}: fuzz=no"
    )
    assert [entries[name].get("fuzz", {}).get("weight") for name in (ROBE, LAMP)] == [None, 0.5]
    assert not entries[LEAVES]["subsurface"]
    assert not entries[LAMP]["emissive"]
    gone = {path.name for path in before if not path.is_file()}
    assert gone == {"fern01_s.dds", "lamp01_g.dds"}
    kept = [path for path in before if path.stem.startswith("snow01")]
    assert [path.stat().st_mtime_ns for path in kept] == [before[path] for path in kept]


def test_for_other_engines_and_without_evidence_there_are_none(tmp_path: Path):
    mod = write_mod(tmp_path / "mod")
    convert_folder(mod, tmp_path / "png", replace(OPTIONS, preset="png"), predictor="rules")
    assert not any(report.decided.features for report in read_listing(tmp_path / "png") if report.decided)
    entries = convert(mod, tmp_path / "out", evidence="none")
    assert [name for name, entry in entries.items() if entry.keys() & {"fuzz", "glint"}] == []
    assert entries[LAMP]["emissive"]

"""`unbake data duplicates`, `audit`, `paint` and `cache` on a small project, as a person types them."""

import json
import shutil
from pathlib import Path

import pytest
from support.command import call

from unbake.data.sources import list_materials
from unbake.errors import UsageError
from unbake.prepare.library import write_library
from unbake.synth.materials import FEW


def report(root: Path, verb: str) -> dict:
    return json.loads((root / "data" / "reports" / f"{verb}.json").read_text())


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("library")
    write_library(folder, 32, names=FEW)
    return folder


@pytest.fixture
def root(library: Path, tmp_path: Path) -> Path:
    """A project of procedural materials, and four game pairs, one of them a duplicate."""
    shutil.copytree(library, tmp_path / "data" / "MatSynth")
    for material in list_materials(library)[:4]:
        place = tmp_path / "data" / "Skyrim" / "clutter" / material.sized_by.parent.name
        shutil.copytree(material.sized_by.parent, place)
        shutil.copy(place / "roughness.png", place / "diffuse.png")
    shutil.copy(place / "basecolor.png", place / "diffuse.png")
    return tmp_path


def test_duplicates_are_told_then_moved_when_a_person_is_sure_and_moved_back(root):
    before = sorted(root.joinpath("data", "Skyrim").rglob("*"))
    told = call("data", "duplicates", "--root", root, "--dry-run", "--workers", 1)
    assert (told.exit_code, told.stdout.count("would move clutter/")) == (0, 1)
    assert sorted(root.joinpath("data", "Skyrim").rglob("*")) == before
    refused = call("data", "duplicates", "--root", root, "--workers", 1)
    assert isinstance(refused.exception, UsageError)
    moved = call("data", "duplicates", "--root", root, "--yes", "--workers", 1)
    assert (moved.exit_code, len(report(root, "duplicates")["moved"])) == (0, 1)
    assert call("data", "duplicates", "--root", root, "--undo").exit_code == 0
    assert sorted(root.joinpath("data", "Skyrim").rglob("*")) == before


def test_an_audit_leaves_two_reports_and_exits_with_zero_whatever_it_finds(root):
    done = call("data", "audit", "--root", root, "--workers", 1)
    assert (done.exit_code, "near-copies" in done.stdout) == (0, True)
    assert report(root, "audit")["materials"] == {"matsynth": 18, "skyrim": 4}
    assert set(report(root, "split")["matsynth"]) <= {"train", "val", "test"}


def test_an_audit_of_a_file_that_cannot_be_read_exits_with_one(root):
    next(root.rglob("normal.png")).write_bytes(b"nothing")
    done = call("data", "audit", "--root", root, "--workers", 1)
    assert (done.exit_code, "normal.png" in done.stderr) == (1, True)


def test_paint_tells_what_it_would_do_and_then_does_it_once(root):
    how = ("--root", root, "--pairs", 20, "--px", 32, "--workers", 1)
    told = call("data", "paint", *how, "--dry-run")
    assert told.stdout.startswith("20 of 20 pairs would be painted")
    assert list(root.rglob("diffuse_syn_*")) == []
    assert (call("data", "paint", *how).exit_code, report(root, "paint")["painted"]) == (0, 20)
    assert (call("data", "paint", *how).exit_code, report(root, "paint")["painted"]) == (0, 0)
    assert len(list(root.rglob("diffuse_syn_*"))) == 20


def test_cache_makes_the_data_of_a_phase_ready(root):
    done = call(
        "data", "cache", "--root", root, "--set", "data.px=32", "--set", "data.variants=1", "--workers", 1
    )
    assert (done.exit_code, report(root, "cache")["left_out"]) == (0, [])
    assert list((root / "data" / "cache").rglob("index.json"))

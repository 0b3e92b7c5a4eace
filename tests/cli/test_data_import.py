"""`unbake data matsynth` and `unbake data skyrim`, as a person types them."""

import json
from pathlib import Path

import numpy as np
import pytest
from support.command import call

from unbake.domain.maps import MapKind
from unbake.image.files import write_png
from unbake.image.normals import encode_normal
from unbake.prepare.library import write_library
from unbake.synth.materials import FEW, procedural
from unbake.synth.painter import STYLES, paint


def report(root: Path, verb: str) -> dict:
    return json.loads((root / "data" / "reports" / f"{verb}.json").read_text())


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eighteen materials as folders of pictures; one of another licence, one without a normal that can be read."""
    folder = tmp_path_factory.mktemp("library")
    write_library(folder, 32, names=FEW)
    first, second, *_ = sorted(folder.glob("*/*/"))
    about = json.loads((first / "metadata.json").read_text())
    (first / "metadata.json").write_text(json.dumps(about | {"license": "CC-BY"}))
    (second / "normal.png").write_bytes(b"nothing")
    return folder


def test_matsynth_comes_from_folders_with_a_report_and_a_failure_makes_the_exit_code_one(library, tmp_path):
    done = call("data", "matsynth", "--root", tmp_path, "--from", library, "--workers", 1)
    assert (done.exit_code, done.stderr.count("failed: ")) == (1, 1)
    found = report(tmp_path, "matsynth")
    assert (found["written"], len(found["failed"]), found["licences"]["CC-BY"]) == (17, 1, 1)
    assert len(list((tmp_path / "data" / "MatSynth").glob("*/*/metadata.json"))) == 17


def test_only_the_licence_asked_for_is_taken(library, tmp_path):
    how = ("--root", tmp_path, "--from", library, "--licence", "CC-BY", "--workers", 1)
    assert call("data", "matsynth", *how).exit_code == 0
    assert report(tmp_path, "matsynth")["licences"] == {"CC-BY": 1}


@pytest.mark.parametrize("px", ["big", "7"])
def test_a_side_that_is_none_is_wrong_use(tmp_path, px):
    done = call("data", "matsynth", "--root", tmp_path, "--from", tmp_path, "--px", px)
    assert (done.exit_code, "native" in done.stderr) == (2, True)


@pytest.mark.parametrize("verb", ["matsynth", "skyrim", "duplicates", "audit", "paint", "cache"])
def test_every_verb_says_what_it_does_and_what_its_exit_codes_mean(verb):
    told = call("data", verb, "--help")
    assert (told.exit_code, "Exit code" in told.stdout) == (0, True)


def test_skyrim_pairs_two_trees_and_tells_every_score(tmp_path):
    truth = procedural("masonry", 32, 0)
    painted = paint(truth, STYLES["sun"], 0)[MapKind.DIFFUSE]
    normal = encode_normal(truth[MapKind.NORMAL], "directx")
    packed = np.concatenate([truth[kind] for kind in (MapKind.ROUGHNESS, MapKind.METALLIC, MapKind.AO)], -1)
    files = {"": (painted, truth[MapKind.ALBEDO]), "_n": (normal, normal), "_rmaos": (None, packed)}
    for suffix, pictures in files.items():
        for folder, picture in zip(
            ("game/textures/clutter", "My mod/textures/pbr/clutter"), pictures, strict=True
        ):
            if picture is not None:
                write_png(tmp_path / folder / f"pot{suffix}.png", picture)
    how = ("--vanilla", tmp_path / "game", "--pbr", tmp_path / "My mod", "--root", tmp_path, "--workers", 1)
    done = call("data", "skyrim", *how)
    found = report(tmp_path, "skyrim")
    assert (done.exit_code, found["mod"], [one["pair"] for one in found["kept"]]) == (
        0,
        "My mod",
        ["clutter/pot"],
    )
    assert found["kept"][0]["score"] > found["threshold"]
    assert (tmp_path / "data" / "Skyrim" / "clutter" / "pot" / "roughness.png").is_file()

"""A small project on disk: six materials, and their stand-ins in Skyrim, cached once for all tests of training."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from support.tiny_project import tiny

from unbake.data.sources import list_materials
from unbake.image.files import write_png
from unbake.image.normals import encode_normal
from unbake.project import Project
from unbake.train.setup import prepare_data
from unbake.train.surrogate_skyrim import write_surrogate


@pytest.fixture(scope="session")
def cached_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    rng = np.random.default_rng(0)
    for category in ("metal", "stone"):
        for i in range(3):
            place = root / "data" / "MatSynth" / category / f"{category}{i:03d}"
            place.mkdir(parents=True)
            colour = rng.random((8, 8, 3), np.float32).repeat(8, 0).repeat(8, 1)
            slope = rng.normal(0, 0.2, (2, 64, 64)).astype(np.float32)
            normal = np.dstack([slope[0], slope[1], np.ones((64, 64), np.float32)])
            normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
            write_png(place / "basecolor.png", colour)
            write_png(place / "normal.png", encode_normal(normal, "opengl"))
            write_png(place / "roughness.png", colour[..., :1])
            write_png(place / "metallic.png", np.full((64, 64, 1), float(category == "metal"), np.float32))
            write_png(place / "ao.png", 0.5 + colour[..., 1:2] / 2)
            if i:
                write_png(place / "height.png", colour[..., 2:], bits=16)
    project = Project(root)
    materials = list_materials(project.materials("matsynth"), "matsynth")
    assert write_surrogate(materials, project.materials("skyrim"), size=64) == []
    assert prepare_data(project, tiny("B")[0], workers=1) == []
    return root


@pytest.fixture
def root(cached_root: Path, tmp_path: Path) -> Path:
    """A copy of the project without checkpoints: a test may train in it."""
    shutil.copytree(cached_root / "data", tmp_path / "data")
    return tmp_path

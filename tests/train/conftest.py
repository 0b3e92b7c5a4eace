"""A small project on disk: six materials, and their stand-ins in Skyrim, cached once for all tests of training."""

import shutil
from pathlib import Path

import pytest
from support.tiny_project import write_project


@pytest.fixture(scope="session")
def cached_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_project(tmp_path_factory.mktemp("project"))


@pytest.fixture
def root(cached_root: Path, tmp_path: Path) -> Path:
    """A copy of the project without checkpoints: a test may train in it."""
    shutil.copytree(cached_root / "data", tmp_path / "data")
    return tmp_path

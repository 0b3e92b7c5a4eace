"""`unbake data pack` as a person types it."""

from pathlib import Path

from support.command import call

from unbake.data.sources import list_materials
from unbake.prepare.library import write_library
from unbake.synth.materials import FEW


def test_several_folders_become_one_pack_and_what_was_left_out_is_told(tmp_path: Path):
    first, second = tmp_path / "first", tmp_path / "second"
    write_library(first, size=32, names=FEW[:2])
    write_library(second, size=32, names=FEW[1:3])
    done = call("data", "pack", first, second, tmp_path / "pack", "--workers", 1)
    assert done.exit_code == 0, done.exception
    assert done.stdout.startswith("3 materials in ")
    assert done.stderr.count("left out: ") == 1
    assert len(list_materials(tmp_path / "pack")) == 3

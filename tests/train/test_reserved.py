"""Two trainers on one ROOT, and a ROOT that cannot be written in: told before the data is made ready."""

from pathlib import Path

import pytest
from support.command import call
from support.tiny_project import TINY, tiny

from unbake.errors import FileError, UnbakeError
from unbake.locks import held
from unbake.project import Project
from unbake.train.state_files import older

OPTIONS = [
    word for override in (*TINY, "model=tiny", "epochs.max=1", "epochs.min=1") for word in ("--set", override)
]


def trained(root: Path, *more: str):
    return call("train", "A0", "--root", root, "--workers", 1, *OPTIONS, *more)


def test_the_second_trainer_of_a_phase_is_told_of_the_first(root: Path):
    with held(Project(root).lock(tiny("A0")[0]), "trains phase_A0"):
        result = trained(root)
    assert isinstance(result.exception, UnbakeError)
    assert "trains phase_A0 there since 2" in str(result.exception) and result.exception.exit_code == 1
    assert not list((root / "checkpoints").glob("*.safetensors"))


def test_another_phase_may_be_trained_beside_one(root: Path):
    with held(Project(root).lock(tiny("A")[0]), "trains phase_A"):
        assert trained(root).exit_code in (0, 1)
    assert (root / "checkpoints" / "A0_best.safetensors").is_file()


@pytest.mark.parametrize("blocked", ["checkpoints", "train_logs"])
def test_a_root_that_cannot_be_written_in_is_told_before_the_cache_is_built(root: Path, blocked: str):
    (root / blocked).write_bytes(b"")
    entries = sorted((root / "data" / "cache").rglob("*"))
    result = trained(root)
    assert isinstance(result.exception, FileError) and "Expected to write in" in str(result.exception)
    assert sorted(p for p in (root / "data" / "cache").rglob("*") if p.name[0] != ".") == [
        p for p in entries if p.name[0] != "."
    ]


def test_a_run_that_left_only_its_older_state_is_not_begun_anew(root: Path):
    assert trained(root).exit_code in (0, 1)
    state = root / "checkpoints" / "A0_last.safetensors"
    state.rename(older(state))
    result = trained(root)
    assert "go on with --resume" in str(result.exception)


def test_a_disk_too_small_for_the_states_is_told_before_the_first_step(
    root: Path, monkeypatch: pytest.MonkeyPatch
):
    import shutil

    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(9, 9, 1000))
    result = trained(root)
    assert isinstance(result.exception, FileError) and "to be free" in str(result.exception)

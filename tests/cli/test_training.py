"""The verb that trains a phase, as a person meets it: what it refuses, before hours of work and in one sentence."""

from pathlib import Path

import pytest
import torch

from unbake.cli.training import chosen_device, train
from unbake.errors import TrainingError, UsageError
from unbake.project import Project

needs_no_gpu = pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")


def test_a_phase_that_was_begun_is_not_begun_again(tmp_path: Path):
    state = tmp_path / "checkpoints" / "A0_last.safetensors"
    state.parent.mkdir()
    state.write_bytes(b"")
    with pytest.raises(UsageError, match=r"A0_last\.safetensors is there; go on with --resume"):
        train("A0", root=tmp_path)
    assert state.read_bytes() == b""


def test_a_head_that_is_not_named_is_asked_for_before_any_data_is_read(tmp_path: Path):
    with pytest.raises(UsageError, match="--map with one of metallic_mask, albedo"):
        train("D", root=tmp_path)


def test_a_parent_that_may_be_one_of_two_is_named_by_both(tmp_path: Path):
    with pytest.raises(TrainingError, match="the checkpoint Cp_best or C_best"):
        Project(tmp_path).checkpoint(("Cp_best", "C_best"))


def test_a_parent_may_be_named_as_the_plan_does(tmp_path: Path):
    path = tmp_path / "checkpoints" / "C_best.safetensors"
    path.parent.mkdir()
    path.write_bytes(b"")
    assert Project(tmp_path).checkpoint(("Cp_best.pth", "C_best.pth")) == path


@pytest.mark.parametrize("name", ["gpu", pytest.param("cuda", marks=needs_no_gpu)])
def test_a_device_that_is_not_at_hand_is_told_in_a_sentence(name: str):
    with pytest.raises(UsageError, match=r"cpu"):
        chosen_device(name)

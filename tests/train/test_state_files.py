"""The files of a run's states: what is damaged is seen, and what a kill leaves is enough to go on."""

import dataclasses
import os
import shutil
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from support.tiny_project import start
from torch import nn

from unbake.errors import FileError, TrainingError
from unbake.recipe import as_dict, load
from unbake.recipe.gate import Verdict
from unbake.train.checkpoint import Position, load_state, save_state
from unbake.train.lineage import Lineage
from unbake.train.loop import Notice, Progress, train
from unbake.train.state_files import clear_state_drafts, older

LINEAGE = Lineage(recipe=as_dict(load("A0")))


def objects() -> tuple[nn.Module, torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    layer = nn.Linear(2, 2)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    return layer, optimizer, torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)


def save(path: Path, step: int) -> None:
    layer, optimizer, schedule = objects()
    nn.init.constant_(layer.weight, step)
    save_state(path, layer, optimizer, schedule, Position(1, step, [], {}, 0), LINEAGE)


def loaded(path: Path) -> int:
    """The step of the state that is resumed; its weights must be that step's."""
    layer, optimizer, schedule = objects()
    position = load_state(path, layer, optimizer, schedule, LINEAGE)
    assert bool((layer.weight == position.step).all())
    return position.step


def truncated(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 100)


def emptied(path: Path) -> None:
    os.truncate(path, 0)


def foreign(path: Path) -> None:
    save_file({"somebody.else": torch.zeros(3)}, path)


def flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)


DAMAGES = [truncated, emptied, foreign, flipped]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_newest_state_falls_back_to_the_one_before_and_ends_bit_equal(root: Path, damage):
    train(start(root, "A0"), lambda _: None)
    last = root / "checkpoints" / "A0_last.safetensors"
    straight = load_file(last)

    def stop_in_the_second_epoch(event: object) -> None:
        if isinstance(event, Progress) and (event.epoch, event.step) == (2, 1):
            raise KeyboardInterrupt

    run = dataclasses.replace(start(root, "A0"), save_every_s=0.0)
    with pytest.raises(KeyboardInterrupt):
        train(run, stop_in_the_second_epoch)
    damage(last)
    events: list[object] = []
    assert train(start(root, "A0"), events.append, resume=True).verdict is not Verdict.NOT_YET
    assert [e.sentence for e in events if isinstance(e, Notice)] == [
        "A0_last.safetensors is missing or damaged; the run goes on from the state before it, of epoch 1, step 3"
    ]
    ended = load_file(last)
    assert [name for name in straight if not torch.equal(straight[name], ended[name])] == []


@pytest.mark.parametrize("damage", DAMAGES)
def test_where_both_states_are_damaged_one_sentence_says_so(tmp_path: Path, damage):
    path = tmp_path / "A0_last.safetensors"
    save(path, 1)
    save(path, 2)
    damage(path)
    damage(older(path))
    with pytest.raises(TrainingError, match=r"Expected a sound state .*A0_last.1.safetensors"):
        loaded(path)


def test_a_state_that_was_damaged_is_no_parent(root: Path):
    train(start(root), lambda _: None)
    flipped(root / "checkpoints" / "A0_last.safetensors")
    with pytest.raises(FileError, match="not as it was written"):
        start(root, "A", 'starts_from={all="A0_last"}')


def test_two_states_are_kept_and_no_more(tmp_path: Path):
    path = tmp_path / "A0_last.safetensors"
    for step in range(4):
        save(path, step)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "A0_last.1.safetensors",
        "A0_last.json",
        "A0_last.safetensors",
    ]
    assert loaded(path) == 3
    path.unlink()
    assert loaded(path) == 2


@pytest.mark.parametrize("links", [True, False])
@pytest.mark.parametrize("call", range(1, 6))
def test_a_kill_between_two_renames_of_a_save_leaves_a_state_even_many_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: int, links: bool
):
    path = tmp_path / "A0_last.safetensors"
    save(path, 1)
    save(path, 2)
    for attempt in range(4):
        with monkeypatch.context() as patched:
            kill_at(patched, call, links)
            with suppress(KeyboardInterrupt):
                save(path, 3)
        assert loaded(path) in (2, 3), attempt
    assert loaded(path) in (2, 3)
    clear_state_drafts(path)
    assert {p.name for p in tmp_path.iterdir()} <= {
        "A0_last.1.safetensors",
        "A0_last.json",
        "A0_last.safetensors",
        "A0_last.damaged",
    }


def kill_at(patched: pytest.MonkeyPatch, call: int, links: bool) -> None:
    """Die before the call-th of all links, renames and removals."""
    calls = 0

    def counted(function):
        def called(*given, **more):
            nonlocal calls
            calls += 1
            if calls >= call:  # a killed process does not tidy up either
                raise KeyboardInterrupt
            return function(*given, **more)

        return called

    def refused(*_, **__):
        raise OSError("no links here")

    patched.setattr(os, "link", counted(os.link if links else refused))
    patched.setattr(Path, "replace", counted(Path.replace))
    patched.setattr(Path, "unlink", counted(Path.unlink))


def test_a_state_without_hashes_beside_it_is_gone_on_with(tmp_path: Path):
    path = tmp_path / "A0_last.safetensors"
    save(path, 1)
    path.with_suffix(".json").unlink()
    assert loaded(path) == 1
    save(path, 2)
    path.unlink()
    assert loaded(path) == 1


def test_damaged_hashes_do_not_lose_a_state(tmp_path: Path):
    path = tmp_path / "A0_last.safetensors"
    save(path, 1)
    path.with_suffix(".json").write_bytes(b"\xff{")
    assert loaded(path) == 1


def test_a_state_copied_elsewhere_with_its_hashes_is_sound(tmp_path: Path):
    save(tmp_path / "A0_last.safetensors", 7)
    shutil.copytree(tmp_path, tmp_path / "copy")
    assert loaded(tmp_path / "copy" / "A0_last.safetensors") == 7

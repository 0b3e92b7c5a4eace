"""Logs of a run; going on after a stop leaves each step once."""

import json
import math
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from unbake.errors import UsageError
from unbake.train import tracking
from unbake.train.tracking import Tracker

HISTORY = [{"epoch": float(e), "mat_val_loss": 1.0 / (e + 1)} for e in range(4)]


def log(tracker: Tracker, epochs: range, steps: int = 10) -> None:
    """What the loop tells of some epochs, each `steps` long."""
    if 0 in epochs:
        tracker.epoch(0, HISTORY[:1])
    for epoch in epochs:
        if epoch:
            tracker.step(epoch * steps, {"albedo/l1": 0.5 / epoch}, lr=1e-4)
            tracker.epoch(epoch * steps, HISTORY[: epoch + 1])


def board(folder: Path, name: str) -> list[tuple[int, float]]:
    events = EventAccumulator(str(folder)).Reload()
    return [(event.step, pytest.approx(event.value)) for event in events.Scalars(name)]


def lines(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_a_run_leaves_a_json_line_an_epoch_and_the_same_in_tensorboard(tmp_path: Path):
    tracker = Tracker(tmp_path)
    log(tracker, range(4))
    tracker.close()
    assert lines(tmp_path) == HISTORY
    assert board(tmp_path, "val/mat_val_loss") == [(10 * e, HISTORY[e]["mat_val_loss"]) for e in range(4)]
    assert [step for step, _ in board(tmp_path, "train/albedo/l1")] == [10, 20, 30]
    assert not (tmp_path / "wandb").exists()


def test_a_resumed_run_keeps_what_was_logged_up_to_its_start_and_each_step_once(tmp_path: Path):
    first = Tracker(tmp_path)
    log(first, range(3))
    first.close()
    second = Tracker(tmp_path, resumed_at=10)  # the state of epoch 1 was the last one saved
    log(second, range(2, 4))
    second.close()
    assert lines(tmp_path) == HISTORY
    assert [step for step, _ in board(tmp_path, "val/mat_val_loss")] == [0, 10, 20, 30]
    assert [step for step, _ in board(tmp_path, "train/lr")] == [10, 20, 30]


def test_a_new_run_in_the_folder_of_an_old_one_starts_afresh(tmp_path: Path):
    for epochs in (range(4), range(2)):
        tracker = Tracker(tmp_path)
        log(tracker, epochs)
        tracker.close()
    assert lines(tmp_path) == HISTORY[:2]
    assert [step for step, _ in board(tmp_path, "val/mat_val_loss")] == [0, 10]


def records(path: Path) -> Iterator[bytes]:
    """Records of a W&B file: LevelDB's log (a CRC, a length, a type before each) after a header of seven bytes."""
    content = path.read_bytes()
    assert content[:4] == b":W&B"
    assert len(content) < 32768  # of one block, so that every record is whole
    at = 7
    while at < len(content):
        (length,) = struct.unpack_from("<H", content, at + 4)
        yield content[at + 7 : at + 7 + length]
        at += 7 + length


def offline(folder: Path) -> list[tuple[str, str, dict[str, float]]]:
    """(id, name, figures) of every line in the offline runs of a folder."""
    from wandb.proto.wandb_internal_pb2 import Record

    rows = []
    for path in sorted(folder.glob("wandb/offline-run-*/*.wandb")):
        name = ""
        for content in records(path):
            record = Record()
            record.ParseFromString(content)
            if record.HasField("run"):
                name = record.run.display_name
            if record.HasField("history"):
                items = {"".join(i.nested_key) or i.key: i.value_json for i in record.history.item}
                kept = {
                    key: json.loads(value) for key, value in items.items() if "/" in key or key == "_step"
                }
                rows.append((path.stem.removeprefix("run-"), name, kept))
    return rows


def test_weights_and_biases_gets_each_step_once_offline_though_the_run_was_resumed(tmp_path: Path):
    wandb = pytest.importorskip("wandb")
    folder = tmp_path / "phase_D" / "albedo"
    first = Tracker(folder, wandb=True)
    log(first, range(2))
    first.step(15, {"albedo/l1": math.nan}, lr=1e-4)
    first.close()
    second = Tracker(folder, resumed_at=10, wandb=True)
    second.step(15, {"albedo/l1": math.nan}, lr=1e-4)
    log(second, range(2, 3))
    second.close()
    wandb.teardown()  # its service writes in the background; this waits for it
    rows = offline(folder)
    assert [row["_step"] for _, _, row in rows] == [0, 10, 15, 20]
    assert len({name for name, _, _ in rows}) == 1
    assert {name for _, name, _ in rows} == {"phase_D/albedo"}
    assert (rows[1][2]["train/albedo/l1"], rows[1][2]["val/mat_val_loss"]) == (0.5, 0.5)
    assert lines(folder) == HISTORY[:3]


def test_wandb_without_its_package_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tracking, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="pip install wandb"):
        Tracker(tmp_path, wandb=True)


def test_what_is_no_number_is_null_in_the_file(tmp_path: Path) -> None:
    tracker = Tracker(tmp_path)
    tracker.epoch(0, [{"epoch": 0.0, "mat_val_loss": math.nan, "sky_val_loss": math.inf}])
    tracker.close()
    assert json.loads((tmp_path / "metrics.jsonl").read_text()) == {
        "epoch": 0.0,
        "mat_val_loss": None,
        "sky_val_loss": None,
    }

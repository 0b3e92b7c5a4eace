"""The loop: what it leaves, what it leaves alone, and that a cut run ends as an uncut one."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from support.tiny_project import start, tiny
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from unbake.errors import FileError, TrainingError
from unbake.project import Project
from unbake.recipe.gate import Verdict
from unbake.train import session
from unbake.train.checkpoint import load_networks
from unbake.train.environment import REPEATED_S
from unbake.train.loop import EpochDone, Finished, Notice, Progress, Run, train
from unbake.train.review import validate_checkpoint
from unbake.train.setup import prepare_data


def weights_of(run: Run) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in run.networks.state_dict().items()}


def assert_same(ours: dict[str, torch.Tensor], theirs: dict[str, torch.Tensor]) -> None:
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if not torch.equal(ours[name], theirs[name])] == []


def test_a0_then_a_leave_checkpoints_logs_and_event_files(root: Path):
    train(start(root), lambda _: None)
    train(start(root, "A"), lambda _: None)
    names = {path.name for path in (root / "checkpoints").iterdir()}
    assert {"A0_best.safetensors", "A0_best.json", "A_best.safetensors", "A_best.json"} <= names
    metadata = json.loads((root / "checkpoints" / "A_best.json").read_text())
    assert (metadata["tag"], metadata["parents"]["all"]["name"]) == ("phase_A_checkpoint", "A0_best")
    lines = [
        json.loads(line) for line in (root / "train_logs/phase_A/metrics.jsonl").read_text().splitlines()
    ]
    assert [line["epoch"] for line in lines] == [0, 1, 2]
    assert all(line["mat_val_loss"] > 0 for line in lines)
    board = EventAccumulator(str(root / "train_logs" / "phase_A"))
    board.Reload()
    assert "val/mat_val_loss" in board.Tags()["scalars"]
    assert "train/albedo/l1" in board.Tags()["scalars"]


def test_events_tell_every_step_and_every_epoch(root: Path):
    events: list[object] = []
    train(start(root), events.append)
    assert [type(event) for event in events] == ([Progress] * 3 + [EpochDone]) * 2 + [Finished]


@pytest.mark.parametrize("more", [(), ("losses.rendering=0.5", "ema=0.9", "augment.atlas=0.5")])
def test_a_run_stopped_and_resumed_ends_bit_equal_to_an_uninterrupted_one(root: Path, more: tuple[str, ...]):
    train(start(root, "A0", *more), lambda _: None)
    left = [root / "checkpoints" / f"A0_{which}.safetensors" for which in ("last", "best")]
    straight = [load_file(path) for path in left]
    for name in (root / "checkpoints").iterdir():
        name.unlink()

    def stop_in_the_second_epoch(event: object) -> None:
        if isinstance(event, Progress) and (event.epoch, event.step) == (2, 1):
            os.kill(os.getpid(), signal.SIGTERM)

    assert train(start(root, "A0", *more), stop_in_the_second_epoch).verdict is Verdict.NOT_YET
    assert train(start(root, "A0", *more), lambda _: None, resume=True).verdict is not Verdict.NOT_YET
    for path, expected in zip(left, straight, strict=True):
        assert_same(load_file(path), expected)


def test_a_signal_in_validation_ends_it_and_loses_no_step(root: Path, monkeypatch: pytest.MonkeyPatch):
    straight = start(root, "A0")
    train(straight, lambda _: None)
    seen = 0
    plain = session.validation_figures

    def interrupted(*given: object) -> dict[str, float]:
        nonlocal seen
        seen += 1
        if seen == 3:  # the one before training, then one for each epoch
            os.kill(os.getpid(), signal.SIGTERM)
        figures = plain(*given)
        assert (figures["mat_val_loss"] == 0) == (seen == 3)
        return figures

    with monkeypatch.context() as patched:
        patched.setattr(session, "validation_figures", interrupted)
        assert train(start(root), lambda _: None).verdict is Verdict.NOT_YET
    events: list[object] = []
    resumed = start(root)
    train(resumed, events.append, resume=True)
    assert [type(event) for event in events] == [EpochDone, Finished]
    assert_same(weights_of(resumed), weights_of(straight))


def test_a_signal_in_the_first_validation_leaves_a_run_to_go_on_with(
    root: Path, monkeypatch: pytest.MonkeyPatch
):
    straight = start(root)
    train(straight, lambda _: None)
    metrics = root / "train_logs" / "phase_A0" / "metrics.jsonl"
    written = metrics.read_bytes()
    plain = session.validation_figures

    def interrupted(*given: object) -> dict[str, float]:
        os.kill(os.getpid(), signal.SIGTERM)
        return plain(*given)

    with monkeypatch.context() as patched:
        patched.setattr(session, "validation_figures", interrupted)
        assert train(start(root), lambda _: None).verdict is Verdict.NOT_YET
    resumed = start(root)
    train(resumed, lambda _: None, resume=True)
    assert_same(weights_of(resumed), weights_of(straight))
    assert metrics.read_bytes() == written


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no SIGHUP")
def test_a_terminal_that_closes_stops_a_run_as_other_signals_do(root: Path):
    def hang_up(event: object) -> None:
        if isinstance(event, Progress):
            os.kill(os.getpid(), signal.SIGHUP)
            os.kill(os.getpid(), signal.SIGHUP)  # the shell's and the system's

    assert train(start(root), hang_up).verdict is Verdict.NOT_YET
    assert train(start(root), lambda _: None, resume=True).verdict is not Verdict.NOT_YET


def test_a_second_signal_ends_a_run_at_once(root: Path):
    def insist(event: object) -> None:
        if isinstance(event, Progress):
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(REPEATED_S + 0.1)
            os.kill(os.getpid(), signal.SIGTERM)
            pytest.fail("the second signal did nothing")

    with pytest.raises(KeyboardInterrupt):
        train(start(root), insist)


def test_a_resumed_run_leaves_the_log_of_a_straight_one_to_the_byte(root: Path):
    metrics = root / "train_logs" / "phase_A0" / "metrics.jsonl"
    train(start(root), lambda _: None)
    straight = metrics.read_bytes()

    def stop_in_the_second_epoch(event: object) -> None:
        if isinstance(event, Progress) and (event.epoch, event.step) == (2, 1):
            os.kill(os.getpid(), signal.SIGTERM)

    train(start(root), stop_in_the_second_epoch)
    train(start(root), lambda _: None, resume=True)
    assert metrics.read_bytes() == straight


def test_the_log_of_an_earlier_run_is_kept_beside_that_of_a_new_one(root: Path):
    logs = root / "train_logs" / "phase_A0"
    for seed in (1, 2, 3):
        train(start(root, "A0", f"seed={seed}", "epochs.max=1", "epochs.min=1"), lambda _: None)
    assert len({(logs / f"metrics{n}.jsonl").read_bytes() for n in ("", ".1", ".2")}) == 3


def test_resuming_leaves_one_line_an_epoch(root: Path):
    def stop_at_once(event: object) -> None:
        if isinstance(event, Progress):
            os.kill(os.getpid(), signal.SIGTERM)

    train(start(root), stop_at_once)
    train(start(root), lambda _: None, resume=True)
    lines = (root / "train_logs" / "phase_A0" / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in lines] == [0, 1, 2]


def test_a_phase_that_trains_one_head_leaves_the_rest_bit_equal(root: Path):
    run = start(root, "A0", 'trains=["head.albedo"]', "optimizer.lr=0.01")
    before = weights_of(run)
    train(run, lambda _: None)
    moved = {
        name for name, value in run.networks.state_dict().items() if not torch.equal(value, before[name])
    }
    assert moved
    assert {".".join(name.split(".")[:3]) for name in moved} == {"unet_albedo.body.heads"}


def test_a_loss_that_is_not_finite_never_reaches_the_weights(root: Path):
    run = start(root)
    with torch.no_grad():
        run.networks.vit.classifier.bias[0] = float("nan")
    before = weights_of(run)
    with pytest.raises(TrainingError, match=r"samples: (metal|stone)/.*changed no weight"):
        train(dataclasses.replace(run, steps=25), lambda _: None)
    after = weights_of(run)
    changed = [
        name for name in after if not torch.equal(after[name].nan_to_num(9), before[name].nan_to_num(9))
    ]
    assert changed == []


def test_tiny_floats_count_after_training_as_they_did_before(root: Path):
    train(start(root, "A0", "epochs.max=1", "epochs.min=1"), lambda _: None)
    assert sys.float_info.min / 2 > 0


def test_too_few_patches_for_a_batch_says_what_to_do(root: Path):
    with pytest.raises(TrainingError, match=r"data\.batch"):
        train(start(root, "A0", "data.batch=64"), lambda _: None)


def test_the_last_state_of_a_run_and_its_best_checkpoint_open_alike(root: Path):
    run = start(root)
    train(run, lambda _: None)
    networks, lineage = load_networks(root / "checkpoints" / "A0_last.safetensors")
    assert_same(dict(networks.state_dict()), weights_of(run))
    assert (lineage.name, lineage.figures["epoch"], lineage.phase) == ("A0_last", 2, "phase_A0")
    assert load_networks(root / "checkpoints" / "A0_best.safetensors")[1].name == "A0_best"


def test_a_run_begun_before_a_field_was_there_is_gone_on_with(root: Path):
    train(start(root), lambda _: None)
    state = root / "checkpoints" / "A0_last.safetensors"
    with safe_open(state, framework="pt") as handle:
        header = handle.metadata()
    stored = json.loads(header["metadata"])
    del stored["recipe"]["losses"]["rendering"]
    save_file(load_file(state), state, metadata=header | {"metadata": json.dumps(stored)})
    state.with_suffix(".json").unlink()  # nor were there hashes of states
    assert train(start(root), lambda _: None, resume=True).verdict is not Verdict.NOT_YET


def test_the_rendering_loss_is_logged_and_moves_the_weights(root: Path):
    plain = start(root, "A0", "epochs.max=1", "epochs.min=1")
    train(plain, lambda _: None)
    seen: dict[str, float] = {}
    rendered = start(root, "A0", "epochs.max=1", "epochs.min=1", "losses.rendering=0.5")
    train(rendered, lambda event: seen.update(event.terms if isinstance(event, Progress) else {}))
    assert seen["unet_albedo/rendering"] > 0 and seen["unet_maps/rendering"] > 0
    assert not torch.equal(
        *(run.networks.unet_maps.state_dict()["body.encoder.0.0.0.weight"] for run in (plain, rendered))
    )


def test_a_step_that_bfloat16_cannot_do_is_done_in_float32_and_told_once(root: Path):
    def spoilt(module: torch.nn.Module, inputs: object, output: torch.Tensor) -> torch.Tensor:
        return output * float("nan") if torch.is_autocast_enabled("cpu") else output

    told: list[str] = []
    runs = {
        p: start(root, "A0", "epochs.max=1", "epochs.min=1", f"precision={p}")
        for p in ("float32", "bfloat16")
    }
    runs["bfloat16"].networks.vit.classifier.register_forward_hook(spoilt)
    for run in runs.values():
        train(run, lambda event: told.append(event.sentence) if isinstance(event, Notice) else None)
    assert told == ["a step in bfloat16 had no finite gradients; such steps are made again in float32"]
    assert_same(weights_of(runs["bfloat16"]), weights_of(runs["float32"]))


def test_bfloat16_is_used_on_a_cpu_only_where_a_recipe_asks(root: Path):
    seen: dict[str, dict[str, float]] = {}
    for precision in ("auto", "float32", "bfloat16"):
        run = start(root, "A0", "epochs.max=1", "epochs.min=1", f"precision={precision}")
        terms = seen.setdefault(precision, {})
        train(
            run, lambda event, terms=terms: terms.update(event.terms if isinstance(event, Progress) else {})
        )
        assert {parameter.dtype for parameter in run.networks.parameters()} == {torch.float32}
    assert seen["auto"] == seen["float32"] != seen["bfloat16"]
    assert seen["bfloat16"] == pytest.approx(seen["float32"], rel=0.1, abs=0.02)


def test_the_average_is_validated_and_left_while_the_weights_go_as_without_it(root: Path):
    run = start(root, "A0", "epochs.max=1", "epochs.min=1")
    train(run, lambda _: None)
    plain = weights_of(run)
    run = start(root, "A0", "epochs.max=1", "epochs.min=1", "ema=0.9")
    train(run, lambda _: None)
    assert_same(weights_of(run), plain)
    averaged, lineage = load_networks(root / "checkpoints" / "A0_best.safetensors")
    assert lineage.ema and any(not torch.equal(v, plain[n]) for n, v in averaged.state_dict().items())
    assert_same(
        dict(load_networks(root / "checkpoints" / "A0_last.safetensors")[0].state_dict()),
        dict(averaged.state_dict()),
    )
    again = validate_checkpoint(Project(root), "A0_best")
    assert again["mat_val_loss"] == pytest.approx(lineage.figures["mat_val_loss"], rel=1e-4)


def test_a_head_that_training_makes_worse_is_left_as_it_was(root: Path):
    parent = start(root)
    train(parent, lambda _: None)
    before = dict(load_networks(root / "checkpoints" / "A0_best.safetensors")[0].state_dict())
    more = ('starts_from={all="A0_best"}', "epochs.max=1", "epochs.min=1", "optimizer.lr=10.0")
    finished = train(start(root, "D", *more, kind="ao"), lambda _: None)
    assert "stays as it was" in finished.reason
    head = load_file(root / "checkpoints" / "D_ao_best.safetensors")
    assert_same(head, {name: before[name] for name in head})


def test_resuming_with_another_recipe_is_refused(root: Path):
    train(start(root), lambda _: None)
    with pytest.raises(TrainingError, match="same --set options"):
        train(start(root, "A0", "optimizer.lr=0.5"), lambda _: None, resume=True)


def test_resuming_what_never_began_says_so(root: Path):
    with pytest.raises(TrainingError, match="without --resume"):
        train(start(root), lambda _: None, resume=True)


def test_a_phase_may_start_from_where_a_run_stands(root: Path):
    parent = start(root)
    train(parent, lambda _: None)
    child = start(root, "A", 'starts_from={all="A0_last"}')
    assert_same(dict(child.networks.state_dict()), dict(parent.networks.state_dict()))
    assert child.lineage.parents["all"].name == "A0_last"


def test_a_damaged_parent_is_told_in_a_sentence(root: Path):
    (root / "checkpoints").mkdir()
    (root / "checkpoints" / "A0_best.safetensors").write_bytes(b"no weights at all")
    with pytest.raises(FileError, match="Expected weights written by unbake"):
        start(root, "A")


def test_a_source_that_the_parent_was_trained_on_cannot_be_held_out_later(root: Path):
    train(start(root), lambda _: None)
    with pytest.raises(TrainingError, match="held out from the start"):
        start(root, "A", 'data.held_out=[""]')  # these materials name no source


def test_a_source_that_the_parent_never_had_can_be_held_out_later(root: Path):
    train(start(root), lambda _: None)
    assert start(root, "A", 'data.held_out=["somebody/else"]').lineage.sources == [""]


def test_a_fold_that_the_parent_was_trained_on_cannot_be_held_out_later(root: Path):
    train(start(root), lambda _: None)
    with pytest.raises(TrainingError, match="fold 1 of 2 to be held out from the start"):
        start(root, "A", "data.fold=[1, 2]")


def test_a_parent_trained_on_procedural_materials_saw_no_fold(root: Path, monkeypatch: pytest.MonkeyPatch):
    train(start(root), lambda _: None)
    monkeypatch.setattr("unbake.train.lineage.PROCEDURAL", "")
    assert prepare_data(Project(root), tiny("A", "data.fold=[1, 2]")[0], workers=1) == []
    assert start(root, "A", "data.fold=[1, 2]").recipe.data.fold == (1, 2)


KILLED = """
import sys; sys.path.insert(0, {tests!r})
from pathlib import Path
from support.tiny_project import start
from unbake.train.loop import train
import dataclasses
run = dataclasses.replace(start(Path({root!r}), "A0", "epochs.max=6"), save_every_s=0.0)
print("ready", flush=True)
train(run, lambda event: print(type(event).__name__, flush=True), resume={resume})
"""


def test_a_run_killed_in_the_middle_of_saving_resumes_to_the_same_weights(root: Path):
    tests = str(Path(__file__).parents[1])
    run = start(root, "A0", "epochs.max=6")
    train(run, lambda _: None)
    straight = load_file(root / "checkpoints" / "A0_last.safetensors")
    for name in (root / "checkpoints").iterdir():
        name.unlink()

    def launch(resume: bool) -> subprocess.Popen[str]:
        code = KILLED.format(tests=tests, root=str(root), resume=resume)
        return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)

    process = launch(resume=False)
    assert process.stdout is not None
    for line in process.stdout:  # saves after every step: some steps in, it is likely to be inside a save
        if line.startswith("EpochDone"):
            time.sleep(0.05)
            process.send_signal(signal.SIGKILL)
            break
    process.wait()
    process.stdout.close()
    second = launch(resume=True)
    second.communicate(timeout=200)
    assert second.returncode == 0
    assert_same(load_file(root / "checkpoints" / "A0_last.safetensors"), straight)

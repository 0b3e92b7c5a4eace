"""The pipeline of all runs: what it inherits, where it stops, and that a killed pipeline ends as an undisturbed one."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from support.tiny_project import pipeline_overrides

from unbake.errors import TrainingError, UsageError
from unbake.project import Project
from unbake.recipe.gate import Verdict
from unbake.train.loop import EpochDone
from unbake.train.pipeline import (
    PhaseRun,
    PipelineResult,
    RunStarted,
    RunStatus,
    planned_runs,
    run_all,
    status_of,
)

UNTIL_B = ("C", "Cp", "D")
IMPOSSIBLE = "B:advance.sky=0.01"


SHORT = ("epochs.min=1", "epochs.max=1", "A_albedo_syn:schedule.max_lr=1e-3")


def short_runs(*more: str, without: tuple[str, ...] = UNTIL_B) -> list[PhaseRun]:
    return planned_runs(pipeline_overrides(*SHORT, *more), without)


def go(root: Path, *more: str, without: tuple[str, ...] = UNTIL_B, **options: bool) -> PipelineResult:
    steps = short_runs(*more, without=without)
    return run_all(Project(root), steps, lambda run, event: None, workers=1, **options)


@pytest.fixture(scope="module")
def grounded(cached_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with its first three phases done."""
    root = tmp_path_factory.mktemp("grounded")
    shutil.copytree(cached_root / "data", root / "data")
    go(root, without=("B", *UNTIL_B), force=True)
    return root


@pytest.fixture
def ready_for_b(grounded: Path, tmp_path: Path) -> Path:
    shutil.copytree(grounded, tmp_path / "project")
    return tmp_path / "project"


def metadata(root: Path, name: str) -> dict[str, object]:
    found: dict[str, object] = json.loads((root / "checkpoints" / f"{name}.json").read_text())
    return found


def test_overrides_may_be_for_all_phases_or_for_one():
    steps = planned_runs(("data.px=512", "A:data.px=256", "D:data.px=1024"), without=("B", "C"))
    px = {run.phase: run.recipe.data.px for run in steps}
    assert (px["A0"], px["A"], px["D"]) == (512, 256, 1024)


def test_an_unknown_phase_is_named():
    with pytest.raises(UsageError, match="got Z"):
        planned_runs((), without=("Z",))


def test_the_plan_has_twelve_runs():
    assert [run.name for run in planned_runs()] == [
        *("A0", "A", "A_albedo_syn", "B", "C", "Cp"),
        *("D metallic_mask", "D albedo", "D roughness", "D metallic", "D ao", "D height"),
    ]


def test_b_takes_its_albedo_network_from_the_synthetic_branch_and_the_rest_from_a(ready_for_b: Path):
    outcome = go(ready_for_b, "B:optimizer.lr=1e-12", "B:clip=1e-6", resume=True, force=True)
    assert outcome.run.phase == "B"
    a, synthetic, b = (
        load_file(ready_for_b / "checkpoints" / f"{name}.safetensors")
        for name in ("A_best", "A_alb_syn_best", "B_best")
    )
    encoder = [name for name in a if ".encoder." in name and "lora" not in name and "num_batches" not in name]
    parents = {name: synthetic if name.startswith("unet_albedo.") else a for name in encoder}
    assert [name for name in encoder if not torch.equal(b[name], parents[name][name])] == []
    assert any(not torch.equal(a[name], synthetic[name]) for name in encoder)


def test_a_failed_gate_stops_the_pipeline_and_says_why(ready_for_b: Path):
    outcome = go(ready_for_b, IMPOSSIBLE, without=("Cp", "D"), resume=True)
    assert (outcome.verdict, outcome.run.phase) == (Verdict.FAIL, "B")
    assert "there is no epoch -1" in outcome.reason
    assert not (ready_for_b / "checkpoints" / "C_best.safetensors").exists()


def test_a_failed_gate_stops_the_pipeline_again_when_it_is_resumed(ready_for_b: Path):
    first = go(ready_for_b, IMPOSSIBLE, resume=True)
    assert go(ready_for_b, IMPOSSIBLE, resume=True) == first


def test_a_forced_gate_is_recorded_in_the_checkpoint_and_in_its_childrens_lineage(ready_for_b: Path):
    go(ready_for_b, IMPOSSIBLE, without=("Cp", "D"), resume=True, force=True)
    assert metadata(ready_for_b, "B_best")["verdict"]["forced"] is True
    assert metadata(ready_for_b, "C_best")["parents"]["all"]["verdict"]["forced"] is True


def test_running_a_second_time_does_nothing(ready_for_b: Path):
    go(ready_for_b, resume=True, force=True)
    before = {p.name: p.stat().st_mtime_ns for p in (ready_for_b / "checkpoints").iterdir()}
    assert go(ready_for_b, resume=True, force=True).reason.startswith("nothing to do")
    assert {p.name: p.stat().st_mtime_ns for p in (ready_for_b / "checkpoints").iterdir()} == before


def test_what_is_there_is_never_overwritten_without_resume(ready_for_b: Path):
    with pytest.raises(UsageError, match="--resume"):
        go(ready_for_b)


def test_what_a_later_phase_lacks_is_told_before_the_first_begins(root: Path):
    with pytest.raises(UsageError, match="--backbone"):
        go(root, "A_albedo_syn:losses.perceptual=lpips")
    with pytest.raises(UsageError, match=r"data\.held_out .* got mistyped"):
        go(root, 'A0:data.held_out=["mistyped"]')
    with pytest.raises(TrainingError, match="A_alb_syn_best"):
        go(root, without=("A_albedo_syn", *UNTIL_B))
    shutil.rmtree(root / "data" / "Skyrim")
    with pytest.raises(UsageError, match="Skyrim"):
        go(root)
    assert not (root / "checkpoints").exists()


def test_a_checkpoint_of_another_recipe_is_refused(ready_for_b: Path):
    with pytest.raises(TrainingError, match="its seed differs"):
        go(ready_for_b, "A0:seed=7", resume=True)


def test_the_status_of_a_run_tells_whether_it_is_done(ready_for_b: Path):
    steps = short_runs()
    found = [status_of(Project(ready_for_b), run) for run in steps]
    assert found[0] in (RunStatus.PASSED, RunStatus.FORCED)
    assert found[-1] is RunStatus.NEW


@pytest.mark.slow
def test_a_pipeline_killed_in_the_middle_of_b_resumes_to_the_same_weights(ready_for_b: Path, tmp_path: Path):
    more = ("B:epochs.min=3", "B:epochs.max=3", "B:data.patches=40")
    straight = tmp_path / "straight"
    shutil.copytree(ready_for_b, straight)
    go(straight, *more, resume=True, force=True)

    options = [x for o in pipeline_overrides(*SHORT, *more) for x in ("--set", o)]
    left_out = [x for phase in UNTIL_B for x in ("--without", phase)]
    command = [
        sys.executable,
        "-m",
        "unbake.cli",
        "ladder",
        "--root",
        str(ready_for_b),
        "--resume",
        "--force",
    ]
    process = subprocess.Popen([*command, *options, *left_out], stdout=subprocess.DEVNULL)
    log = ready_for_b / "train_logs" / "phase_B" / "metrics.jsonl"
    deadline = time.monotonic() + 120
    while not (log.is_file() and len(log.read_text().splitlines()) >= 2):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.02)
    time.sleep(0.3)  # epoch 1 is validated: now somewhere in epoch 2
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL

    seen: list[object] = []

    def note(run: PhaseRun, event: object) -> None:
        if run.phase == "B":
            seen.append(event)

    steps = short_runs(*more)
    run_all(Project(ready_for_b), steps, note, resume=True, force=True, workers=1)
    assert seen[0] == RunStarted(steps[3], RunStatus.STOPPED)
    assert len([event for event in seen if isinstance(event, EpochDone)]) < 3
    for name in ("B_best", "B_last"):
        ours, theirs = (load_file(r / "checkpoints" / f"{name}.safetensors") for r in (ready_for_b, straight))
        assert [key for key in theirs if not torch.equal(ours[key], theirs[key])] == []

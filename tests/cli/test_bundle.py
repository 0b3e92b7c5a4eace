"""`unbake bundle`: from a folder of materials to a model, killed on the way and taken up again."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from msgspec import structs
from safetensors.torch import load_file
from support.command import call

from unbake import recipe as recipes
from unbake.errors import UsageError
from unbake.evaluate import release as releasing
from unbake.prepare.library import write_library
from unbake.project import Project
from unbake.recipe import bundle as stages
from unbake.recipe.bundle import read_bundle
from unbake.synth.materials import FEW
from unbake.train.budget import PLAN

BUNDLE = read_bundle()
TINY = ("data.px=32", "data.batch=2", "data.variants=1", "losses.perceptual=none")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("library")
    write_library(folder, size=64, names=FEW[:3])
    return folder


def words(root: Path, library: Path, minutes: float = 0.05) -> list[object]:
    options = [word for override in TINY for word in ("--set", override)]
    return [
        *("bundle", root / "model", "--root", root, "--data", library, "--minutes", minutes),
        *("--model", "tiny", "--device", "cpu", "--workers", 1, *options),
    ]


@pytest.fixture(scope="module", autouse=True)
def released():
    """Stages of few steps, and a release that only notes what it was asked for."""
    asked: list[tuple[str, int]] = []

    def note(project: Project, out: Path, checkpoint: str, **options: Any) -> SimpleNamespace:
        asked.append((checkpoint, options["at_most"]))
        (out / "card.json").write_text("{}")
        return SimpleNamespace(materials=0)

    bundle = read_bundle()
    short = structs.replace(bundle, stages=tuple(structs.replace(s, least=6) for s in bundle.stages))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(releasing, "release", note)
        patch.setattr("unbake.cli.bundle.print_figures", lambda evaluation, about: None)
        patch.setattr("unbake.cli.bundle.quantise_released", lambda model: None)
        patch.setattr(stages, "read_bundle", lambda: short)
        yield asked


@pytest.fixture(scope="module")
def done(library: Path, tmp_path_factory: pytest.TempPathFactory):
    """A root in which the whole command was run, and what it printed."""
    root = tmp_path_factory.mktemp("bundle")
    result = call(*words(root, library))
    assert result.exit_code == 0, (result.output, result.exception)
    return root, result.stdout


def test_the_last_stage_is_released_and_the_command_that_measures_it_is_told(done, released):
    root, told = done
    assert released[0] == (BUNDLE.release, BUNDLE.measuring.least)
    assert f"--evidence --seen --model {root / 'model'}" in told.splitlines()[-1]


def test_every_stage_makes_the_steps_of_the_plan(done):
    root, _ = done
    plan = json.loads((root / PLAN).read_text())
    assert [stage["phase"] for stage in plan["stages"]] == [s.phase for s in BUNDLE.stages]
    for stage in plan["stages"]:
        state = json.loads((root / "checkpoints" / f"{stage['phase']}_last.json").read_text())
        assert [s["step"] for s in state["states"]][1] == stage["steps"]


def test_a_second_call_does_nothing(done, library: Path):
    root, _ = done
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*") if path.suffix != ".lock"}
    result = call(*words(root, library))
    assert result.exit_code == 0, result.exception
    after = {path: path.stat().st_mtime_ns for path in root.rglob("*") if path.suffix != ".lock"}
    assert {path for path in after if after[path] != before.get(path) and path.is_file()} == set()


def test_another_budget_is_refused_where_a_plan_is(done, library: Path):
    root, _ = done
    assert isinstance(call(*words(root, library, minutes=1)).exception, UsageError)


@pytest.mark.slow
def test_a_bundle_that_was_killed_goes_on_by_the_same_plan(done, library: Path, tmp_path: Path):
    straight, _ = done
    plan = json.loads((straight / PLAN).read_text()) | {"released": ""}
    (tmp_path / PLAN).write_text(json.dumps(plan))  # its numbers of steps, which a clock decided
    command = [sys.executable, "-m", "unbake.cli", *map(str, words(tmp_path, library))]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 200
    while not (
        tmp_path / "train_logs" / recipes.load(BUNDLE.stages[-1].phase).tag / "metrics.jsonl"
    ).is_file():
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    result = call(*words(tmp_path, library))
    assert result.exit_code == 0, (result.output, result.exception)
    ours, theirs = (
        load_file(root / "checkpoints" / f"{BUNDLE.release}.safetensors") for root in (tmp_path, straight)
    )
    assert [key for key in theirs if not torch.equal(ours[key], theirs[key])] == []

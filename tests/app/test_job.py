"""The job: one child at a time, what its events make of the state, stopping and going on."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from unbake.app import child
from unbake.app.job import Job
from unbake.app.state import Settings, State
from unbake.errors import UsageError

CHILD = """
import json, sys, time
arguments = sys.argv[1:]

def say(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)

def summary(**fields):
    empty = {"converted": [], "unchanged": [], "failed": [], "skipped": [], "planned": [], "notes": []}
    say("summary", **{**empty, "disk": 5, "seconds": 2.0, "mod": {"level": "", "unmatched": []}, **fields})

if "bad" in arguments[1]:
    print("note: first", file=sys.stderr)
    sys.exit("unbake: Expected OUT and IN to lie apart, got one; choose another.")
elif "--dry-run" in arguments:
    say("started", total=9)
    skipped = [{"path": name, "reason": "a face", "failed": False} for name in "ab"]
    summary(planned=["pot"], unchanged=["pan"], skipped=skipped)
elif arguments[0] == "zip":
    sys.exit(0 if "good" in arguments[1] else "unbake: Expected space, got none; make room.")
else:
    say("started", total=3)
    say("set_unchanged", name="pan")
    spent = {"texels": 1, "reading": 1.0, "networks": 3.0, "writing": 1.0}
    say("set_done", name="pot", seconds=1.0, notes=[], inferred=True, spent=spent)
    print("no event", flush=True)
    if "slow" in arguments[1]:
        sys.stdin.read()
        time.sleep(60 if "stubborn" in arguments[1] else 0)
        sys.exit(130)
    say("set_failed", name="bad", message="It is damaged.")
    summary(converted=["pot"], notes=["One note."])
    sys.exit(1)
"""


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Job]:
    """A job whose children are a stub of `unbake`."""
    (tmp_path / "stub.py").write_text(CHILD)
    monkeypatch.setattr(child, "PROGRAM", (sys.executable, str(tmp_path / "stub.py")))
    monkeypatch.setenv("UNBAKE_CACHE", str(tmp_path / "cache"))
    made = Job(lambda out: f"view/{out.name}/")
    yield made
    made.close()


def settings(tmp_path: Path, name: str = "good") -> Settings:
    return Settings((str(tmp_path / name),), str(tmp_path / f"{name}-out"))


def until(job: Job, wanted: Callable[[State], bool]) -> State:
    """The state, once it is so."""
    ends = time.monotonic() + 30
    while not wanted(state := job.state(0, 0)):
        assert time.monotonic() < ends, state
        time.sleep(0.01)
    return state


def test_looking_tells_the_plan_and_groups_what_is_left_out_by_reason(job: Job, tmp_path: Path):
    job.look(settings(tmp_path))
    state = until(job, lambda state: state.phase == "planned")
    plan = job.plan()
    assert plan is not None
    assert (plan.planned, plan.unchanged, plan.disk, plan.seconds) == (["pot"], 1, 5, 2.0)
    assert [(group.reason, group.names) for group in plan.skipped] == [("a face", ["a", "b"])]
    assert (state.plan > 0, state.progress, state.sets) == (True, None, [])


def test_a_run_lists_its_sets_with_the_failed_one_first(job: Job, tmp_path: Path):
    job.convert(settings(tmp_path))
    state = until(job, lambda state: state.phase == "ended")
    assert sorted((line.name, line.status) for line in state.sets) == [
        ("bad", "failed"),
        ("pan", "unchanged"),
        ("pot", "converted"),
    ]
    assert state.sets[state.order[0]].name == "bad"
    assert (state.wanted, state.message) == (1, "One note.")
    assert state.progress is not None
    assert (state.progress.done, state.progress.converted, state.progress.failed) == (3, 1, 1)
    assert state.progress.slowest == "networks"


def test_only_new_sets_are_sent_but_all_of_another_list(job: Job, tmp_path: Path):
    job.convert(settings(tmp_path))
    state = until(job, lambda state: state.phase == "ended")
    assert len(job.state(state.run, 2).sets) == 1
    assert len(job.state(state.run - 1, 2).sets) == 3


def test_nothing_else_begins_while_something_runs(job: Job, tmp_path: Path):
    job.convert(settings(tmp_path, "slow"))
    for action in (job.look, job.convert, job.show):
        with pytest.raises(UsageError, match=r"Expected nothing under way, got a run for '.*slow-out'"):
            action(settings(tmp_path))
    with pytest.raises(UsageError):
        job.zip()


@pytest.mark.parametrize(("pause", "phase"), [(True, "paused"), (False, "stopped")])
def test_a_run_that_is_stopped_can_go_on(job: Job, tmp_path: Path, pause: bool, phase: str):
    job.convert(settings(tmp_path, "slow"))
    until(job, lambda state: len(state.sets) == 2)
    job.stop(pause)
    state = until(job, lambda state: state.phase == phase)
    assert (state.message, len(state.sets)) == ("", 2)
    job.convert(settings(tmp_path, "slow"))
    assert job.state(0, 0).phase == "running"


def test_a_run_that_was_asked_twice_is_ended_at_once(job: Job, tmp_path: Path):
    job.convert(settings(tmp_path, "slow and stubborn"))
    job.stop(False)
    assert job.state(0, 0).phase == "stopping"
    job.stop(False)
    until(job, lambda state: state.phase == "stopped")


def test_a_run_that_is_refused_says_why(job: Job, tmp_path: Path):
    for action in (job.look, job.convert):
        action(settings(tmp_path, "bad"))
        state = until(job, lambda state: state.phase in ("idle", "stopped"))
        assert state.message.startswith("Expected OUT and IN to lie apart")


def test_a_zip_is_named_and_a_failure_told(job: Job, tmp_path: Path):
    with pytest.raises(UsageError, match="Expected a conversion to zip"):
        job.zip()
    for name, path, message in (("good", f"{tmp_path}/good-out.zip", ""), ("x", "", "Expected space")):
        job.look(settings(tmp_path, name))
        until(job, lambda state: state.phase == "planned")
        job.zip()
        state = until(job, lambda state: state.phase == "ended")
        assert state.zip == path.replace("/", os.sep)
        assert state.message.startswith(message)


def test_another_mod_has_another_list(job: Job, tmp_path: Path):
    job.convert(settings(tmp_path))
    run = until(job, lambda state: state.phase == "ended").run
    job.look(settings(tmp_path, "other"))
    state = until(job, lambda state: state.phase == "planned")
    assert (state.sets, state.run) == ([], run + 1)


def test_a_plan_is_forgotten_when_something_else_is_converted(job: Job, tmp_path: Path):
    job.look(settings(tmp_path))
    plan = until(job, lambda state: state.phase == "planned").plan
    job.convert(settings(tmp_path, "other"))
    assert (job.plan(), job.state(0, 0).plan > plan) == (None, True)


def test_the_end_of_the_app_stops_what_runs(job: Job, tmp_path: Path):
    job.convert(settings(tmp_path, "slow"))
    job.close()
    assert job.state(0, 0).phase == "stopped"

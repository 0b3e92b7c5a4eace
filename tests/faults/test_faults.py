"""Nothing is lost: after any kill, full or broken disk, the run that goes on ends as an undisturbed one."""

import json
import os
from pathlib import Path

import pytest
from support.drivers import driven

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the driver forks")

MEANING = {
    "random": "SIGKILL at any moment",
    "kill": "SIGKILL at a call that writes",
    "ENOSPC": "disk full from a call on",
    "EIO": "disk broken at a call",
    "torn": "file cut afterwards",
}

# What, kind, and how many: in the whole suite, and in `make test-faults` (0: at every call that writes).
CASES = [
    ("train", "random", 2, 45),
    ("train", "kill", 2, 45),
    ("train", "ENOSPC", 2, 30),
    ("train", "EIO", 2, 30),
    ("train", "torn", 1, 16),
    ("convert", "random", 3, 40),
    ("convert", "kill", 3, 60),
    ("convert", "ENOSPC", 3, 0),
    ("convert", "EIO", 3, 0),
    ("convert", "torn", 2, 20),
]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("what", "kind", "few", "many"), CASES, ids=lambda value: str(value))
def test_after_a_fault_the_next_run_ends_as_an_undisturbed_one(
    what: str, kind: str, few: int, many: int, tmp_path: Path, table, much: bool
):
    answer = driven("fault_driver", what, kind, tmp_path, many if much else few, 14)
    assert answer.returncode == 0, answer.stderr
    found = json.loads(answer.stdout)
    table.faults.append((f"{what}: {MEANING[kind]}", found["injected"], len(found["lost"])))
    assert found["lost"] == []

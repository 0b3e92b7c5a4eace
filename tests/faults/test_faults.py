"""Nothing is lost: after any kill, full or broken disk, the run that goes on ends as an undisturbed one."""

import json
import os
import subprocess

import pytest
from support.drivers import started
from support.faults import FULL

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the driver forks")

MEANING = {
    "random": "SIGKILL at any moment",
    "kill": "SIGKILL at a call that writes",
    "ENOSPC": "disk full from a call on",
    "EIO": "disk broken at a call",
    "torn": "file cut afterwards",
}

# How many: in the whole suite, and in `make test-faults` (0: at every call that writes).
FEW = {
    "train": {"random": 2, "kill": 2, "ENOSPC": 2, "EIO": 2, "torn": 1},
    "convert": {"random": 2, "kill": 3, "ENOSPC": 3, "EIO": 3, "torn": 2},
}
MANY = {
    "train": {"random": 40, "kill": 50, "ENOSPC": 30, "EIO": 30, "torn": 16},
    "convert": {"random": 40, "kill": 70, "ENOSPC": 0, "EIO": 0, "torn": 20},
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> dict[str, subprocess.Popen[str]]:
    """Both drivers, side by side."""
    asked = MANY if FULL else FEW
    return {
        what: started(
            "fault_driver",
            what,
            tmp_path_factory.mktemp(what),
            14,
            *(f"{kind}={count}" for kind, count in asked[what].items()),
        )
        for what in asked
    }


@pytest.mark.slow
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("what", FEW)
def test_after_a_fault_the_next_run_ends_as_an_undisturbed_one(what: str, running, table):
    said, problems = running[what].communicate()
    assert running[what].returncode == 0, problems
    found = json.loads(said)
    for kind, row in found.items():
        table.faults.append((f"{what}: {MEANING[kind]}", row["injected"], len(row["lost"])))
    assert {kind: row["lost"] for kind, row in found.items() if row["lost"]} == {}

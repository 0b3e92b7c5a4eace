"""No file, however damaged, gives more than one sentence: every reader of the package under mutated files."""

import json
import os
from pathlib import Path

import pytest
from support.drivers import started
from support.fuzz import READERS

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the driver's alarm is POSIX")

FEW, MANY = 150, 20_000
SECONDS = 12.0
"""For one reader, in `make test-faults`."""


@pytest.mark.slow
@pytest.mark.parametrize("reader", READERS)
def test_a_damaged_file_is_read_or_refused_in_one_sentence(reader: str, tmp_path: Path, table, much: bool):
    process = started("fuzz", reader, tmp_path, MANY if much else FEW, 14, SECONDS)
    said, problems = process.communicate()
    code = process.returncode
    died = [f"the process ended with {code}: {problems[-300:]}"] if code else []
    found = json.loads(said) if not died else {"executions": 0, "crashes": died, "hangs": []}
    table.fuzzed.append((reader, found["executions"], len(found["crashes"]), len(found["hangs"])))
    assert (found["crashes"], found["hangs"]) == ([], [])

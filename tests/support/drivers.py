"""Starts the drivers of tests/faults as programs of their own."""

import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]


def driven(module: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """A module of `support` run to its end with these arguments."""
    command = [sys.executable, "-m", f"support.{module}", *map(str, arguments)]
    paths = os.pathsep.join([str(TESTS), str(TESTS.parent)])
    environment = os.environ | {"PYTHONPATH": paths}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)

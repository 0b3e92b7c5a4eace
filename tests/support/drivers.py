"""Starts the drivers of tests/faults as programs of their own."""

import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]


def started(module: str, *arguments: object) -> subprocess.Popen[str]:
    """A module of `support` as a program with these arguments."""
    command = [sys.executable, "-m", f"support.{module}", *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)])}
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )

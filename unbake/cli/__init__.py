"""The door: verbs of `unbake`; the only place that parses, prints and exits. Heavy imports stand inside verbs."""

from unbake.cli import (
    converting,
    curating,
    doctor,
    laddering,
    measuring,
    phases,
    preparing,
    training,
    viewing,
)
from unbake.cli.entry import run
from unbake.cli.terminal import app

__all__ = [
    "app",
    "converting",
    "curating",
    "doctor",
    "laddering",
    "main",
    "measuring",
    "phases",
    "preparing",
    "training",
    "viewing",
]


def main() -> None:
    """Entry point: errors become one sentence on stderr and an exit code."""
    run(app)

"""Calls `unbake` in this process as a person types it, and the bundled examples that tests convert."""

from importlib.resources import files
from pathlib import Path

from typer.testing import CliRunner, Result

from unbake.cli import app

EXAMPLES = Path(str(files("unbake"))) / "bundled" / "examples" / "legacy"
NAMES = ["architecture/keep/keepbrick01", "clutter/toolchest01"]
"""The two sets of the conversion that tests of several verbs share."""


def call(*arguments: object) -> Result:
    """The result of `unbake ARGUMENTS ...`; an error of ours is its exception."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])

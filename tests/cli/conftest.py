"""A conversion that the tests of several verbs look at."""

from pathlib import Path

import pytest
from support.command import EXAMPLES, NAMES, call


@pytest.fixture(scope="module")
def mod(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sets, converted by the command."""
    out = tmp_path_factory.mktemp("converted") / "mod"
    wanted = [option for name in NAMES for option in ("--include", name)]
    done = call("convert", EXAMPLES, out, "--fast", "--max-size", 64, *wanted)
    assert done.exit_code == 0, done.output
    return out

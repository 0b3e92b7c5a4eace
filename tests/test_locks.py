"""Locks across processes: who comes second is told who was first."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from unbake.errors import FileError, UnbakeError
from unbake.locks import held, read_holder

HOLD = """
import sys, time
from pathlib import Path
from unbake.locks import held
with held(Path(sys.argv[1]), "converts"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def other(tmp_path: Path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "lock")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_the_second_is_told_process_host_and_start_of_the_first(tmp_path: Path, other):
    with (
        pytest.raises(
            UnbakeError, match=rf"process {other.pid} on \S+ converts there since 2\d\d\d-"
        ) as told,
        held(tmp_path / "lock", "converts"),
    ):
        pytest.fail("two hold it")
    assert told.value.exit_code == 1


def test_a_killed_holder_is_followed_at_once(tmp_path: Path, other):
    os.kill(other.pid, signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
    other.wait()
    with held(tmp_path / "lock", "converts"):
        holder = read_holder(tmp_path / "lock.json")
        assert holder is not None and holder.pid == os.getpid()


def test_a_lock_that_was_let_go_names_nobody(tmp_path: Path):
    with held(tmp_path / "lock", "converts"):
        pass
    assert read_holder(tmp_path / "lock.json") is None
    with held(tmp_path / "lock", "converts"):
        pass


def test_a_place_that_cannot_be_written_to_is_told_in_a_sentence(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FileError, match="Expected to write in"), held(tmp_path / "file" / "lock", "converts"):
        pass

"""How a program of ours ends: in one sentence, whatever the system refuses and whoever stops it."""

import os
import signal
import sys
from pathlib import Path

import pytest
from support.command import EXAMPLES, call

from unbake.cli.entry import STOPPED, run
from unbake.errors import FileError


def ended(program, capsys: pytest.CaptureFixture[str]) -> tuple[object, str]:
    """The exit code of a program and all that it said."""
    with pytest.raises(SystemExit) as end:
        run(program)
    return end.value.code, capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(28, "No space left on device"), "No space left on device"),
        (OSError(5, "Input/output error", "mod/a.dds"), "'mod/a.dds', got: Input/output error"),
        (PermissionError(13, "Permission denied", "mod"), "'mod', got: Permission denied"),
        (OSError(30, "Read-only file system", "mod"), "'mod', got: Read-only file system"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), "in UTF-8"),
    ],
)
def test_what_the_system_refuses_is_one_sentence(error, told, capsys):
    def program() -> None:
        raise error

    code, said = ended(program, capsys)
    assert (code, said.count("\n"), told in said) == (1, 1, True)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_ends_any_verb_with_a_sentence(number: str, capsys):
    def program() -> None:
        try:
            os.kill(os.getpid(), getattr(signal, number))
        except KeyboardInterrupt:
            raise SystemExit(STOPPED) from None  # as typer does

    handlers = signal.getsignal(getattr(signal, number))
    code, said = ended(program, capsys)
    assert (code, "run it again to go on" in said) == (STOPPED, True)
    assert signal.getsignal(getattr(signal, number)) is handlers


def test_an_out_that_cannot_be_written_in_is_told_before_anything_is_converted(tmp_path: Path):
    (tmp_path / ".unbake").write_bytes(b"")
    result = call("convert", EXAMPLES, tmp_path, "--include", "*chest*")
    assert isinstance(result.exception, FileError) and "check space and rights" in str(result.exception)
    assert [path.name for path in tmp_path.iterdir()] == [".unbake"]


def test_a_release_whose_out_cannot_be_written_in_is_told_before_anything_is_measured(tmp_path: Path):
    (tmp_path / "out").write_bytes(b"")
    result = call("release", tmp_path / "out", "--root", tmp_path)
    assert isinstance(result.exception, FileError) and "Expected to write in" in str(result.exception)

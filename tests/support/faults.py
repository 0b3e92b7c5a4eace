"""Faults at the calls that write: the n-th of a process under test is killed, finds a full disk, or a broken one."""

import builtins
import errno
import io
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

Kind = Literal["count", "kill", "ENOSPC", "EIO"]

FULL = os.environ.get("UNBAKE_FAULTS") == "full"
"""All of tests/faults (`make test-faults`), or the small part that the whole test suite has time for."""

CALLS = ("fsync", "link", "replace", "rename", "unlink", "mkdir")


class Faults:
    """Counts the calls that write below a folder, and fails at one of them.

    kind: "kill" ends the process there, in a write after half of it; "ENOSPC" fails at it and all writes after it, as
    a full disk does; "EIO" fails once. at: the number of the call, from 1.
    """

    def __init__(self, folder: Path, kind: Kind, at: int = 0) -> None:
        self.folder, self.kind, self.at, self.calls = str(folder), kind, at, 0

    def call(self, frees: bool = False) -> bool:
        """Count a call; True where it should fail."""
        self.calls += 1
        if self.kind == "ENOSPC" and not frees:
            return self.calls >= self.at
        return self.calls == self.at and self.kind != "count"

    def fail(self) -> None:
        """Fail as the kind says."""
        if self.kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        code = getattr(errno, self.kind)
        raise OSError(code, os.strerror(code))

    def install(self) -> None:
        """Replace what writes files in this process, for good."""
        for name in CALLS:
            setattr(os, name, self._counted(getattr(os, name), frees=name == "unlink"))
        builtins.open = io.open = self._opening(io.open)  # type: ignore[assignment]
        from unbake.train import checkpoint

        checkpoint.save_file = self._saving(checkpoint.save_file)  # type: ignore[attr-defined]

    def _counted(self, function: Callable[..., Any], frees: bool) -> Callable[..., Any]:
        def called(*given: Any, **more: Any) -> Any:
            below = not isinstance(given[0], str | Path) or str(given[0]).startswith(self.folder)
            if below and self.call(frees):
                self.fail()
            return function(*given, **more)

        return called

    def _opening(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def opened(file: Any, mode: str = "r", *given: Any, **more: Any) -> Any:
            if not set(mode) & set("wxa+") or not str(file).startswith(self.folder):
                return function(file, mode, *given, **more)
            if self.call():
                self.fail()
            return _File(function(file, mode, *given, **more), self)

        return opened

    def _saving(self, function: Callable[..., None]) -> Callable[..., None]:
        def saved(tensors: Any, path: Path, **more: Any) -> None:
            fails = self.call()
            function(tensors, path, **more)
            if fails:
                os.truncate(path, path.stat().st_size // 2)
                self.fail()

        return saved


class _File:
    """A file that is written to, with a fault in it."""

    def __init__(self, file: Any, faults: Faults) -> None:
        self._file, self._faults = file, faults

    def write(self, data: Any) -> Any:
        if self._faults.call():
            self._file.write(data[: len(data) // 2])
            self._file.flush()
            self._faults.fail()
        return self._file.write(data)

    def __enter__(self) -> "_File":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def in_child(action: Callable[[], object], kill_after_s: float | None = None) -> str:
    """Run an action in a fork of this process; how it ended: "done", "told" (an error that the command line tells in
    a sentence), "killed", or the traceback of anything else.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _report(writer, action)
    os.close(writer)
    if kill_after_s is not None:
        import time

        time.sleep(kill_after_s)
        os.kill(child, signal.SIGKILL)
    with os.fdopen(reader, "rb") as said:
        text = said.read().decode()
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        return "killed" if os.WTERMSIG(status) == signal.SIGKILL else f"died of signal {os.WTERMSIG(status)}"
    return text


def _report(writer: int, action: Callable[[], object]) -> None:
    import traceback

    from unbake.errors import UnbakeError

    try:
        action()
        text = "done"
    except (UnbakeError, OSError):  # `cli.entry` makes one sentence of these
        text = "told"
    except BaseException:
        text = traceback.format_exc()
    os.write(writer, text.encode()[-4000:])
    os._exit(0)

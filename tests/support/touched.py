"""Files that this process opens, seen by an audit hook, and the bytes it asks for; for tests that count."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

IO_COUNTERS = Path("/proc/self/io")
"""Of Linux: bytes that this process has read and written, from the system's cache as well."""


@dataclass
class Touched:
    """Paths in the order of their opening, once for each; fsyncs: forced files and folders."""

    read: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    fsyncs: int = 0

    def reads_below(self, folder: Path) -> dict[str, int]:
        """How often each file below a folder was opened to be read, by its path in it."""
        found: dict[str, int] = {}
        for path in self.read:
            if Path(path).is_relative_to(folder) and not Path(path).is_dir():
                name = Path(path).relative_to(folder).as_posix()
                found[name] = found.get(name, 0) + 1
        return found


_WATCHING: list[Touched] = []


def _hook(event: str, given: tuple[Any, ...]) -> None:
    if event != "open" or not _WATCHING:
        return
    path, _, flags = given
    if isinstance(path, str | bytes | os.PathLike):
        writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR)
        for one in _WATCHING:
            (one.written if writes else one.read).append(os.fsdecode(path))


sys.addaudithook(_hook)


@contextmanager
def touched() -> Iterator[Touched]:
    """The files that are opened within the block, by any thread; native code's are not seen."""
    one, fsync = Touched(), os.fsync

    def counted(handle: int) -> None:
        one.fsyncs += 1
        fsync(handle)

    os.fsync = counted
    _WATCHING.append(one)
    try:
        yield one
    finally:
        _WATCHING.remove(one)
        os.fsync = fsync


def bytes_asked() -> tuple[int, int]:
    """Bytes that this process has read and written so far; Linux alone."""
    counters = dict(line.split(": ") for line in IO_COUNTERS.read_text("ascii").splitlines())
    return int(counters["rchar"]), int(counters["wchar"])

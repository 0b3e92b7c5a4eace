"""The sets that a run has under way, noted in OUT, so that the next run knows which of them may have ended it.

A decoder of pictures is native code: a damaged file can end the whole process, and would end every later one too.
Whatever was under way when a process died is converted by the next run in a process of its own, see `alone`.
"""

from collections.abc import Iterable
from pathlib import Path
from threading import Lock
from typing import IO

from unbake.batch.journal import HIDDEN
from unbake.convert.sets import TextureSet
from unbake.files import safe_join, write_atomic


class InFlight:
    """The file `OUT/.unbake/in-flight*.txt`, one for each shard: a line "+ name" as a set begins, "- name" as it ends.

    suspects: the sets that a run which died had under way, or that ended a process of their own since then. sound:
    those of them that have been read since, in a process of their own.
    """

    def __init__(self, out: Path, shard: tuple[int, int] | None = None) -> None:
        part = "" if shard is None else f".{shard[0]}-of-{shard[1]}"
        self._path = safe_join(out, f"{HIDDEN}/in-flight{part}.txt")
        self._lock = Lock()
        self._file: IO[bytes] | None = None
        self._under_way: set[str] = set()
        self.sound: set[str] = set()
        self.suspects = _left(self._path)

    def __enter__(self) -> "InFlight":
        """Begin a run, beside which no other has this part of OUT; its file is made when the first set needs work."""
        self.suspects = _left(self._path)
        return self

    def __exit__(self, *_: object) -> None:
        """End a run that did not die; of the suspects the file keeps those that have not been converted."""
        with self._lock:
            file, self._file = self._file, None
        if file is not None:
            file.close()
        if left := _left(self._path) & self.suspects:
            if file is not None:
                write_atomic(self._path, _lines("+", left), durable=False)
        else:
            self._path.unlink(missing_ok=True)

    def begin(self, name: str) -> None:
        """Note that a set is under way, from any thread."""
        with self._lock:
            self._under_way.add(name)
            self._write("+", name)

    def end(self, name: str) -> None:
        """Note that it is not any more: it was converted, or failed with an error; nothing where it never was."""
        with self._lock:
            if name in self._under_way | self.suspects:
                self._under_way.discard(name)
                self._write("-", name)

    def forget(self, converted: Iterable[TextureSet], known: Iterable[TextureSet]) -> None:
        """End the suspects that were only looked at, for the mod's level, and those whose names were cut short."""
        strangers = self.suspects.difference(files.name for files in known)
        for name in sorted((self.sound | strangers).difference(files.name for files in converted)):
            self.end(name)

    def _write(self, sign: str, name: str) -> None:
        if self._file is None:
            write_atomic(self._path, _lines("+", self.suspects), durable=False)
            self._file = self._path.open("ab", buffering=0)
        self._file.write(_lines(sign, [name]))


def _left(path: Path) -> set[str]:
    """The names that have begun and not ended; a last line that was cut short by the end of the process counts."""
    try:
        lines = path.read_bytes().decode("utf-8", "replace").split("\n")
    except OSError:
        return set()
    left: set[str] = set()
    for line in lines:
        sign, _, name = line.partition(" ")
        if sign == "+":
            left.add(name)
        elif sign == "-":
            left.discard(name)
    return left


def _lines(sign: str, names: Iterable[str]) -> bytes:
    return "".join(f"{sign} {name}\n" for name in sorted(names)).encode("utf-8", "replace")

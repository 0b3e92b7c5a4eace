"""The process in which archives are read, since a damaged one can end the library's process; asked by `archives`.

A request is a line of JSON on stdin: [path, time, size, name of a file or null for all names, how many of its first
bytes or null for all]. An answer on stdout is a letter (n: names as JSON; d: the file's bytes; e: why not), eight
bytes of length, and as many bytes.
"""

import json
import os
import struct
import sys
from collections import OrderedDict
from pathlib import Path
from typing import BinaryIO, Final

from unbake.convert.bsa import Bsa
from unbake.convert.seven import SevenZip
from unbake.convert.zipped import Zip

ANSWER: Final = struct.Struct(">cQ")

ROOM: Final = 3 << 30
"""Bytes of memory that one request may take: a file of the largest kind, once in the library and once here."""

_OPEN: Final = 64
"""Archives that stay open between requests, since a large index takes long to read."""


class Contents:
    """An open archive: the index in memory, each file read from the disk when it is asked for."""

    def __init__(self, path: Path) -> None:
        import bethkit

        self._archive = bethkit.Archive.open(path)
        self._keys = {_readable(entry.path): _redecoded(entry.path) for entry in self._archive.entries()}

    @property
    def names(self) -> list[str]:
        """All files, forward slashes, sorted."""
        return sorted(self._keys)

    def read(self, name: str, first: int | None = None) -> bytes:
        """The bytes of one file, or the first of them; OSError where it is not there."""
        data: bytes | None = self._archive.extract(self._keys[name]) if name in self._keys else None
        if data is None:
            raise OSError("it is no longer there")
        return data[:first]


Archive = Contents | Bsa | Zip | SevenZip
"""Has `names`, and gives bytes by `read(name, first)`."""


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until there are no more."""
    opened: OrderedDict[str, Archive] = OrderedDict()
    for line in requests:
        path, modified, size, name, first = json.loads(line)
        try:
            kind, data = _answer(opened, path, f"{path}\0{modified}\0{size}", size, name, first)
        except Exception as error:  # the library's errors, and MemoryError at the limit
            kind, data = b"e", " ".join(str(getattr(error, "strerror", None) or error).split()).encode()
        answers.write(ANSWER.pack(kind, len(data)))
        answers.write(data)
        answers.flush()


def main() -> None:
    """Serve over stdin and stdout, deaf to the Ctrl-C that is meant for the program that asks."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with os.fdopen(0, "rb") as requests, os.fdopen(1, "wb") as answers:
        serve(requests, answers)


def _answer(
    opened: "OrderedDict[str, Archive]", path: str, key: str, size: int, name: str | None, first: int | None
) -> tuple[bytes, bytes]:
    _limit_memory(ROOM + (0 if key in opened else size))  # the library maps an archive into its memory
    if key not in opened:
        opened[key] = _open(Path(path))
        while len(opened) > _OPEN:
            opened.popitem(last=False)
    opened.move_to_end(key)
    if name is None:
        return b"n", json.dumps(opened[key].names).encode()
    return b"d", opened[key].read(name, first)


def _open(path: Path) -> Archive:
    if path.suffix.lower() == ".zip":
        return Zip(path)
    if path.suffix.lower() == ".7z":
        return SevenZip(path)
    try:
        return Contents(path)
    except Exception as error:
        if "UTF-8" not in str(error):
            raise
        return Bsa(path)  # names of the western Windows, which the game reads


def _limit_memory(room: int) -> None:
    """Let this process take `room` more bytes at most, on Linux; elsewhere the library's own checks must do."""
    if sys.platform != "linux":
        return
    import resource

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = pages * os.sysconf("SC_PAGE_SIZE") + room
    resource.setrlimit(resource.RLIMIT_AS, (wanted if hard < 0 else min(wanted, hard), hard))


def _redecoded(name: str) -> str:
    """A stored name by which bethkit finds it: it returns each byte of the UTF-8 as a character of its own."""
    try:
        return name.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return name


def _readable(name: str) -> str:
    """A stored name as a person wrote it; bethkit's own writer encodes names twice."""
    while (again := _redecoded(name)) != name:
        name = again
    return name.replace("\\", "/")

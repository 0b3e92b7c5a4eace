"""Reads BSA archives with bethkit: names at once, each file's bytes when asked for; used by `sources`.

bethkit has wheels for Windows and Linux on x64 alone, so it is imported when the first archive is opened.
"""

import atexit
from functools import lru_cache
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import Final

from unbake.errors import FileError, UsageError
from unbake.image.files import MAX_FILE

SUFFIX: Final = ".bsa"


def is_archive(path: Path) -> bool:
    """Whether a path names an archive, by its extension."""
    return path.suffix.lower() == SUFFIX


def entry_names(path: Path) -> list[str]:
    """The names of all files in an archive, forward slashes, sorted; UsageError where that or bethkit fails."""
    try:
        return _opened(path).names
    except OSError as error:
        raise UsageError(
            f"Expected an archive of Skyrim, got '{path}', which cannot be opened ({_reason(error)}); unpack it with "
            "another tool and convert the folder."
        ) from error


def read_entry(path: Path, name: str) -> bytes:
    """The bytes of one file in an archive, and of no other; FileError where they cannot be read."""
    try:
        return _opened(path).read(name)
    except OSError as error:
        raise FileError(
            f"Expected a readable file {path}/{name}, got none ({_reason(error)}); unpack the archive again."
        ) from error


class _Contents:
    """An open archive: the index in memory, each file read from the disk when it is asked for."""

    def __init__(self, path: Path) -> None:
        self._bethkit = _bethkit(path)
        self._lock = Lock()
        try:
            self._archive = self._bethkit.Archive.open(path)
            stored = [entry.path for entry in self._archive.entries()]
        except self._bethkit.BethkitError as error:
            raise OSError(_reason(error)) from error
        self._keys = {_readable(name): _redecoded(name) for name in stored}

    @property
    def names(self) -> list[str]:
        return sorted(self._keys)

    def read(self, name: str) -> bytes:
        try:
            with self._lock:
                data = self._archive.extract(self._keys[name]) if name in self._keys else None
        except self._bethkit.BethkitError as error:
            raise OSError(_reason(error)) from error
        if data is None:
            raise OSError("it is no longer there")
        if len(data) > MAX_FILE:
            raise OSError("it is larger than any picture")
        return data


def _bethkit(path: Path) -> ModuleType:
    """The package that reads archives; UsageError where it is not installed."""
    try:
        import bethkit
    except ImportError as error:
        raise UsageError(
            f"Expected the package bethkit to read '{path}', got none; install it by pip install 'unbake[bsa]' "
            "(Windows or Linux on x64), or unpack the archive with another tool and convert the folder without it."
        ) from error
    atexit.unregister(_cached.cache_clear)  # once is enough, however many archives
    atexit.register(_cached.cache_clear)  # bethkit cannot free an archive after its own modules are gone
    return bethkit


def _opened(path: Path) -> _Contents:
    stat = path.stat()
    return _cached(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=64)
def _cached(path: Path, _modified: int, _size: int) -> _Contents:
    """Archives stay open between reads, since a large index takes long to read; a changed file is opened anew."""
    return _Contents(path)


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


def _reason(error: Exception) -> str:
    return " ".join(str(getattr(error, "strerror", None) or error).split())

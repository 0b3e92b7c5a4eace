"""Reads archives of the game (.bsa) and downloads (.zip, .7z): names at once, a file's bytes when asked; for `sources`.

They are read in a process of its own (`archive_worker`), which is started when the first archive is opened, so that a
damaged archive that ends or blocks it costs that archive alone. bethkit reads .bsa; it has wheels for Windows and Linux
on x64. py7zr reads .7z.
"""

import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from threading import Lock, Timer
from typing import Final

from unbake.convert.archive_worker import ANSWER
from unbake.convert.seven import UNPACKED
from unbake.errors import FileError, UsageError
from unbake.image.files import MAX_FILE

SUFFIXES: Final = (".bsa", ".zip", ".7z")
"""Archives that are read."""

_REFUSED: Final = {
    ".rar": "a RAR archive, which is not read here; unpack it with 7-Zip and give the folder",
    ".ba2": "an archive of Fallout 4 or Starfield, not of Skyrim; unpack it with another tool and give the folder",
}

PATIENCE_S = 120.0
"""Seconds that an archive may take for its names or for one file."""

_SEVEN_ZIP_BYTES_PER_S: Final = 1e6
"""Of a .7z, packed: a tenth of what one slow core unpacks."""

_START: Final = "from unbake.convert.archive_worker import main; main()"


def is_archive(path: Path) -> bool:
    """Whether a path names an archive that is read, by its extension."""
    return path.suffix.lower() in SUFFIXES


def is_bsa(path: Path) -> bool:
    """Whether a path names an archive that the game itself reads, by its extension."""
    return path.suffix.lower() == ".bsa"


def archives_in(folder: Path) -> list[Path]:
    """The archives directly in a folder, read or not, by name; [] where it is none."""
    kinds = {*SUFFIXES, *_REFUSED}
    return (
        sorted(path for path in folder.iterdir() if path.suffix.lower() in kinds) if folder.is_dir() else []
    )


def why_unreadable(path: Path) -> str | None:
    """A sentence about an archive of a kind that is not read, None for every other file."""
    what = _REFUSED.get(path.suffix.lower())
    return (
        None if what is None else f"Expected a folder or an archive that is read here, got '{path}', {what}."
    )


def entry_names(path: Path) -> list[str]:
    """The names of all files in an archive, forward slashes, sorted.

    FileError where it cannot be read, UsageError where bethkit is not installed.
    """
    try:
        names: list[str] = json.loads(_WORKER.ask(path, None, None))
    except OSError as error:
        raise FileError(
            f"Expected an archive of {'Skyrim' if is_bsa(path) else 'textures'}, got '{path}', which cannot be opened "
            f"({_reason(error)}); unpack it with another tool and convert the folder."
        ) from error
    return names


def read_entry(path: Path, name: str, first: int | None = None) -> bytes:
    """The bytes of one file in an archive (the `first` of them), and of no other; FileError where there are none."""
    try:
        return _WORKER.ask(path, name, first)
    except OSError as error:
        raise FileError(
            f"Expected a readable file {path}/{name}, got none ({_reason(error)}); unpack the archive again."
        ) from error


class _Worker:
    """The process that reads archives, started when it is needed and again after an archive has ended it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._fatal: dict[tuple[str, int, int], str] = {}
        """Archives that ended the process, and how; they are not tried again."""

    def ask(self, path: Path, name: str | None, first: int | None) -> bytes:
        """The names in an archive as JSON, or bytes of one file; OSError with the reason where there are none."""
        _check_package(path)
        stat = path.stat()
        key = os.path.abspath(path), stat.st_mtime_ns, stat.st_size  # noqa: PTH100  (links stay as named)
        with self._lock:
            if key in self._fatal:
                raise OSError(self._fatal[key])
            process = self._started()
            late = Timer(_patience(path, stat.st_size), process.kill)
            late.start()
            try:
                return _answer(process, [*key, name, first])
            except (EOFError, BrokenPipeError) as error:
                blocked = not late.is_alive()
                self._fatal[key] = _how_it_ended(blocked, self._stop())
                raise OSError(self._fatal[key]) from error
            finally:
                late.cancel()

    def close(self) -> None:
        """End the process, if it runs."""
        with self._lock:
            self._stop()

    def _started(self) -> "subprocess.Popen[bytes]":
        if self._process is None or self._process.poll() is not None:
            self._stop()
            self._process = subprocess.Popen(
                [sys.executable, "-c", _START],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        return self._process

    def _stop(self) -> int:
        """The exit code of the process, which has ended or is ended now."""
        process, self._process = self._process, None
        if process is None:
            return 0
        assert process.stdin and process.stdout
        process.stdout.close()
        with suppress(OSError):  # what was still to be sent has no reader
            process.stdin.close()
        try:
            return process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()


_WORKER: Final = _Worker()
atexit.register(_WORKER.close)


def _answer(process: "subprocess.Popen[bytes]", request: list[object]) -> bytes:
    """The answer to a request; OSError with the reason where it is none, EOFError where the process has ended."""
    assert process.stdin and process.stdout
    process.stdin.write(json.dumps(request).encode() + b"\n")
    process.stdin.flush()
    head = process.stdout.read(ANSWER.size)
    if len(head) < ANSWER.size:
        raise EOFError
    kind, length = ANSWER.unpack(head)
    if length > MAX_FILE:
        raise EOFError
    data = process.stdout.read(length)
    if len(data) < length:
        raise EOFError
    if kind == b"e":
        raise OSError(data.decode("utf-8", "replace"))
    return data


def _how_it_ended(blocked: bool, code: int) -> str:
    if blocked:
        return f"it is damaged: reading it took more than {PATIENCE_S:g} seconds"
    how = f"signal {-code}" if code < 0 else f"exit code {code}"
    return f"it is damaged: it ended the program that read it ({how})"


def _patience(path: Path, size: int) -> float:
    """Seconds that an archive of so many bytes may take; a .7z is unpacked as a whole at the first file."""
    return PATIENCE_S + (size / _SEVEN_ZIP_BYTES_PER_S if path.suffix.lower() == ".7z" else 0)


def _make_room() -> None:
    """Make the folder into which this process and those that it starts unpack, once; it is removed at the end."""
    if UNPACKED not in os.environ:
        folder = os.environ[UNPACKED] = tempfile.mkdtemp(prefix="unbake-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)


def _check_package(path: Path) -> None:
    """UsageError where the package that reads an archive of this kind is not installed."""
    if path.suffix.lower() == ".7z":
        if find_spec("py7zr") is None:
            raise UsageError(
                f"Expected the package py7zr to read '{path}', got none; install it by pip install 'unbake[7z]', or "
                "unpack the archive and give the folder."
            )
        _make_room()
    elif is_bsa(path) and find_spec("bethkit") is None:
        raise UsageError(
            f"Expected the package bethkit to read '{path}', got none; install it by pip install 'unbake[bsa]' "
            "(Windows or Linux on x64), or unpack the archive with another tool and convert the folder without it."
        )


def _reason(error: Exception) -> str:
    return " ".join(str(getattr(error, "strerror", None) or error).split())

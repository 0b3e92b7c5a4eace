"""Reads mods as they were downloaded in a .zip: names, and each file's bytes when asked for; for `archive_worker`.

Nothing is unpacked to the disk, and of a file no more is unpacked than it says it holds, so that an archive costs the
memory of one file at most. Only stored and deflated files are read, as Windows, 7-Zip and mod sites write them.
"""

import zipfile
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Final

MOST_BYTES: Final = 4 << 30
"""`image.files.MAX_FILE`, without the libraries that the reader's process does not need."""

BOMB_SIZE: Final = 512 << 20
BOMB_RATIO: Final = 100
"""A file that unpacks to more bytes than the size, and to more than so many times its own, is no picture."""

MOST_FILES: Final = 500_000

_ENCRYPTED: Final = 1
_UTF8: Final = 0x800


class Zip:
    """An open archive; OSError where it is damaged, encrypted, or made to fill the memory."""

    def __init__(self, path: Path) -> None:
        try:
            self._archive = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, NotImplementedError, ValueError, UnicodeError) as error:
            raise OSError(f"it is no zip archive, or damaged: {error}") from error
        entries = [entry for entry in self._archive.infolist() if not entry.is_dir()]
        _check(entries, path.stat().st_size)
        self._entries: dict[str, zipfile.ZipInfo] = {}
        for entry in entries:
            name = _name(entry)
            if name in self._entries:
                raise OSError(f"it holds two files called '{name}'")
            self._entries[name] = entry

    @property
    def names(self) -> list[str]:
        """All files, forward slashes, sorted; as they are stored, so that they may be unsafe."""
        return sorted(self._entries)

    def read(self, name: str, first: int | None = None) -> bytes:
        """The bytes of one file, or the first of them; OSError where it is not there, damaged, or too large."""
        entry = self._entries.get(name)
        if entry is None:
            raise OSError("it is no longer there")
        size = entry.file_size
        if size > MOST_BYTES:
            raise OSError(f"it says that it unpacks to {size} bytes, more than any picture")
        if size > BOMB_SIZE and size > BOMB_RATIO * entry.compress_size:
            raise OSError(
                f"it says that it unpacks to {size} bytes from {entry.compress_size}, as no picture does"
            )
        try:
            with self._archive.open(entry) as file:
                data = file.read(size if first is None else min(first, size))
        except (zipfile.BadZipFile, EOFError, NotImplementedError, ValueError, RuntimeError) as error:
            raise OSError(f"it is damaged: {error}") from error
        except zlib.error as error:
            raise OSError(f"its compressed bytes are damaged: {error}") from error
        if first is None and len(data) != size:
            raise OSError(f"it unpacks to {len(data)} bytes instead of {size}")
        return data


def _check(entries: list[zipfile.ZipInfo], size: int) -> None:
    """OSError where an archive as a whole is none to read; size: of its file, bytes."""
    if len(entries) > MOST_FILES:
        raise OSError(f"it holds {len(entries)} files, more than {MOST_FILES}")
    if any(entry.flag_bits & _ENCRYPTED for entry in entries):
        raise OSError("it is encrypted with a password")
    if sum(entry.compress_size for entry in entries) > size:
        raise OSError("its files lie over each other, as in an archive made to fill the disk")
    for entry in entries:
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise OSError(
                f"'{_name(entry)}' in it is compressed by method {entry.compress_type}, which is not read here"
            )


def _name(entry: zipfile.ZipInfo) -> str:
    """A stored name as a person wrote it: some tools leave the mark of UTF-8 out, or write backslashes."""
    name = entry.orig_filename.partition("\0")[0]
    if not entry.flag_bits & _UTF8:
        with suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name.replace("\\", "/")

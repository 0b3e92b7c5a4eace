"""Reads mods as they were downloaded in a .7z, by the optional py7zr; for `archive_worker`.

Files of a .7z are packed as one stream, so reading one alone would unpack those before it again each time. So all its
textures are unpacked once, under numbers, into a folder of this run in the system's folder for temporary files, which
is removed at the end. Every process of a run finds what another has unpacked.
"""

import io
import os
import shutil
from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any, Final

from filelock import FileLock

from unbake.convert.zipped import BOMB_RATIO, BOMB_SIZE, MOST_BYTES, MOST_FILES
from unbake.domain.texture_paths import is_texture
from unbake.files import why_unsafe

UNPACKED: Final = "UNBAKE_UNPACKED"
"""Variable of the environment that names the folder of this run."""

_DONE: Final = "done"


class SevenZip:
    """An open archive; OSError where it is damaged, encrypted, or made to fill the disk."""

    def __init__(self, path: Path) -> None:
        import py7zr

        self._path = path
        try:
            with py7zr.SevenZipFile(path) as archive:
                locked = archive.needs_password()
                listed = [
                    (one.filename.replace("\\", "/"), one.uncompressed)
                    for one in archive.list()
                    if one.is_file
                ]
        except py7zr.PasswordRequired:
            locked, listed = True, []
        except (py7zr.exceptions.ArchiveError, EOFError, ValueError, LookupError) as error:
            raise OSError(f"it is no 7-Zip archive, or damaged: {error}") from error
        if locked:
            raise OSError("it is encrypted with a password")
        if len(listed) > MOST_FILES:
            raise OSError(f"it holds {len(listed)} files, more than {MOST_FILES}")
        self._sizes = dict(listed)
        if len(self._sizes) < len(listed):
            raise OSError("it holds two files of one name")
        stat = path.stat()
        key = f"{path.absolute()}\0{stat.st_mtime_ns}\0{stat.st_size}"
        self._key, self._length = (
            blake2b(key.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest(),
            stat.st_size,
        )

    @property
    def names(self) -> list[str]:
        """All files, forward slashes, sorted; as they are stored, so that they may be unsafe."""
        return sorted(self._sizes)

    def read(self, name: str, first: int | None = None) -> bytes:
        """The bytes of one texture, or the first of them; OSError where it is not there, damaged, or too large."""
        wanted = [one for one in self.names if is_texture(one) and why_unsafe(one) is None]
        if name not in wanted:
            raise OSError("it is no longer there")
        if self._sizes[name] > MOST_BYTES:
            raise OSError(f"it says that it unpacks to {self._sizes[name]} bytes, more than any picture")
        small = [one for one in wanted if self._sizes[one] <= MOST_BYTES]
        with (self._unpacked(small) / str(small.index(name))).open("rb") as file:
            return file.read(-1 if first is None else first)

    def _unpacked(self, names: list[str]) -> Path:
        """The folder of these files, called by their numbers, unpacked where no process of this run has done so."""
        root = Path(os.environ[UNPACKED])
        folder = root / self._key
        with FileLock(root / f"{self._key}.lock"):
            if not (folder / _DONE).exists():
                shutil.rmtree(folder, ignore_errors=True)
                self._check_room(root, sum(self._sizes[name] for name in names))
                folder.mkdir()
                _unpack(self._path, folder, names, self._sizes)
                (folder / _DONE).touch()
        return folder

    def _check_room(self, root: Path, total: int) -> None:
        """OSError where so many bytes are more than textures unpack to, or than the disk has."""
        if total > BOMB_SIZE and total > BOMB_RATIO * self._length:
            raise OSError(f"it says that it unpacks to {total} bytes from {self._length}, as no mod does")
        free = shutil.disk_usage(root).free
        if total > free:
            raise OSError(f"its textures unpack to {total} bytes, and the disk of '{root}' has {free} left")


def _unpack(path: Path, folder: Path, names: Iterable[str], sizes: dict[str, int]) -> None:
    """Unpack files under their numbers; no name of the archive becomes one on the disk."""
    import py7zr
    from py7zr.io import Py7zIO, WriterFactory

    numbers = {name: number for number, name in enumerate(names)}

    class Numbered(Py7zIO):
        """A file that is written once, no longer than the archive said."""

        def __init__(self, name: str) -> None:
            self._left, self._size = sizes[name], 0
            self._file: IO[bytes] = (folder / str(numbers[name])).open("wb")

        def write(self, data: bytes | bytearray) -> int:
            self._left -= len(data)
            self._size += len(data)
            if self._left < 0:
                raise OSError("a file in it unpacks to more than it says")
            return self._file.write(data)

        def read(self, size: int | None = None) -> bytes:
            raise io.UnsupportedOperation

        def seek(self, offset: int, whence: int = 0) -> int:
            return 0

        def flush(self) -> None:
            if not self._file.closed:
                self._file.flush()

        def size(self) -> int:
            return self._size

        def close(self) -> None:
            self._file.close()

    class Numbers(WriterFactory):
        def create(self, filename: str) -> Any:
            return Numbered(Path(filename).relative_to(folder).as_posix())

    try:
        with py7zr.SevenZipFile(path) as archive:
            stored = {one.filename.replace("\\", "/"): one.filename for one in archive.list()}
            archive.extract(folder, [stored[name] for name in numbers], factory=Numbers())
    except (py7zr.exceptions.ArchiveError, EOFError, ValueError, LookupError) as error:
        raise OSError(f"it is damaged: {error}") from error

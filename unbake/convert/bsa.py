"""Reads the archives that bethkit refuses since a name in them is not UTF-8 but of Windows; for `archive_worker`.

The format is that of Oblivion, Fallout 3, Skyrim and Skyrim SE (versions 103 to 105): a header, folders, their files,
the names, the files' bytes, each plain, zlib (103, 104) or an LZ4 frame (105). Slower than bethkit on LZ4, which is
Python here.
"""

import mmap
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_HEADER: Final = struct.Struct("<4s8I")
_FILE: Final = struct.Struct("<Q2I")
_NAMED_FOLDERS, _NAMED_FILES, _COMPRESSED, _NAMES_AGAIN = 1, 2, 4, 0x100
_TOGGLED: Final = 1 << 30
"""Of a file's size: it is compressed where the others are not, or the other way round."""

_LZ4_MAGIC: Final = 0x184D2204


@dataclass(frozen=True, slots=True)
class _Stored:
    """A file's bytes in the archive."""

    offset: int
    size: int
    compressed: bool


class Bsa:
    """An open archive; OSError where it is damaged."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        try:
            self._files = self._index()
        except (struct.error, IndexError) as error:
            raise OSError("its index is cut short") from error

    @property
    def names(self) -> list[str]:
        """All files, forward slashes, sorted."""
        return sorted(self._files)

    def read(self, name: str, first: int | None = None) -> bytes:
        """The bytes of one file, or the first of them; OSError where it is not there, or damaged."""
        stored = self._files.get(name)
        if stored is None:
            raise OSError("it is no longer there")
        body = self._data[stored.offset : stored.offset + stored.size]
        try:
            if self._names_again:
                body = body[1 + body[0] :]
            if not stored.compressed:
                return body[:first]
            (size,) = struct.unpack_from("<I", body)
            data = _unpacked(body[4:], size, self._version)
        except (struct.error, IndexError, zlib.error) as error:
            raise OSError(f"its compressed bytes are damaged ({error})") from error
        if len(data) != size:
            raise OSError(f"its compressed bytes give {len(data)} instead of {size}")
        return data[:first]

    def _index(self) -> dict[str, _Stored]:
        magic, version, start, flags, folders, files, _, _, _ = _HEADER.unpack_from(self._data)
        if magic != b"BSA\0" or version not in (103, 104, 105) or not flags & _NAMED_FOLDERS:
            raise OSError("it is no archive of Skyrim with names")
        if not flags & _NAMED_FILES:
            raise OSError("it has no names of files")
        step = 24 if version == 105 else 16
        at = start + step * folders
        if at + 16 * files > len(self._data):
            raise OSError("its index is cut short")
        self._version, self._names_again = version, bool(flags & _NAMES_AGAIN) and version > 103
        found: list[tuple[bytes, _Stored]] = []
        for folder in range(folders):
            (count,) = struct.unpack_from("<I", self._data, start + step * folder + 8)
            length = self._data[at]
            name, at = self._data[at + 1 : at + length], at + 1 + length
            for _ in range(count):
                _, size, offset = _FILE.unpack_from(self._data, at)
                packed = bool(flags & _COMPRESSED) != bool(size & _TOGGLED)
                found.append((name, _Stored(offset, size & (_TOGGLED - 1), packed)))
                at += _FILE.size
        index = {}
        for folder_name, stored in found:
            end = self._data.find(b"\0", at)
            if end < 0:
                raise OSError("its names are cut short")
            path = f"{_text(folder_name)}/{_text(self._data[at:end])}".replace("\\", "/")
            index[path], at = stored, end + 1
        return index


def _unpacked(body: bytes, size: int, version: int) -> bytes:
    """The bytes of a compressed file; size: how many they should be."""
    if version < 105:
        unpacker = zlib.decompressobj()
        return unpacker.decompress(body, size + 1)
    return _lz4_frame(body, size)


def _lz4_frame(body: bytes, size: int) -> bytes:
    magic, flags = struct.unpack_from("<IB", body)
    if magic != _LZ4_MAGIC:
        raise OSError("its compressed bytes are no LZ4 frame")
    at = 7 + (8 if flags & 8 else 0) + (4 if flags & 1 else 0)
    out = bytearray()
    while True:
        (length,) = struct.unpack_from("<I", body, at)
        at += 4
        if length == 0:
            return bytes(out)
        block = body[at : at + (length & (1 << 31) - 1)]
        at += (length & (1 << 31) - 1) + (4 if flags & 16 else 0)
        if length >> 31:
            out += block
        else:
            _lz4_block(block, out, size)
        if len(out) > size:
            raise OSError(f"its compressed bytes give more than {size}")


def _lz4_block(block: bytes, out: bytearray, most: int) -> None:
    """Append the bytes of one block to those of the blocks before it."""
    at = 0
    while at < len(block):
        token = block[at]
        count, at = _count(block, at + 1, token >> 4)
        out += block[at : at + count]
        at += count
        if at >= len(block):
            return
        back = block[at] | block[at + 1] << 8
        count, at = _count(block, at + 2, token & 15)
        count += 4
        if not 0 < back <= len(out) or len(out) + count > most:
            raise OSError("its compressed bytes are damaged")
        piece = out[len(out) - back : len(out) - back + count if back >= count else None]
        out += piece if back >= count else (piece * (count // back + 1))[:count]


def _count(block: bytes, at: int, count: int) -> tuple[int, int]:
    """A count that goes on while its bytes are 255, and the place behind it."""
    if count == 15:
        while block[at] == 255:
            count, at = count + 255, at + 1
        count, at = count + block[at], at + 1
    return count, at


def _text(name: bytes) -> str:
    """A name as its writer saw it: UTF-8, else of the western Windows, as the game takes it."""
    for encoding in ("utf-8", "cp1252"):
        try:
            return name.decode(encoding)
        except UnicodeDecodeError:
            continue
    return name.decode("latin-1")

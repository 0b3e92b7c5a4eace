"""Checksums of cached entries: taken when an entry is built, compared before a run reads it; used by `cache`.

A check reads an entry whole, about 2 GB a second and thread from a fast disk. So its result is kept in `checked.json`
for KEPT_S, for as long as the sizes and times of the files stay; a file that was cut short or written to is seen at
every start, and one that rots where it lies within that time.
"""

import time
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import msgspec

from unbake.data.cache_format import Entry
from unbake.decoding import decode_json
from unbake.files import write_atomic

RECORD: Final = "checked.json"
KEPT_S: Final = 7 * 24 * 3600.0
THREADS: Final = 4

_CHUNK: Final = 1 << 22


class _Checked(msgspec.Struct, frozen=True):
    """When an entry was found sound (seconds since 1970), and the sizes and times of its files then."""

    when: float
    files: list[tuple[int, int]]


def checksums(place: Path) -> tuple[tuple[str, int, int], ...]:
    """Name, bytes and CRC-32 of each array of an entry."""
    return tuple((path.name, path.stat().st_size, _crc(path)) for path in sorted(place.glob("*.npy")))


def damaged(folder: Path, entries: Sequence[Entry]) -> set[str]:
    """The folders of those entries of a cache whose arrays are not as they were built.

    Entries of before there were checksums are taken as they are.
    """
    record, now = _record(folder), time.time()
    stamps = {entry.folder: _stamps(folder, entry) for entry in entries if entry.files}
    kept = {
        name: record[name]
        for name, files in stamps.items()
        if name in record and record[name].files == files and 0 <= now - record[name].when < KEPT_S
    }
    waiting = [entry for entry in entries if entry.files and entry.folder not in kept]
    with ThreadPoolExecutor(THREADS) as pool:
        sound = dict(
            zip(
                (entry.folder for entry in waiting),
                pool.map(lambda e: _is_sound(folder, e), waiting),
                strict=True,
            )
        )
    new = {name: _Checked(now, stamps[name] or []) for name, whole in sound.items() if whole}
    if new:
        write_atomic(folder / RECORD, msgspec.json.encode(record | kept | new), durable=False)
    return {name for name, whole in sound.items() if not whole}


def _is_sound(folder: Path, entry: Entry) -> bool:
    place = folder / entry.folder
    try:
        return all(
            (place / name).stat().st_size == size and _crc(place / name) == crc
            for name, size, crc in entry.files
        )
    except OSError:
        return False


def _stamps(folder: Path, entry: Entry) -> list[tuple[int, int]] | None:
    try:
        found = [(folder / entry.folder / name).stat() for name, _, _ in entry.files]
    except OSError:
        return None
    return [(stat.st_size, stat.st_mtime_ns) for stat in found]


def _record(folder: Path) -> dict[str, _Checked]:
    try:
        return decode_json((folder / RECORD).read_bytes(), dict[str, _Checked])
    except (OSError, msgspec.DecodeError):
        return {}


def _crc(path: Path) -> int:
    crc = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            crc = zlib.crc32(chunk, crc)
    return crc

"""A bounded reader of Skyrim's plugin files: records that name textures and keywords; asked by `plugins`.

Pure Python and no library: the format is small, nothing outside the file is believed, and a damaged file costs one
sentence where a native reader may end the process. Nested groups (cells, dialogue) are passed over, so depth costs
nothing, and localised strings are never read.
"""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from unbake.errors import FileError

KINDS: Final = frozenset(b"TXST LTEX KYWD WEAP ARMO ARMA AMMO MISC STAT KEYM INGR BOOK FURN LIGH".split())
"""The records that are read; all lie in top-level groups of their own."""

LONGEST_GROUP: Final = 64 << 20
"""Bytes of the largest group of such records; the game's own have under 10 MiB."""

LONGEST_RECORD: Final = 4 << 20
"""Bytes of the largest record, after decompression."""

MOST_BYTES: Final = 64 << 20
"""Bytes of all such records of one plugin, after decompression; a damaged one counts as the largest."""

MOST_RECORDS: Final = 200_000
"""Records of one plugin; the game's own file has 30 000 of these kinds."""

MOST_KEYWORDS: Final = 256
"""Keywords of one record that count; the game's own have under 20."""

_HEADER: Final = struct.Struct("<4sIII4xHxx")
_GROUP: Final = struct.Struct("<4sI4sI8x")
_FIELD: Final = struct.Struct("<4sH")
_UINT: Final = struct.Struct("<I")

_MASTER, _LOCALISED, _LIGHT = 0x1, 0x80, 0x200
_DELETED, _IGNORED, _COMPRESSED = 0x20, 0x1000, 0x40000
_NEWEST_FORM: Final = 60
"""Form versions of Skyrim end at 44; Fallout 4 begins at 100."""

_TEXTURES: Final = {f"TX0{slot}".encode(): slot for slot in range(8)}
_HASHES: Final = frozenset(b"MODT MO2T MO3T MO4T MO5T".split())
_ALTERNATES: Final = frozenset(b"MODS MO2S MO3S MO4S MO5S".split())
_LINKS: Final = {b"LTEX": b"TNAM", b"ARMO": b"MODL", b"WEAP": b"WNAM"}
"""Where a record names another that has its texture set or models."""


class FormId(NamedTuple):
    """A record's identity in any load order: the plugin that defines it (lower case), and its number there."""

    plugin: str
    number: int


class Record(NamedTuple):
    """What a record says of textures.

    owners: the plugin's masters and itself, lower case, in the order that its form IDs count them.
    textures: TX00 (diffuse) to TX07 as they are written, "" where absent before the last.
    links: form IDs of the texture set of a ground (LTEX), the models of an armour (ARMO) or the first-person model
    of a weapon (WEAP); alternates: of texture sets put over a model; keywords: of KYWD; all raw, four bytes each.
    hashes: eight bytes for each texture of the model, file then folder.
    """

    kind: str
    form: FormId
    owners: tuple[str, ...]
    deleted: bool
    editor_id: str = ""
    textures: tuple[str, ...] = ()
    links: bytes = b""
    alternates: bytes = b""
    keywords: bytes = b""
    hashes: bytes = b""

    def forms(self, raw: bytes) -> tuple[FormId, ...]:
        """The form IDs in raw bytes of this record, without null ones."""
        return tuple(_form(number, self.owners) for (number,) in _UINT.iter_unpack(raw) if number)


class Plugin(NamedTuple):
    """A plugin's header and, unless only that was asked for, its records.

    name: the file's, as written. masters: file names, as written. damaged: how many records could not be read.
    """

    name: str
    masters: tuple[str, ...]
    is_master: bool
    is_light: bool
    is_localised: bool
    records: tuple[Record, ...] = ()
    damaged: int = 0


class _DamagedError(Exception):
    """One record cannot be read."""


def read_plugin(path: Path, *, header_only: bool = False) -> Plugin:
    """A plugin's records of `KINDS`, in the file's order.

    FileError where it is no plugin of Skyrim, ends early, or is larger than any plugin is; a record that alone is
    damaged is left out and counted.
    """
    try:
        if not path.is_file():
            raise FileError(f"Expected a plugin, got {path.name}, which is no file; check the path.")
        with path.open("rb") as file:
            size = path.stat().st_size
            plugin = _header(file, path.name, size)
            return plugin if header_only else _with_records(file, plugin, size)
    except OSError as error:
        why = error.strerror or error
        raise FileError(f"Expected a readable plugin, got {path.name} ({why}); check the file.") from error


def _header(file: BinaryIO, name: str, size: int) -> Plugin:
    head = file.read(_HEADER.size)
    kind, length, flags, _, version = _HEADER.unpack(head) if len(head) == _HEADER.size else (b"", 0, 0, 0, 0)
    body = file.read(min(length, LONGEST_RECORD))
    if kind != b"TES4" or version > _NEWEST_FORM or body[:4] != b"HEDR":
        raise FileError(f"Expected a plugin of Skyrim, got {name}, which is none; leave it out.")
    if len(body) != length:
        raise _ends_early(name, size)
    try:
        masters = tuple(_text(data) for field, data in _fields(body) if field == b"MAST")
    except _DamagedError:
        raise FileError(
            f"Expected a plugin's header, got a damaged one in {name}; get the file anew."
        ) from None
    light = bool(flags & _LIGHT) or name.lower().endswith(".esl")
    return Plugin(name, masters, bool(flags & _MASTER), light, bool(flags & _LOCALISED))


def _with_records(file: BinaryIO, plugin: Plugin, size: int) -> Plugin:
    owners = tuple(name.lower() for name in (*plugin.masters, plugin.name))
    records: list[Record] = []
    damaged, left = 0, MOST_BYTES
    for start, end, is_wanted in _groups(file, plugin.name, size):
        if not is_wanted:
            continue
        if end - start > LONGEST_GROUP:
            raise FileError(
                f"Expected groups of up to {LONGEST_GROUP >> 20} MiB, got a larger one in {plugin.name}; "
                "leave it out."
            )
        file.seek(start)
        content = file.read(end - start)
        for kind, flags, number, data in _entries(content, plugin.name, size):
            try:
                body = _unpacked(data, flags)
                records.append(_record(kind, flags, number, body, owners))
            except _DamagedError:
                damaged += 1
                left -= LONGEST_RECORD if flags & _COMPRESSED else len(data)
            else:
                left -= len(body)
            if left < 0 or len(records) + damaged > MOST_RECORDS:
                raise FileError(
                    f"Expected up to {MOST_RECORDS} records in {MOST_BYTES >> 20} MiB, got more in "
                    f"{plugin.name}; leave it out."
                )
    return plugin._replace(records=tuple(records), damaged=damaged)


def _groups(file: BinaryIO, name: str, size: int) -> Iterator[tuple[int, int, bool]]:
    """Start and end of the content of each top-level group, and whether its records are of `KINDS`."""
    at = file.tell()
    while at < size:
        file.seek(at)
        head = file.read(_GROUP.size)
        kind, length, label, level = _GROUP.unpack(head) if len(head) == _GROUP.size else (b"", 0, b"", 0)
        if kind != b"GRUP" or length < _GROUP.size or at + length > size:
            raise _ends_early(name, size)
        yield at + _GROUP.size, at + length, level == 0 and label in KINDS
        at += length


def _entries(content: bytes, name: str, size: int) -> Iterator[tuple[bytes, int, int, bytes]]:
    """Kind, flags, form ID and data of the records in a group's content; groups within are passed over."""
    at = 0
    while at < len(content):
        if at + _HEADER.size > len(content):
            raise _ends_early(name, size)
        kind, length, flags, number, _ = _HEADER.unpack_from(content, at)
        start = at + _HEADER.size
        at = at + length if kind == b"GRUP" else start + length
        if at < start or at > len(content):
            raise _ends_early(name, size)
        if kind in KINDS and not flags & _IGNORED:
            yield kind, flags, number, content[start:at]


def _unpacked(data: bytes, flags: int) -> bytes:
    if not flags & _COMPRESSED:
        if len(data) > LONGEST_RECORD:
            raise _DamagedError
        return data
    if len(data) < 4 or (length := _UINT.unpack_from(data)[0]) > LONGEST_RECORD:
        raise _DamagedError
    try:
        body = zlib.decompressobj().decompress(data[4:], length + 1)
    except zlib.error:
        raise _DamagedError from None
    if len(body) != length:
        raise _DamagedError
    return body


def _record(kind: bytes, flags: int, number: int, body: bytes, owners: tuple[str, ...]) -> Record:
    editor_id = ""
    slots: dict[int, str] = {}
    links, alternates, keywords, hashes = [], [], [], []
    link = _LINKS.get(kind)
    for field, data in _fields(body):
        if field == b"EDID":
            editor_id = _text(data)
        elif field == b"KWDA":
            keywords.append(data[: min(len(data) & ~3, 4 * MOST_KEYWORDS)])
        elif field in _HASHES:
            hashes.append(_texture_hashes(data))
        elif field in _ALTERNATES:
            alternates.append(_alternate_sets(data))
        elif field == link and len(data) == 4:
            links.append(data)
        elif kind == b"TXST" and field in _TEXTURES:
            slots[_TEXTURES[field]] = _text(data)
    return Record(
        kind.decode("ascii"),
        _form(number, owners),
        owners,
        bool(flags & _DELETED),
        editor_id,
        tuple(slots.get(slot, "") for slot in range(max(slots, default=-1) + 1)),
        b"".join(links),
        b"".join(alternates),
        b"".join(keywords),
        b"".join(hashes),
    )


def _fields(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kinds and data of a record's fields; XXXX gives the size of the next where 16 bits do not suffice."""
    at, longer = 0, None
    while at < len(body):
        if at + _FIELD.size > len(body):
            raise _DamagedError
        kind, length = _FIELD.unpack_from(body, at)
        at += _FIELD.size
        if longer is not None:
            length, longer = longer, None
        if at + length > len(body):
            raise _DamagedError
        if kind == b"XXXX":
            if length != 4:
                raise _DamagedError
            longer = _UINT.unpack_from(body, at)[0]
        else:
            yield kind, body[at : at + length]
        at += length


def _texture_hashes(data: bytes) -> bytes:
    """File and folder hashes of the `dds` in a model's list of textures, with or without its counters."""
    found = bytearray()
    at = data.find(b"dds\0")
    while at >= 0:
        if at % 4 == 0 and 4 <= at <= len(data) - 8:
            found += data[at - 4 : at] + data[at + 4 : at + 8]
        at = data.find(b"dds\0", at + 4)
    return bytes(found)


def _alternate_sets(data: bytes) -> bytes:
    """Raw form IDs of the texture sets in a list of alternate textures."""
    if len(data) < 4:
        raise _DamagedError
    at, found = 4, bytearray()
    for _ in range(min(_UINT.unpack_from(data)[0], len(data) // 12)):
        if at + 4 > len(data):
            raise _DamagedError
        at += 4 + _UINT.unpack_from(data, at)[0]
        if at + 8 > len(data):
            raise _DamagedError
        found += data[at : at + 4]
        at += 8
    return bytes(found)


def _form(number: int, owners: tuple[str, ...]) -> FormId:
    """The identity of a raw form ID: its top byte counts the masters, then the plugin itself."""
    return FormId(owners[min(number >> 24, len(owners) - 1)], number & 0xFFFFFF)


def _text(data: bytes) -> str:
    """A zero-terminated string, in UTF-8 or else the game's Windows-1252."""
    raw = data.partition(b"\0")[0]
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def _ends_early(name: str, size: int) -> FileError:
    return FileError(f"Expected a whole plugin, got {name}, damaged or cut off ({size} bytes); get it anew.")

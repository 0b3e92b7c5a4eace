"""Writes small plugins of Skyrim, byte by byte, for the tests of their reader."""

import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

from unbake.evidence.plugins import texture_hash

MASTER, LOCALISED, LIGHT, DELETED, COMPRESSED = 0x1, 0x80, 0x200, 0x20, 0x40000


def field(kind: str, data: bytes) -> bytes:
    """A field; one of more than 64 KiB is announced by XXXX."""
    if len(data) > 0xFFFF:
        longer = struct.pack("<4sHI", b"XXXX", 4, len(data))
        return longer + struct.pack("<4sH", kind.encode(), 0) + data
    return struct.pack("<4sH", kind.encode(), len(data)) + data


def text(kind: str, value: str) -> bytes:
    return field(kind, value.encode("cp1252") + b"\0")


def forms(kind: str, *numbers: int) -> bytes:
    return field(kind, struct.pack(f"<{len(numbers)}I", *numbers))


def model(kind: str, textures: Sequence[str]) -> bytes:
    """A model's list of textures with its counters, as form version 44 has it."""
    rows = b"".join(h[:4] + b"dds\0" + h[4:] for h in map(texture_hash, textures))
    return field(kind, struct.pack("<3I", 2, len(textures), 0) + rows)


def alternates(kind: str, sets: Sequence[int]) -> bytes:
    rows = b"".join(struct.pack("<I4sII", 4, b"Mesh", number, at) for at, number in enumerate(sets))
    return field(kind, struct.pack("<I", len(sets)) + rows)


def record(kind: str, number: int, *fields: bytes, flags: int = 0) -> bytes:
    body = b"".join(fields)
    if flags & COMPRESSED:
        body = struct.pack("<I", len(body)) + zlib.compress(body)
    return struct.pack("<4sIII4xHxx", kind.encode(), len(body), flags, number, 44) + body


def group(kind: str, *content: bytes, level: int = 0) -> bytes:
    body = b"".join(content)
    return struct.pack("<4sI4sI8x", b"GRUP", 24 + len(body), kind.encode(), level) + body


def plugin(*groups: bytes, masters: Sequence[str] = (), flags: int = 0) -> bytes:
    """A whole plugin of the Special Edition."""
    head = field("HEDR", struct.pack("<fiI", 1.7, 0, 0x800))
    named = b"".join(text("MAST", name) + field("DATA", bytes(8)) for name in masters)
    return record("TES4", 0, head, named, flags=flags) + b"".join(groups)


def texture_set(number: int, editor_id: str, *textures: str, flags: int = 0) -> bytes:
    named = (text(f"TX0{at}", texture) for at, texture in enumerate(textures))
    return record("TXST", number, text("EDID", editor_id), *named, flags=flags)


def ground(number: int, editor_id: str, uses: int, flags: int = 0) -> bytes:
    return record("LTEX", number, text("EDID", editor_id), forms("TNAM", uses), flags=flags)


def keyword(number: int, editor_id: str) -> bytes:
    return record("KYWD", number, text("EDID", editor_id))


def written(folder: Path, **files: bytes) -> list[Path]:
    """Plugins `name_esp` as `folder/name.esp`, in the order given."""
    paths = []
    for name, data in files.items():
        path = folder / name.replace("_", ".")
        path.write_bytes(data)
        paths.append(path)
    return paths

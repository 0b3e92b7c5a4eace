"""What a conversion has finished, one JSON line a set, so that a later run goes on where this one ended."""

from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import msgspec

from unbake.convert.sets import TextureSet
from unbake.report.page import SetReport

JOURNAL: Final = "unbake-journal.jsonl"


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One finished set.

    key: hash of its inputs, the model and the options. outputs: files written, below OUT. report: what the
    page shows of it. entry: its PGPatcher entry, where the preset has such.
    """

    name: str
    preset: str
    key: str
    outputs: list[str]
    report: SetReport
    entry: dict[str, Any] | None = None


class Journal:
    """The records in `OUT/unbake-journal.jsonl`; the last of a name and preset counts.

    Nothing is read from it that was not written whole: a line cut short by a kill is dropped.
    """

    def __init__(self, out: Path, preset: str) -> None:
        self._out = out
        self._path = out / JOURNAL
        self._preset = preset
        self._records: dict[str, Record] = {}
        text = self._path.read_bytes() if self._path.is_file() else b""
        whole = text.rfind(b"\n") + 1
        self._cut = whole if whole < len(text) else None
        for line in text[:whole].splitlines():
            try:
                record = msgspec.json.decode(line, type=Record)
            except msgspec.DecodeError:
                continue  # of another version, or damaged: its set is converted again
            if record.preset == preset:
                self._records[record.name] = record

    def finished(self, name: str, key: str) -> Record | None:
        """The record of a set whose inputs, model and options are the same and whose files are still there."""
        record = self._records.get(name)
        return record if record and record.key == key and self._complete(record) else None

    def append(self, record: Record) -> None:
        """Remember a set whose files are written; the line goes out at once."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab") as file:
            if self._cut is not None:
                file.truncate(self._cut)
            file.write(msgspec.json.encode(record) + b"\n")
        self._cut = None
        self._records[record.name] = record

    def entries(self) -> list[dict[str, Any]]:
        """The PGPatcher entries of every set whose files are there, of earlier runs as well."""
        return [one.entry for one in self._records.values() if one.entry is not None and self._complete(one)]

    def _complete(self, record: Record) -> bool:
        return all((self._out / path).is_file() for path in record.outputs)


def key_of(files: TextureSet, options: Mapping[str, str]) -> str:
    """Hash of all that a set's outputs depend on: its names, its files' bytes and the options.

    FileError where a file cannot be read.
    """
    digest = blake2b(digest_size=16)
    for text in (files.name, files.texture, *(f"{name}={value}" for name, value in sorted(options.items()))):
        digest.update(text.encode() + b"\0")
    roles = ("diffuse", "normal", "specular", "environment", "parallax", "glow")
    for role, source in ((role, getattr(files, role)) for role in roles):
        if source is not None:
            content = source.read()
            digest.update(f"{role}:{len(content)}:".encode() + content)
    return digest.hexdigest()

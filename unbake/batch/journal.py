"""Journal of finished sets in OUT, one JSON line a set, so that a later run goes on where this one ended."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import msgspec
from filelock import FileLock

from unbake.convert.sets import TextureSet
from unbake.files import write_atomic
from unbake.report.page import SetReport

STEM: Final = "unbake-journal"
JOURNAL: Final = f"{STEM}.jsonl"

HIDDEN: Final = ".unbake"
"""Folder in OUT of files that only later runs read."""

ROLES: Final = ("diffuse", "normal", "specular", "environment", "parallax", "glow")


class Record(msgspec.Struct, frozen=True, kw_only=True, tag="done", tag_field="state"):
    """One finished set.

    key: hash of all that its files depend on. inference: hash of all that its maps depend on (see `keys_of`).
    outputs: files written, below OUT. report: its entry in the report. entry: its PGPatcher entry, where the preset
    has one.
    """

    name: str
    preset: str
    key: str
    inference: str
    outputs: list[str]
    report: SetReport
    entry: dict[str, Any] | None = None


class Failure(msgspec.Struct, frozen=True, kw_only=True, tag="failed", tag_field="state"):
    """A set that a shard could not convert, recorded for the report of all shards; the next run tries it again."""

    name: str
    preset: str
    message: str


Line = Record | Failure


class Journal:
    """The lines in `OUT/unbake-journal*.jsonl`, one file for each shard; the last of a name and preset counts.

    Nothing is read from it that was not written whole: a line cut short by a kill is dropped.
    """

    def __init__(self, out: Path, preset: str, shard: tuple[int, int] | None = None) -> None:
        self._out, self._preset, self._shard = out, preset, shard
        self._path = out / (JOURNAL if shard is None else f"{STEM}.{shard[0]}-of-{shard[1]}.jsonl")
        self._cut: int | None = None
        self._lines: dict[tuple[str, str], Line] = {}
        self._presets: set[str] = set()
        self.reload()

    def reload(self) -> None:
        """Read all journals again, with the lines that other shards have added."""
        self._lines.clear()
        for path in sorted(
            self._out.glob(f"{STEM}*.jsonl"), key=lambda path: (path.name != JOURNAL, path.name)
        ):
            text = path.read_bytes()
            whole = text.rfind(b"\n") + 1
            if path == self._path:
                self._cut = whole if whole < len(text) else None
            for line in text[:whole].splitlines():
                try:
                    read: Line = msgspec.json.decode(line, type=Line)
                except (msgspec.DecodeError, UnicodeDecodeError):
                    continue  # of another version, or damaged: its set is converted again
                self._remember(read)

    def finished(self, name: str, key: str) -> Record | None:
        """The record of a set whose inputs, model and options are the same and whose files are still there."""
        record = self.record(name)
        return record if record and record.key == key else None

    def record(self, name: str) -> Record | None:
        """The record of a set whose files are still there, whatever its key."""
        line = self._lines.get((self._preset, name))
        return line if isinstance(line, Record) and self._complete(line) else None

    def failure(self, name: str) -> Failure | None:
        """The failure of a set, where its last conversion failed."""
        line = self._lines.get((self._preset, name))
        return line if isinstance(line, Failure) else None

    def append(self, line: Line) -> None:
        """Add the record of a written set or its failure; the line is written at once.

        Files that an earlier run wrote for it and this one did not (a height that is no longer wanted) are removed.
        """
        before = self._lines.get((line.preset, line.name))
        if before == line:
            return
        if isinstance(before, Record) and isinstance(line, Record):
            others = [record.outputs for record in self._records(line.name) if record.preset != line.preset]
            for path in set(before.outputs).difference(line.outputs, *others):
                (self._out / path).unlink(missing_ok=True)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab") as file:
            if self._cut is not None:
                file.truncate(self._cut)
            file.write(msgspec.json.encode(line) + b"\n")
        self._remember(line)
        self._cut = None

    def entries(self) -> list[dict[str, Any]]:
        """The PGPatcher entries of every set whose files are there, of earlier runs as well."""
        records = [line for line in self._of_preset() if isinstance(line, Record) and self._complete(line)]
        return [record.entry for record in records if record.entry is not None]

    def compact(self) -> None:
        """Leave one record a set, in the order of their names and in one file, whatever the shards and their timing."""
        lines = [
            line
            for _, line in sorted(self._lines.items())
            if isinstance(line, Record) and self._complete(line)
        ]
        data = b"".join(msgspec.json.encode(line) + b"\n" for line in lines)
        target = self._out / JOURNAL
        if data and (not target.is_file() or target.read_bytes() != data):
            write_atomic(target, data)
        for path in self._out.glob(f"{STEM}.*.jsonl"):
            path.unlink()
        self._cut = None

    def inferences(self) -> set[str]:
        """The `inference` hashes of all records of all presets."""
        return {line.inference for line in self._lines.values() if isinstance(line, Record)}

    def _remember(self, line: Line) -> None:
        """Store a line as the last of its set; records of other presets whose files it has overwritten are dropped."""
        if isinstance(line, Record):
            for other in self._records(line.name):
                if other.preset != line.preset and not set(line.outputs).isdisjoint(other.outputs):
                    del self._lines[other.preset, line.name]
        self._presets.add(line.preset)
        self._lines[line.preset, line.name] = line

    def _records(self, name: str) -> list[Record]:
        """Of a set, by all presets."""
        lines = [self._lines.get((preset, name)) for preset in self._presets]
        return [line for line in lines if isinstance(line, Record)]

    def _of_preset(self) -> Iterable[Line]:
        return (line for (preset, _), line in sorted(self._lines.items()) if preset == self._preset)

    def _complete(self, record: Record) -> bool:
        return all((self._out / path).is_file() for path in record.outputs)


def keys_of(
    files: TextureSet,
    contents: Mapping[str, bytes],
    inference: Mapping[str, str],
    packing: Mapping[str, str],
) -> tuple[str, str]:
    """Two hashes of a set: of all that its maps depend on, and of all that its files depend on.

    contents: the bytes of its files by role. inference: name → value of all else that its maps
    depend on (model, options); packing: the same for its files (preset, changes). The second hash includes the first
    and the set's names.
    """
    digest = blake2b(digest_size=16)
    for name, value in sorted({**inference, "green": str(files.green)}.items()):
        digest.update(f"{name}={value}\0".encode())
    for role, content in sorted(contents.items()):
        digest.update(f"{role}:{len(content)}:".encode() + content)
    first = digest.hexdigest()
    second = blake2b(digest_size=16)
    for text in (first, files.name, files.texture, *(f"{k}={v}" for k, v in sorted(packing.items()))):
        second.update(text.encode() + b"\0")
    return first, second.hexdigest()


@contextmanager
def exclusive(out: Path) -> Iterator[None]:
    """Exclusive lock on OUT across processes; released by the OS if the holder dies."""
    path = out / HIDDEN / "lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path):
        yield

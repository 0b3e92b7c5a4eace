"""What a conversion has finished, one JSON line a set, so that a later run goes on where this one ended."""

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
"""Folder in OUT of what only later runs read."""

ROLES: Final = ("diffuse", "normal", "specular", "environment", "parallax", "glow")


class Record(msgspec.Struct, frozen=True, kw_only=True, tag="done", tag_field="state"):
    """One finished set.

    key: hash of all that its files depend on. inference: hash of what its maps depend on (see `keys_of`).
    outputs: files written, below OUT. report: what the page shows of it. entry: its PGPatcher entry, where the
    preset has such.
    """

    name: str
    preset: str
    key: str
    inference: str
    outputs: list[str]
    report: SetReport
    entry: dict[str, Any] | None = None


class Failure(msgspec.Struct, frozen=True, kw_only=True, tag="failed", tag_field="state"):
    """One set that a shard could not convert, remembered for the report of all; the next run tries again."""

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
        """Read what other shards have written meanwhile."""
        self._lines.clear()
        for path in sorted(self._out.glob(f"{STEM}*.jsonl"), key=lambda one: (one.name != JOURNAL, one.name)):
            text = path.read_bytes()
            whole = text.rfind(b"\n") + 1
            if path == self._path:
                self._cut = whole if whole < len(text) else None
            for line in text[:whole].splitlines():
                try:
                    read: Line = msgspec.json.decode(line, type=Line)
                except msgspec.DecodeError:
                    continue  # of another version, or damaged: its set is converted again
                self._remember(read)

    def finished(self, name: str, key: str) -> Record | None:
        """The record of a set whose inputs, model and options are the same and whose files are still there."""
        record = self.record(name)
        return record if record and record.key == key else None

    def record(self, name: str) -> Record | None:
        """The record of a set whose files are still there, whatever they were made of."""
        line = self._lines.get((self._preset, name))
        return line if isinstance(line, Record) and self._complete(line) else None

    def failure(self, name: str) -> Failure | None:
        """Why a set could not be converted, where it was tried last without success."""
        line = self._lines.get((self._preset, name))
        return line if isinstance(line, Failure) else None

    def append(self, line: Line) -> None:
        """Remember a set whose files are written, or why there are none; the line goes out at once.

        Files that an earlier run wrote for it and this one did not (a height that is no longer wanted) are removed.
        """
        before = self._lines.get((line.preset, line.name))
        if before == line:
            return
        if isinstance(before, Record) and isinstance(line, Record):
            others = [one.outputs for one in self._records(line.name) if one.preset != line.preset]
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
        return [one.entry for one in records if one.entry is not None]

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
        """Take a line for the last of its set; records of other presets whose files it has written over are void."""
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
    """Two hashes of a set: of what its maps depend on, and of what the files made of them depend on.

    contents: the bytes of its files by role. inference: what else its maps depend on (model, options), by name;
    packing: what its files do (preset, changes). The second hash takes in the first and the set's names.
    """
    digest = blake2b(digest_size=16)
    for name, value in sorted(inference.items()):
        digest.update(f"{name}={value}\0".encode())
    for role, content in sorted(contents.items()):
        digest.update(f"{role}:{len(content)}:".encode() + content)
    first = digest.hexdigest()
    second = blake2b(digest_size=16)
    for text in (first, files.name, files.texture, *(f"{k}={v}" for k, v in sorted(packing.items()))):
        second.update(text.encode() + b"\0")
    return first, second.hexdigest()


@contextmanager
def alone(out: Path) -> Iterator[None]:
    """Wait until no other process is here for the same OUT; the system ends the wait for one that was killed."""
    path = out / HIDDEN / "lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path):
        yield

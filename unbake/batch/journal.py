"""Journal of finished sets in OUT, one JSON line a set, so that a later run goes on where this one ended."""

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import msgspec
from filelock import FileLock

from unbake.convert.sets import TextureSet
from unbake.decoding import decode_json
from unbake.errors import FileError
from unbake.files import safe_join, why_unsafe, write_atomic
from unbake.report.page import SetReport

STEM: Final = "unbake-journal"
JOURNAL: Final = f"{STEM}.jsonl"

HIDDEN: Final = ".unbake"
"""Folder in OUT of files that only later runs read."""

ROLES: Final = ("diffuse", "normal", "specular", "environment", "parallax", "glow")


class Record(msgspec.Struct, frozen=True, kw_only=True, tag="done", tag_field="state"):
    """One finished set.

    key: hash of all that its files depend on. inference: hash of all that its maps depend on (see `keys_of`).
    outputs: files written, below OUT; sizes and hashes: of each, bytes and BLAKE2b in hexadecimal, [] in the records of
    old versions. report: its entry in the report. entry: its PGPatcher entry, where the preset has one.
    """

    name: str
    preset: str
    key: str
    inference: str
    outputs: list[str]
    report: SetReport
    sizes: list[int] = []
    hashes: list[str] = []
    entry: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        for path in self.outputs:
            if reason := why_unsafe(path):
                raise ValueError(f"the output {path!r} should lie inside OUT: {reason}")


class Failure(msgspec.Struct, frozen=True, kw_only=True, tag="failed", tag_field="state"):
    """A set that a shard could not convert, recorded for the report of all shards; the next run tries it again."""

    name: str
    preset: str
    message: str


Line = Record | Failure


class Journal:
    """The lines in `OUT/unbake-journal*.jsonl`, one file for each shard; the last of a name and preset counts.

    Nothing is read from it that was not written whole: a line cut short by a kill is dropped, and so is one of whose
    files one has another size now. verify: their contents are read and compared too.
    """

    def __init__(
        self, out: Path, preset: str, shard: tuple[int, int] | None = None, *, verify: bool = False
    ) -> None:
        self._out, self._preset, self._shard, self._verify = out, preset, shard, verify
        self._verified: dict[tuple[str, str, str], bool] = {}
        self._path = out / (JOURNAL if shard is None else f"{STEM}.{shard[0]}-of-{shard[1]}.jsonl")
        self._cut: int | None = None
        self._lines: dict[tuple[str, str], Line] = {}
        self._presets: set[str] = set()
        self.reload()

    def reload(self) -> None:
        """Read all journals again, with the lines that other shards have added."""
        self._lines.clear()
        for path in filter(Path.is_file, journals(self._out)):  # a pipe would never end
            text = path.read_bytes()
            whole = text.rfind(b"\n") + 1
            if path == self._path:
                self._cut = whole if whole < len(text) else None
            for line in text[:whole].splitlines():
                try:
                    read: Line = decode_json(line, Line)
                except msgspec.DecodeError:
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

    def records(self) -> list[Record]:
        """The records of all sets whose files are still there, in the order of their names."""
        return [line for line in self._of_preset() if isinstance(line, Record) and self._complete(line)]

    def remove(self, names: Iterable[str]) -> None:
        """Remove sets with their files, but for those that other records name too; final with `compact`."""
        gone = {(self._preset, name) for name in names}
        lines = {key: line for key, line in self._lines.items() if isinstance(line, Record)}
        kept = {path for key, line in lines.items() if key not in gone for path in _files_of(line)}
        for key in gone & lines.keys():
            for path in _files_of(lines[key]) - kept:
                with suppress(
                    FileError, OSError
                ):  # what leads out of OUT is not ours; a folder may hold more
                    file = safe_join(self._out, path)
                    file.unlink()
                    for folder in file.relative_to(self._out).parents[:-1]:
                        (self._out / folder).rmdir()
            del self._lines[key]

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
                with suppress(FileError):  # a link in it leads out of OUT: it is not ours
                    safe_join(self._out, path).unlink(missing_ok=True)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with safe_join(self._out, self._path.name).open("ab") as file:
            if self._cut is not None:
                file.truncate(self._cut)
            file.write(msgspec.json.encode(line) + b"\n")
        self._remember(line)
        self._cut = None

    def entries(self) -> list[dict[str, Any]]:
        """The PGPatcher entries of every set whose files are there, of earlier runs as well."""
        return [record.entry for record in self.records() if record.entry is not None]

    def compact(self) -> None:
        """Leave one record a set, in the order of their names and in one file, whatever the shards and their timing."""
        lines = [
            line
            for _, line in sorted(self._lines.items())
            if isinstance(line, Record) and self._complete(line)
        ]
        data = b"".join(msgspec.json.encode(line) + b"\n" for line in lines)
        target = self._out / JOURNAL
        if target.read_bytes() != data if target.is_file() else data:
            write_atomic(target, data)
        for path in self._out.glob(f"{STEM}.*.jsonl"):
            path.unlink()
        self._cut = None

    def inferences(self) -> set[str]:
        """The `inference` hashes of all records of all presets."""
        return {line.inference for line in self._lines.values() if isinstance(line, Record)}

    def _remember(self, line: Line) -> None:
        """Store a line as the last of its set; records of record presets whose files it has overwritten are dropped."""
        if isinstance(line, Record):
            for record in self._records(line.name):
                if record.preset != line.preset and not set(line.outputs).isdisjoint(record.outputs):
                    del self._lines[record.preset, line.name]
        self._presets.add(line.preset)
        self._lines[line.preset, line.name] = line

    def _records(self, name: str) -> list[Record]:
        """Of a set, by all presets."""
        lines = [self._lines.get((preset, name)) for preset in self._presets]
        return [line for line in lines if isinstance(line, Record)]

    def _of_preset(self) -> Iterable[Line]:
        return (line for (preset, _), line in sorted(self._lines.items()) if preset == self._preset)

    def _complete(self, record: Record) -> bool:
        sizes = record.sizes if len(record.sizes) == len(record.outputs) else [None] * len(record.outputs)
        if not all(
            _is_file(f"{self._out}/{path}", size) for path, size in zip(record.outputs, sizes, strict=True)
        ):
            return False
        if not self._verify or len(record.hashes) != len(record.outputs):
            return True
        key = (record.preset, record.name, record.key)
        if key not in self._verified:
            self._verified[key] = measured(self._out, record.outputs)[1] == record.hashes
        return self._verified[key]


def measured(out: Path, outputs: Iterable[str]) -> tuple[list[int], list[str]]:
    """Sizes and hashes of files below OUT, as a `Record` keeps them; OSError where one cannot be read."""
    contents = [(out / path).read_bytes() for path in outputs]
    return [len(data) for data in contents], [blake2b(data, digest_size=16).hexdigest() for data in contents]


def _is_file(path: str, size: int | None) -> bool:
    """Whether a file is there, of this size where one is given."""
    try:
        status = os.stat(path)  # noqa: PTH116  (five a set, and a Path costs more than the call)
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and size in (None, status.st_size)


def _files_of(record: Record) -> set[str]:
    """The files of a set below OUT, thumbnails included."""
    return {*record.outputs, *record.report.thumbnails.values()}


def journals(out: Path) -> list[Path]:
    """The journals in OUT, the shards' last."""
    return sorted(out.glob(f"{STEM}*.jsonl"), key=lambda path: (path.name != JOURNAL, path.name))


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
    path = safe_join(out, f"{HIDDEN}/lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path):
        yield

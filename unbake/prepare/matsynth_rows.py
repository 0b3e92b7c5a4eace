"""Sources of MatSynth's rows: the hub, parquet files, or folders of pictures; read by `matsynth`."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unbake.decoding import decode_any_json
from unbake.domain.layout import MATSYNTH_PICTURES, METADATA, PICTURE_SUFFIXES
from unbake.domain.materials import CATEGORIES
from unbake.errors import FileError, UsageError

if TYPE_CHECKING:
    from datasets import IterableDataset

HUB = "gvecchio/MatSynth"
"""The data set on the Hugging Face hub."""

_ABOUT = ("name", "category", "metadata")

_DAMAGED = "Expected rows in it, could read none; fetch it again."


@dataclass(frozen=True, slots=True)
class Heading:
    """A row before its pictures are read.

    category: one of CATEGORIES. split: MatSynth's own, "train" or "test", or "". about: its metadata, as
    published. place: what to call the row in a report.
    """

    name: str
    category: str
    split: str
    about: dict[str, Any]
    place: str

    @property
    def licence(self) -> str:
        """As published: "CC0", "CC-BY" ..., or ""."""
        return str(self.about.get("license") or self.about.get("licence") or "")


@dataclass(frozen=True, slots=True)
class Row:
    """A material of the data set: the bytes of its pictures, by column, as they are in the files."""

    heading: Heading
    pictures: dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Shard:
    """Rows that lie in one file: their headings cost little, their pictures may have to be fetched.

    rows: those of the headings, in their order; it raises what its file's damage makes it raise.
    """

    place: str
    headings: tuple[Heading, ...]
    rows: Callable[[], Iterator[Row]]
    unread: str = _DAMAGED


@dataclass(frozen=True, slots=True)
class Source:
    """A data set to read, shard by shard. total: how many shards there are."""

    total: int
    shards: Callable[[], Iterator[Shard]]


def open_source(wanted: str, into: Path) -> Source:
    """The data set that `wanted` names: parquet files (a folder or a pattern), a folder of pictures, or the hub.

    into: where materials go, which cannot be read from at the same time. Errors: UsageError when there is
    nothing of the kind; FileError when the hub cannot be reached.

    >>> open_source("data/*.parquet", Path("out")).total           # doctest: +SKIP
    431
    """
    path = Path(wanted)
    if path.is_dir():
        if path.resolve() == into.resolve():
            raise UsageError(f"Expected materials from elsewhere, got {path}, where they are to go.")
        files = sorted(path.rglob("*.parquet"))
        return _parquet(files) if files else _folders(path)
    if wanted.endswith(".parquet"):
        files = sorted(path.parent.glob(path.name)) if path.parent.is_dir() else []
        if not files:
            raise UsageError(f"Expected parquet files at {wanted}, found none; check the path.")
        return _parquet(files)
    if re.fullmatch(r"[\w.-]+/[\w.-]+", wanted) and not path.parent.is_dir():
        return _hub(wanted)
    raise UsageError(
        f"Expected a folder, parquet files ('dir/*.parquet') or a data set of the hub ({HUB}), got {wanted}, "
        "which is none of them; check the spelling."
    )


def _parquet(files: Sequence[Path]) -> Source:
    by_split: dict[str, list[str]] = {}
    for file in files:
        split = re.match(r"(train|test|validation)\b", file.name)
        by_split.setdefault(split[1] if split else "", []).append(str(file))
    lacking = {split: [_lacking(name) for name in names] for split, names in by_split.items()}
    # Of a split without a single sound file nothing can be streamed.
    damaged = {split for split, whys in lacking.items() if all(why == _DAMAGED for why in whys)}
    sound = _streams(
        [
            (split, _stream("parquet", "train", None, names), _stream("parquet", "train", _ABOUT, names))
            for split, names in sorted(by_split.items())
            if split not in damaged
        ],
        lacking,
    )
    lost = [Shard(Path(name).name, (), lambda: iter(()), _DAMAGED) for s in damaged for name in by_split[s]]
    return Source(sound.total + len(lost), lambda: chain(lost, sound.shards()))


def _lacking(file: str) -> str | None:
    """Why a parquet file has no rows of a material: damage, or a column that it lacks; None where that is not it."""
    from pyarrow import ArrowException
    from pyarrow.parquet import read_schema

    try:
        names = read_schema(file).names
    except (OSError, ArrowException):
        return _DAMAGED
    missing = [column for column in _ABOUT if column not in names]
    if not missing:
        return None
    return (
        f"Expected the columns {', '.join(_ABOUT)} in {Path(file).name}, got none called {' or '.join(missing)}; write "
        "it with them, or give folders of pictures."
    )


def _hub(name: str) -> Source:
    try:
        return _streams(
            [(split, _stream(name, split, None), _stream(name, split, _ABOUT)) for split in ("test", "train")]
        )
    except Exception as error:  # the hub's client raises errors of many packages
        raise FileError(
            f"Expected the data set {name} of the Hugging Face hub, got: {str(error).splitlines()[0]}; check the "
            "connection, or name a folder of its parquet files with --from."
        ) from error


def _stream(
    name: str, split: str, columns: tuple[str, ...] | None, files: list[str] | None = None
) -> "IterableDataset":
    from datasets import load_dataset

    # One row at a time: a row of MatSynth has some 70 MB. A file that cannot be read has no rows, which is told.
    options: dict[str, Any] = {"batch_size": 1, "on_bad_files": "skip"}
    if columns:
        options["columns"] = list(columns)
    if files:
        options["data_files"] = {split: files}
    return load_dataset(name, split=split, streaming=True, **options).decode(False)


def _streams(
    streams: "Sequence[tuple[str, IterableDataset, IterableDataset]]",
    lacking: Mapping[str, Sequence[str | None]] | None = None,
) -> Source:
    """Shards of (split, everything, headings only): where no row of a file is wanted its pictures are not read.

    lacking: by split, why each file of it can have no rows.
    """

    def shards() -> Iterator[Shard]:
        for split, full, thin in streams:
            names = getattr((thin.features or {}).get("category"), "names", None) or CATEGORIES
            for i in range(full.num_shards):
                place = f"file {i} of {split or 'the parquet files'}"
                try:
                    found = list(thin.shard(full.num_shards, i))
                except Exception:  # damaged bytes, a lost connection: of many packages, and all mean the same
                    found = []
                headings = tuple(
                    _heading(row, split, names, f"row {k} of {place}") for k, row in enumerate(found)
                )
                part = full.shard(full.num_shards, i)
                shard = Shard(place, headings, partial(_rows, part, headings))
                files = (lacking or {}).get(split, ())
                why = files[i] if len(files) == full.num_shards else None
                yield shard if why is None else replace(shard, unread=why)

    return Source(sum(full.num_shards for _, full, _ in streams), shards)


def _rows(part: "IterableDataset", headings: tuple[Heading, ...]) -> Iterator[Row]:
    for heading, row in zip(headings, part, strict=True):
        yield Row(
            heading, {column: data for column in MATSYNTH_PICTURES if (data := _bytes(row.get(column)))}
        )


def _heading(row: dict[str, Any], split: str, names: Sequence[str], place: str) -> Heading:
    category = row.get("category")
    if isinstance(category, int):
        category = names[category] if 0 <= category < len(names) else None
    about = {key: value for key, value in (row.get("metadata") or {}).items() if value not in (None, "", [])}
    name = str(row.get("name") or about.get("name") or "")
    return Heading(name, _category(category), split, about, f"{name or 'nameless'}, {place}")


def _category(named: object) -> str:
    name = str(named or "").lower()
    return name if name in CATEGORIES else "misc"


def _bytes(picture: object) -> bytes | None:
    """A picture column as `datasets` leaves it undecoded: its bytes, or the path of a file of them."""
    if isinstance(picture, dict):
        if picture.get("bytes"):
            return bytes(picture["bytes"])
        if picture.get("path") and Path(picture["path"]).is_file():
            return Path(picture["path"]).read_bytes()
    return None


def _folders(root: Path) -> Source:
    """Folders of pictures named as the columns are, each one a material, at any depth."""
    places = sorted(
        place
        for place in root.rglob("*/")
        if any((place / f"basecolor{suffix}").is_file() for suffix in PICTURE_SUFFIXES)
    )
    if not places:
        raise UsageError(
            f"Expected parquet files or folders <category>/<name>/ with basecolor.png, normal.png ... in {root}, "
            "found neither; check the path."
        )

    def shards() -> Iterator[Shard]:
        for place in places:
            heading = _folder_heading(root, place)
            yield Shard(heading.place, (heading,), partial(_folder_row, place, heading))

    return Source(len(places), shards)


def _folder_heading(root: Path, place: Path) -> Heading:
    try:
        about = decode_any_json((place / METADATA).read_bytes())
    except (OSError, ValueError):
        about = {}
    about = about if isinstance(about, dict) else {}
    parts = place.relative_to(root).parts
    named = [about.get("category"), *reversed(parts[:-1])]
    category = next((str(c).lower() for c in named if str(c).lower() in CATEGORIES), "misc")
    split = next((part for part in parts if part in ("train", "test")), "")
    return Heading(place.name, category, split, about, place.relative_to(root).as_posix())


def _folder_row(place: Path, heading: Heading) -> Iterator[Row]:
    pictures = {}
    for column in (*MATSYNTH_PICTURES, "ao"):
        for suffix in PICTURE_SUFFIXES:
            if column not in pictures and (place / f"{column}{suffix}").is_file():
                pictures[column] = (place / f"{column}{suffix}").read_bytes()
    yield Row(heading, pictures)

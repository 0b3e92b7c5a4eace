"""Validation samples of a run: input, prediction and truth, written by the trainer and shown by the viewer."""

import io
import zipfile
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from PIL import Image

from unbake.decoding import decode_json
from unbake.domain.maps import MapKind
from unbake.errors import FileError
from unbake.files import write_atomic
from unbake.image.arrays import dequantise
from unbake.image.files import encode_jpeg
from unbake.report.pictures import SHOWN, thumbnail
from unbake.report.view import Entry, Gallery, Page, Served, SetData, key_of, url_of
from unbake.version import __version__

TRUTH: Final = "truth/"
LOGS: Final = "train_logs"
FOLDER: Final = "samples"
"""Below the log of a run: one `<epoch>.zip` for each validation that was the first, or the best so far."""

MOST: Final = 5
"""Number of files kept of a run: the first, and the latest of the others."""

THUMB: Final = 96
"""Longest side of a thumbnail, texels."""

_CONTENTS: Final = "samples.json"
_EFFORT: Final = 1


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One validation sample.

    name: of its material. domain: its data set. figures: the error of each map, by its name. maps: uint8
    (H, W, 1 or 3), all of one size, by "<map>" for an input or a prediction and TRUTH + "<map>" for the truth.
    """

    name: str
    figures: dict[str, float]
    maps: dict[str, np.ndarray]
    domain: str = ""


class _SampleRecord(msgspec.Struct, frozen=True):
    """A sample without its pictures, which are `<index>/<map>.png`, and small ones `<index>/<map>.jpg`."""

    name: str
    domain: str
    figures: dict[str, float]
    width: int
    height: int
    maps: list[str]


class _Contents(msgspec.Struct, frozen=True):
    epoch: int
    samples: list[_SampleRecord]


def write_samples(log: Path, epoch: int, samples: Sequence[Sample]) -> None:
    """Keep the samples of an epoch as `log/samples/<epoch>.zip`.

    Files of later epochs, left by an interrupted or earlier run, are removed, and so are those that are neither
    the first nor among the latest. The bytes depend on the samples alone.
    """
    contents = _Contents(epoch, [_record(sample) for sample in samples])
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo(_CONTENTS), msgspec.json.encode(contents))
        for index, sample in enumerate(samples):
            for name, pixels in sample.maps.items():
                image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
                with archive.open(zipfile.ZipInfo(f"{index}/{name}.png"), "w") as file:
                    image.save(file, "PNG", compress_level=_EFFORT)
            for name, small in _thumbnails(sample.maps):
                archive.writestr(zipfile.ZipInfo(f"{index}/{name}.jpg"), small)
    target = log / FOLDER / f"{epoch:04d}.zip"
    write_atomic(target, buffer.getvalue())
    earlier = sorted(path for path in (log / FOLDER).glob("*.zip") if path.name < target.name)
    for path in (log / FOLDER).glob("*.zip"):
        if path.name > target.name or path in earlier[1 : 2 - MOST]:
            path.unlink()


def run_gallery(log: Path, token: str | None = None) -> Gallery:
    """The gallery of a run, whose log folder (`ROOT/train_logs/<tag>`) this is: the latest samples first.

    FileError where there are no samples, or where a file of them is damaged.
    """
    paths = sorted((log / FOLDER).glob("*.zip"), reverse=True)
    if not paths:
        raise FileError(
            f"Expected validation samples in '{log / FOLDER}', got none; train until it validates, which writes them."
        )
    entries, make = [], {}
    for path in paths:
        stat = path.stat()
        with _opened(path) as (archive, contents):
            for index, sample in enumerate(contents.samples):
                key = key_of(path.name, stat.st_mtime_ns, stat.st_size, index)
                entries.append(
                    Entry(
                        key=key,
                        name=f"{sample.name} @ epoch {contents.epoch}",
                        thumbs={
                            name: url_of(archive.read(f"{index}/{name}.jpg"), "jpeg")
                            for name in _small(sample.maps)
                        },
                        notes=[f"from {sample.domain}"] if sample.domain else [],
                        figures=sample.figures,
                    )
                )
                make[key] = partial(_set_data, path, index)
    page = Page(
        kind="run",
        title=_title(log.resolve()),
        made=f"unbake {__version__}",
        served=None if token is None else Served(token),
        sets=entries,
    )
    return Gallery(page, make)


def _record(sample: Sample) -> _SampleRecord:
    height, width = next(iter(sample.maps.values())).shape[:2]
    return _SampleRecord(sample.name, sample.domain, sample.figures, width, height, list(sample.maps))


def _set_data(path: Path, index: int) -> SetData:
    """The pictures of one sample, unchanged from the file."""
    with _opened(path) as (archive, contents):
        sample = contents.samples[index]
        images = {name: url_of(archive.read(f"{index}/{name}.png"), "png") for name in sample.maps}
        return SetData(width=sample.width, height=sample.height, wrap=(False, False), images=images)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[zipfile.ZipFile, _Contents]]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive, decode_json(archive.read(_CONTENTS), _Contents)
    except (OSError, KeyError, IndexError, zipfile.BadZipFile, msgspec.DecodeError) as error:
        raise FileError(
            f"Expected whole validation samples in {path}, got {error}; remove the file."
        ) from error


def _thumbnails(maps: Mapping[str, np.ndarray]) -> Iterator[tuple[str, bytes]]:
    for name in _small(maps):
        kind = MapKind(name.rpartition("/")[2])
        yield name, encode_jpeg(thumbnail(dequantise(kind, maps[name]), kind, THUMB))


def _small(names: Container[str]) -> list[str]:
    """The maps that have a thumbnail."""
    return [name for kind in SHOWN for name in (kind.value, TRUTH + kind) if name in names]


def _title(log: Path) -> str:
    """The tag of a run, with the map where a run trains a single head."""
    parts = log.parts
    return "/".join(parts[parts.index(LOGS) + 1 :]) if LOGS in parts[:-1] else log.name

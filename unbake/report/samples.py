"""Validation samples of a run: input, prediction and truth as the trainer leaves them; the viewer shows them."""

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

from unbake.domain.maps import MapKind
from unbake.errors import FileError
from unbake.files import write_atomic
from unbake.image.arrays import decoded
from unbake.image.files import encode_jpeg
from unbake.report.pictures import SHOWN, thumbnail
from unbake.report.view import Entry, Gallery, Page, Served, SetData, key_of, url_of
from unbake.version import __version__

TRUTH: Final = "truth/"
LOGS: Final = "train_logs"
FOLDER: Final = "samples"
"""Below the log of a run: one `<epoch>.zip` for each validation that was the first, or the best so far."""

MOST: Final = 5
"""Files that are kept of a run: the first, and the latest of the others."""

THUMB: Final = 96
"""Longest side of a thumbnail, texels."""

_ABOUT: Final = "samples.json"
_EFFORT: Final = 1


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One validation sample.

    name: of its material. domain: whose picture it is. figures: the error of each map, by its name. maps: uint8
    (H, W, 1 or 3), all of one size, by "<map>" for an input or a prediction and TRUTH + "<map>" for the truth.
    """

    name: str
    figures: dict[str, float]
    maps: dict[str, np.ndarray]
    domain: str = ""


class _Told(msgspec.Struct, frozen=True):
    """A sample without its pictures, which are `<place>/<map>.png`, and small ones `<place>/<map>.jpg`."""

    name: str
    domain: str
    figures: dict[str, float]
    width: int
    height: int
    maps: list[str]


class _About(msgspec.Struct, frozen=True):
    epoch: int
    samples: list[_Told]


def write_samples(log: Path, epoch: int, samples: Sequence[Sample]) -> None:
    """Keep the samples of an epoch as `log/samples/<epoch>.zip`.

    Files of later epochs, of a run that was cut off or an earlier one, are removed, and so is what is neither the
    first nor among the latest. The bytes depend on the samples alone.
    """
    about = _About(epoch, [_told(one) for one in samples])
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo(_ABOUT), msgspec.json.encode(about))
        for place, one in enumerate(samples):
            for name, pixels in one.maps.items():
                image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
                with archive.open(zipfile.ZipInfo(f"{place}/{name}.png"), "w") as file:
                    image.save(file, "PNG", compress_level=_EFFORT)
            for name, small in _thumbnails(one.maps):
                archive.writestr(zipfile.ZipInfo(f"{place}/{name}.jpg"), small)
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
            f"validation samples were expected in '{log / FOLDER}', but there are none; training writes them when "
            "it validates"
        )
    entries, make = [], {}
    for path in paths:
        stat = path.stat()
        with _opened(path) as (archive, about):
            for place, one in enumerate(about.samples):
                key = key_of(path.name, stat.st_mtime_ns, stat.st_size, place)
                entries.append(
                    Entry(
                        key=key,
                        name=f"{one.name} @ epoch {about.epoch}",
                        thumbs={
                            name: url_of(archive.read(f"{place}/{name}.jpg"), "jpeg")
                            for name in _small(one.maps)
                        },
                        notes=[f"from {one.domain}"] if one.domain else [],
                        figures=one.figures,
                    )
                )
                make[key] = partial(_set_data, path, place)
    page = Page(
        kind="run",
        title=_title(log.resolve()),
        made=f"unbake {__version__}",
        served=None if token is None else Served(token),
        sets=entries,
    )
    return Gallery(page, make)


def _told(one: Sample) -> _Told:
    height, width = next(iter(one.maps.values())).shape[:2]
    return _Told(one.name, one.domain, one.figures, width, height, list(one.maps))


def _set_data(path: Path, place: int) -> SetData:
    """The pictures of one sample, as they are in the file."""
    with _opened(path) as (archive, about):
        one = about.samples[place]
        images = {name: url_of(archive.read(f"{place}/{name}.png"), "png") for name in one.maps}
        return SetData(width=one.width, height=one.height, wrap=(False, False), images=images)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[zipfile.ZipFile, _About]]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive, msgspec.json.decode(archive.read(_ABOUT), type=_About)
    except (OSError, KeyError, IndexError, zipfile.BadZipFile, msgspec.DecodeError) as error:
        raise FileError(f"{path} holds no whole validation samples ({error}); remove it.") from error


def _thumbnails(maps: Mapping[str, np.ndarray]) -> Iterator[tuple[str, bytes]]:
    for name in _small(maps):
        kind = MapKind(name.rpartition("/")[2])
        yield name, encode_jpeg(thumbnail(decoded(kind, maps[name]), kind, THUMB))


def _small(names: Container[str]) -> list[str]:
    """The maps that a thumbnail is made of."""
    return [name for kind in SHOWN for name in (kind.value, TRUTH + kind) if name in names]


def _title(log: Path) -> str:
    """The tag of a run, and the map of one that trains a head."""
    parts = log.parts
    return "/".join(parts[parts.index(LOGS) + 1 :]) if LOGS in parts[:-1] else log.name

"""What the networks said of a set, kept in OUT: so that other strengths or another preset need them not again."""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from unbake.batch.journal import HIDDEN
from unbake.convert.convert import Converted
from unbake.convert.inputs import Inputs
from unbake.domain.maps import OUTPUTS, MapKind
from unbake.files import write_atomic
from unbake.image.arrays import CodedMaps

FOLDER: Final = f"{HIDDEN}/maps"
_ABOUT: Final = "about.json"
_EFFORT: Final = 2
"""zlib's: more takes three times as long for a file a tenth smaller."""


class _About(msgspec.Struct, frozen=True):
    """All of a `Converted` that is no picture."""

    classes: dict[str, float]
    relief: float
    notes: list[str]


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """The six outputs of a set as codes, and what else was found out about it."""

    codes: dict[MapKind, np.ndarray]
    classes: dict[str, float]
    relief: float
    notes: tuple[str, ...]

    def of(self, inputs: Inputs) -> Converted:
        """What the conversion of these inputs gave, whose hash was the same."""
        maps = CodedMaps(inputs.maps.codes | self.codes)
        return Converted(maps, self.classes, inputs.wrap, self.relief, (*inputs.notes, *self.notes))


def write_kept(out: Path, key: str, inputs: Inputs, converted: Converted) -> None:
    """Keep what became of a set as `OUT/.unbake/maps/<key>.zip`: a PNG a map, and the rest as JSON.

    `converted.maps` are `CodedMaps`. The bytes depend on the maps alone.
    """
    about = _About(converted.classes, converted.relief, list(converted.notes[len(inputs.notes) :]))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(
            zipfile.ZipInfo(_ABOUT), msgspec.json.encode(about)
        )  # without ZipInfo: the time of day
        for kind in OUTPUTS:
            codes = converted.maps.codes[kind]
            image = Image.fromarray(codes[..., 0] if codes.shape[2] == 1 else codes)
            with archive.open(zipfile.ZipInfo(f"{kind}.png"), "w") as file:
                image.save(file, "PNG", compress_level=_EFFORT)
    write_atomic(_path(out, key), buffer.getvalue())


def read_kept(out: Path, key: str) -> Kept | None:
    """What was kept under this key; None where nothing was, or where it is damaged."""
    path = _path(out, key)
    if not path.is_file():
        return None
    try:
        with zipfile.ZipFile(path) as archive:
            about = msgspec.json.decode(archive.read(_ABOUT), type=_About)
            codes = {}
            for kind in OUTPUTS:
                with PngImageFile(archive.open(f"{kind}.png")) as image:
                    pixels = np.array(image)
                codes[kind] = pixels[..., None] if pixels.ndim == 2 else pixels
    except MemoryError:
        raise
    except Exception:  # whatever a damaged file makes of it, the networks can say it again
        return None
    return Kept(codes, about.classes, about.relief, tuple(about.notes))


def clear_kept(out: Path, keys: set[str]) -> None:
    """Remove what is kept under any other key than these."""
    for path in (out / FOLDER).glob("*.zip"):
        if path.stem not in keys:
            path.unlink(missing_ok=True)


def _path(out: Path, key: str) -> Path:
    return out / FOLDER / f"{key}.zip"

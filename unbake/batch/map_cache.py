"""Cache of predicted maps in OUT, so that a new preset or new rules need no inference."""

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
from unbake.decoding import decode_json
from unbake.domain.maps import OUTPUTS, MapKind
from unbake.errors import FileError
from unbake.files import safe_join, write_atomic
from unbake.image.arrays import CodedMaps, Floats
from unbake.image.dds.header import MAX_SIDE

FOLDER: Final = f"{HIDDEN}/maps"
_ABOUT: Final = "about.json"
_EFFORT: Final = 2
"""zlib's: more takes three times as long for a file a tenth smaller."""


class _About(msgspec.Struct, frozen=True):
    """The fields of a `Converted` that are not images."""

    classes: dict[str, float]
    relief: float
    notes: list[str]


_LOGITS: Final = "metal_logits.npy"

_NPY_HEADER: Final = 1000


@dataclass(frozen=True, slots=True, eq=False)
class CachedMaps:
    """The six outputs of a set as codes, and the rest of its `Converted`."""

    codes: dict[MapKind, np.ndarray]
    classes: dict[str, float]
    relief: float
    notes: tuple[str, ...]
    metal_logits: Floats | None = None

    def as_converted(self, inputs: Inputs) -> Converted:
        """The conversion of these inputs, whose hash is that of the cached ones."""
        maps = CodedMaps(inputs.maps.codes | self.codes)
        return Converted(
            maps, self.classes, inputs.wrap, self.relief, (*inputs.notes, *self.notes), self.metal_logits
        )


def write_cached(out: Path, key: str, inputs: Inputs, converted: Converted) -> None:
    """Cache a converted set as `OUT/.unbake/maps/<key>.zip`: a PNG for each output, and the rest as JSON.

    The bytes depend on the maps alone. FileError where they cannot be written.
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
        if converted.metal_logits is not None:
            with archive.open(zipfile.ZipInfo(_LOGITS), "w") as file:
                np.lib.format.write_array(file, converted.metal_logits, allow_pickle=False)
    write_atomic(_path(out, key), buffer.getvalue())


def read_cached(out: Path, key: str) -> CachedMaps | None:
    """The maps cached under this key; None where there are none, or where the file is damaged."""
    try:
        with zipfile.ZipFile(_path(out, key)) as archive:
            if any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist()):
                return None  # ours are stored; a stranger's could unfold to gigabytes
            about = decode_json(archive.read(_ABOUT), _About)
            codes = {}
            for kind in OUTPUTS:
                with PngImageFile(archive.open(f"{kind}.png")) as image:
                    if max(image.size) > MAX_SIDE:
                        return None
                    pixels = np.array(image)
                codes[kind] = pixels[..., None] if pixels.ndim == 2 else pixels
            logits = None
            if _LOGITS in archive.namelist():
                with archive.open(_LOGITS) as file:
                    logits = np.lib.format.read_array(file, allow_pickle=False, max_header_size=_NPY_HEADER)
                if logits.dtype != np.float32 or logits.ndim != 3 or not np.isfinite(logits).all():
                    return None
    except MemoryError:
        raise
    except Exception:  # a damaged file raises anything, and the networks can make it again
        return None
    return CachedMaps(codes, about.classes, about.relief, tuple(about.notes), logits)


def clear_cached(out: Path, keys: set[str]) -> None:
    """Remove the maps cached under any other key than these."""
    for path in safe_join(out, FOLDER).glob("*.zip"):
        if path.stem not in keys:
            path.unlink(missing_ok=True)


def stamp_of(out: Path, key: str) -> tuple[int, int] | None:
    """Time and size of the file of a key, which change with its maps; None where there is none."""
    try:
        stat = _path(out, key).stat()
    except (OSError, FileError):
        return None
    return stat.st_mtime_ns, stat.st_size


def _path(out: Path, key: str) -> Path:
    return safe_join(out, f"{FOLDER}/{key}.zip")

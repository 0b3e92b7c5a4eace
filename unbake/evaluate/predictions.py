"""Predictions of a cross-validation kept in one small file, from which its table is computed again without a model.

Beside `folds`: a conversion that keeps what it makes, and one that gives it back.
"""

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from PIL import Image

from unbake.convert.predict import fingerprint
from unbake.data.sources import MaterialSource
from unbake.domain.maps import OUTPUTS, MapKind, spec
from unbake.errors import FileError, UsageError
from unbake.evaluate.conversion import Convert, Prediction
from unbake.evaluate.figures import Evaluation, as_dict
from unbake.evaluate.painter import PAINTER_VERSION, Legacy, styles_of
from unbake.evaluate.run import Job, Setting
from unbake.files import write_atomic
from unbake.image.arrays import Wrap
from unbake.image.resample import reduced

SIDE: Final = 256
"""Longest side of a kept map, texels."""

_FORMAT: Final = 2
_INDEX: Final = "index.json"
_QUALITY: Final = 75
_FINE: Final = 95
"""Qualities of AVIF, of 100; the second for a height, whose values lie close together and are scaled before they are
compared."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """A conversion that also leaves the maps of each material's first style in `folder`, reduced, for `write_kept`."""

    convert: Convert
    folder: Path

    def __call__(self, legacy: Legacy) -> Prediction:
        """As `convert` converts it."""
        made = self.convert(legacy)
        if legacy.style == styles_of(legacy.id, 1)[0]:
            about = _About(legacy.style, made.classes, made.wrap, made.confidence)
            place = self.folder / legacy.id
            place.mkdir(parents=True, exist_ok=True)
            for kind, image in reduced(made.maps, SIDE).items():
                (place / f"{kind}.avif").write_bytes(
                    _encoded(image, _FINE if spec(kind).affine_free else _QUALITY)
                )
            (place / _INDEX).write_bytes(msgspec.json.encode(about))
        return made


def keeping(jobs: Sequence[Job], folder: Path) -> list[Job]:
    """The same jobs, which leave what is to be kept in `folder`."""
    return [Job(job.source, Keeping(job.convert, folder), job.roughness) for job in jobs]


class _About(msgspec.Struct, frozen=True):
    """What is kept of one prediction besides its maps; wrap, confidence and classes are those of the whole maps."""

    style: str
    classes: dict[str, float]
    wrap: Wrap
    confidence: float


class _Index(msgspec.Struct, frozen=True):
    """What is kept of a cross-validation: how it was measured, the constants of each material, and the figures."""

    format: int
    painter: int
    size: int
    models: list[str]
    materials: dict[str, _About]
    roughness: dict[str, dict[str, float]]
    figures: dict[str, Any]


def write_kept(
    path: Path,
    folder: Path,
    jobs: Sequence[Job],
    setting: Setting,
    models: Sequence[Path],
    measured: Evaluation,
) -> None:
    """One file of what `keeping` left in `folder`, with the figures of the whole maps.

    Maps are lossy AVIF of a longest side of 256 texels, eight bits a channel.
    """
    done = {one.id for one in measured.paintings}
    places = {job.source.id: folder / job.source.id for job in jobs if job.source.id in done}
    figures = as_dict(measured)
    index = _Index(
        format=_FORMAT,
        painter=PAINTER_VERSION,
        size=setting.size,
        models=[fingerprint(model) for model in models],
        materials={
            name: msgspec.json.decode((place / _INDEX).read_bytes(), type=_About)
            for name, place in places.items()
        },
        roughness={job.source.id: dict(job.roughness) for job in jobs},
        figures={key: figures[key] for key in figures if key != "paintings"},
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(_entry(_INDEX), msgspec.json.encode(index), zipfile.ZIP_DEFLATED)
        for name, place in places.items():
            for kind in OUTPUTS:
                archive.writestr(_entry(f"{name}/{kind}.avif"), (place / f"{kind}.avif").read_bytes())
    write_atomic(path, buffer.getvalue())


@dataclass(frozen=True, slots=True)
class Replaying:
    """Gives a painting the maps that were kept of it."""

    path: Path

    def __call__(self, legacy: Legacy) -> Prediction:
        """The maps, of the size they were kept at."""
        archive, index = _opened(self.path)
        about = index.materials[legacy.id]
        maps = {kind: _decoded(archive.read(f"{legacy.id}/{kind}.avif"), kind) for kind in OUTPUTS}
        return Prediction(maps, about.classes, about.wrap, about.confidence)


def jobs_of_kept(sources: Sequence[MaterialSource], path: Path) -> tuple[list[Job], Setting, dict[str, Any]]:
    """The materials with their kept predictions, how they are to be measured, and the figures of the whole maps.

    Errors: FileError where there is no such file, UsageError where it was kept under another painter, and for
    materials it does not have.
    """
    _, index = _opened(path)
    if index.painter != PAINTER_VERSION or index.format != _FORMAT:
        raise UsageError(
            f"Expected predictions of painter {PAINTER_VERSION} in {path}, got painter {index.painter} (format "
            f"{index.format}); keep them again with --folds --keep."
        )
    if missing := [source.id for source in sources if source.id not in index.materials]:
        raise UsageError(
            f"Expected predictions of every material in {path}, but {len(missing)} are not there "
            f"({', '.join(missing[:3])} ...); choose materials with --source, or keep predictions of these."
        )
    jobs = [Job(source, Replaying(path), index.roughness.get(source.id, {})) for source in sources]
    return jobs, Setting(size=index.size, styles=1, side=SIDE), index.figures


@cache
def _opened(path: Path) -> tuple[zipfile.ZipFile, _Index]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(path.read_bytes()))
        return archive, msgspec.json.decode(archive.read(_INDEX), type=_Index)
    except FileNotFoundError as error:
        raise FileError(
            f"Expected kept predictions at {path}, got nothing; name the models of the folds with --model, or a "
            "file with --kept."
        ) from error
    except (OSError, zipfile.BadZipFile, KeyError, msgspec.DecodeError) as error:
        raise FileError(
            f"Expected kept predictions in {path}, it cannot be read ({error}); keep them again with --keep."
        ) from error


def _encoded(image: np.ndarray, quality: int) -> bytes:
    """A map (H, W, 1 or 3) in [0, 1] as AVIF, its colours at full size: WebP halves them, which small maps show."""
    codes = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
    buffer = io.BytesIO()
    picture = Image.fromarray(codes[..., 0] if codes.shape[2] == 1 else codes)
    picture.save(buffer, "AVIF", quality=quality, subsampling="4:4:4", speed=4, max_threads=1)
    return buffer.getvalue()


def _decoded(data: bytes, kind: MapKind) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as picture:
        codes = np.asarray(picture.convert("RGB"))
    return np.ascontiguousarray(codes[..., : spec(kind).channels]).astype(np.float32) / np.float32(255)


def _entry(name: str) -> zipfile.ZipInfo:
    """An entry whose bytes do not depend on when it was written."""
    return zipfile.ZipInfo(name)

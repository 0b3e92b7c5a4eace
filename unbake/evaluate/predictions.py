"""Saved predictions of a cross-validation: one small file, from which its figures are computed without a model.

Beside `folds`: a conversion that saves its maps, and one that gives saved maps back.
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

from unbake.convert.bundle import fingerprint
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
"""Longest side of a saved map, texels."""

_FORMAT: Final = 2
_INDEX: Final = "index.json"
_QUALITY: Final = 75
_FINE: Final = 95
"""Qualities of AVIF, of 100; the second for a height, whose values lie close together and are scaled before they are
compared."""


@dataclass(frozen=True, slots=True)
class SavingConversion:
    """A conversion that also writes the reduced maps of each material's first style to `folder`."""

    convert: Convert
    folder: Path

    def __call__(self, legacy: Legacy) -> Prediction:
        """As `convert` converts it."""
        made = self.convert(legacy)
        if legacy.style == styles_of(legacy.id, 1)[0]:
            record = _Record(legacy.style, made.classes, made.wrap, made.confidence)
            place = self.folder / legacy.id
            place.mkdir(parents=True, exist_ok=True)
            for kind, image in reduced(made.maps, SIDE).items():
                (place / f"{kind}.avif").write_bytes(
                    _encoded(image, _FINE if spec(kind).affine_free else _QUALITY)
                )
            (place / _INDEX).write_bytes(msgspec.json.encode(record))
        return made


def saving(jobs: Sequence[Job], folder: Path) -> list[Job]:
    """The same jobs, which also write their maps to `folder` for `write_predictions`."""
    return [Job(job.source, SavingConversion(job.convert, folder), job.roughness) for job in jobs]


class _Record(msgspec.Struct, frozen=True):
    """A saved prediction besides its maps; wrap, confidence and classes are those of the whole maps."""

    style: str
    classes: dict[str, float]
    wrap: Wrap
    confidence: float


class _Index(msgspec.Struct, frozen=True):
    """index.json: how the cross-validation was measured, the constants of each material, and the figures."""

    format: int
    painter: int
    size: int
    models: list[str]
    materials: dict[str, _Record]
    roughness: dict[str, dict[str, float]]
    figures: dict[str, Any]


def write_predictions(
    path: Path,
    folder: Path,
    jobs: Sequence[Job],
    setting: Setting,
    models: Sequence[Path],
    measured: Evaluation,
) -> None:
    """One file of the maps that `saving` jobs wrote to `folder`, with the figures of the whole maps.

    Maps are lossy AVIF of a longest side of 256 texels, eight bits a channel.
    """
    done = {painting.id for painting in measured.paintings}
    places = {job.source.id: folder / job.source.id for job in jobs if job.source.id in done}
    figures = as_dict(measured)
    index = _Index(
        format=_FORMAT,
        painter=PAINTER_VERSION,
        size=setting.size,
        models=[fingerprint(model) for model in models],
        materials={
            name: msgspec.json.decode((place / _INDEX).read_bytes(), type=_Record)
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
class SavedConversion:
    """The conversion that gives a painting its saved maps."""

    path: Path

    def __call__(self, legacy: Legacy) -> Prediction:
        """The maps, at the size they were saved at."""
        archive, index = _opened(self.path)
        record = index.materials[legacy.id]
        maps = {kind: _decoded(archive.read(f"{legacy.id}/{kind}.avif"), kind) for kind in OUTPUTS}
        return Prediction(maps, record.classes, record.wrap, record.confidence)


def jobs_from_saved(
    sources: Sequence[MaterialSource], path: Path
) -> tuple[list[Job], Setting, dict[str, Any]]:
    """The materials that have saved predictions, how to measure them, and the figures of the whole maps.

    Materials without saved predictions get no job. Errors: FileError where the file is missing or unreadable,
    UsageError where it is of another painter, and where none of the materials is in it.
    """
    _, index = _opened(path)
    if index.painter != PAINTER_VERSION or index.format != _FORMAT:
        raise UsageError(
            f"Expected predictions of painter {PAINTER_VERSION} in {path}, got painter {index.painter} (format "
            f"{index.format}); save them again with --folds --keep."
        )
    saved = [source for source in sources if source.id in index.materials]
    if not saved:
        raise UsageError(
            f"Expected saved predictions of some of the {len(sources)} materials in {path}, got none "
            f"({', '.join(source.id for source in sources[:3])} ...); choose others, or save theirs with --keep."
        )
    jobs = [Job(source, SavedConversion(path), index.roughness.get(source.id, {})) for source in saved]
    return jobs, Setting(size=index.size, styles=1, side=SIDE), index.figures


@cache
def _opened(path: Path) -> tuple[zipfile.ZipFile, _Index]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(path.read_bytes()))
        return archive, msgspec.json.decode(archive.read(_INDEX), type=_Index)
    except FileNotFoundError as error:
        raise FileError(
            f"Expected saved predictions at {path}, got nothing; name the models of the folds with --model, or a "
            "file with --saved."
        ) from error
    except (OSError, zipfile.BadZipFile, KeyError, msgspec.DecodeError) as error:
        raise FileError(
            f"Expected saved predictions in {path}, it cannot be read ({error}); save them again with --keep."
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

"""Converts a painted set as `unbake convert` does: DDS files found, read, converted in tiles by ONNX, and judged."""

import hashlib
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from unbake.convert.bundle import bundle_folder
from unbake.convert.convert import convert_set
from unbake.convert.find import find_sets
from unbake.convert.inputs import Inputs, load_inputs
from unbake.convert.predict import Predictor, load_predictor
from unbake.domain.card import CARD
from unbake.domain.maps import OUTPUTS, MapKind
from unbake.errors import FileError
from unbake.evaluate.painter import Legacy
from unbake.evidence.level import Level
from unbake.image.arrays import Maps, Wrap
from unbake.report.confidence import judge

_FEW = 8
"""Models held at once: as many as there are folds, and some."""


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """The conversion of a painted set.

    maps: the six outputs, float32 (H, W, C) as they are written, in the range of their spec. classes: material
    class to probability, {} without networks. wrap: which axes tile. confidence: of `report.confidence`.
    """

    maps: Maps
    classes: dict[str, float]
    wrap: Wrap
    confidence: float


Convert = Callable[[Legacy], Prediction]
"""A legacy set → its prediction. One that can be pickled works in several processes."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Converts with the networks of a folder, which each process loads once; None: the bundled ones, or rules.

    threads: of the CPU, in each process. card: hash of the card, whose decisions a release changes under way. Made by
    `bundle`.
    """

    folder: Path | None
    threads: int
    card: str

    def __call__(self, legacy: Legacy) -> Prediction:
        """The prediction of the set."""
        return converted(legacy, _predictor(self))


def bundle(folder: Path | None = None, workers: int = 1) -> Bundle:
    """The conversion by a model's folder, for one of `workers` processes at work beside each other."""
    card = bundle_folder(folder) / CARD
    digest = hashlib.sha256(card.read_bytes()).hexdigest() if card.is_file() else ""
    return Bundle(folder, max(1, (os.cpu_count() or 1) // workers), digest)


def converted(legacy: Legacy, predictor: Predictor | None) -> Prediction:
    """The prediction of a set: its files are written to a folder and converted as by `unbake convert`, its level told.

    predictor: networks that are loaded; None converts by rules alone. FileError where the files do not make one
    texture set.
    """
    made = convert_set(inputs_of(legacy.files, legacy.id), predictor, level=level_of(legacy))
    judged = (MapKind.DIFFUSE, MapKind.NORMAL, MapKind.SPECULAR, *OUTPUTS)
    maps = {kind: made.maps[kind] for kind in judged if kind in made.maps}
    confidence = judge(maps, made.wrap).confidence
    return Prediction({kind: maps[kind] for kind in OUTPUTS}, made.classes, made.wrap, confidence)


def inputs_of(files: Mapping[str, bytes], name: str) -> Inputs:
    """The inputs of a painted set, read from files as `unbake convert` reads them.

    files: what follows the set's name ("" and "_n") → the bytes of a DDS file. name: for FileError, where they do not
    make one texture set.
    """
    with tempfile.TemporaryDirectory() as folder:
        for suffix, data in files.items():
            (Path(folder) / f"set{suffix}.dds").write_bytes(data)
        sets, _ = find_sets(Path(folder))
        if len(sets) != 1:
            raise FileError(
                f"Expected the files of '{name}' to make one texture set, got {len(sets)}; report it."
            )
        return load_inputs(sets[0])


def level_of(legacy: Legacy) -> Level:
    """The level of a painting's mod, as conversion is told it."""
    return Level(legacy.level.rest, min(1.0, legacy.level.metal / legacy.level.rest), 0.0)


@lru_cache(maxsize=_FEW)
def _predictor(of: Bundle) -> Predictor | None:
    return load_predictor(of.folder, of.threads)

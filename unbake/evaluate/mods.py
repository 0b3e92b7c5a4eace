"""Lays painted materials out as mods on disk, one of each darkness, and estimates each mod's level as conversion does.

Between `declared`, which paints, and `evidence_run`, which converts. Each mod lies there twice, the files linked: under
neutral names, and under game-like ones.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from unbake.batch.levels import measure_level
from unbake.convert.find import find_sets
from unbake.convert.sets import TextureSet
from unbake.data.sources import MaterialSource
from unbake.errors import FileError, UnbakeError
from unbake.evaluate.declared import DARKNESSES, Alpha, Companion, paint_declared
from unbake.evaluate.run import truth_of
from unbake.evaluate.simulated import path_of
from unbake.evaluate.traced import light_from_cache
from unbake.evidence.level import Level

NEUTRAL, NAMED = "neutral", "named"


@dataclass(frozen=True, slots=True)
class Painting:
    """A painting of a material on disk; see `declared.Painted`. number: of the material. path: its game-like one."""

    number: int
    darkness: str
    path: str
    rest: float
    metal: float
    alpha: Alpha
    companion: Companion
    clipped: float


@dataclass(frozen=True, slots=True)
class Layout:
    """Where mods are laid out, and how materials are painted: longest side in texels, the draw, traced light if any."""

    folder: Path
    size: int
    seed: int
    traced: Path | None = None

    def root(self, kind: str, darkness: str) -> Path:
        """The folder of one mod, under neutral or game-like names."""
        return self.folder / kind / darkness


@dataclass(frozen=True, slots=True)
class Mod:
    """The sets of one darkness by material number, under both kinds of names, and the levels estimated from each."""

    neutral: dict[int, TextureSet]
    named: dict[int, TextureSet]
    level: Level
    named_level: Level


_DIGITS: Final = 4


def lay_out(layout: Layout, job: tuple[int, MaterialSource]) -> list[Painting] | str:
    """Paint a material for each mod and write its files, or say why it is left out."""
    number, source = job
    try:
        truth = truth_of(source, layout.size)
        light_from = light_from_cache(layout.traced, source.id)
        sets = [paint_declared(source.id, truth, one, layout.seed, light_from) for one in DARKNESSES]
    except UnbakeError as error:
        return f"{source.id}: {error}"
    path = path_of(source.id, source.category, truth, layout.seed)
    paintings = []
    for darkness, painted in zip(DARKNESSES, sets, strict=True):
        for suffix, data in painted.files.items():
            ending = f"{number:0{_DIGITS}}{suffix}.dds"
            file = layout.root(NEUTRAL, darkness.name) / f"set{ending}"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
            link = layout.root(NAMED, darkness.name) / "textures" / f"{path}{ending}"
            link.parent.mkdir(parents=True, exist_ok=True)
            os.link(file, link)
        paintings.append(
            Painting(
                number,
                darkness.name,
                path,
                painted.rest,
                painted.metal,
                painted.alpha,
                painted.companion,
                painted.clipped,
            )
        )
    return paintings


def read_mods(layout: Layout, numbers: Sequence[int]) -> dict[str, Mod]:
    """The mods that were laid out, by darkness; FileError unless each has a texture set for each material."""
    return {darkness.name: _mod(layout, darkness.name, set(numbers)) for darkness in DARKNESSES}


def _mod(layout: Layout, darkness: str, numbers: set[int]) -> Mod:
    found = {}
    for kind in (NEUTRAL, NAMED):
        sets, _ = find_sets(layout.root(kind, darkness))
        found[kind] = {int(files.name[-_DIGITS:]): files for files in sets}
        if set(found[kind]) != numbers:
            raise FileError(
                f"Expected {len(numbers)} texture sets in the {darkness} mod, got {len(found[kind])}; report it."
            )
    levels = {kind: _level(layout.folder, list(sets.values())) for kind, sets in found.items()}
    return Mod(found[NEUTRAL], found[NAMED], levels[NEUTRAL], levels[NAMED])


def _level(folder: Path, sets: list[TextureSet]) -> Level:
    level = measure_level(folder, sets).level
    assert level is not None
    return level

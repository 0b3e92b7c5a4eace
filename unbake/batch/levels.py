"""The painter's level of a mod, measured on small copies of all its textures and kept in OUT; before conversion."""

import math
import multiprocessing
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from hashlib import blake2b
from pathlib import Path
from typing import Annotated, Final

import msgspec
import numpy as np

from unbake.batch.in_flight import InFlight
from unbake.batch.journal import HIDDEN
from unbake.convert.sets import TextureSet
from unbake.convert.small import small_picture
from unbake.convert.sources import Source
from unbake.decoding import decode_json
from unbake.errors import FileError, UnbakeError
from unbake.evidence.companions import metal_cue, strength
from unbake.evidence.level import Level, PaintedSet, estimate_level
from unbake.evidence.names import name_evidence
from unbake.files import safe_join, write_atomic
from unbake.image.colour import srgb_to_linear
from unbake.image.ground import painted

FILE: Final = f"{HIDDEN}/levels.json"

SAME: Final = 0.07
"""Difference of log levels (a tenth of a stop) up to which a kept level still holds: a few textures more or less should
not convert a whole mod again."""

VERSION: Final = 3

_LEAST_SHARE: Final = 0.02
_DARKEST: Final = 1e-5


LogMean = Annotated[float, msgspec.Meta(ge=-12, le=1)]


class Measured(msgspec.Struct, frozen=True, array_like=True):
    """Log mean linear brightness of a texture, of its metal and of the rest, as `PaintedSet` has it."""

    log_mean: LogMean | None
    metal_log_mean: LogMean | None = None


class Levels(msgspec.Struct, frozen=True):
    """The file in OUT: the level that conversions use, and the measurements of each texture."""

    version: int = VERSION
    level: Level | None = None
    measured: dict[str, Measured] = {}


def measure_level(out: Path, sets: Sequence[TextureSet], in_flight: InFlight | None = None) -> Levels:
    """The level of a mod, from all its sets, whatever the shard and their order; nothing is written.

    A level that an earlier run used is used again while the estimate hardly differs, so that nothing is converted
    anew for a change nobody sees. Textures that cannot be read do not count: their conversion says why.
    in_flight: is told of each set that is decoded, so that one that ends the program is known; its suspects are
    measured in a process of their own, and do not count where they end it.
    """
    kept = _read(out)
    measured: dict[str, Measured] = {}
    painted: list[PaintedSet] = []
    for files in sets:
        key = _key(files)
        found = kept.measured.get(key) or _noted(files, in_flight)
        if found is None:
            continue
        measured[key] = found
        families = name_evidence(files.texture).families
        painted.append(PaintedSet(found.log_mean, families, found.metal_log_mean))
    level = estimate_level(painted)
    before = kept.level
    if before is not None and _close(before.gain, level.gain) and _close(before.metal_gain, level.metal_gain):
        level = before
    return Levels(level=level, measured=dict(sorted(measured.items())))


def keep_level(out: Path, levels: Levels) -> None:
    """Keep a level and its measurements in OUT for later runs; FileError where that cannot be written."""
    if levels != _read(out):
        write_atomic(safe_join(out, FILE), msgspec.json.encode(levels))


def kept_level(out: Path) -> Level | None:
    """The level that the conversion in `out` used; None where it used none."""
    return _read(out).level


def _close(level: float, other: float) -> bool:
    return abs(math.log(level / other)) <= SAME


def _noted(files: TextureSet, in_flight: InFlight | None) -> Measured | None:
    """`_measure`, noted as under way."""
    if in_flight is None:
        return _measure(files)
    if files.name in in_flight.suspects:
        return _measure_alone(files, in_flight.sound)
    in_flight.begin(files.name)
    try:
        return _measure(files)
    finally:
        in_flight.end(files.name)


def _measure_alone(files: TextureSet, sound: set[str]) -> Measured | None:
    """`_measure` in a new process; None where that ends it, else the set's name is added to `sound`."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        try:
            measured = pool.submit(_measure, files).result()
        except BrokenProcessPool:
            return None
    sound.add(files.name)
    return measured


def _measure(files: TextureSet) -> Measured | None:
    """The brightness of what is painted of a set, on a small copy; None where it cannot be read."""
    try:
        picture = small_picture(files.diffuse)
        metal = None if files.environment is None else _metal(files, files.environment)
    except (UnbakeError, MemoryError):
        return None
    if picture.shape[2] == 1:
        picture = np.repeat(picture, 3, axis=2)
    light = srgb_to_linear(picture[..., :3]).mean(-1)
    opaque = painted(light)
    if picture.shape[2] == 4:
        opaque &= picture[..., 3] > 0.1
    if opaque.mean() < _LEAST_SHARE:
        opaque = np.ones(light.shape, bool)
    if metal is None:
        return Measured(_log_mean(light[opaque]))
    rows = np.arange(light.shape[0]) * metal.shape[0] // light.shape[0]
    columns = np.arange(light.shape[1]) * metal.shape[1] // light.shape[1]
    marked = metal[rows][:, columns] > 0.5
    if (marked & opaque).mean() < _LEAST_SHARE:
        return Measured(_log_mean(light[opaque]))
    rest = light[opaque & ~marked]
    return Measured(
        _log_mean(rest) if rest.size >= 0.1 * light.size else None, _log_mean(light[opaque & marked])
    )


def _metal(files: TextureSet, companion: Source) -> np.ndarray | None:
    """Strength (h, w) of what a companion marks as metal; None where the name says that it marks something else."""
    if name_evidence(files.texture).mask_gate < 0.5:
        return None
    image = small_picture(companion)
    cue = metal_cue(np.rint(image * 255).astype(np.uint8))
    return None if cue.kind == "black" else strength(cue.values, cue.top)[..., 0]


def _log_mean(light: np.ndarray) -> float:
    return round(math.log(float(light.mean()) + _DARKEST), 4)


def _key(files: TextureSet) -> str:
    """What a measurement depends on: the files' places, sizes and times."""
    return blake2b("|".join(_stamps([files.diffuse, files.environment])).encode(), digest_size=12).hexdigest()


def _stamps(sources: Iterable[Source | None]) -> Iterable[str]:
    for source in sources:
        if source is None:
            continue
        try:
            about = source.path.stat()
            yield f"{source}:{about.st_size}:{about.st_mtime_ns}"
        except OSError:
            yield str(source)


def _read(out: Path) -> Levels:
    """What an earlier run kept; nothing where there is no such file, or a damaged one."""
    try:
        kept = decode_json(safe_join(out, FILE).read_bytes(), Levels)
    except (OSError, FileError, msgspec.DecodeError):
        return Levels()
    return kept if kept.version == VERSION else Levels()

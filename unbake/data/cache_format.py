"""What the cache keeps and how: its index, and maps as integers; `cache` writes it, `dataset` reads it."""

from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from unbake.data.split import Split
from unbake.domain.maps import MapKind, spec
from unbake.domain.materials import Domain
from unbake.errors import UsageError
from unbake.image.geometry import GEOMETRY_VERSION
from unbake.image.normals import decode_normal, encode_normal

FORMAT_VERSION = 2

GIVEN = "given"
"""The style of a diffuse that is the material's own: a real pair."""

WRITTEN = "written"
"""The style of a diffuse that a painter left beside the material."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One material at one scale, as index.json holds it.

    folder: relative to the cache. wrap: (rows wrap, columns wrap). maps8, maps16: channel order of the two
    files. styles, specular: per variant of the diffuse, its style (GIVEN, WRITTEN or a painter's) and whether it has
    a specular mask; all scales of a material have the same variants.
    """

    id: str
    category: str
    split: Split
    source: str
    licence: str
    key: str
    folder: str
    scale: float
    height: int
    width: int
    wrap: tuple[bool, bool]
    maps8: tuple[MapKind, ...]
    maps16: tuple[MapKind, ...]
    styles: tuple[str, ...]
    specular: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Index:
    """All entries of a cache, with the versions of what made them."""

    format: int
    geometry: int
    domain: Domain
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class _Versions:
    """What is read of an index before the rest: another version may have other fields."""

    format: int
    geometry: int


def read_index(folder: Path) -> Index:
    """The index of a cache. Errors: UsageError when there is none, or one made by another version."""
    path = folder / "index.json"
    if not path.is_file():
        raise UsageError(f"Expected a data cache in {folder}, found no index.json; build the cache first.")
    data = path.read_bytes()
    try:
        versions = msgspec.json.decode(data, type=_Versions)
    except msgspec.DecodeError as error:
        raise UsageError(f"Expected a cache index in {path}, got {error}; build the cache again.") from error
    ours, theirs = (FORMAT_VERSION, GEOMETRY_VERSION), (versions.format, versions.geometry)
    if ours != theirs:
        raise UsageError(
            f"Expected format and geometry versions {ours} in {path}, got {theirs}; build the cache again."
        )
    return msgspec.json.decode(data, type=Index)


def quantised(kind: MapKind, values: np.ndarray) -> np.ndarray:
    """A map as the cache stores it: uint8, or uint16 where its spec says 16 bits.

    >>> quantised(MapKind.NORMAL, np.float32([[[0, 0, 1]]])).tolist()
    [[[128, 128, 255]]]
    """
    about = spec(kind)
    unit = (
        encode_normal(values, "opengl") if about.vector else (values - about.low) / (about.high - about.low)
    )
    top = 2**about.bits - 1
    return np.round(np.clip(unit, 0, 1) * top).astype(np.uint8 if about.bits == 8 else np.uint16)


def restored(kind: MapKind, stored: np.ndarray) -> np.ndarray:
    """A stored map as float32 in the range of its spec: undoes `quantised` to half a step.

    >>> restored(MapKind.AO, np.uint8([[[255]]])).tolist()
    [[[1.0]]]
    """
    about = spec(kind)
    unit = stored.astype(np.float32) * np.float32(1 / (2**about.bits - 1))
    if about.vector:
        return decode_normal(unit, "opengl")
    return unit if (about.low, about.high) == (0, 1) else unit * (about.high - about.low) + about.low

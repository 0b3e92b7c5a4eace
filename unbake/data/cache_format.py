"""Format of the data cache: its index, and maps as integers; `cache` writes it, `dataset` reads it."""

from dataclasses import dataclass
from pathlib import Path

import msgspec

from unbake.data.split import Split
from unbake.decoding import decode_json
from unbake.domain.maps import MapKind
from unbake.domain.materials import Domain
from unbake.errors import UsageError
from unbake.image.arrays import Wrap
from unbake.image.geometry import GEOMETRY_VERSION

FORMAT_VERSION = 4
"""Of index.json and the arrays; 4: paintings have an environment mask, a mod and its level."""

MASKS = (MapKind.SPECULAR, MapKind.ENVIRONMENT)
"""The masks beside a painted diffuse, in the order of their channels."""

REAL_STYLE = "given"
"""Style of a diffuse that is the material's own: a real pair. The string is part of the format."""

PAINTED_FILE_STYLE = "written"
"""Style of a painting on disk, beside the material. The string is part of the format."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One material at one scale, as index.json holds it.

    folder: relative to the cache. wrap: (rows wrap, columns wrap). maps8, maps16: channel order of the two
    files. styles, specular, environment: per variant of the diffuse, its style (REAL_STYLE, PAINTED_FILE_STYLE or a
    painter's) and whether it has a specular and an environment mask; all scales of a material have the same variants.
    mods, levels: per variant, the mod it belongs to, and its own painted level: mean brightness as a share of the
    albedo's, linear, of what is no metal. files: name, bytes and CRC-32
    of each array; () in entries of before there were checksums.
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
    wrap: Wrap
    maps8: tuple[MapKind, ...]
    maps16: tuple[MapKind, ...]
    styles: tuple[str, ...]
    specular: tuple[bool, ...]
    environment: tuple[bool, ...]
    mods: tuple[str, ...]
    levels: tuple[float, ...]
    files: tuple[tuple[str, int, int], ...] = ()

    def has(self, mask: MapKind, variant: int) -> bool:
        """Whether a variant has one of `MASKS` beside it."""
        return (self.specular if mask == MASKS[0] else self.environment)[variant]


@dataclass(frozen=True, slots=True)
class Index:
    """All entries of a cache, with the versions of what made them."""

    format: int
    geometry: int
    domain: Domain
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class _Versions:
    """The part of an index that every version has, read before the rest."""

    format: int
    geometry: int


def read_index(folder: Path) -> Index:
    """The index of a cache. Errors: UsageError when there is none, or one made by another version."""
    path = folder / "index.json"
    if not path.is_file():
        raise UsageError(f"Expected a data cache in {folder}, found no index.json; build the cache first.")
    data = path.read_bytes()
    try:
        versions = decode_json(data, _Versions)
    except msgspec.DecodeError as error:
        raise UsageError(f"Expected a cache index in {path}, got {error}; build the cache again.") from error
    ours, theirs = (FORMAT_VERSION, GEOMETRY_VERSION), (versions.format, versions.geometry)
    if ours != theirs:
        raise UsageError(
            f"Expected format and geometry versions {ours} in {path}, got {theirs}; build the cache again."
        )
    try:
        return decode_json(data, Index)
    except msgspec.DecodeError as error:
        raise UsageError(f"Expected a cache index in {path}, got {error}; build the cache again.") from error

"""Finds which textures another PBR mod of a load order covers already; for `game_view`, after `load_order`.

A mod covers a texture by files in `textures/pbr` (its `_rmaos`, without which PGPatcher drops an entry), or by an entry
of PGPatcher's JSON whose files are there. PGPatcher matches `texture` and `match_diffuse` by the end of a mesh's path,
`match_normal` by that of its normal map, and `path_contains` anywhere in it.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from unbake.convert.load_order import LoadOrder, Mod, Tree
from unbake.decoding import decode_any_json
from unbake.export.pgpatcher import FOLDER

_PBR: Final = "pbr/"
_MARK: Final = "_rmaos"
_LONGEST: Final = 64 << 20
"""Bytes of the longest JSON that is read."""


class Covered:
    """The textures that PBR mods cover; ask it by a texture's path below `textures`, without extension."""

    def __init__(self) -> None:
        self._files: dict[str, str] = {}
        self._ends: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self._parts: list[tuple[str, str]] = []

    def by(self, texture: str) -> str | None:
        """The name of the mod that covers a texture, None for none."""
        path = texture.lower()
        if path in self._files:
            return self._files[path]
        for end, mod in self._ends.get(path.rpartition("/")[2], ()):
            if path == end or path.endswith(f"/{end}"):
                return mod
        return next((mod for part, mod in self._parts if part in f"textures/{path}"), None)

    def add_file(self, texture: str, mod: str) -> None:
        """A texture of which `textures/pbr` has the files."""
        self._files[texture.lower()] = mod

    def add_end(self, end: str, mod: str) -> None:
        """Textures whose path ends so."""
        self._ends[end.rpartition("/")[2]].append((end, mod))

    def add_part(self, part: str, mod: str) -> None:
        """Textures whose path has this in it."""
        self._parts.append((part, mod))


def covered(order: LoadOrder, tree: Tree, apart: Collection[str] = ()) -> Covered:
    """What the mods of a load order cover, without those in `apart`.

    A JSON file that cannot be read covers nothing, as in PGPatcher.
    """
    found = Covered()
    files = {
        path.rpartition(".")[0]: owner
        for path, owner in tree.owners.items()
        if path.startswith(_PBR) and owner not in apart
    }
    for path, owner in files.items():
        if path.endswith(_MARK):
            found.add_file(path.removeprefix(_PBR).removesuffix(_MARK), owner)
    for mod, file in _json_files(order):
        for entry in [] if mod in apart else _entries(file):
            _add_entry(found, entry, mod, files)
    return found


def of_conversion(order: LoadOrder, name: str) -> set[str]:
    """The mods that are the conversion of this name as it was installed, by their JSON's name."""
    return {mod for mod, path in _json_files(order) if path.stem.lower() == name.lower()}


def _json_files(order: LoadOrder) -> Iterator[tuple[str, Path]]:
    """The JSON files that PGPatcher reads, with the mod of each; of several with one name the last mod's."""
    found: dict[str, tuple[str, Path]] = {}
    for layer in order.layers:
        for path in _in_folder(layer):
            found[path.name.lower()] = order.owner(layer, f"{FOLDER}/{path.name}"), path
    yield from found.values()


def _in_folder(layer: Mod) -> Iterable[Path]:
    if not layer.folder.is_dir():
        return ()
    tops = (path for path in layer.folder.iterdir() if path.name.lower() == FOLDER.lower() and path.is_dir())
    return sorted(path for top in tops for path in top.iterdir() if _is_json(path))


def _is_json(path: Path) -> bool:
    return path.suffix.lower() == ".json" and path.is_file()


def _entries(path: Path) -> Iterator[Mapping[str, Any]]:
    """The entries of one file with its shared values; none where it is not as PGPatcher reads it."""
    try:
        if path.stat().st_size > _LONGEST:
            return
        content = decode_any_json(path.read_bytes().decode("utf-8-sig"))
    except (OSError, ValueError):
        return
    shared: Any = {}
    if isinstance(content, dict):
        shared, content = content.get("default"), content.get("entries")
    if isinstance(content, list) and isinstance(shared, dict):
        yield from (shared | entry for entry in content if isinstance(entry, dict))


def _add_entry(found: Covered, entry: Mapping[str, Any], mod: str, files: Mapping[str, str]) -> None:
    """What one entry covers, where the files that it implies are there."""
    named = {key: _path(entry[key]) for key in _MATCHES if isinstance(entry.get(key), str) and entry[key]}
    diffuse = named.get("texture") or named.get("match_diffuse")
    target = named.get("rename") or diffuse
    if target and f"{_PBR}{target}{_MARK}" not in files:
        return
    if diffuse:
        found.add_end(diffuse, mod)
    if normal := named.get("match_normal"):
        found.add_end(normal.removesuffix("_n"), mod)
    part = entry.get("path_contains")
    if not diffuse and not normal and isinstance(part, str) and len(part) > _LEAST:
        found.add_part(part.lower().replace("\\", "/"), mod)


_MATCHES: Final = ("texture", "match_diffuse", "match_normal", "rename")
_LEAST: Final = 3
"""Letters up to which a part of a path says too little to leave textures out for."""


def _path(text: str) -> str:
    """A path as entries write it (backslashes, maybe with an extension), as ours are."""
    return text.lower().replace("\\", "/").lstrip("/").removeprefix("textures/").removesuffix(".dds")

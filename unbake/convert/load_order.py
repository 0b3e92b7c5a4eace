"""Merges the mods of a mod manager's load order into the one tree of textures that the game sees; before `sets`."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Final

from unbake.convert.archives import is_bsa
from unbake.convert.sources import Source, Texture, composed, packed_sources, textures_below
from unbake.domain.texture_paths import ROOT_FOLDER, is_texture
from unbake.errors import FileError

_OF_THE_GAME: Final = re.compile(
    r"(skyrim - .*|update|dawnguard|hearthfires|dragonborn|highrestexturepack\d*|_resourcepack.*|marketplacetextures"
    r"|cc[a-z]{3}sse\d.*)\.bsa"
)
"""Archives in Data that come with the game or its Creations, lower case."""

DATA: Final = "Data"
"""The name of a mod that no manager knows: files that somebody put into the game's folder by hand."""


@dataclass(frozen=True, slots=True)
class Mod:
    """A mod of a load order: its name in the manager, and the folder whose content the game sees in Data."""

    name: str
    folder: Path


@dataclass(frozen=True, slots=True)
class LoadOrder:
    """A game as its mod manager sets it up.

    title: for a person. mods: enabled ones, earliest first, of which later ones win. data: the game's own Data, below
    all mods, None where it is unknown. owners: of files in Data (path below it, lower case, forward slashes), the mod
    that a manager put them there from. plugins: names of the active plugins, lower case, in load order; () where that
    is unknown. places: the folders that all of it lies in. notes: sentences about what could not be read.
    """

    title: str
    mods: tuple[Mod, ...]
    data: Path | None = None
    owners: Mapping[str, str] = field(default_factory=dict)
    plugins: tuple[str, ...] = ()
    places: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def layers(self) -> tuple[Mod, ...]:
        """All folders whose files are seen in Data, earliest first."""
        return (*([] if self.data is None else [Mod(DATA, self.data)]), *self.mods)

    @property
    def count(self) -> int:
        """How many mods are on."""
        return len({*(mod.name for mod in self.mods), *self.owners.values()})

    def without(self, names: Iterable[str]) -> "LoadOrder":
        """The same order where these mods are switched off."""
        gone = set(names)
        return replace(self, mods=tuple(mod for mod in self.mods if mod.name not in gone))

    def owner(self, layer: Mod, path: str) -> str:
        """The name of the mod that a file of a layer comes from; path: below Data."""
        return self.owners.get(path.lower(), layer.name) if layer.folder == self.data else layer.name

    def holds(self, file: Path) -> bool:
        """Whether a file lies where this load order takes its own from."""
        return any(file.is_relative_to(place) for place in self.places)

    def plugin_files(self) -> tuple[Path, ...]:
        """The active plugins that are there, in load order, each from the mod that wins."""
        files = {
            path.name.lower(): path
            for layer in self.layers
            for path in entries(layer.folder)
            if path.is_file()
        }
        return tuple(files[name] for name in self.plugins if name in files)


@dataclass(frozen=True, slots=True)
class Tree:
    """The textures that the game sees.

    textures: by path below `textures`, lower case. owners: the mod that each comes from, "" for the game itself.
    unreadable: archives that could not be read. overridden: how many files lie under others. notes: sentences.
    """

    textures: dict[str, Texture]
    owners: dict[str, str]
    unreadable: tuple[Texture, ...] = ()
    overridden: int = 0
    notes: tuple[str, ...] = ()


def merge(order: LoadOrder) -> Tree:
    """The tree of a load order: later mods win file by file, loose files over those in archives.

    Archives win in the order of their plugins, as far as that is known; those of mods whose plugin is off are not
    loaded by the game, and left out with a note. UsageError where a folder cannot be read.
    """
    textures: dict[str, Texture] = {}
    owners: dict[str, str] = {}
    unreadable: list[Texture] = []
    count = 0

    def put(found: Mapping[str, Texture], name: str) -> None:
        nonlocal count
        count += len(found)
        textures.update(found)
        owners.update(dict.fromkeys(found, name))

    archives, notes = _archives(order)
    for at, archive, name in archives:
        try:
            put(_by_path(_in_archive(archive, at)), name)
        except FileError as error:
            unreadable.append(Texture(None, Source(archive), at, unreadable=str(error)))
    for at, layer in enumerate(order.layers):
        for path, texture in _by_path(_loose(layer.folder, at)).items():
            put({path: texture}, order.owner(layer, f"{ROOT_FOLDER}/{path}"))
    top = f"{ROOT_FOLDER}/"
    listed = (path.removeprefix(top) for path in order.owners if path.startswith(top) and is_texture(path))
    if missing := sum(path not in textures for path in listed):
        notes.append(
            f"{missing} textures that the mod manager lists are not there; deploy again to convert them"
        )
    return Tree(textures, owners, tuple(unreadable), count - len(textures), tuple(notes))


def entries(folder: Path) -> Sequence[Path]:
    """What lies directly in a folder, by name; () where it is not there."""
    return sorted(folder.iterdir()) if folder.is_dir() else ()


def _archives(order: LoadOrder) -> tuple[list[tuple[int, Path, str]], list[str]]:
    """The archives that the game loads (layer, file, mod, "" for the game itself), earliest first, and notes."""
    ranks = {name: rank for rank, name in enumerate(order.plugins)}
    found: dict[str, tuple[int, Path, str]] = {}
    for at, layer in enumerate(order.layers):
        for path in entries(layer.folder):
            if is_bsa(path) and path.is_file():
                name = order.owner(layer, path.name)
                own = name == DATA and _OF_THE_GAME.fullmatch(path.name.lower()) is not None
                found[path.name.lower()] = at, path, "" if own else name
    off = [
        path.name
        for _, path, name in found.values()
        if name and ranks and _rank(path, ranks) is None and not _OF_THE_GAME.fullmatch(path.name.lower())
    ]
    kept = [one for one in found.values() if one[1].name not in off]
    kept.sort(key=lambda one: (bool(one[2]), _rank(one[1], ranks) or 0, one[0], one[1].name.lower()))
    notes = []
    if off:
        notes.append(
            f"{len(off)} archives are left out, since no active plugin loads them: {', '.join(sorted(off)[:3])}"
            + (", ..." if len(off) > 3 else "")
        )
    if not ranks and any(name for _, _, name in kept):
        notes.append(
            "no list of plugins was found, so archives override each other in the order of their mods, where the game "
            "takes that of their plugins"
        )
    return kept, notes


def _rank(archive: Path, ranks: Mapping[str, int]) -> int | None:
    """The place of the plugin that loads an archive: `Mod.bsa` and `Mod - Textures.bsa` belong to `Mod.esp`."""
    stem = archive.stem.lower()
    for name in (stem, stem.removesuffix(" - textures")):
        for suffix in (".esp", ".esm", ".esl"):
            if f"{name}{suffix}" in ranks:
                return ranks[f"{name}{suffix}"]
    return None


def _loose(folder: Path, at: int) -> Iterator[Texture]:
    """The textures below the folders called `textures` directly in a mod: the game sees no others."""
    for top in entries(folder):
        if top.name.lower() == ROOT_FOLDER and top.is_dir():
            for path in sorted(textures_below(top, deep=True)):
                yield Texture(PurePosixPath(*path.relative_to(top).parts), Source(path), at)


def _in_archive(archive: Path, at: int) -> Iterator[Texture]:
    for source in packed_sources(archive):
        top, _, rest = (source.entry or "").partition("/")
        if top.lower() == ROOT_FOLDER and rest:
            yield Texture(PurePosixPath(rest), source, at)


def _by_path(textures: Iterable[Texture]) -> dict[str, Texture]:
    """Textures of one mod by their paths in lower case; of two that differ in case alone the first."""
    found: dict[str, Texture] = {}
    for texture in textures:
        game = composed(texture.game)
        found.setdefault(str(game).lower(), replace(texture, game=game))
    return found

"""Plugins in load order, from a folder or from a mod manager's list; before `plugins`."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from unbake.errors import FileError, UsageError
from unbake.evidence.plugin_file import Plugin, read_plugin

KINDS_OF_FILE: Final = (".esm", ".esl", ".esp")
"""Extensions of plugins."""

ALWAYS_FIRST: Final = ("skyrim.esm", "update.esm", "dawnguard.esm", "hearthfires.esm", "dragonborn.esm")
"""The game's own plugins, which it loads whether a load order lists them or not."""

MOST_PLUGINS: Final = 5000
"""More than the game can load: 254 and 4096 light ones."""

_LONGEST_LIST: Final = 1 << 20


class Found(NamedTuple):
    """Plugins in load order, and sentences about those that were not found."""

    paths: tuple[Path, ...]
    notes: tuple[str, ...] = ()


def find_plugins(source: Path, folders: Sequence[Path] = ()) -> Found:
    """The plugins of a folder, or those that a load order (`plugins.txt`, `loadorder.txt`) names, in load order.

    source: one plugin; or a folder, which is looked through with its direct subfolders (a folder of mods), masters
        first and the rest by name; or a load order, whose active plugins (lines with `*`, or all where none has
        one) are looked for in `folders` and their subfolders, or beside the file, the game's own first.
    UsageError where the source is neither or cannot be read.
    """
    try:
        if source.is_dir():
            files, notes = _plugin_files([source])
            ordered = _masters_first(files.values())
            notes += (
                [] if files else [f"Expected plugins in {source}, got none; name the game's Data folder."]
            )
        elif source.is_file() and source.suffix.lower() in KINDS_OF_FILE:
            ordered, notes = [source], []
        elif source.is_file() and source.suffix.lower() == ".txt":
            files, notes = _plugin_files(folders or [source.parent])
            ordered, missing = _listed(active_names(source), files)
            notes += _missing_note(source, missing)
        else:
            raise UsageError(
                f"Expected a folder of plugins or a load order such as plugins.txt, got {source}; check the path."
            )
    except OSError as error:
        why = error.strerror or error
        raise UsageError(f"Expected readable plugins, got {source} ({why}); check the path.") from error
    if len(ordered) > MOST_PLUGINS:
        raise UsageError(
            f"Expected up to {MOST_PLUGINS} plugins, got {len(ordered)} in {source}; name the load order."
        )
    return Found(tuple(ordered), tuple(notes))


def find_all(sources: Sequence[Path]) -> Found:
    """The plugins of several sources, each as in `find_plugins`, those of later ones on top; each plugin once.

    Where one of them is a load order, the folders among them are where its plugins are looked for.
    """
    lists = [source for source in sources if source.suffix.lower() == ".txt"]
    folders = [source for source in sources if lists and source.is_dir()]
    found = [find_plugins(source, folders) for source in sources if source not in folders]
    paths = {path.name.lower(): path for one in found for path in one.paths}
    last_first = reversed([path for one in found for path in one.paths])
    ordered = list(dict.fromkeys(path.name.lower() for path in last_first))[::-1]
    return Found(tuple(paths[name] for name in ordered), tuple(note for one in found for note in one.notes))


def some(names: Sequence[str]) -> str:
    """Up to three names of many, for a sentence.

    >>> some(["a", "b", "c", "d"])
    'a, b, c and 1 more'
    """
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def _plugin_files(folders: Iterable[Path]) -> tuple[dict[str, Path], list[str]]:
    """Plugins of folders and of their direct subfolders by lower-case name; of two with one name the first."""
    files: dict[str, Path] = {}
    twice: list[str] = []
    for folder in folders:
        entries = sorted(folder.iterdir(), key=lambda path: path.name.lower())
        inner = [entry for entry in entries if entry.is_dir()]
        inside = [path for one in inner for path in sorted(one.iterdir(), key=lambda path: path.name.lower())]
        for path in [*entries, *inside]:
            if path.suffix.lower() not in KINDS_OF_FILE or not path.is_file():
                continue
            if files.setdefault(path.name.lower(), path) != path:
                twice.append(path.name)
    if not twice:
        return files, []
    return files, [f"Expected each plugin once, got {some(twice)} several times; the first in order counts."]


def _masters_first(paths: Iterable[Path]) -> list[Path]:
    """Plugins by name, masters and light ones before others, each after the masters that it names."""
    headers: dict[str, tuple[Path, Plugin | None]] = {}
    for path in paths:
        try:
            headers[path.name.lower()] = path, read_plugin(path, header_only=True)
        except FileError:
            headers[path.name.lower()] = path, None
    ordered: dict[str, Path] = {}
    for start in sorted(headers, key=lambda name: _rank(name, headers[name][1])):
        entered, waiting = set(), [start]
        while waiting:
            name = waiting[-1]
            plugin = headers[name][1]
            if name not in entered:
                entered.add(name)
                before = [master.lower() for master in plugin.masters] if plugin else []
                waiting += [
                    m for m in reversed(before) if m in headers and m not in entered and m not in ordered
                ]
            else:
                waiting.pop()
                ordered.setdefault(name, headers[name][0])
    return list(ordered.values())


def _rank(name: str, plugin: Plugin | None) -> tuple[int, int, str]:
    first = ALWAYS_FIRST.index(name) if name in ALWAYS_FIRST else len(ALWAYS_FIRST)
    early = name.endswith((".esm", ".esl")) or (plugin is not None and plugin.is_master)
    return first, 0 if early else 1, name


def active_names(source: Path) -> list[str]:
    """The active names of a load order, lower case, without what `plugins.txt` beside it switches off."""
    names, inactive = _lines(source)
    beside = source.with_name("plugins.txt")
    if source.name.lower() != "plugins.txt" and beside.is_file():
        inactive |= _lines(beside)[1]
    return [name for name in dict.fromkeys(names) if name not in inactive]


def _lines(source: Path) -> tuple[list[str], set[str]]:
    """All names of a load order, and those that it switches off."""
    if source.stat().st_size > _LONGEST_LIST:
        raise UsageError(f"Expected a load order, got {source}, a large file; name plugins.txt.")
    raw = source.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", "replace")
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    names = [line.removeprefix("*").strip().lower() for line in lines]
    starred = [line.startswith("*") for line in lines]
    off = {name for name, star in zip(names, starred, strict=True) if any(starred) and not star}
    return [name for name in names if name.endswith(KINDS_OF_FILE)], off


def _listed(names: Sequence[str], files: Mapping[str, Path]) -> tuple[list[Path], list[str]]:
    """The files of these names, the game's own first, and the names of which there is none."""
    first = [name for name in ALWAYS_FIRST if name in files]
    wanted = list(dict.fromkeys([*first, *names]))
    return [files[name] for name in wanted if name in files], [name for name in wanted if name not in files]


def _missing_note(source: Path, missing: Sequence[str]) -> list[str]:
    if not missing:
        return []
    return [
        f"Expected the plugins of {source.name}, got no {some(missing)}; add the folders that they are in."
    ]

"""Folders of this machine for a person to choose from, the usual places first, and the last conversions."""

import os
import string
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from unbake.app.state import Folder, Item, Place, Settings
from unbake.batch.checks import beside
from unbake.batch.speed import user_folder
from unbake.convert.archives import is_archive
from unbake.decoding import decode_json
from unbake.domain.naming import ROOT_FOLDER
from unbake.errors import FileError, UsageError
from unbake.files import write_atomic

SHOWN: Final = 2000
"""Most items of a folder that are listed."""

KEPT: Final = 8
"""Conversions that are remembered."""

_RECENT: Final = "app.json"

_GAMES: Final = "steamapps/common/Skyrim Special Edition/Data"


def places() -> list[Place]:
    """The usual places that there are. Instances of mod managers belong here too, with their mods as `sources`."""
    return [Place(title, str(path)) for title, path in _usual() if path.is_dir()]


def list_folder(path: str) -> Folder:
    """The folders in a folder, mods among them marked, and the archives; UsageError where it cannot be read."""
    folder = Path(path)
    if "\0" in path or not folder.is_absolute():
        raise UsageError(f"Expected a whole path, got {path!r}; choose a folder of the list.")
    items = []
    try:
        with os.scandir(folder) as found:
            for entry in found:
                if not entry.name.startswith((".", "$")) and (item := _item(entry)):
                    items.append(item)
    except OSError as error:
        raise UsageError(
            f"Expected a folder that can be read, got {error.strerror or error} for '{path}'; choose another."
        ) from error
    items.sort(key=lambda item: (not item.folder, item.name.lower()))
    parent = None if folder.parent == folder else str(folder.parent)
    return Folder(str(folder), parent, str(beside(folder)), items[:SHOWN], max(0, len(items) - SHOWN))


def recent() -> list[Settings]:
    """The last conversions whose mods are still there, the latest first."""
    try:
        known = decode_json((user_folder() / _RECENT).read_bytes(), list[Settings])
    except (OSError, msgspec.DecodeError):
        return []
    return [one for one in known if all(map(os.path.exists, one.sources))]


def remember(settings: Settings) -> None:
    """Put a conversion first among the last ones; nothing happens where that cannot be written."""
    others = [one for one in recent() if one.out != settings.out]
    with suppress(FileError):
        write_atomic(user_folder() / _RECENT, msgspec.json.encode([settings, *others][:KEPT]), durable=False)


def _item(entry: "os.DirEntry[str]") -> Item | None:
    try:
        if entry.is_dir():
            return Item(entry.name, entry.path, True, _is_mod(Path(entry.path)))
        if entry.is_file() and is_archive(Path(entry.path)):
            return Item(entry.name, entry.path, False, True)
    except OSError:  # a link to nowhere, a disk that has gone
        return None
    return None


def _is_mod(folder: Path) -> bool:
    with suppress(OSError):
        return any((folder / name).is_dir() for name in (ROOT_FOLDER, ROOT_FOLDER.capitalize()))
    return False


def _usual() -> Iterator[tuple[str, Path]]:
    """Titles and folders, whether they are there or not."""
    home = Path.home()
    managers: list[tuple[str, Path]] = []
    if sys.platform == "win32":
        local, roaming = Path(os.environ.get("LOCALAPPDATA", home)), Path(os.environ.get("APPDATA", home))
        programs = os.environ.get("PROGRAMFILES(X86)", home)
        games = [Path(programs) / "Steam" / _GAMES]
        managers = [
            ("Mod Organizer 2", local / "ModOrganizer"),
            ("Vortex", roaming / "Vortex" / "skyrimse" / "mods"),
        ]
    else:
        games = [home / ".steam" / "steam" / _GAMES, home / ".local" / "share" / "Steam" / _GAMES]
    yield from (("Skyrim's Data folder", game) for game in games)
    yield from managers
    yield from ((name, home / name) for name in ("Downloads", "Desktop", "Documents"))
    yield "Home", home
    if sys.platform == "win32":
        yield from ((f"Drive {letter}:", Path(f"{letter}:/")) for letter in string.ascii_uppercase)

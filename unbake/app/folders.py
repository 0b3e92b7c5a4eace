"""Folders of this machine for a person to choose from, the usual places first, and the last conversions."""

import os
import string
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from unbake.app.commands import check_whole
from unbake.app.state import Chosen, Folder, Item, Kind, Place, Settings
from unbake.batch.checks import beside
from unbake.batch.speed import user_folder
from unbake.convert.archives import is_archive, why_unreadable
from unbake.convert.game_paths import why_not_one_mod
from unbake.convert.mod_organizer import is_instance, profiles_of, selected_profile
from unbake.convert.places import usual_places
from unbake.convert.vortex import deployment_at
from unbake.decoding import decode_json
from unbake.domain.texture_paths import ROOT_FOLDER
from unbake.errors import FileError, UnbakeError, UsageError
from unbake.files import write_atomic

SHOWN: Final = 2000
"""Most items of a folder that are listed."""

KEPT: Final = 8
"""Conversions that are remembered."""

_RECENT: Final = "app.json"


def places() -> list[Place]:
    """The account's own folders and the drives, without those that are not there."""
    home = Path.home()
    named = [(name, home / name) for name in ("Downloads", "Desktop", "Documents")]
    named.append(("Home", home))
    if sys.platform == "win32":
        roaming = Path(os.environ.get("APPDATA", home))
        named.insert(0, ("Vortex's mods", roaming / "Vortex" / "skyrimse" / "mods"))
        named += [(f"Drive {letter}:", Path(f"{letter}:/")) for letter in string.ascii_uppercase]
    return [Place(title, str(path)) for title, path in named if path.is_dir()]


def managers() -> list[Place]:
    """Instances of Mod Organizer, Data folders of games; looks through all drives, which can take seconds."""
    found = [(place.kind, place.path) for place in usual_places()]
    named = [(kind, path.name if kind == "Mod Organizer" else path.parent.name, path) for kind, path in found]
    return [Place(f"{kind}: {name}", str(path)) for kind, name, path in named]


def list_folder(path: str) -> Folder:
    """The folders in a folder and its archives; of a file, what is around it. UsageError where it cannot be read."""
    check_whole(path)
    folder = Path(path)
    items = []
    try:
        folder = folder.parent if folder.is_file() else folder
        with os.scandir(folder) as found:
            for entry in found:
                if not entry.name.startswith((".", "$")) and (kind := _kind_of(entry)):
                    items.append(Item(entry.name, entry.path, kind))
    except OSError as error:
        raise UsageError(
            f"Expected a folder that can be read, got {error.strerror or error} for '{path}'; choose another."
        ) from error
    items.sort(key=lambda item: (item.kind == "archive", item.name.lower()))
    parent = None if folder.parent == folder else str(folder.parent)
    return Folder(str(folder), kind_of(folder), parent, items[:SHOWN], max(0, len(items) - SHOWN))


def kind_of(folder: Path) -> Kind:
    """The kind of a folder, by what lies in it."""
    with suppress(OSError):
        if is_instance(folder):
            return "Mod Organizer"
        if deployment_at(folder) is not None:
            return "Vortex"
        if any((folder / name).is_dir() for name in (ROOT_FOLDER, ROOT_FOLDER.capitalize())):
            return "mod"
    return "folder"


def chosen(paths: Sequence[str]) -> Chosen:
    """What a person should know of mods that they chose; of a folder with very many, within a second or two."""
    mod = Path(paths[-1])
    out = str(beside(mod.with_suffix("") if is_archive(mod) else mod))
    kind = kind_of(mod) if len(paths) == 1 else "mod"
    if kind == "Vortex":
        return Chosen(out, kind)
    if kind == "Mod Organizer":
        try:
            profiles = profiles_of(mod)
            shown = selected_profile(mod) or (profiles[0] if profiles else None)
        except UnbakeError as error:
            return Chosen(out, kind, advice=str(error))
        return Chosen(out, kind, profiles, shown)
    return Chosen(out, advice=next(filter(None, map(_advice, map(Path, paths))), ""))


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


def _kind_of(entry: "os.DirEntry[str]") -> Kind | None:
    """The kind of a folder or an archive, whether it is read here or refused by name; None for other files."""
    try:
        if entry.is_dir():
            return kind_of(Path(entry.path))
        path = Path(entry.path)
        return "archive" if entry.is_file() and (is_archive(path) or why_unreadable(path)) else None
    except OSError:  # a link to nowhere, a disk that has gone
        return None


def _advice(mod: Path) -> str:
    """The sentence with which converting a mod would be refused, as far as its name and its folders tell."""
    with suppress(OSError):
        return why_not_one_mod(mod) if mod.is_dir() else why_unreadable(mod) or ""
    return ""

"""Lists the mod managers and games in the usual places of a computer, for a person to choose from; for the app."""

import os
import re
import string
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final, Literal

from unbake.convert.game_paths import MO2_INI
from unbake.convert.mod_organizer import profiles_of, selected_profile
from unbake.convert.vortex import MANIFEST
from unbake.errors import UnbakeError

Kind = Literal["Mod Organizer", "Vortex", "Data"]
"""Data: a game's folder that no manager known here fills."""

_GAMES: Final = ("Skyrim Special Edition", "Skyrim Anniversary Edition", "Skyrim VR")
_STEAM: Final = ("Program Files (x86)/Steam", "Program Files/Steam", "Steam", "SteamLibrary", "Games/Steam")
_STEAM_AT_HOME: Final = (
    ".steam/steam",
    ".local/share/Steam",
    ".var/app/com.valvesoftware.Steam/.local/share/Steam",
)
_GOG: Final = ("GOG Games", "Games", "Program Files (x86)/GOG Galaxy/Games")

MOST_FOLDERS: Final = 3000
"""Folders of one drive that are looked at for a portable Mod Organizer; it lies at the top or one below it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Something that can be converted as it is: give `path` as IN, and one of `profiles` where there are any.

    selected: the profile that Mod Organizer shows, "" for none.
    """

    kind: Kind
    path: Path
    profiles: tuple[str, ...] = ()
    selected: str = ""


def usual_places(
    environment: Mapping[str, str] | None = None,
    home: Path | None = None,
    drives: Sequence[Path] | None = None,
) -> list[Place]:
    """Instances of Mod Organizer, then Vortex's deployments, then other Data folders of Skyrim; each once.

    environment, home, drives: of this computer where they are None. What cannot be read is left out. Takes as long as
    listing two levels of each drive, so not for a thread that draws.

    >>> usual_places({}, Path("/nowhere"), [])
    []
    """
    environment = os.environ if environment is None else environment
    home = Path.home() if home is None else home
    drives = _drives() if drives is None else drives
    instances = _once(_instances(environment, home, drives))
    data = _once(_data_folders(home, drives))
    deployed = [place for place in data if (place / MANIFEST).is_file()]
    return [
        *(_instance(folder) for folder in instances),
        *(Place("Vortex", folder) for folder in deployed),
        *(Place("Data", folder) for folder in data if folder not in deployed),
    ]


def _instance(folder: Path) -> Place:
    try:
        return Place("Mod Organizer", folder, profiles_of(folder), selected_profile(folder))
    except UnbakeError:
        return Place("Mod Organizer", folder)  # converting it says why


def _instances(environment: Mapping[str, str], home: Path, drives: Iterable[Path]) -> Iterator[Path]:
    """Folders with a `ModOrganizer.ini`: the account's instances, and portable ones on drives and at home."""
    if local := environment.get("LOCALAPPDATA"):
        yield from (folder for folder in _folders(Path(local) / "ModOrganizer") if _is_instance(folder))
    for drive in (*drives, home, home / "Games"):
        tops = list(islice(_folders(drive), MOST_FOLDERS))
        below = (folder for top in tops for folder in _folders(top))
        yield from (folder for folder in (*tops, *islice(below, MOST_FOLDERS)) if _is_instance(folder))


def _data_folders(home: Path, drives: Iterable[Path]) -> Iterator[Path]:
    steam = [drive / name for drive in drives for name in _STEAM] + [home / name for name in _STEAM_AT_HOME]
    libraries = [library for place in steam for library in (place, *_libraries(place))]
    games = [library / "steamapps" / "common" for library in libraries]
    games += [drive / name for drive in drives for name in _GOG]
    for folder in games:
        for name in _GAMES:
            with suppress(OSError):
                if (folder / name / "Data").is_dir():
                    yield folder / name / "Data"


def _libraries(steam: Path) -> list[Path]:
    """The other folders in which a Steam keeps games, as its list says."""
    try:
        text = (steam / "steamapps" / "libraryfolders.vdf").read_text("utf-8", "replace")
    except OSError:
        return []
    return [Path(path.replace("\\\\", "\\")) for path in re.findall(r'"path"\s+"([^"]+)"', text)]


def _folders(folder: Path) -> Iterator[Path]:
    """The folders in a folder, by name, without hidden ones and links; none where it cannot be read."""
    with suppress(OSError):
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name.lower()):
            if not entry.name.startswith((".", "$")) and entry.is_dir(follow_symlinks=False):
                yield Path(entry.path)


def _is_instance(folder: Path) -> bool:
    try:
        return (folder / MO2_INI).is_file()
    except OSError:
        return False


def _once(folders: Iterable[Path]) -> list[Path]:
    """Each folder once, by the place that links lead to."""
    found: dict[str, Path] = {}
    for folder in folders:
        found.setdefault(os.path.realpath(folder), folder)
    return list(found.values())


def _drives() -> list[Path]:
    if sys.platform != "win32":
        return []
    return [Path(f"{letter}:\\") for letter in string.ascii_uppercase[2:] if Path(f"{letter}:\\").is_dir()]

"""Reads an instance of Mod Organizer 2 as a load order: its settings, profiles and lists of mods; for `load_order`.

`ModOrganizer.ini` names the folders (by default `mods`, `profiles` and `overwrite` beside it) and the game.
`profiles/<name>/modlist.txt` has one mod a line, the one that wins first: `+` is on, `-` off, `*` not the manager's.
What programs wrote while the game's folder was mixed from mods is in `overwrite`, which wins over all.
"""

import re
import sys
from collections.abc import Mapping
from pathlib import Path, PureWindowsPath
from typing import Final

from unbake.convert.game_paths import MO2_INI
from unbake.convert.load_order import LoadOrder, Mod
from unbake.errors import UsageError
from unbake.evidence.load_order import active_names
from unbake.files import why_unsafe

MODLIST: Final = "modlist.txt"
OVERWRITE: Final = "overwrite"

_SEPARATOR: Final = "_separator"
_LONGEST: Final = 4 << 20
"""Bytes of the longest text file that is read."""


def is_instance(folder: Path) -> bool:
    """Whether a folder is an instance: it has a `ModOrganizer.ini`, or `mods` beside profiles with a list of mods."""
    if (folder / MO2_INI).is_file():
        return True
    return (folder / "mods").is_dir() and any((folder / "profiles").glob(f"*/{MODLIST}"))


def profiles_of(folder: Path) -> tuple[str, ...]:
    """The names of an instance's profiles that have a list of mods, sorted."""
    place = _folder(folder, _settings(folder), "profiles_directory", "profiles")
    found = place.glob(f"*/{MODLIST}") if _is_folder(place) else ()
    return tuple(sorted(path.parent.name for path in found))


def selected_profile(folder: Path) -> str:
    """The name of the profile that Mod Organizer shows, "" where there is none."""
    selected = _settings(folder).get("selected_profile", "")
    return next((name for name in profiles_of(folder) if name.lower() == selected.lower()), "")


def read_instance(folder: Path, profile: str | None = None) -> LoadOrder:
    """The load order of one profile: of the only one, of the one that is named, or of the one that is selected.

    UsageError where there is no such profile, several and none of them selected, or where its list cannot be read.
    """
    settings = _settings(folder)
    profiles = _folder(folder, settings, "profiles_directory", "profiles")
    mods = _folder(folder, settings, "mod_directory", "mods")
    overwrite = _folder(folder, settings, "overwrite_directory", OVERWRITE)
    name, notes = _chosen(folder, profile)
    place = profiles / name
    listed = [Mod(mod, mods / mod) for mod in enabled_mods(place / MODLIST)]
    missing = [mod.name for mod in listed if not _is_folder(mod.folder)]
    if missing:
        more = ", ..." if len(missing) > 3 else ""
        notes.append(
            f"{len(missing)} mods of the list have no folder in '{mods}': {', '.join(missing[:3])}{more}"
        )
    game = settings.get("gamePath", "")
    data = _here(game) / "Data" if game else None
    if data is None or not _is_folder(data):
        notes.append(
            "the game's own folder was not found, so no texture of a mod gets the normal map that only the game has"
        )
        data = None
    order = next((path for path in (place / "loadorder.txt", place / "plugins.txt") if path.is_file()), None)
    return LoadOrder(
        title=f"the profile '{name}' of Mod Organizer",
        mods=tuple(mod for mod in (*listed, Mod(OVERWRITE, overwrite)) if _is_folder(mod.folder)),
        data=data,
        plugins=() if order is None else tuple(active_names(order)),
        places=tuple(place for place in (mods, overwrite, data) if place is not None),
        notes=tuple(notes),
    )


def enabled_mods(modlist: Path) -> list[str]:
    """The mods of a `modlist.txt` that are on, the one that wins last; UsageError where it cannot be read."""
    lines = [line.strip() for line in _text(modlist).splitlines()]
    names = [line[1:].strip() for line in lines if line.startswith("+")]
    wanted = (name for name in reversed(dict.fromkeys(names)) if name and not name.endswith(_SEPARATOR))
    return [name for name in wanted if why_unsafe(name) is None and not {"/", "\\"} & {*name}]


def _chosen(folder: Path, profile: str | None) -> tuple[str, list[str]]:
    """The name of the profile that counts, and a note where nobody has named it."""
    known = profiles_of(folder)
    if not known:
        raise UsageError(
            f"Expected a profile with {MODLIST} in '{folder}', got none; start Mod Organizer once, "
            "or give a mod's folder."
        )
    names = {name.lower(): name for name in known}
    if profile is not None:
        if profile.lower() not in names:
            raise UsageError(f"Expected a profile of '{folder}', got {profile!r}; it has {', '.join(known)}.")
        return names[profile.lower()], []
    if len(known) == 1:
        return known[0], []
    if name := selected_profile(folder):
        return name, [
            f"the profile '{name}' is converted, which Mod Organizer shows; --profile names another"
        ]
    raise UsageError(
        f"Expected one profile in '{folder}', got {len(known)} ({', '.join(known)}); say which with --profile."
    )


def _settings(folder: Path) -> dict[str, str]:
    """The settings that name folders, the game and the profile; {} without a `ModOrganizer.ini`."""
    path = folder / MO2_INI
    if not path.is_file():
        return {}
    settings = {}
    for line in _text(path).splitlines():
        key, equals, value = line.strip().partition("=")
        if equals and key in _KEYS:
            settings[key] = _value(value.strip())
    return settings


_KEYS: Final = frozenset(
    [
        "gamePath",
        "selected_profile",
        "base_directory",
        "mod_directory",
        "profiles_directory",
        "overwrite_directory",
    ]
)


def _value(text: str) -> str:
    """A value as Qt writes it: `@ByteArray(C:\\\\Games)`, quoted or plain, backslashes doubled, bytes as `\\xNN`."""
    wrapped = re.fullmatch(r"@ByteArray\((.*)\)", text.strip('"'), re.DOTALL)
    inner = wrapped[1] if wrapped else text.strip('"')

    def unescaped(match: "re.Match[str]") -> str:
        return chr(int(match[1], 16)) if match[1] else match[2]

    plain = re.sub(r"\\(?:x([0-9a-fA-F]{1,4})|(.))", unescaped, inner)
    if wrapped:
        try:
            return plain.encode("latin-1").decode("utf-8")
        except UnicodeError:
            pass
    return plain


def _folder(instance: Path, settings: Mapping[str, str], key: str, default: str) -> Path:
    """A folder of an instance; `%BASE_DIR%` stands for its base, which is the instance unless the settings say so."""
    base = settings.get("base_directory", "")
    root = _here(base) if base else instance
    named = settings.get(key, "")
    if not named:
        return root / default
    return _here(named.replace("%BASE_DIR%", str(root)))


def _is_folder(path: Path) -> bool:
    """Whether a path out of a text is a folder; none that the system cannot even ask for is."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def _here(path: str) -> Path:
    """A path of the settings on this system; elsewhere than on Windows, drive Z: of Wine is the whole disk."""
    windows = PureWindowsPath(path)
    if sys.platform != "win32" and windows.drive.lower() == "z:":
        return Path("/", *windows.parts[1:])
    return Path(path)


def _text(path: Path) -> str:
    """A text of the manager; UsageError where it cannot be read."""
    try:
        if path.stat().st_size > _LONGEST:
            raise UsageError(
                f"Expected a list of Mod Organizer, got {path}, a large file; name another instance."
            )
        return path.read_bytes().decode("utf-8-sig", "replace")
    except OSError as error:
        raise UsageError(
            f"Expected a readable {path}, got none ({error.strerror or error}); check the path and its rights."
        ) from error

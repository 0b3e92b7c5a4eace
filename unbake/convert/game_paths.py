"""Finds where the paths of textures begin in the game: below the `textures` folder of a mod; for `sources`."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import Final
from unicodedata import normalize

from unbake.convert.archives import is_bsa
from unbake.domain.texture_paths import ROOT_FOLDER, below_textures
from unbake.errors import UsageError
from unbake.files import why_unsafe

MO2_INI: Final = "ModOrganizer.ini"
"""The settings of Mod Organizer, in the folder of an instance."""

VORTEX_STAGING: Final = "__vortex_staging_folder"
"""The file by which Vortex marks the folder that it keeps mods in."""

Game = PurePosixPath | None
"""A path below the texture root; None for what lies outside while others lie inside."""


def of_folder(folder: Path, paths: Sequence[Path], texture_root: Path | None = None) -> list[Game]:
    """Of the loose files of a mod; texture_root: the folder that a person names, where it fits this mod.

    UsageError where several of its folders hold a mod each.
    """
    if texture_root is not None:
        return [_below(path, texture_root) for path in paths]
    inside = _loose_below(folder, [path.relative_to(folder).parts for path in paths])
    return inside if any(inside) else [_below(path, folder) for path in paths]


def of_bsa(entries: Sequence[str], strict: bool = False) -> list[Game]:
    """Of the files in an archive of the game, which begin at its top; strict: never anywhere else."""
    inside = [_packed_below(entry) for entry in entries]
    return inside if strict or any(inside) else [PurePosixPath(entry) for entry in entries]


def of_download(archive: Path, entries: Sequence[str]) -> list[Game]:
    """Of the files in a mod as it was downloaded: as of a folder with the same content.

    Names that lead out of a folder keep all of their parts, so that they are told and left out. UsageError where
    several of its folders hold a mod each.
    """
    parts = [PurePosixPath(entry).parts for entry in entries]
    safe = [at for at, entry in enumerate(entries) if why_unsafe(entry) is None]
    games: list[Game] = [PurePosixPath(entry) for entry in entries]
    depths = [_depth(parts[at]) for at in safe]
    homes = {parts[at][:depth] for at, depth in zip(safe, depths, strict=True) if depth is not None}
    if () not in homes and len(homes) > 1:
        raise UsageError(
            f"Expected one mod in '{archive}', got {len(homes)} folders that each hold one ({_some(homes)}): options "
            "of an installer, or several mods; unpack it and name those you use in the order they are installed."
        )
    if homes:
        home = () if () in homes else next(iter(homes))
        for at, depth in zip(safe, depths, strict=True):
            inside = depth is not None and parts[at][:depth] == home
            games[at] = PurePosixPath(*parts[at][len(home) + 1 :]) if inside else None
    return games


def why_not_one_mod(folder: Path) -> str:
    """The sentence with which `of_folder` refuses a folder of mods, "" for others; no folder below theirs is looked at.

    OSError where the folder cannot be read.
    """
    inside = [place for place in folder.iterdir() if place.is_dir()]
    if below_textures((*folder.parts, "of a file")) is not None or any(map(_is_root, inside)):
        return ""
    try:
        _check_one_mod(folder, {(place.name,) for place in inside if any(map(_is_root, place.iterdir()))})
    except UsageError as error:
        return str(error)
    return ""


def composed(game: Game) -> Game:
    """The path with each letter one character (NFC), as on Windows; macOS keeps accents apart."""
    return None if game is None else PurePosixPath(normalize("NFC", str(game)))


def fitting(root: Path, texture_root: Path | None) -> Path | None:
    """The texture root that a person names, absolute, where it lies above or below this mod; None elsewhere."""
    if texture_root is None:
        return None
    folder = root if root.is_dir() else root.parent
    top = Path(os.path.abspath(texture_root))  # noqa: PTH100  (links are followed by name, as the game sees them)
    return top if folder.is_relative_to(top) or top.is_relative_to(folder) else None


def printable(text: str) -> str:
    """A path as text that every file and terminal takes: bytes of a name that are not UTF-8 are spelt out.

    >>> printable("caf\udce9.dds")
    'caf\\udce9.dds'
    """
    return text.encode("utf-8", "backslashreplace").decode()


def _is_root(place: Path) -> bool:
    return place.name.lower() == ROOT_FOLDER and place.is_dir()


def _packed_below(entry: str) -> Game:
    """The path of a file in an archive below the archive's `textures` folder."""
    top, _, rest = entry.partition("/")
    return PurePosixPath(rest) if top.lower() == ROOT_FOLDER and rest else None


def _depth(parts: Sequence[str]) -> int | None:
    """How many folders lie above the outermost `textures` in a path; None where there is none."""
    return next((at for at, part in enumerate(parts[:-1]) if part.lower() == ROOT_FOLDER), None)


def _some(homes: Iterable[tuple[str, ...]]) -> str:
    """Up to three folders of many, in quotes."""
    names = sorted("/".join(home) for home in homes)
    return ", ".join(f"'{printable(name)}'" for name in names[:3]) + (", ..." if len(names) > 3 else "")


def _loose_below(folder: Path, parts: Sequence[tuple[str, ...]]) -> list[Game]:
    """The paths below the outermost `textures` folder in a mod, else below the one that the mod's own path names.

    A mod has one: where `folder` holds one itself, those further down are none of the game's. UsageError where
    several of its folders hold one each.
    """
    depths = [_depth(p) for p in parts]
    named = below_textures((*folder.parts, "of a file"))
    if named is not None and not _is_mod(folder, depths):
        return [PurePosixPath(*named[:-1], *p) for p in parts]
    homes = {p[:at] for p, at in zip(parts, depths, strict=True) if at is not None}
    if () not in homes:
        _check_one_mod(folder, homes)
    outside = homes - {()} if () in homes else set()
    return [
        None if at is None or p[:at] in outside else PurePosixPath(*p[at + 1 :])
        for p, at in zip(parts, depths, strict=True)
    ]


def _is_mod(folder: Path, depths: Sequence[int | None]) -> bool:
    """Whether a folder whose own path leads through a `textures` is all the same a mod with one of its own."""
    return folder.name.lower() != ROOT_FOLDER and (0 in depths or (None not in depths and bool(depths)))


def _check_one_mod(folder: Path, homes: set[tuple[str, ...]]) -> None:
    """UsageError where several folders are mods, or options of one: which of them count, only a person knows.

    homes: the folders, as parts below `folder`, that hold a `textures` folder.
    """
    if any(is_bsa(path) for path in folder.iterdir()):
        packed = set()
    else:
        packed = {
            (place.name,)
            for place in folder.iterdir()
            if place.is_dir() and any(is_bsa(path) for path in place.iterdir())
        }
    found = sorted("/".join(home) for home in homes | packed)
    if len(found) < 2:
        return
    if (folder.parent / MO2_INI).is_file():
        raise UsageError(
            f"Expected one mod, got '{folder}', in which Mod Organizer keeps {len(found)} of them; give its own "
            f'folder, whose profile says which are on and in what order: unbake convert "{folder.parent}" OUT.'
        )
    if (folder / VORTEX_STAGING).is_file():
        raise UsageError(
            f"Expected one mod, got '{folder}', in which Vortex keeps {len(found)} of them; deploy them in Vortex, and "
            "give the game's Data folder."
        )
    named = _some(homes | packed)
    command = " ".join(f'"{printable(str(folder / name))}"' for name in found[:3])
    raise UsageError(
        f"Expected one mod in '{folder}', got {len(found)} folders that each hold one ({named}): several mods, or "
        "options of an installer; name those you use in the order they are installed, since later ones override "
        f"earlier ones: unbake convert {command}{' ...' if len(found) > 3 else ''} OUT."
    )


def _below(path: Path, top: Path) -> Game:
    return PurePosixPath(*path.relative_to(top).parts) if path.is_relative_to(top) else None

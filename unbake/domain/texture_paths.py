"""Paths of textures: which files are some, where their paths in the game begin, which folders hold no surfaces."""

from collections.abc import Sequence
from pathlib import PurePath

EXTENSIONS: tuple[str, ...] = (".dds", ".png", ".tga", ".bmp", ".jpg", ".jpeg")
"""The files that can be textures; of two with one stem the earlier extension wins."""

ROOT_FOLDER = "textures"
"""The game's folder that texture paths in meshes and JSON are relative to."""

LITTER_FOLDER = "__macosx"
"""Folder, in lower case, in which macOS packs its records of files; each record's name begins with `LITTER_PREFIX`."""

LITTER_PREFIX = "._"

_UNSUPPORTED_AT_ROOT = {
    ("interface",): "a picture of the user interface",
    ("effects",): "an effect, not a surface",
    ("sky",): "part of the sky",
    ("terrain",): "distant terrain (LOD)",
    ("cubemaps",): "a cubemap",
    ("actors", "character"): "skin, hair or a face",
    ("pbr",): "a PBR texture already",
}


def is_texture(name: str) -> bool:
    """Whether a file name has the extension of a texture, and is no record of macOS beside one."""
    return PurePath(name).suffix.lower() in EXTENSIONS and not name.rpartition("/")[2].startswith(
        LITTER_PREFIX
    )


def below_textures(parts: Sequence[str]) -> tuple[str, ...] | None:
    """The parts of a path below its deepest `textures` folder, or None where there is none.

    >>> below_textures(["Data", "Textures", "clutter", "pot.dds"])
    ('clutter', 'pot.dds')
    """
    for at in range(len(parts) - 2, -1, -1):
        if parts[at].lower() == ROOT_FOLDER:
            return tuple(parts[at + 1 :])
    return None


def unsupported_folder(folders: Sequence[str]) -> str | None:
    """The reason why textures in this folder (parts below the texture root) are not converted, or None.

    >>> unsupported_folder(["Interface", "icons"])
    'a picture of the user interface'
    """
    lower = tuple(folder.lower() for folder in folders)
    for prefix, reason in _UNSUPPORTED_AT_ROOT.items():
        if lower[: len(prefix)] == prefix:
            return reason
    if "lod" in lower:
        return "a distant version (LOD)"
    if any(folder.startswith("facegen") for folder in lower):
        return "a generated face"
    return None

"""Roles of texture files by their names; pure strings, read by `convert.sets` (FORMATS.md)."""

from collections.abc import Collection, Sequence
from enum import StrEnum
from pathlib import PurePath


class Role(StrEnum):
    """The use of a texture file, as far as its name tells."""

    DIFFUSE = "diffuse"
    NORMAL = "normal"
    SPECULAR = "specular"
    ENVIRONMENT = "environment mask"
    PARALLAX = "parallax height"
    GLOW = "glow"
    MODEL_NORMAL = "model-space normal"
    SKIN = "skin tint"
    CUBEMAP = "cubemap"
    BACKLIGHT = "backlight"
    FLOW = "hair flow"
    INNER = "inner layer"
    FUZZ = "fuzz"
    COAT = "coat"
    PBR = "TruePBR map"

    @property
    def described(self) -> str:
        """The role in a sentence.

        >>> Role.NORMAL.described, Role.ENVIRONMENT.described
        ('a normal map', 'an environment mask')
        """
        article = "an" if self[0] in "aeiou" else "a"
        return f"{article} {self}{'' if self.endswith(('map', 'mask', 'layer')) else ' map'}"


SUFFIXES: dict[str, Role] = {
    "_d": Role.DIFFUSE,
    "_n": Role.NORMAL,
    "_s": Role.SPECULAR,
    "_m": Role.ENVIRONMENT,
    "_em": Role.ENVIRONMENT,
    "_envmask": Role.ENVIRONMENT,
    "_p": Role.PARALLAX,
    "_h": Role.PARALLAX,
    "_g": Role.GLOW,
    "_msn": Role.MODEL_NORMAL,
    "_sk": Role.SKIN,
    "_e": Role.CUBEMAP,
    "_b": Role.BACKLIGHT,
    "_bl": Role.BACKLIGHT,
    "_flow": Role.FLOW,
    "_i": Role.INNER,
    "_f": Role.FUZZ,
    "_cnr": Role.COAT,
    "_rmaos": Role.PBR,
}
"""Suffix of a stem, lower case, to its role; of two files with one role the earlier suffix wins."""

EXTENSIONS: tuple[str, ...] = (".dds", ".png", ".tga", ".bmp", ".jpg", ".jpeg")
"""The files that can be textures; of two with one stem the earlier extension wins."""

ROOT_FOLDER = "textures"
"""The game's folder that texture paths in meshes and JSON are relative to."""

_UNSUPPORTED_AT_ROOT = {
    ("interface",): "a picture of the user interface",
    ("effects",): "an effect, not a surface",
    ("sky",): "part of the sky",
    ("terrain",): "distant terrain (LOD)",
    ("cubemaps",): "a cubemap",
    ("actors", "character"): "skin, hair or a face",
    ("pbr",): "a PBR texture already",
}


def split_stem(stem: str) -> tuple[str, Role]:
    """A file's stem without its suffix, and the suffix's role; no known suffix means a diffuse.

    The case of what remains is kept. A stem that is nothing but a suffix is a name.

    >>> split_stem("WRWoodPlank01_N")
    ('WRWoodPlank01', <Role.NORMAL: 'normal'>)
    """
    base, underscore, tail = stem.rpartition("_")
    role = SUFFIXES.get((underscore + tail).lower())
    return (base, role) if base and role else (stem, Role.DIFFUSE)


def is_texture(name: str) -> bool:
    """Whether a file name has the extension of a texture."""
    return PurePath(name).suffix.lower() in EXTENSIONS


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


def role_among(stem: str, siblings: Collection[str]) -> tuple[str, Role]:
    """Like `split_stem`, but the stems beside it (lower case) decide what a suffix alone cannot.

    A stem that has a normal of its own is a diffuse called by its whole stem (`rug_b` beside `rug_b_n`); so
    is a `_d` where the undecorated stem is there as well.
    """
    base, role = split_stem(stem)
    lower = stem.lower()
    if base == stem or role is Role.NORMAL or role is Role.MODEL_NORMAL:
        return base, role
    owns_normal = f"{lower}_n" in siblings
    if role is Role.DIFFUSE:
        return (stem, role) if owns_normal or base.lower() in siblings else (base, role)
    return (stem, Role.DIFFUSE) if owns_normal else (base, role)


def is_variant(name: str, of: str) -> bool:
    """Whether a texture's name is another's with an addition, so that both may have one normal.

    An addition begins with a separator, or with a letter after a digit: `rug_red` and `rug01red`, not `pottery`
    of `pot` nor `rug012` of `rug01`.

    >>> is_variant("rug_red", "rug"), is_variant("pottery", "pot")
    (True, False)
    """
    addition = name.removeprefix(of)
    if not of or not addition or addition == name:
        return False
    return addition[0] in "_- " or (of[-1].isdigit() and addition[0].isalpha())

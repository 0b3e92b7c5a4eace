"""Roles of texture files by their names; pure strings, read by `convert.sets` (FORMATS.md)."""

import re
from collections.abc import Collection
from enum import StrEnum
from functools import lru_cache
from typing import Literal


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
    ROUGHNESS = "roughness map"
    GLOSS = "gloss map"
    METALLIC = "metallic map"
    OCCLUSION = "occlusion map"

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

OTHER_CONVENTIONS: dict[Role, tuple[str, ...]] = {
    Role.DIFFUSE: (
        "diffuse", "albedo", "basecolor", "basecolour", "base_color", "color", "colour", "diff", "dif", "alb",
        "col", "bc",
    ),
    Role.NORMAL: ("normal", "normals", "normalmap", "normal_map", "nrm", "norm", "nor", "nml", "nm"),
    Role.SPECULAR: ("specular", "spec"),
    Role.PARALLAX: ("height", "heightmap", "displacement", "disp", "parallax", "bump"),
    Role.GLOW: ("emissive", "emission", "glow"),
    Role.ROUGHNESS: ("roughness", "rough"),
    Role.GLOSS: ("glossiness", "gloss", "smoothness"),
    Role.METALLIC: ("metallic", "metalness"),
    Role.OCCLUSION: ("ambientocclusion", "ambient_occlusion", "occlusion", "ao"),
}  # fmt: skip
"""Words that other tools and libraries end a stem with, lower case, by role; the game's own suffixes win over them.

A resolution may follow (`mud_diff_1k`), and stays part of the name; after a normal's word the direction of its green.
"""

GREENS: dict[str, Literal["opengl", "directx"]] = {
    "opengl": "opengl",
    "ogl": "opengl",
    "gl": "opengl",
    "directx": "directx",
    "dx": "directx",
}
"""Ends of a normal map's suffix that tell the direction of its green: `_NormalGL`, `_nor_dx`, `_n_gl`."""

PAIRS: tuple[tuple[str, str], ...] = (("_m", "_f"), ("_male", "_female"), ("_0", "_1"))
"""Endings of two versions of one texture, such as a man's and a woman's, which may have one normal."""


def split_stem(stem: str) -> tuple[str, Role]:
    """A file's stem without its suffix, and the suffix's role; no known suffix means a diffuse.

    The case of what remains is kept. A stem that is nothing but a suffix is a name.

    >>> split_stem("WRWoodPlank01_N"), split_stem("mud_diff_1k")
    (('WRWoodPlank01', <Role.NORMAL: 'normal'>), ('mud_1k', <Role.DIFFUSE: 'diffuse'>))
    """
    base, role, _ = _split(stem)
    return base, role


def green_of(stem: str) -> Literal["opengl", "directx"] | None:
    """Direction of a normal map's green as its name tells it, None where it does not.

    >>> green_of("wall_NormalGL"), green_of("mud_nor_dx_1k"), green_of("wall_n")
    ('opengl', 'directx', None)
    """
    return _split(stem)[2]


def suffix_order(stem: str) -> int:
    """Precedence of a file among those of one role: the game's suffixes in their order, then all others."""
    tail = stem[stem.rfind("_") :].lower()
    return _ORDER.get(tail, len(_ORDER))


@lru_cache(maxsize=65536)
def _split(stem: str) -> tuple[str, Role, Literal["opengl", "directx"] | None]:
    base, underscore, tail = stem.rpartition("_")
    role = SUFFIXES.get((underscore + tail).lower())
    if role is not None:
        return (base, role, None) if base else (stem, Role.DIFFUSE, None)
    found = _FOREIGN.fullmatch(stem)
    if found is None:
        return stem, Role.DIFFUSE, None
    green = found["green"]
    return (
        found["base"] + (found["size"] or ""),
        _ROLE_OF_WORD[(found["word"] or found["normal"]).lower()],
        GREENS[green.lower()] if green else None,
    )


_ROLE_OF_WORD = {word: role for role, words in OTHER_CONVENTIONS.items() for word in words} | {
    "n": Role.NORMAL
}
_ORDER = {suffix: place for place, suffix in enumerate(SUFFIXES)}


def _foreign_suffix() -> re.Pattern[str]:
    """Base, separator, word, green of a normal, resolution."""
    normals = OTHER_CONVENTIONS[Role.NORMAL]
    words = [word for role, found in OTHER_CONVENTIONS.items() if role is not Role.NORMAL for word in found]
    return re.compile(
        rf"(?P<base>.+?)[_-](?:(?P<word>{'|'.join(words)})"
        rf"|(?P<normal>{'|'.join(normals)}|n(?=[_-]))(?:[_-]?(?P<green>{'|'.join(GREENS)}))?)"
        r"(?P<size>[_-](?:\d{1,2}k|\d{3,5}))?",
        re.IGNORECASE,
    )


_FOREIGN = _foreign_suffix()


def role_among(stem: str, siblings: Collection[str]) -> tuple[str, Role]:
    """Like `split_stem`, but the stems beside it (lower case) decide what a suffix alone cannot.

    A stem that has a normal of its own is a diffuse called by its whole stem (`rug_b` beside `rug_b_n`); so
    is a `_d` where the undecorated stem is there as well, and both of a pair without it (`robes_m`, `robes_f`).
    """
    base, role = split_stem(stem)
    lower = stem.lower()
    if base == stem or role is Role.NORMAL or role is Role.MODEL_NORMAL:
        return base, role
    if any(f"{lower}{suffix}" in siblings for suffix in _NORMAL_SUFFIXES):
        return stem, Role.DIFFUSE
    if role is Role.DIFFUSE:
        return (stem, role) if base.lower() in siblings else (base, role)
    alone = not any(f"{base.lower()}{suffix}" in siblings for suffix in _DIFFUSE_SUFFIXES)
    return (stem, Role.DIFFUSE) if alone and partner_of(lower) in siblings else (base, role)


_NORMAL_SUFFIXES = ("_n", *(f"_{word}" for word in OTHER_CONVENTIONS[Role.NORMAL]))
_DIFFUSE_SUFFIXES = ("", "_d", *(f"_{word}" for word in OTHER_CONVENTIONS[Role.DIFFUSE]))


def partner_of(name: str) -> str | None:
    """The other of two versions of a texture that may have one normal, None where a name is of no such pair.

    >>> partner_of("robes_f"), partner_of("rug_red")
    ('robes_m', None)
    """
    lower = name.lower()
    for pair in PAIRS:
        for one, other in (pair, pair[::-1]):
            if lower.endswith(one) and len(lower) > len(one):
                return name[: -len(one)] + other
    return None


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

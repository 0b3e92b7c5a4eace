"""PGPatcher's JSON, by which it patches Skyrim's meshes to TruePBR textures; after `export.packs`.

Rules read in PGPatcher's parser: an entry is matched by the path of the mesh's diffuse, and dropped as a
whole when one of the files it implies is missing (`pgpatcher_faults` finds those).
"""

import json
import math
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any, Final, Literal

from unbake.decoding import decode_any_json
from unbake.domain.features import Features
from unbake.domain.packing import relative_name
from unbake.errors import UnbakeError
from unbake.files import safe_join, write_changed

Form = Literal["array", "default"]
"""A flat array of entries, or an object with their shared values and the entries."""

FOLDER = "PBRNIFPatcher"
"""Folder of the JSON files, beside `textures`."""

PBR_ROOT = "textures/pbr"
"""Folder in which PGPatcher looks for the files of an entry."""

DISPLACEMENT_RANGE: Final = (0.02, 0.25)
"""Bounds of displacement scales: shallower is not seen, deeper swims."""

LEAST_RELIEF: Final = 0.0004
"""Relief below which a surface is flat and parallax would only show rounding: a fifth of a texel of 512."""

PARALLAX_DEPTH: Final = 0.1
"""Community Shaders' depth of a height of 1 at displacement scale 1, as a share of the texture's width."""

_COMMON_SCALE: Final = 0.1
"""Scale of an ordinary wall or floor, which has the relief and the contrast below."""

_COMMON_RELIEF: Final = 0.0034
_COMMON_CONTRAST: Final = 0.083

GLINT: Final = {
    "screen_space_scale": 1.5,
    "log_microfacet_density": 20.0,
    "microfacet_roughness": 0.015,
    "density_randomization": 2.0,
}
"""Glints of fresh snow: Community Shaders' own defaults, but for the density. Its releases count that from either end
of 1 to 40, so the middle means the same to all."""


def displacement_scale(relief: float, contrast: float, strength: float = 1.0) -> float:
    """The displacement scale of a height map: 0.1 for an ordinary wall, more for a rougher one.

    relief: standard deviation of the surface without drift, as a share of the texture's width
        (`image.surface.relief_of`). contrast: standard deviation of the written height map, [0, 1].
    strength: factor by which a person wants the parallax deeper.

    Depth in the game is the scale times the height map, hence the contrast in the divisor. Normal maps over- and
    understate slopes, so relief is brought half the way, in logarithm, to a common one: a square root.

    >>> displacement_scale(relief=0.0034, contrast=0.083), displacement_scale(relief=0.0034 / 4, contrast=0.083)
    (0.1, 0.05)
    """
    low, high = DISPLACEMENT_RANGE
    if contrast <= 0:
        return low
    scale = _COMMON_SCALE * math.sqrt(relief / _COMMON_RELIEF) * (_COMMON_CONTRAST / contrast) * strength
    return round(min(max(scale, low), high), 3)


def entry(
    diffuse: str,
    *,
    files: str | None = None,
    parallax: bool,
    emissive: bool,
    displacement: float = 0.2,
    features: Features = Features(),  # noqa: B008  (frozen)
) -> dict[str, Any]:
    """PGPatcher's entry for one texture set.

    diffuse: path of the vanilla diffuse below the texture root, without extension, as meshes name it.
    files: path of the set as it was written below `textures/pbr`, if it is not the diffuse's: without it a
        set written as `sword` for a diffuse `sword_d` would be looked for as `sword_d`, `sword_d_n`.
    parallax, emissive: whether `_p` and `_g` were written.
    displacement: depth of the parallax (see `displacement_scale`). features: the others; `subsurface` needs that `_s`
        was written. It is "subsurface" for leaves too, since "subsurface_foliage" only names a file by now.

    >>> entry("clutter/pot_d", files="clutter/pot", parallax=False, emissive=False)["rename"]
    'clutter\\\\pot'
    """
    texture, target = _backslashes(diffuse), _backslashes(files or diffuse)
    made: dict[str, Any] = {"texture": texture}
    if "." in texture.rpartition("\\")[2]:
        # PGPatcher strips an extension even where there is none: "pot1.5" would be matched as "pot1".
        made["texture"] = texture + ".dds"
    if made["texture"] != target:
        made["rename"] = target
    return made | {
        "emissive": emissive,
        "parallax": parallax,
        "subsurface_foliage": False,
        "subsurface": features.subsurface > 0,
        "specular_level": 0.04,
        "subsurface_color": [1, 1, 1],
        "roughness_scale": 1,
        "subsurface_opacity": round(1 - features.subsurface, 3) if features.subsurface > 0 else 1,
        "displacement_scale": displacement,
        **_extras(features),
    }


def _extras(features: Features) -> dict[str, Any]:
    """The keys of an entry that only some sets have."""
    extras: dict[str, Any] = {}
    if features.glint:
        extras["glint"] = dict(GLINT)
    elif features.fuzz > 0:
        grey = features.fuzz_colour
        extras["fuzz"] = {"texture": False, "color": [grey, grey, grey], "weight": features.fuzz}
    if features.emissive_scale is not None:
        extras["emissive_scale"] = features.emissive_scale
    return extras


def title_of(out: Path) -> str:
    """The name that PGPatcher's file of the mod folder `out` has."""
    return out.resolve().name or "unbake"


def path_of(out: Path, mod: str) -> Path:
    """The file of a mod's entries in the mod folder `out`; FileError where a link leads out of it."""
    return safe_join(out, FOLDER) / f"{relative_name(mod).name}.json"


def write_entries(out: Path, mod: str, entries: Iterable[dict[str, Any]], form: Form = "array") -> Path:
    """Writes `OUT/PBRNIFPatcher/<mod>.json`, entries sorted by texture, where it differs; returns its path.

    form: see `document`; PGPatcher reads both.
    """
    path = path_of(out, mod)
    content = document(sorted(entries, key=lambda entry: entry["texture"].lower()), form)
    write_changed(path, (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode())
    return path


def remove_renamed(out: Path, before: str, textures: Collection[str]) -> None:
    """Remove the entries that were written while `out` was called `before`: PGPatcher would read both.

    before: from a file in `out`, so it may be a stranger's word: nothing happens where it is no name of a file, or
    that file says anything of a texture that is not in `textures`, those of our own entries.
    """
    try:
        old, new = (path_of(out, title) for title in (before, title_of(out)))
        one = old.name.casefold() == new.name.casefold()  # to some systems
        if one or not old.is_file():
            return
        entries = entries_in(decode_any_json(old.read_text("utf-8-sig")))
        named = {str(entry.get("texture")) for entry in entries}
        if named and named <= {*textures}:
            old.unlink()
    except (UnbakeError, OSError, ValueError):
        return


def document(entries: Sequence[dict[str, Any]], form: Form) -> "list[dict[str, Any]] | dict[str, Any]":
    """The content of a file: the entries unchanged, or their shared values once and each entry's rest.

    >>> document([{"texture": "a", "parallax": True}, {"texture": "b", "parallax": True}], "default")["default"]
    {'parallax': True}
    """
    if form == "array" or not entries:
        return list(entries)
    shared = {
        key: value
        for key, value in entries[0].items()
        if key != "texture" and all(key in entry and entry[key] == value for entry in entries)
    }
    rest = [{key: value for key, value in entry.items() if key not in shared} for entry in entries]
    return {"default": shared, "entries": rest}


def entries_in(content: Any) -> list[dict[str, Any]]:
    """The entries in the content of a file, each with the shared values, as PGPatcher reads both forms of `document`.

    ValueError, with what it should be, where PGPatcher skips the file.
    """
    shared: Any = {}
    entries = content
    if isinstance(content, dict):
        if not {"default", "entries"} <= content.keys():
            raise ValueError("an object needs both 'default' and 'entries'")
        shared, entries = content["default"], content["entries"]
    if not isinstance(entries, list) or not all(isinstance(table, dict) for table in (shared, *entries)):
        raise ValueError("it should be an array of objects")
    return [shared | fields for fields in entries]


def _backslashes(name: str) -> str:
    """A set's path as PGPatcher writes it: backslashes, below `textures`."""
    path = relative_name(name)
    parts = path.parts[1:] if path.parts[0].lower() == "textures" else path.parts
    return "\\".join(parts)

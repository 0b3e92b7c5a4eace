"""PGPatcher's JSON, by which it patches Skyrim's meshes to TruePBR textures; after `export.packs`.

Rules read in PGPatcher's parser: an entry is matched by the path of the mesh's diffuse, and dropped as a
whole when one of the files it implies is missing.
"""

import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, Literal

from unbake.decoding import decode_any_json
from unbake.domain.features import Features
from unbake.domain.packing import relative_name
from unbake.errors import FileError
from unbake.export import landscape
from unbake.files import safe_join, write_changed
from unbake.image.dds.header import read_dds_info

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

_IMPLIED = {
    "emissive": "_g",
    "parallax": "_p",
    "subsurface": "_s",
    "subsurface_foliage": "_s",
    "coat_normal": "_cnr",
    "coat_diffuse": "_s",
}


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
    _write_changed(path, document(sorted(entries, key=lambda entry: entry["texture"].lower()), form))
    return path


def remove_renamed(out: Path, before: str) -> None:
    """Remove the entries that were written while `out` was called `before`: PGPatcher would read both."""
    old, new = (path_of(out, title) for title in (before, title_of(out)))
    if old.name.casefold() != new.name.casefold():  # some systems take both for one file
        old.unlink(missing_ok=True)


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


def validate(out: Path) -> list[str]:
    """Faults of the JSON files of a mod folder that PGPatcher would drop or misread: sentences, [] if none.

    And faults of the files they imply that the game does not accept: sides that are no powers of two or differ
    within a set, a base colour without the sRGB flag.
    """
    files_by_path = {
        path.relative_to(out).as_posix().lower(): path
        for path in out.glob("[tT]extures/**/*")
        if path.is_file()
    }
    found = [
        fault for path in sorted((out / landscape.FOLDER).glob("*.json")) for fault in landscape.faults(path)
    ]
    for path in sorted((out / FOLDER).glob("*.json")):
        try:
            content = decode_any_json(path.read_text("utf-8-sig"))
        except (OSError, ValueError) as error:
            found.append(f"{path.name} is not JSON: {error}.")
            continue
        defaults: dict[str, Any] = {}
        entries = content
        if isinstance(content, dict):
            if not {"default", "entries"} <= content.keys():
                found.append(f"{path.name} is skipped: an object needs both 'default' and 'entries'.")
                continue
            defaults, entries = content["default"], content["entries"]
        if not isinstance(entries, list) or not all(
            isinstance(table, dict) for table in (defaults, *entries)
        ):
            found.append(f"{path.name} is skipped: it should be an array of objects.")
            continue
        for number, fields in enumerate(entries):
            faults = _faults(defaults | fields, files_by_path)
            found += [f"{path.name}, entry {number}: {fault}." for fault in faults]
    return found


def _write_changed(path: Path, content: Any) -> None:
    data = (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()
    write_changed(path, data)


def _backslashes(name: str) -> str:
    """A set's path as PGPatcher writes it: backslashes, below `textures`."""
    path = relative_name(name)
    parts = path.parts[1:] if path.parts[0].lower() == "textures" else path.parts
    return "\\".join(parts)


def _faults(fields: dict[str, Any], files_by_path: dict[str, Path]) -> list[str]:
    """Faults of one entry; files_by_path: the files of the mod by their paths in lower case."""
    faults = [
        f"{key} should be {_MEANINGS[kind]}, got {json.dumps(value)[:40]}"
        for key, value in fields.items()
        if (kind := _KINDS.get(key)) is not None and not _is_a(kind, value)
    ] + _faults_of_extras(fields)
    matches = {key: value for key in _MATCHES if isinstance(value := fields.get(key), str) and value}
    if not matches:
        return faults or ["it has no texture, so it matches nothing"]
    for path in matches.values():
        if path.lower().lstrip("\\").startswith(("textures\\", "pbr\\")) or "/" in path:
            faults.append(f"{path!r} must be a path with backslashes below textures, so it matches nothing")
        if not path.isascii():
            faults.append(f"{path!r} has letters that paths in meshes cannot have, so it matches nothing")
    rename = fields.get("rename")
    target = rename if isinstance(rename, str) else matches.get("texture", matches.get("match_diffuse"))
    return faults if target is None else faults + _faults_of_files(target, fields, files_by_path)


_MATCHES = ("texture", "match_diffuse", "match_normal", "path_contains")
"""What an entry may name a mesh's textures by; the last two do not say which files they imply."""

_KINDS: dict[str, type] = (
    dict.fromkeys((*_MATCHES, "rename"), str)
    | dict.fromkeys(
        ("emissive", "parallax", "subsurface", "subsurface_foliage", "hair", "multilayer", "coat_normal"),
        bool,
    )
    | dict.fromkeys(
        ("specular_level", "roughness_scale", "subsurface_opacity", "displacement_scale", "emissive_scale"),
        float,
    )
    | dict.fromkeys(("emissive_color", "subsurface_color"), list)
    | dict.fromkeys(("fuzz", "glint"), dict)
)
_MEANINGS: dict[type, str] = {
    str: "text",
    bool: "true or false",
    float: "a number",
    list: "a list of numbers",
    dict: "an object",
}

_GLINT_RANGES: Final = {
    "screen_space_scale": (1.0, 3.0),
    "log_microfacet_density": (1.0, 40.0),
    "microfacet_roughness": (0.005, 0.3),
    "density_randomization": (0.0, 5.0),
}
"""Values of glints that Community Shaders does not clip."""


def _faults_of_extras(fields: dict[str, Any]) -> list[str]:
    """Faults of fuzz and glints, and of features that PGPatcher or the shader do not draw together."""
    found = []
    fuzz, glint = (it if isinstance(it := fields.get(key), dict) else None for key in ("fuzz", "glint"))
    if fuzz is not None:
        colour = fuzz.get("color")
        if not (isinstance(colour, list) and _is_a(list, colour) and len(colour) == 3):
            found.append("fuzz is black, its color needs three numbers")
        if not _is_a(float, fuzz.get("weight", 1.0)) or not 0 <= fuzz.get("weight", 1.0) <= 1:
            found.append("the weight of fuzz should be a number from 0 to 1")
    for key, value in (glint or {}).items():
        low, high = _GLINT_RANGES.get(key, (None, None))
        if low is None or high is None:
            found.append(f"{key} of glint is ignored, there is no such value")
        elif not _is_a(float, value) or not low <= value <= high:
            found.append(f"{key} of glint should be a number from {low:g} to {high:g}")
    if fuzz is not None and glint is not None:
        found.append("fuzz is ignored, since a surface has either glints or fuzz")
    if fields.get("multilayer") is True and (fuzz is not None or glint is not None):
        found.append("fuzz and glint are ignored beside multilayer")
    return found


def _is_a(kind: type, value: Any) -> bool:
    """Whether a value of JSON is text, a truth, a number or a list of numbers."""
    if kind is list:
        return isinstance(value, list) and all(_is_a(float, one) for one in value)
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, kind)


def _faults_of_files(target: str, fields: dict[str, Any], files_by_path: dict[str, Path]) -> list[str]:
    """Faults of the files that an entry implies. target: their path below `textures/pbr`, with backslashes."""
    path = target.lstrip("\\").replace("\\", "/").lower().removesuffix(".dds")
    implied = ["", "_n", "_rmaos", *dict.fromkeys(end for key, end in _IMPLIED.items() if fields.get(key))]
    if isinstance(fuzz := fields.get("fuzz"), dict) and fuzz.get("texture") is True:
        implied.append("_f")
    files = [f"{PBR_ROOT}/{path}{end}.dds" for end in implied]
    faults = []
    if all(name in files_by_path for name in files):
        faults += _unfit([files_by_path[name] for name in files])
    missing = [name.removeprefix(f"{PBR_ROOT}/") for name in files if name not in files_by_path]
    if missing:
        faults.append(f"it is dropped, {PBR_ROOT} has no {' and no '.join(missing)}")
    emission = fields.get("emissive_color")
    if isinstance(emission, list) and len(emission) < 4:
        faults.append("emissive_color is ignored, it needs four numbers")
    return faults


def _unfit(paths: list[Path]) -> list[str]:
    """Faults of the files of one set that the game does not accept; paths: base colour first."""
    try:
        infos = [read_dds_info(path) for path in paths]
    except FileError as error:
        return [str(error).rstrip(".")]
    sizes = {(info.width, info.height) for info in infos}
    faults = [] if len(sizes) == 1 else ["its files differ in size"]
    if any(side & (side - 1) for size in sizes for side in size):
        faults.append("its sides are no powers of two, which older games do not survive")
    if not infos[0].srgb:
        faults.append(f"{paths[0].name} has no sRGB flag, so that it is shown too bright")
    return faults

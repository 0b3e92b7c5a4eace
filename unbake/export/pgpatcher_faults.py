"""Faults of a mod's PGPatcher JSON that PGPatcher or the game would pass over in silence; checks `pgpatcher`'s files.

Rules read in PGPatcher's parser, as there.
"""

import json
from pathlib import Path
from typing import Any, Final

from unbake.decoding import decode_any_json
from unbake.errors import FileError
from unbake.export import landscape
from unbake.export.pgpatcher import FOLDER, PBR_ROOT, entries_in
from unbake.image.dds.header import read_dds_info

_IMPLIED = {
    "emissive": "_g",
    "parallax": "_p",
    "subsurface": "_s",
    "subsurface_foliage": "_s",
    "coat_normal": "_cnr",
    "coat_diffuse": "_s",
}
"""A key of an entry, and the end of the name of the file that it implies where it is true."""

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
    found = [fault for path in _json_files(out / landscape.FOLDER) for fault in landscape.faults(path)]
    for path in _json_files(out / FOLDER):
        found += [f"{path.name}{fault}." for fault in _faults_of_json(path, files_by_path)]
    return found


def _json_files(folder: Path) -> list[Path]:
    """The JSON files in a folder, sorted; what is only called so, a pipe, would never end."""
    return sorted(path for path in folder.glob("*.json") if path.is_file())


def _faults_of_json(path: Path, files_by_path: dict[str, Path]) -> list[str]:
    """The faults of one JSON file, each going on from its name; files_by_path: the mod's, by paths in lower case."""
    try:
        content = decode_any_json(path.read_text("utf-8-sig"))
    except (OSError, ValueError) as error:
        return [f" is not JSON: {error}"]
    try:
        entries = entries_in(content)
    except ValueError as error:
        return [f" is skipped: {error}"]
    return [
        f", entry {number}: {fault}"
        for number, fields in enumerate(entries)
        for fault in _faults(fields, files_by_path)
    ]


def _faults(fields: dict[str, Any], files_by_path: dict[str, Path]) -> list[str]:
    """Faults of one entry with its defaults; files_by_path as in `_faults_of_json`."""
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


def _is_a(kind: type, value: Any) -> bool:
    """Whether a value of JSON is text, a truth, a number or a list of numbers."""
    if kind is list:
        return isinstance(value, list) and all(_is_a(float, one) for one in value)
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, kind)

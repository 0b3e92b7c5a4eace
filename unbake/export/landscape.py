"""Community Shaders' JSON that marks a plugin's landscape texture sets as TruePBR; after `export.pgpatcher`.

Landscape is not in meshes: a plugin's texture set record (TXST) names its textures, and Community Shaders treats
that record as PBR if `PBRTextureSets/<its editor ID>.json` exists. The record must name the PBR textures
(textures/pbr/landscape/...), and one PBR texture makes its whole quad PBR. Editor IDs are in the plugin and
not in the texture, so a user lists them in a text file, as xEdit shows them:

    # texture below `textures` = editor ID; a texture may have several lines
    landscape/dirt02 = LandscapeDirt02
"""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from unbake.decoding import decode_any_json, read_text
from unbake.errors import UsageError
from unbake.files import safe_join, write_atomic

FOLDER: Final = "PBRTextureSets"
"""Folder of the JSON files, beside `textures`."""

_KEYS: Final = {
    "roughnessScale": "roughness_scale",
    "displacementScale": "displacement_scale",
    "specularLevel": "specular_level",
}
"""Setting that is written to its key in a PGPatcher entry."""

_GLINT: Final = {
    "screenSpaceScale": "screen_space_scale",
    "logMicrofacetDensity": "log_microfacet_density",
    "microfacetRoughness": "microfacet_roughness",
    "densityRandomization": "density_randomization",
}
"""The same of `glintParameters`, beside `enabled`."""

_NUMBERS: Final = frozenset(_KEYS) | {
    "subsurfaceOpacity",
    "coatStrength",
    "coatRoughness",
    "coatSpecularLevel",
    "fuzzWeight",
    "innerLayerDisplacementOffset",
}
_OTHERS: Final = frozenset(["subsurfaceColor", "coatColor", "fuzzColor", "glintParameters"])

_EDITOR_ID: Final = re.compile(r"[A-Za-z0-9_]+")

EditorIds = Mapping[str, tuple[str, ...]]
"""Texture (lower case, forward slashes, below `textures`, no extension) to its editor IDs."""


def read_edid_map(path: Path) -> EditorIds:
    """The editor IDs in a file of lines `texture = EditorID` (see the module's text).

    Slashes either way, `textures\\`, extension, case and quotes do not matter; `#` begins a comment.
    UsageError, with its number, for a malformed line.
    """
    found: dict[str, tuple[str, ...]] = {}
    for number, line in enumerate(read_text(path, "editor IDs").splitlines(), 1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        texture, equals, identity = (part.strip().strip("\"'") for part in text.partition("="))
        if not equals or not texture or not _EDITOR_ID.fullmatch(identity):
            raise UsageError(
                f"Expected 'texture = EditorID', such as landscape/dirt02 = LandscapeDirt02, in {path}, line {number}, "
                f"got {text!r}; correct the line."
            )
        key = _key(texture)
        found[key] = (*found.get(key, ()), identity)
    return found


def write_landscape(out: Path, entries: Iterable[Mapping[str, Any]], known: EditorIds) -> dict[str, str]:
    """Writes `OUT/PBRTextureSets/<EditorID>.json` for each PGPatcher entry whose texture has editor IDs.

    Returns, by texture, a reason for each landscape texture (directly in a folder `landscape`) without editor ID.
    """
    left = {}
    for entry in entries:
        texture = _key(entry["texture"])
        settings: dict[str, Any] = {key: entry[source] for key, source in _KEYS.items()}
        if glint := entry.get("glint"):
            glints = {key: glint[source] for key, source in _GLINT.items()}
            settings["glintParameters"] = {"enabled": True, **glints}
        for identity in known.get(texture, ()):
            path = safe_join(out, f"{FOLDER}/{identity}.json")
            data = (json.dumps(settings, indent=2) + "\n").encode()
            if not path.is_file() or path.read_bytes() != data:
                write_atomic(path, data)
        if texture not in known and is_ground(texture):
            left[texture] = (
                "as landscape it stays unchanged, since its editor ID is only in a plugin; give it with --edid-map"
            )
    return left


def is_ground(texture: str) -> bool:
    """Whether a texture, by its path below `textures`, is in a folder of the game's landscape.

    Folders below `landscape` hold textures of meshes: trees, roads, grass.

    >>> is_ground("landscape/dirt02"), is_ground("DLC02/Landscape/ash01"), is_ground("landscape/trees/bark")
    (True, True, False)
    """
    return _key(texture).split("/")[-2:-1] == ["landscape"]


def faults(path: Path) -> list[str]:
    """Faults for which Community Shaders would drop or ignore one of these files: sentences, [] if none."""
    try:
        content = decode_any_json(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        return [f"{path.name} is not JSON: {error}."]
    if not isinstance(content, dict):
        return [f"{path.name} is dropped: it should be an object."]
    found = [] if _EDITOR_ID.fullmatch(path.stem) else [f"{path.name} is not called by an editor ID."]
    for key, value in content.items():
        if key not in _NUMBERS | _OTHERS:
            found.append(f"{path.name}: {key} is ignored, it is no setting of a texture set (camelCase).")
        elif key in _NUMBERS and (not isinstance(value, int | float) or isinstance(value, bool)):
            found.append(f"{path.name} is dropped: {key} should be a number.")
    glints = content.get("glintParameters", {})
    if not isinstance(glints, dict) or not glints.keys() <= {"enabled", *_GLINT}:
        found.append(f"{path.name}: glintParameters should be an object of enabled, {', '.join(_GLINT)}.")
    return found


def _key(texture: str) -> str:
    """A texture's path as a key of `EditorIds`."""
    path = texture.replace("\\", "/").lower().strip("/").removeprefix("data/").removeprefix("textures/")
    return path.removesuffix(".dds")

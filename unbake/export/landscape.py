"""Community Shaders' settings for the ground: which texture sets of a plugin are TruePBR; after `export.pgpatcher`.

The ground is not in meshes: a plugin's texture set record (TXST) names its textures, and Community Shaders takes
that record for PBR where `PBRTextureSets/<its editor ID>.json` is there. The record must name the PBR textures
(textures/pbr/landscape/...), and one PBR texture makes its whole quad PBR. Editor IDs are in the plugin and
not in the texture, so a person tells them in a file of lines, as xEdit shows them:

    # texture below `textures` = editor ID; a texture may have several lines
    landscape/dirt02 = LandscapeDirt02
"""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from unbake.errors import UsageError
from unbake.files import write_atomic

FOLDER: Final = "PBRTextureSets"
"""Where the JSON files lie, beside `textures`."""

_KEYS: Final = {
    "roughnessScale": "roughness_scale",
    "displacementScale": "displacement_scale",
    "specularLevel": "specular_level",
}
"""What is written, and the key of a PGPatcher entry that says it."""

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
    UsageError, with the line's number, where a line is none.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(f"The file of editor IDs {path} cannot be read ({why}); check the path.") from error
    found: dict[str, tuple[str, ...]] = {}
    for number, line in enumerate(lines, 1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        texture, equals, identity = (part.strip().strip("\"'") for part in text.partition("="))
        if not equals or not texture or not _EDITOR_ID.fullmatch(identity):
            raise UsageError(
                f"{path}, line {number}: 'texture = EditorID' was expected, such as landscape/dirt02 = "
                f"LandscapeDirt02, but {text!r} came; mend the line"
            )
        key = _key(texture)
        found[key] = (*found.get(key, ()), identity)
    return found


def write_landscape(out: Path, entries: Iterable[Mapping[str, Any]], known: EditorIds) -> dict[str, str]:
    """Writes `OUT/PBRTextureSets/<EditorID>.json` for each PGPatcher entry whose texture has editor IDs.

    Returns, by texture, why there is none for textures of the ground (those in a folder `landscape` itself) that
    have no editor ID.
    """
    left = {}
    for one in entries:
        texture = _key(one["texture"])
        settings = {key: one[said] for key, said in _KEYS.items()}
        for identity in known.get(texture, ()):
            path = out / FOLDER / f"{identity}.json"
            data = (json.dumps(settings, indent=2) + "\n").encode()
            if not path.is_file() or path.read_bytes() != data:
                write_atomic(path, data)
        if texture not in known and is_ground(texture):
            left[texture] = (
                "as ground it stays as it was: its editor ID stands in a plugin; tell it by --edid-map"
            )
    return left


def is_ground(texture: str) -> bool:
    """Whether a texture, by its path below `textures`, lies where the game keeps those of the ground.

    Folders below `landscape` hold textures of meshes: trees, roads, grass.

    >>> is_ground("landscape/dirt02"), is_ground("DLC02/Landscape/ash01"), is_ground("landscape/trees/bark")
    (True, True, False)
    """
    return _key(texture).split("/")[-2:-1] == ["landscape"]


def faults(path: Path) -> list[str]:
    """What Community Shaders would drop or ignore in one of these files: sentences, [] when nothing."""
    try:
        content = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        return [f"{path.name} is not JSON: {error}."]
    if not isinstance(content, dict):
        return [f"{path.name} is dropped: it should be an object."]
    found = [] if _EDITOR_ID.fullmatch(path.stem) else [f"{path.name} is not called by an editor ID."]
    for key, value in content.items():
        if key not in _NUMBERS | _OTHERS:
            found.append(f"{path.name}: {key} is ignored, it is no setting of a texture set (camelCase).")
        elif key in _NUMBERS and (not isinstance(value, int | float) or isinstance(value, bool)):
            found.append(f"{path.name} is dropped: {key} should be a number.")
    return found


def _key(texture: str) -> str:
    """A texture's path as the map knows it."""
    path = texture.replace("\\", "/").lower().strip("/").removeprefix("data/").removeprefix("textures/")
    return path.removesuffix(".dds")

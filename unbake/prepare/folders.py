"""Writes a material as a folder of PNG files and metadata.json, or changes its metadata; `sources` reads it."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from unbake.decoding import decode_any_json
from unbake.domain.layout import METADATA, STEMS
from unbake.domain.maps import MapKind, spec
from unbake.errors import FileError
from unbake.files import is_device, write_atomic, write_folder_atomic
from unbake.image.files import write_png
from unbake.image.normals import encode_normal


def write_folder(place: Path, maps: Mapping[MapKind, np.ndarray], metadata: Mapping[str, Any]) -> None:
    """Write a material folder, which appears at once with all that is in it, or not at all; an older one is replaced.

    maps: (H, W, C) float32 in the ranges of their specs; normals are stored OpenGL. metadata: of its metadata.json.
    Errors: FileError.
    """
    with write_folder_atomic(place) as draft:
        for kind, image in maps.items():
            about = spec(kind)
            unit = encode_normal(image, "opengl") if about.vector else image
            write_png(draft / f"{STEMS[kind][0]}.png", unit, about.bits)
        (draft / METADATA).write_bytes(_encoded(metadata))


def read_metadata(place: Path) -> dict[str, Any] | None:
    """The metadata of a material folder; None where there are none. Errors: FileError when they are no object.

    >>> read_metadata(Path("no such folder")) is None
    True
    """
    path = place / METADATA
    if not path.is_file():
        return None
    try:
        about = decode_any_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise FileError(f"Expected a JSON object in {path}, got {error}; correct or remove it.") from error
    if not isinstance(about, dict):
        raise FileError(f"Expected a JSON object in {path}, got something else; correct or remove it.")
    return about


def finished(place: Path) -> dict[str, Any] | None:
    """The metadata of a material that was written; None where there is none, or damaged: it is made anew."""
    try:
        return read_metadata(place)
    except FileError:
        return None


def update_metadata(place: Path, changes: Mapping[str, Any]) -> None:
    """Set keys of a material's metadata.json, whole or not at all; None takes a key away. Errors: FileError."""
    about = read_metadata(place) or {}
    merged = {key: value for key, value in {**about, **changes}.items() if value is not None}
    if merged != about:
        write_atomic(place / METADATA, _encoded(merged))


def safe_name(name: str) -> str:
    """A name any system takes for a folder; "" when nothing is left of it.

    >>> safe_name("../Stone wall: 01"), safe_name("con")
    ('Stone_wall_01', 'con_')
    """
    safe = re.sub(r"[^\w.+-]+", "_", name).strip("._")[:120]
    return f"{safe}_" if is_device(safe) else safe


def _encoded(about: Mapping[str, Any]) -> bytes:
    return json.dumps(about, indent=1, ensure_ascii=False).encode()

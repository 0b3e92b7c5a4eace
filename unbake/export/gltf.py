"""A glTF 2.0 file beside the images of a set, one textured quad; written by `export.packs`."""

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import numpy as np

from unbake.domain.maps import MapKind
from unbake.domain.packing import PackedFile
from unbake.files import write_atomic
from unbake.image.mips import is_cut_out

_FLOAT, _UINT16, _VERTICES, _INDICES, _REPEAT = 5126, 5123, 34962, 34963, 10497
_LINEAR, _LINEAR_MIPMAP_LINEAR = 9729, 9987

_SLOTS: Final = {
    MapKind.ALBEDO: ("pbrMetallicRoughness", "baseColorTexture"),
    MapKind.ROUGHNESS: ("pbrMetallicRoughness", "metallicRoughnessTexture"),
    MapKind.NORMAL: ("normalTexture",),
    MapKind.AO: ("occlusionTexture",),
    MapKind.EMISSIVE: ("emissiveTexture",),
}
"""Path of each map's texture in a glTF 2.0 material (specification, 3.9)."""

Attributes = tuple[tuple[str, int, np.ndarray], ...]
"""Accessor type, target of the buffer view, values."""


def write_gltf(
    base: Path, images: Mapping[PackedFile, Path], size: tuple[int, int], opacity: np.ndarray | None = None
) -> Path:
    """Writes `<base>.gltf`, which shows the images (packed file to path) on a quad; returns its path.

    size: (height, width) of the images, which sets the quad's aspect. opacity: (H, W, 1), float in [0, 1] or codes;
    it decides the alpha mode: OPAQUE, MASK for a cut-out, or BLEND.
    """
    path = base.with_name(base.name + ".gltf")
    write_atomic(path, (json.dumps(scene(base.name, images, size, opacity), indent=1) + "\n").encode())
    return path


def scene(
    name: str, images: Mapping[PackedFile, Path], size: tuple[int, int], opacity: np.ndarray | None = None
) -> dict[str, Any]:
    """The glTF 2.0 document of `write_gltf`; images are named relative to it, geometry is in a data URI."""
    buffer, views, accessors = _buffers(_quad(size))
    primitive = {
        "attributes": {"POSITION": 0, "NORMAL": 1, "TANGENT": 2, "TEXCOORD_0": 3},
        "indices": 4,
        "material": 0,
    }
    return {
        "asset": {"version": "2.0", "generator": "unbake"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "name": name}],
        "meshes": [{"name": name, "primitives": [primitive]}],
        "materials": [{"name": name, "doubleSided": True} | _slots(images) | _alpha_mode(opacity)],
        "textures": [{"sampler": 0, "source": index} for index in range(len(images))],
        "samplers": [
            {"magFilter": _LINEAR, "minFilter": _LINEAR_MIPMAP_LINEAR, "wrapS": _REPEAT, "wrapT": _REPEAT}
        ],
        "images": [{"uri": quote(path.name), "mimeType": "image/png"} for path in images.values()],
        "buffers": [buffer],
        "bufferViews": views,
        "accessors": accessors,
    }


def _slots(images: Mapping[PackedFile, Path]) -> dict[str, Any]:
    """The texture entries of the material."""
    material: dict[str, Any] = {}
    for index, file in enumerate(images):
        for kind in file.maps:
            *outer, slot = _SLOTS.get(kind, ("",))
            if slot:
                holder = material
                for key in outer:
                    holder = holder.setdefault(key, {})
                holder[slot] = {"index": index}
    return material | ({"emissiveFactor": [1, 1, 1]} if "emissiveTexture" in material else {})


def _quad(size: tuple[int, int]) -> Attributes:
    """A quad in the plane z = 0 that faces +z, its longer side 1; the first row of the image is at the top."""
    height, width = (side / max(size) / 2 for side in size)
    corners = [(-width, height, 0), (-width, -height, 0), (width, -height, 0), (width, height, 0)]
    return (
        ("VEC3", _VERTICES, np.array(corners, np.float32)),
        ("VEC3", _VERTICES, np.array([(0, 0, 1)] * 4, np.float32)),
        ("VEC4", _VERTICES, np.array([(1, 0, 0, 1)] * 4, np.float32)),
        ("VEC2", _VERTICES, np.array([(0, 0), (0, 1), (1, 1), (1, 0)], np.float32)),
        ("SCALAR", _INDICES, np.array([0, 1, 2, 0, 2, 3], np.uint16)),
    )


def _buffers(arrays: Attributes) -> tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]:
    """The one buffer of these arrays, with a view and an accessor for each."""
    data, views, accessors = b"", [], []
    for index, (kind, target, values) in enumerate(arrays):
        views.append({"buffer": 0, "byteOffset": len(data), "byteLength": values.nbytes, "target": target})
        accessor: dict[str, Any] = {
            "bufferView": index,
            "componentType": _FLOAT if values.dtype == np.float32 else _UINT16,
            "count": len(values),
            "type": kind,
        }
        if index == 0:  # the specification asks for the bounds of positions
            accessor |= {"min": values.min(0).tolist(), "max": values.max(0).tolist()}
        accessors.append(accessor)
        data += values.tobytes()
    uri = "data:application/octet-stream;base64," + base64.b64encode(data).decode()
    return {"byteLength": len(data), "uri": uri}, views, accessors


def _alpha_mode(opacity: np.ndarray | None) -> dict[str, Any]:
    full = 1 if opacity is None or opacity.dtype.kind != "u" else np.iinfo(opacity.dtype).max
    if opacity is None or bool((opacity == full).all()):
        return {"alphaMode": "OPAQUE"}
    return {"alphaMode": "MASK", "alphaCutoff": 0.5} if is_cut_out(opacity / full) else {"alphaMode": "BLEND"}

"""Reads packed files back into maps, as an engine would: the inverse of `export.channels`, for tests."""

import numpy as np

from unbake.domain.maps import SPECS, MapKind
from unbake.domain.packing import PackedFile
from unbake.image.arrays import Floats, Maps
from unbake.image.normals import Green, decode_normal


def unpack(image: Floats, file: PackedFile, green: Green) -> Maps:
    """The maps in a file's channels; undoes `pack` and `coded`, except that a recentred map stays where it is.

    A fourth channel that is not there is 1, as every engine reads it.
    """
    if file.octahedral:
        image = from_octahedral(image)
    planes: dict[MapKind, dict[int, np.ndarray]] = {}
    for i, source in enumerate(file.sources):
        if source.map is not None:
            plane = image[..., i] if i < image.shape[2] else np.ones(image.shape[:2], np.float32)
            planes.setdefault(source.map, {})[source.component] = 1 - plane if source.inverted else plane
    maps = {}
    for kind, parts in planes.items():
        if len(parts) == SPECS[kind].channels:
            stored = np.stack([parts[i] for i in range(len(parts))], axis=-1).astype(np.float32)
            maps[kind] = decode_normal(stored, green) if SPECS[kind].vector else stored
    return maps


def from_octahedral(codes: Floats) -> Floats:
    """Stored normals (H, W, 3) in [0, 1] of unit vectors, of their two codes in [0, 1]; undoes `octahedral`."""
    u, v = np.moveaxis(codes[..., :2].astype(np.float32) * 2 - 1, -1, 0)
    x, y = (u + v) / 2, (u - v) / 2
    vectors = np.stack([x, y, np.maximum(1 - np.abs(x) - np.abs(y), 0)], -1)
    vectors /= np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors * np.float32(0.5) + np.float32(0.5)

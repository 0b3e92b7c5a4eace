"""Maps to the channels of one file and back, band by band of rows; `export.packs` writes what comes out."""

from collections.abc import Callable, Mapping

import numpy as np

from unbake.domain.maps import SPECS, MapKind
from unbake.domain.packing import PackedFile
from unbake.errors import TextureSetError
from unbake.image.arrays import Maps
from unbake.image.normals import Green, encode_normal, octahedral

Stored = Mapping[MapKind, np.ndarray]
"""Maps as they are kept: float32 in the range of their spec, or codes (`image.arrays`); memory-mapped ones will do,
only bands of rows are read."""


def recentred(height: np.ndarray) -> np.ndarray:
    """Height (H, W, 1) in [0, 1] with its mean at the neutral 127/255, contrast reduced only where it would clip.

    >>> round(float(recentred(np.float32([[[0.9], [0.7]]])).mean()), 3)
    0.498
    """
    return recentring([height])(height)


def recentring(parts: "list[np.ndarray]") -> Callable[[np.ndarray], np.ndarray]:
    """The function that recentres each part, (rows, W, 1), of a height map as `recentred` would the whole."""
    neutral = SPECS[MapKind.HEIGHT].neutral[0]
    mean = sum(float(part.sum(dtype=np.float64)) for part in parts) / sum(part.size for part in parts)
    low = min(float(part.min()) for part in parts) - mean
    high = max(float(part.max()) for part in parts) - mean
    room = min(1.0, neutral / max(-low, neutral), (1 - neutral) / max(high, 1 - neutral))
    return lambda part: np.float32(neutral) + (part - np.float32(mean)) * np.float32(room)


def size_of(maps: Stored, file: PackedFile) -> tuple[int, int]:
    """The (height, width) of the maps of a file; TextureSetError when none is there, or when they differ."""
    sizes = {maps[kind].shape[:2] for kind in file.maps if kind in maps}
    if len(sizes) != 1:
        found = ", ".join(
            f"{kind} {maps[kind].shape[1]}×{maps[kind].shape[0]}" for kind in file.maps if kind in maps
        )
        raise TextureSetError(
            f"Expected maps of one size for one file, got {found or 'none'}; convert again."
        )
    height, width = sizes.pop()
    return height, width


def pack(maps: Maps, file: PackedFile, green: Green) -> np.ndarray:
    """The channels of a file: float32 (H, W, C) in [0, 1], colour still display-encoded, nothing recentred.

    Maps that are missing are neutral. A normal is three channels here, in an octahedral file too (`coded`).
    TextureSetError as `size_of`.
    """
    image = np.empty((*size_of(maps, file), len(file.sources)), np.float32)
    stored = {
        kind: encode_normal(maps[kind], green) if SPECS[kind].vector else maps[kind]
        for kind in file.maps
        if kind in maps
    }
    for i, source in enumerate(file.sources):
        if source.map is None:
            image[..., i] = source.constant
            continue
        plane = (
            stored[source.map][..., source.component]
            if source.map in stored
            else _neutral(source.map, source.component)
        )
        image[..., i] = 1 - plane if source.inverted else plane
    return image


def coded(image: np.ndarray, file: PackedFile) -> np.ndarray:
    """`pack`'s channels as written to the file: the same, except that an octahedral normal has two."""
    return octahedral(image) if file.octahedral else image


def _neutral(kind: MapKind, component: int) -> float:
    """The value of a missing map in a file."""
    value = SPECS[kind].neutral[component]
    return (value + 1) / 2 if SPECS[kind].vector else value

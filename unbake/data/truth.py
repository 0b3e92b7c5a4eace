"""Reads the truth maps of one material and brings them to one size; between `sources` and `cache`."""

from pathlib import Path

import numpy as np
from PIL import Image

from unbake.data.sources import MaterialSource
from unbake.domain.maps import MapKind, spec
from unbake.errors import FileError, TextureSetError
from unbake.image.colour import linear_to_srgb, srgb_to_linear
from unbake.image.files import read_picture
from unbake.image.normals import decode_normal

Maps = dict[MapKind, np.ndarray]

LEAST_SIDE = 16
"""Textures below this many texels a side are no material."""

_BLACK = 1.5 / 255
_LEAST_BLUE = 0.55  # a tangent normal map leans to blue
_ASPECT_TOLERANCE = 0.03


def read_material(source: MaterialSource) -> Maps:
    """The truth maps of a material at its base colour's size, float32 in their ranges.

    Metal "zero" gives METALLIC of zeros, "unknown" none. Errors: FileError (unreadable, black, not a normal
    map), TextureSetError (shapes that do not fit).
    """
    maps: Maps = {}
    untrusted = set() if source.metal == "given" else {MapKind.METALLIC}
    for kind in (kind for kind in source.paths if kind not in untrusted):
        maps[kind] = _read_map(kind, source.paths[kind])
    height, width = maps[MapKind.ALBEDO].shape[:2]
    for kind, image in maps.items():
        ratio = image.shape[1] * height / (image.shape[0] * width)
        if abs(ratio - 1) > _ASPECT_TOLERANCE:
            raise TextureSetError(
                f"Expected the base colour's proportions ({width}x{height}) in {source.paths[kind]}, "
                f"got {image.shape[1]}x{image.shape[0]}; replace or remove it."
            )
    if source.metal == "zero":
        maps[MapKind.METALLIC] = np.zeros((height, width, 1), np.float32)
    return at_size(maps, height, width)


def _read_map(kind: MapKind, path: Path) -> np.ndarray:
    about = spec(kind)
    unit = read_picture(path).unit()
    if about.channels == 1:
        unit = unit[..., :1]
    elif unit.shape[-1] == 1:
        unit = np.repeat(unit, 3, -1)
    unit = np.ascontiguousarray(unit[..., : about.channels], np.float32)
    if min(unit.shape[:2]) < LEAST_SIDE:
        raise FileError(
            f"Expected {LEAST_SIDE} pixels a side or more in {path}, got {unit.shape[1]}x{unit.shape[0]}."
        )
    if about.colour == "srgb" and unit.max() <= _BLACK:
        raise FileError(f"Expected a base colour in {path}, got an all-black picture; replace or remove it.")
    if about.vector:
        if unit[..., 2].mean() < _LEAST_BLUE:
            raise FileError(
                f"Expected a tangent normal map in {path}, got a picture with little blue; replace it."
            )
        return decode_normal(unit, "opengl")
    return unit * (about.high - about.low) + about.low


def at_size(maps: Maps, height: int, width: int) -> Maps:
    """All maps (H, W, C) at one size, each averaged as its spec says; normals are unit vectors again.

    >>> at_size({MapKind.AO: np.ones((4, 4, 1), np.float32)}, 2, 2)[MapKind.AO].shape
    (2, 2, 1)
    """
    out: Maps = {}
    for kind, image in maps.items():
        image = resized(image, height, width, spec(kind).colour)
        if spec(kind).vector:
            image = image / np.maximum(np.linalg.norm(image, axis=-1, keepdims=True), 1e-6)
        out[kind] = image
    return out


def resized(image: np.ndarray, height: int, width: int, colour: str = "linear") -> np.ndarray:
    """The image (H, W, C) float32 at another size: mean over areas when reduced, bilinear when enlarged.

    colour: "srgb" values are averaged in linear light.

    >>> resized(np.float32([[[0.0], [1.0]]]), 1, 1).tolist()
    [[[0.5]]]
    """
    if image.shape[:2] == (height, width):
        return image
    smaller = height <= image.shape[0] and width <= image.shape[1]
    how = Image.Resampling.BOX if smaller else Image.Resampling.BILINEAR
    light = srgb_to_linear(image) if colour == "srgb" else image
    planes = [
        np.asarray(Image.fromarray(np.ascontiguousarray(plane, np.float32)).resize((width, height), how))
        for plane in np.moveaxis(light, -1, 0)
    ]
    result = np.stack(planes, -1)
    return np.asarray(linear_to_srgb(result), np.float32) if colour == "srgb" else result

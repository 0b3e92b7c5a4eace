"""Reads one material, truth and diffuses, and brings all to one size; between `sources` and `cache`."""

from pathlib import Path

import numpy as np

from unbake.data.sources import MaterialSource, Painting
from unbake.domain.layout import CONSTANT_RANGE, LEAST_NORMAL_BLUE, same_proportions
from unbake.domain.maps import MapKind, spec
from unbake.errors import FileError, TextureSetError
from unbake.image.files import read_picture
from unbake.image.normals import decode_normal
from unbake.image.resample import resized

Maps = dict[MapKind, np.ndarray]

LEAST_SIDE = 16
"""Textures below this many texels a side are no material."""

_BLACK = 1.5 / 255
_SAME_VALUE = 8 / 255  # JPEG leaves less of one picture between two files
_SAME_SHARE = 0.99


def read_material(source: MaterialSource) -> Maps:
    """The truth maps and the normal of a material at the size of `source.sized_by`, float32 in their ranges.

    Metal "zero" gives METALLIC of zeros, "unknown" none. Errors: FileError (unreadable, black, not a normal
    map), TextureSetError (shapes that do not fit).
    """
    untrusted = set() if source.metal == "given" else {MapKind.METALLIC}
    read = {kind: _read_map(kind, path) for kind, path in source.paths.items() if kind not in untrusted}
    sized_by = {source.paths[kind]: image for kind, image in read.items()}.get(source.sized_by)
    height, width = (read_picture(source.sized_by).pixels if sized_by is None else sized_by).shape[:2]
    maps = {
        kind: _at_size_of(source, kind, source.paths[kind], image, (height, width))
        for kind, image in read.items()
    }
    if source.metal == "zero":
        maps[MapKind.METALLIC] = np.zeros((height, width, 1), np.float32)
    return maps


def read_painting(painting: Painting, source: MaterialSource, size: tuple[int, ...]) -> Maps:
    """DIFFUSE, and SPECULAR where there is one, of a painting of the material at a size (rows, columns).

    A constant specular mask says nothing and is absent. Errors: as `read_material`, but that black is allowed.
    """
    files = {MapKind.DIFFUSE: painting.diffuse, MapKind.SPECULAR: painting.specular}
    picture = {
        kind: _at_size_of(source, kind, path, _read_pixels(kind, path), size)
        for kind, path in files.items()
        if path is not None
    }
    specular = picture.get(MapKind.SPECULAR)
    if specular is not None and specular.max() - specular.min() <= CONSTANT_RANGE:
        del picture[MapKind.SPECULAR]
    return picture


def is_black(unit: np.ndarray) -> bool:
    """Whether no texel of a picture in [0, 1] shows more than rounding leaves of black.

    >>> is_black(np.zeros((2, 2, 3), np.float32))
    True
    """
    return float(unit.max()) <= _BLACK


def same_picture(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two pictures (H, W, C) of one size, sRGB in [0, 1], are one picture but for what compression does.

    >>> grey = np.full((2, 2, 3), 0.5, np.float32)
    >>> same_picture(grey, grey + 0.01), same_picture(grey, grey + 0.1)
    (True, False)
    """
    return float((np.abs(one - other).max(-1) <= _SAME_VALUE).mean()) >= _SAME_SHARE


def _at_size_of(
    source: MaterialSource, kind: MapKind, path: Path, image: np.ndarray, size: tuple[int, ...]
) -> np.ndarray:
    height, width = size
    if not same_proportions(image.shape, size):
        raise TextureSetError(
            f"Expected the proportions of {source.sized_by.name} ({width}x{height}) in {path}, "
            f"got {image.shape[1]}x{image.shape[0]}; replace or remove it."
        )
    return at_size({kind: image}, height, width)[kind]


def _read_map(kind: MapKind, path: Path) -> np.ndarray:
    image = _read_pixels(kind, path)
    if spec(kind).colour == "srgb" and is_black(image):
        raise FileError(f"Expected a base colour in {path}, got an all-black picture; replace or remove it.")
    return image


def _read_pixels(kind: MapKind, path: Path) -> np.ndarray:
    """A map as float32 (H, W, C) in the range of its spec, at its own size."""
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
    if about.vector:
        if unit[..., 2].mean() < LEAST_NORMAL_BLUE:
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

"""Maps as integers of 8 or 16 bits, a quarter to a half of their floats: how large textures wait between stages."""

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np

from unbake.domain.maps import SPECS, MapKind
from unbake.image.normals import decode_normal

BAND_TEXELS: Final = 1 << 21
"""Texels that are made floats at a time where a whole map need not be."""


class CodedMaps(Mapping[MapKind, np.ndarray]):
    """Maps of which each is kept as codes, and comes as float32 (H, W, C) in the range of its spec when asked for.

    codes: uint8 or uint16 (H, W, C), from 0 for the low end of a map's range to the type's greatest value for the
    high one; normals as OpenGL stores them. A mapping like the dictionaries of floats that it stands for, except
    that every access decodes anew.

    >>> CodedMaps({MapKind.AO: np.full((1, 1, 1), 51, np.uint8)})[MapKind.AO].round(6).item()
    0.2
    """

    __slots__ = ("codes",)

    def __init__(self, codes: Mapping[MapKind, np.ndarray]) -> None:
        self.codes: Final = dict(codes)

    def __getitem__(self, kind: MapKind) -> np.ndarray:
        return decoded(kind, self.codes[kind])

    def __iter__(self) -> Iterator[MapKind]:
        return iter(self.codes)

    def __len__(self) -> int:
        return len(self.codes)

    def __contains__(self, kind: object) -> bool:
        return kind in self.codes

    def rows(self, top: int, bottom: int) -> "CodedMaps":
        """The same maps from row `top` to row `bottom`, nothing decoded or copied."""
        return CodedMaps({kind: codes[top:bottom] for kind, codes in self.codes.items()})

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the maps, which is one."""
        height, width = next(iter(self.codes.values())).shape[:2]
        return height, width


def bands(height: int, width: int, multiple: int = 1) -> Iterator[slice]:
    """Slices of rows of about BAND_TEXELS each, whose number is a multiple of `multiple` except for the last.

    >>> [(rows.start, rows.stop) for rows in bands(8, 1 << 20)]
    [(0, 2), (2, 4), (4, 6), (6, 8)]
    """
    step = max(1, BAND_TEXELS // max(width, 1) // multiple) * multiple
    for top in range(0, height, step):
        yield slice(top, min(top + step, height))


def unit(codes: np.ndarray) -> np.ndarray:
    """Codes as float32 in [0, 1]; floats as they are.

    >>> unit(np.uint8([0, 255])).tolist()
    [0.0, 1.0]
    """
    if codes.dtype.kind == "f":
        return codes
    values = codes.astype(np.float32)
    values /= np.iinfo(codes.dtype).max
    return values


def decoded(kind: MapKind, codes: np.ndarray) -> np.ndarray:
    """A map's codes as float32 (H, W, C) in the range of its spec, normals as unit vectors; floats as they are."""
    if codes.dtype.kind == "f":
        return codes
    if not SPECS[kind].vector:
        return unit(codes)
    vectors = np.empty(codes.shape, np.float32)
    for rows in bands(*codes.shape[:2]):
        vectors[rows] = decode_normal(unit(codes[rows]), "opengl")
    return vectors


def plane(kind: MapKind, image: np.ndarray, component: int) -> np.ndarray:
    """One channel (H, W) of a map, float32 in the range of its spec, the others never all decoded at once."""
    if image.dtype.kind == "f":
        return image[..., component]
    if not SPECS[kind].vector:
        return unit(image[..., component])
    values = np.empty(image.shape[:2], np.float32)
    for rows in bands(*image.shape[:2]):
        values[rows] = decoded(kind, image[rows])[..., component]
    return values


def encoded(kind: MapKind, values: np.ndarray, bits: int | None = None) -> np.ndarray:
    """Codes of a map: of float32 (H, W, C) in the range of its spec, clipped and rounded, or of other codes.

    bits: 8 or 16, None for what its spec says.

    >>> encoded(MapKind.AO, np.float32([[[0.5]]])).item(), encoded(MapKind.HEIGHT, np.uint8([[[255]]])).item()
    (128, 65535)
    """
    bits = bits or SPECS[kind].bits
    dtype = np.uint8 if bits == 8 else np.uint16
    if values.dtype == dtype:
        return values
    codes = np.empty(values.shape, dtype)
    for rows in bands(*values.shape[:2]):
        part = values[rows]
        if part.dtype.kind != "f":
            part = unit(part)
        elif SPECS[kind].vector:
            part = part * np.float32(0.5) + np.float32(0.5)
        codes[rows] = np.rint(np.clip(part, 0, 1) * np.float32(np.iinfo(dtype).max))
    return codes

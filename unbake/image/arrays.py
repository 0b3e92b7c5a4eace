"""Types of the package's arrays, and maps as integers of 8 or 16 bits: the one quantiser, and the bands it works in."""

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from unbake.domain.maps import SPECS, MapKind
from unbake.image.normals import decode_normal

Floats = NDArray[np.float32]
"""An image (H, W, C), a plane (H, W) or the like, in the range and colour space that its reader names."""

Reals = NDArray[np.floating]
"""Floats of either width, where a computation may widen them: noise, and materials before they become maps."""

Codes = NDArray[np.uint8 | np.uint16]
"""An image (H, W, C) as stored: 0 is the low end of its range, the type's greatest value the high end."""

Maps = dict[MapKind, Floats]
"""Maps of one texture set, (H, W, C) of one size, each in the range and colour space of its spec."""

Stored = dict[MapKind, np.ndarray]
"""The same as codes, or as floats where a function takes either."""

Wrap = tuple[bool, bool]
"""Axes that tile: (rows, up and down the image; columns, across it)."""

BAND_TEXELS: Final = 1 << 18
"""Texels that are made floats at a time where a whole map need not be."""


class CodedMaps(Mapping[MapKind, Floats]):
    """Maps of which each is kept as codes, and comes as float32 (H, W, C) in the range of its spec when asked for.

    codes: uint8 or uint16 (H, W, C), as `quantise` makes them; a quarter to a half of the floats' memory. A mapping
    like the dictionaries of floats that it stands for, except that every access decodes anew.

    >>> CodedMaps({MapKind.AO: np.full((1, 1, 1), 255, np.uint8)})[MapKind.AO].item()
    1.0
    """

    __slots__ = ("codes",)

    def __init__(self, codes: Mapping[MapKind, Codes]) -> None:
        self.codes: Final = dict(codes)

    def __getitem__(self, kind: MapKind) -> Floats:
        return dequantise(kind, self.codes[kind])

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


def bands(height: int, width: int, multiple: int = 1, texels: int | None = None) -> Iterator[slice]:
    """Slices of rows of about `texels` each (None: BAND_TEXELS), a multiple of `multiple` rows except for the last.

    >>> [(rows.start, rows.stop) for rows in bands(8, 1 << 20)]
    [(0, 2), (2, 4), (4, 6), (6, 8)]
    """
    step = max(1, (texels or BAND_TEXELS) // max(width, 1) // multiple) * multiple
    for top in range(0, height, step):
        yield slice(top, min(top + step, height))


def unit(codes: np.ndarray) -> Floats:
    """Codes of any shape as float32 in [0, 1]; floats as they are.

    >>> unit(np.uint8([0, 255])).tolist()
    [0.0, 1.0]
    """
    if codes.dtype.kind == "f":
        return codes
    values = codes.astype(np.float32)
    values /= np.iinfo(codes.dtype).max
    return values


def quantise(kind: MapKind, values: np.ndarray, bits: int | None = None, band: int | None = None) -> Codes:
    """Codes of a map: of floats (H, W, C) in the range of its spec, clipped and rounded, or of other codes.

    bits: 8 or 16, None for what its spec says. band: texels that are worked on at a time, None for BAND_TEXELS.
    Normals are stored as OpenGL stores them. Codes of as many bits are given back as they are, not copied.

    >>> quantise(MapKind.AO, np.float32([[[0.5]]])).item(), quantise(MapKind.HEIGHT, np.uint8([[[255]]])).item()
    (128, 65535)
    """
    spec = SPECS[kind]
    bits = bits or spec.bits
    dtype = np.uint8 if bits == 8 else np.uint16
    if values.dtype == dtype:
        return values
    low, extent = np.float32(spec.low), np.float32(spec.high - spec.low)
    codes = np.empty(values.shape, dtype)
    for rows in bands(values.shape[0], values.shape[1], texels=band):
        part = values[rows]
        if part.dtype.kind != "f":
            part = unit(part)
        elif spec.vector:
            part = part * np.float32(0.5) + np.float32(0.5)
        elif (spec.low, spec.high) != (0, 1):
            part = (part - low) / extent
        codes[rows] = np.rint(np.clip(part, 0, 1) * np.float32(np.iinfo(dtype).max))
    return codes


def dequantise(kind: MapKind, codes: np.ndarray, band: int | None = None) -> Floats:
    """A map's codes as float32 (H, W, C) in the range of its spec, normals as unit vectors; floats as they are.

    Undoes `quantise` to half a step; conversion and the training cache read codes by this one function.
    band: as in `quantise`.

    >>> dequantise(MapKind.NORMAL, np.uint8([[[128, 128, 255]]])).round(2).tolist()
    [[[0.0, 0.0, 1.0]]]
    """
    if codes.dtype.kind == "f":
        return codes
    if not SPECS[kind].vector:
        return _in_range(kind, unit(codes))
    vectors = np.empty(codes.shape, np.float32)
    for rows in bands(codes.shape[0], codes.shape[1], texels=band):
        vectors[rows] = decode_normal(unit(codes[rows]), "opengl")
    return vectors


def plane(kind: MapKind, image: np.ndarray, component: int) -> Floats:
    """One channel (H, W) of a map, float32 in the range of its spec, the others never all decoded at once."""
    if image.dtype.kind == "f":
        return image[..., component]
    if not SPECS[kind].vector:
        return _in_range(kind, unit(image[..., component]))
    values = np.empty(image.shape[:2], np.float32)
    for rows in bands(*image.shape[:2]):
        values[rows] = dequantise(kind, image[rows])[..., component]
    return values


def _in_range(kind: MapKind, values: Floats) -> Floats:
    """Values in [0, 1] brought, in place, to the range of the map's spec."""
    spec = SPECS[kind]
    if (spec.low, spec.high) != (0, 1):
        values *= np.float32(spec.high - spec.low)
        values += np.float32(spec.low)
    return values

"""The copy of a texture that the networks read, and their maps brought back to its full size; between `convert` and
`predict`.

They were trained on textures of 256 and 512 texels. A larger one is read reduced: that meets what they know, and costs
a quarter. Its detail is in the picture: what the albedo is of the diffuse changes slowly, and the roughness follows
the specular mask and the light of the diffuse. The networks' roughness is blurred by some texels at any size, so it
gains their detail where a texture is read as it is, too: without, a perforated plate comes out as rows.
"""

from typing import Final

import numpy as np

from unbake.convert.roughness import ROUGHEST, SMOOTHEST
from unbake.domain.maps import SPECS, MapKind
from unbake.image.arrays import Codes, Floats, Stored, Wrap, bands, dequantise, quantise, unit
from unbake.image.colour import linear_to_srgb, luminance
from unbake.image.delight import FLOOR
from unbake.image.guided import guided
from unbake.image.light import codes_of, light_of
from unbake.image.resample import by_area, smooth_rows

READING_VERSION: Final = 2
"""Goes up whenever the same networks say something else of the same texture."""

SIDE: Final = 512
"""Longest side that is read as it is; one up to twice as long is read at this."""

MOST: Final = 1024
"""Longest side of what is read: half of a texture from 1024 to 2048, and no more of a larger one."""

_FLOOR: Final = np.float32(FLOOR)

_FARTHEST: Final = 2.0
"""Natural log of the largest factor that the networks make of the diffuse's light: in black any could be read."""

_READ: Final = (MapKind.DIFFUSE, MapKind.NORMAL, MapKind.SPECULAR, MapKind.OPACITY)


def reading_size(height: int, width: int) -> tuple[int, int]:
    """(height, width) of the copy that is read.

    >>> [reading_size(side, side // 2) for side in (300, 512, 600, 1024, 2048, 8192)]
    [(300, 150), (512, 256), (512, 256), (512, 256), (1024, 512), (1024, 512)]
    """
    longest = max(height, width)
    side = min(longest, max(SIDE, min(MOST, longest // 2)))
    return max(1, round(height * side / longest)), max(1, round(width * side / longest))


def reduced_codes(codes: Stored, size: tuple[int, int], wrap: Wrap) -> Stored:
    """What is read of a set at a size, as codes of 16 bits: means of linear light, and of vectors, which are made unit.

    codes: DIFFUSE and NORMAL (OpenGL), SPECULAR and OPACITY where there are such. At their own size they are given
    back as they are.
    """
    read: Stored = {kind: codes[kind] for kind in _READ if kind in codes}
    if codes[MapKind.DIFFUSE].shape[:2] == size:
        return read
    return {kind: _reduced(kind, image, size, wrap) for kind, image in read.items()}


def _reduced(kind: MapKind, codes: Codes, size: tuple[int, int], wrap: Wrap) -> Codes:
    """A map at a smaller size, by bands of rows that make whole rows of it where the sides divide."""
    rows, columns = codes.shape[:2]
    step, rest = divmod(rows, size[0])
    painted, vector = SPECS[kind].colour == "srgb", SPECS[kind].vector
    made = np.empty((*size, codes.shape[2]), np.uint16)
    for band in [slice(0, rows)] if rest else bands(rows, columns, step):
        part = light_of(codes[band]) if painted else dequantise(kind, codes[band])
        to = slice(0, size[0]) if rest else slice(band.start // step, band.stop // step)
        small = by_area(part, to.stop - to.start, size[1], (wrap[0] and bool(rest), wrap[1]))
        if painted:
            small = np.asarray(linear_to_srgb(small), np.float32)
        elif vector:
            small = small / np.maximum(np.linalg.norm(small, axis=-1, keepdims=True), np.float32(1e-6))
        made[to] = quantise(kind, small, 16)
    return made


def enlarged(maps: Stored, read: Stored, codes: Stored, factor: float, wrap: Wrap) -> Stored:
    """The networks' maps at the size of the texture, with its detail, as codes of their specs' bits.

    maps: at the size that was read; at the texture's own, all but roughness are given back as they are. read:
    DIFFUSE, at the networks' level, and SPECULAR where the set has one, at that size. codes: the same of the texture,
    at its own level, which `factor` brings to the networks'.
    """
    height, width = codes[MapKind.DIFFUSE].shape[:2]
    if read[MapKind.DIFFUSE].shape[:2] == (height, width):
        return {
            kind: _BLURRED[kind](image, read, codes, factor, wrap) if kind in _BLURRED else image
            for kind, image in maps.items()
        }
    return {
        kind: _WITH_DETAIL[kind](image, read, codes, factor, wrap)
        if kind in _WITH_DETAIL
        else _smooth(kind, image, (height, width), wrap)
        for kind, image in maps.items()
    }


def _smooth(kind: MapKind, image: Codes, size: tuple[int, int], wrap: Wrap) -> Codes:
    large = smooth_rows(unit(image), *size, wrap)
    return np.concatenate([quantise(kind, large(rows)) for rows in bands(*size)])


def _albedo(albedo: Codes, read: Stored, codes: Stored, factor: float, wrap: Wrap) -> Codes:
    """What the networks make of the diffuse's light, as a factor, times the diffuse at full size."""
    diffuse = codes[MapKind.DIFFUSE]
    gain = np.log((light_of(albedo) + _FLOOR) / (light_of(read[MapKind.DIFFUSE]) + _FLOOR))
    np.clip(gain, -_FARTHEST, _FARTHEST, out=gain)
    large = smooth_rows(gain, diffuse.shape[0], diffuse.shape[1], wrap)
    made = np.empty(diffuse.shape, np.uint8)
    for rows in bands(*diffuse.shape[:2]):
        light = np.minimum(light_of(diffuse[rows]) * np.float32(factor), 1) + _FLOOR
        made[rows] = codes_of(light * np.exp(large(rows)) - _FLOOR)
    return made


def _roughness(roughness: Codes, read: Stored, codes: Stored, factor: float, wrap: Wrap) -> Codes:
    """The roughness along the light of the diffuse and the specular mask."""
    diffuse, specular = codes[MapKind.DIFFUSE], codes.get(MapKind.SPECULAR)
    small = _guides(read[MapKind.DIFFUSE], None if specular is None else read[MapKind.SPECULAR], 1.0)

    def at_full_size(rows: slice) -> Floats:
        return _guides(diffuse[rows], None if specular is None else specular[rows], factor)

    made = guided(unit(roughness), small, at_full_size, (diffuse.shape[0], diffuse.shape[1]), wrap)
    return quantise(MapKind.ROUGHNESS, np.clip(made, SMOOTHEST, ROUGHEST, out=made))


_BLURRED: Final = {MapKind.ROUGHNESS: _roughness}
"""How maps that the networks blur get their detail back, at the texture's own size, too."""

_WITH_DETAIL: Final = {MapKind.ALBEDO: _albedo} | _BLURRED
"""How maps whose detail is in the picture are enlarged."""


def _guides(diffuse: Codes, specular: Codes | None, factor: float) -> Floats:
    """The log of the luminance of a diffuse times a factor, finite in black, and the specular mask: (H, W, 1 or 2)."""
    light = np.minimum(light_of(diffuse) * np.float32(factor), 1)
    log = np.log(luminance(light) + _FLOOR)
    return log if specular is None else np.concatenate([log, unit(specular)], -1)

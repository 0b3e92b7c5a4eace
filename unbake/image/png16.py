"""Reads all bits of PNG files with several channels of 16 bits, of which Pillow keeps eight; for `files`."""

import io

import numpy as np
from PIL import Image, ImageFile

from unbake.image.arrays import Codes

Packing = tuple[str, tuple[str, ...]]

_PACKINGS: dict[object, Packing] = {
    "RGB;16B": ("RGB", ("RGB;16B", "RGB;16L")),
    "RGBA;16B": ("RGBA", ("RGBA;16B", "RGBA;16L")),
    "LA;16B": ("RGBA", ("RGBA",)),
}
"""How Pillow unpacks a PNG file of several channels of 16 bits, to the mode and the ways that together keep all."""


def packing_of(image: Image.Image) -> Packing | None:
    """The packing of an opened PNG file of several channels of 16 bits; None for all others."""
    tiles = getattr(image, "tile", None)
    return _PACKINGS.get(tiles[0][3]) if tiles and "transparency" not in image.info else None


def unpacked(opener: type[ImageFile.ImageFile], data: bytes, packing: Packing) -> Codes:
    """All bits of a PNG file of 16-bit RGB, RGBA or grey and alpha, of which Pillow keeps the upper eight.

    Unpacked once as what it is and once as if its bytes were swapped, its halves lie in two pictures of 8 bits; grey
    and alpha are four bytes a pixel.
    """
    mode, ways = packing
    halves = []
    for way in ways:
        with opener(io.BytesIO(data)) as image:
            image._mode = mode  # what the file's own mode would become; Pillow has no other way to say so
            image.tile = [tile._replace(args=way) for tile in image.tile]
            halves.append(np.array(image).astype(np.uint16))
    if len(halves) == 2:
        return np.asarray(halves[0] * 256 + halves[1], np.uint16)
    pairs = halves[0][..., ::2] * 256 + halves[0][..., 1::2]
    return np.asarray(pairs[..., [0, 0, 0, 1]], np.uint16)

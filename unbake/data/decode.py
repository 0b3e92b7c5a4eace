"""Codes of crops as float maps, turned and of one size; torch alone, on any device; called by `on_device`."""

from collections.abc import Container, Iterable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from unbake.data.batch import BATCH_KINDS
from unbake.data.crop import blocks, mirrored
from unbake.data.sample import Part
from unbake.data.turn import Turn, turn_of_vectors, turned
from unbake.domain.maps import MapKind, spec
from unbake.image.colour import linear_to_srgb, srgb_to_linear
from unbake.image.normals import LONGEST, SHORTEST, Z_FLOOR

Planes = dict[MapKind, Tensor]
"""Maps (N, C, H, W) float32 in their ranges, the neutral where one of the N lacks a map."""

KINDS = tuple(kind for kind in BATCH_KINDS if not spec(kind).binary)
"""Maps that have codes; what is metal is asked of the decoded METALLIC."""


class Read(NamedTuple):
    """A crop whose codes are read: (bytes,) uint8, on the device, turned already."""

    part: Part
    codes: Tensor
    turn: Turn


def opened(crops: Sequence[Read], side: int) -> Planes:
    """Crops of one size decoded, each turned, and brought to `side` texels."""
    px, device = crops[0].part.crop.px, crops[0].codes.device
    shapes = {kind: (len(crops), spec(kind).channels, px, px) for kind in KINDS}
    maps = {kind: torch.empty(shape, device=device) for kind, shape in shapes.items()}
    for alike in _alike(crops):
        _fill(maps, alike, [crops[place] for place in alike])
    pictures = maps.pop(MapKind.DIFFUSE)
    for kind, images in maps.items():
        images.div_(2 ** spec(kind).bits - 1)
        if spec(kind).vector:
            unit_vectors(images.mul_(2).sub_(1))
            _turn_vectors(images, crops)
    maps[MapKind.DIFFUSE] = _looked_up(pictures, [crop.part.picture for crop in crops])
    fill_absent(maps, [crop.part.crop.kinds for crop in crops])
    return {kind: _at_size(kind, images, side) for kind, images in maps.items()}


def fill_absent(maps: Planes, present: Sequence[Container[MapKind]]) -> None:
    """Make the maps that one of the N does not have the neutral, in their place. present: the maps of each of the N."""
    for kind, images in maps.items():
        if places := [place for place, kinds in enumerate(present) if kind not in kinds]:
            neutral = torch.tensor(spec(kind).neutral, dtype=torch.float32, device=images.device)
            images[torch.tensor(places, device=images.device)] = neutral[:, None, None]


def _alike(crops: Sequence[Read]) -> Iterable[list[int]]:
    """Places of crops whose codes lie alike."""
    found: dict[tuple[tuple[MapKind, ...], ...], list[int]] = {}
    for place, read in enumerate(crops):
        entry = read.part.crop.entry
        found.setdefault((entry.maps16, entry.maps8), []).append(place)
    return found.values()


def _fill(maps: Planes, places: list[int], crops: Sequence[Read]) -> None:
    """Put the codes of crops that lie alike into their places, map by map, also of masks that a crop has not."""
    about = crops[0].part.crop
    codes = torch.stack([crop.codes for crop in crops]) if len(crops) > 1 else crops[0].codes[None]
    where = torch.tensor(places, device=codes.device)
    for block in blocks(about):
        part = codes[:, block.at : block.at + block.bytes]
        if block.bits == 16:
            part = part.view(torch.int16).int().bitwise_and_(0xFFFF)
        planes = part.view(len(crops), about.px, about.px, block.channels).permute(0, 3, 1, 2)
        for kind, images in zip(
            block.kinds, planes.split([spec(k).channels for k in block.kinds], dim=1), strict=True
        ):
            if kind not in maps:
                continue
            if len(crops) == 1:
                maps[kind][places[0]].copy_(images[0])  # read and written once
            else:
                maps[kind].index_copy_(0, where, images.float())


def unit_vectors(vectors: Tensor) -> Tensor:
    """Stored normals (N, 3, H, W), from -1 to 1, as unit vectors, in their place: `image.normals.decode_normal`'s twin.

    >>> unit_vectors(torch.zeros(1, 3, 1, 1)).flatten().tolist()
    [0.0, 0.0, 1.0]
    """
    length = vectors.square().sum(1)
    nothing = (length < SHORTEST**2) | (length > LONGEST**2)
    for axis, value in enumerate((0, 0, 1)):
        vectors[:, axis].masked_fill_(nothing, value)
    vectors[:, 2].clamp_(min=Z_FLOOR)
    # The root in double: torch's of a float is off by its last bit on some CPUs, and these are to be numpy's very bits.
    return vectors.div_(vectors.square().sum(1, keepdim=True).double().sqrt_().float())


def _turn_vectors(vectors: Tensor, crops: Sequence[Read]) -> None:
    """Turn the components of vectors (N, 3, H, W), whose pictures are turned, in their place."""
    for image, crop in zip(vectors, crops, strict=True):
        _unmirror(image, crop)
    turns = torch.from_numpy(np.stack([turn_of_vectors(crop.turn) for crop in crops])).to(vectors.device)
    x, y = vectors[:, :1], vectors[:, 1:2]
    of_x, of_y = turns[:, :, :1, None], turns[:, :, 1:, None]
    vectors[:, :2] = of_x * x + of_y * y


def _unmirror(vectors: Tensor, crop: Read) -> None:
    """Turn round, in their place, the vectors (3, H, W) of a turned crop where it shows its texture in the mirror."""
    down, across = mirrored(crop.part.crop)
    if down or across:
        signs = torch.ones_like(vectors[:2])
        for columns in across:
            signs[0, :, columns] = -1
        for rows in down:
            signs[1, rows] = -1
        vectors[:2] *= turned(signs, crop.turn)


def _looked_up(codes: Tensor, tables: Sequence[np.ndarray]) -> Tensor:
    """The values of codes (N, C, H, W), floats, by the tables of each of the N."""
    values = torch.from_numpy(np.concatenate(tables)).to(codes.device)
    size = len(values) // len(tables)
    firsts = torch.arange(0, len(values), size, dtype=torch.int32, device=codes.device)
    places = codes.int().add_(firsts[:, None, None, None])
    return values.index_select(0, places.flatten()).view_as(codes)


def _at_size(kind: MapKind, images: Tensor, side: int) -> Tensor:
    """Maps (N, C, H, W) at another size, as `image.resample.at_size` makes them; normals are unit vectors again."""
    if images.shape[-1] == side:
        return images
    if spec(kind).colour == "srgb":
        encoded: Tensor = linear_to_srgb(_resized(srgb_to_linear(images), side))
        return encoded
    resized = _resized(images, side)
    return functional.normalize(resized, dim=1) if spec(kind).vector else resized


def _resized(images: Tensor, side: int) -> Tensor:
    return functional.interpolate(images, (side, side), mode="bilinear", align_corners=False, antialias=True)

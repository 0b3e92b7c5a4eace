"""Reads the file of a normal map: what it holds, unswizzled, and which way its green points; used by `inputs`."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from unbake.domain.layout import CONSTANT_RANGE
from unbake.image.arrays import Codes, unit
from unbake.image.files import Picture
from unbake.image.normals import Green, decode_normal, is_tangent, seems_flipped, with_blue

Normals = Literal["auto", "directx", "opengl"]
"""Direction of green in a person's normal maps; auto asks each file's name and the set's own height."""

_SAMPLED = 512
"""Texels a side that are looked at, at most, to tell what a picture holds."""

_COMPARED = 1024
"""Texels a side of the middle in which slopes are compared with a height, neighbours being needed."""


@dataclass(frozen=True, slots=True, eq=False)
class NormalMap:
    """What the file of a normal map holds.

    codes: (H, W, 3) as stored but for what was unswizzled; None where it holds no normals. mask: its alpha (H, W, 1),
    where that is a mask of its own. note: on what was made of it. warning: why a person should look, else "".
    """

    codes: Codes | None
    mask: Codes | None = None
    note: str = ""
    warning: str = ""


def read_normal_map(picture: Picture, name: str) -> NormalMap:
    """The normals and the mask in a picture called `name`; see `NormalMap`.

    X may be in alpha beside a Y in green (DXT5nm, and what engines save of it), or red and green may be all there is;
    the third axis is then rebuilt. What is one colour, or no tangent normal map at all, gives no codes.
    """
    pixels = picture.pixels
    step = max(1, max(pixels.shape[:2]) // _SAMPLED)
    sample = unit(pixels[::step, ::step])
    mask = pixels[..., 3:].copy() if pixels.shape[2] == 4 else None
    constant = float(np.ptp(sample[..., :3], axis=(0, 1)).max()) <= CONSTANT_RANGE
    if pixels.shape[2] >= 3 and (is_tangent(sample) or (constant and _is_vector(sample[0, 0, :3]))):
        return NormalMap(pixels[..., :3].copy(), mask)
    if constant and not _is_pair(sample, 3, 1):
        return NormalMap(None, mask, note=f"{name} is one colour all over, so the surface is taken as flat")
    if _is_pair(sample, 3, 1) and _empty(sample, 0) and _empty(sample, 2, beside=1):
        note = f"{name} has its X in alpha (DXT5nm), so it was put back and Z was rebuilt"
        return NormalMap(with_blue(pixels[..., [3, 1]]), note=note)
    if _is_pair(sample, 0, 1) and _empty(sample, 2):
        mask = pixels[..., 3:].copy() if pixels.shape[2] == 4 else None
        return NormalMap(
            with_blue(pixels[..., :2]), mask, note=f"{name} has no Z, so it was rebuilt from X and Y"
        )
    what = "grey, as a bump map is" if _is_grey(sample) else "no tangent normal map"
    warning = f"The picture {name} is {what}, so that the surface is taken as flat; give a normal map."
    return NormalMap(None, mask, warning=warning)


def is_normal_map(pixels: Codes) -> bool:
    """Whether a picture given as a colour is beyond doubt a tangent normal map: centred, and not one colour."""
    if pixels.shape[2] < 3:
        return False
    step = max(1, max(pixels.shape[:2]) // _SAMPLED)
    sample = unit(pixels[::step, ::step, :3])
    means = sample.mean(axis=(0, 1))
    centred = bool(np.abs(means[:2] - 0.5).max() < _CENTRED and means[2] > _BLUEST)
    return (
        centred and is_tangent(sample) and float(np.ptp(sample[..., :2], axis=(0, 1)).max()) > CONSTANT_RANGE
    )


_CENTRED, _BLUEST = 0.06, 0.78
"""How far the means of X and Y may lie from 0.5, and the least mean of Z: of 505 published normal maps 97 % comply,
and of 721 colour pictures none."""


def follows_height(codes: Codes, height: Codes) -> Green | None:
    """Direction of green in stored normals (H, W, 3) by a height (H, W, 1) of their surface; None if it cannot tell."""
    rows, columns = (
        slice(max(0, (side - _COMPARED) // 2), (side + _COMPARED) // 2) for side in codes.shape[:2]
    )
    normal = decode_normal(unit(codes[rows, columns]), "opengl")
    flipped = seems_flipped(normal, unit(height[rows, columns]))
    return None if flipped is None else "directx" if flipped else "opengl"


def _is_vector(colour: np.ndarray) -> bool:
    """Whether one stored colour (3,) can be a unit vector that leaves the surface."""
    vector = colour * 2 - 1
    return bool(vector[2] > 0 and abs(float(np.linalg.norm(vector)) - 1) < 0.3)


def _is_pair(sample: np.ndarray, x: int, y: int) -> bool:
    """Whether two channels can be X and Y of unit vectors: both about 0.5 in the mean, inside the unit circle."""
    if sample.shape[2] <= max(x, y):
        return False
    both = sample[..., [x, y]]
    square = ((both * 2 - 1) ** 2).sum(axis=-1)
    varied = float(np.ptp(both, axis=(0, 1)).min()) > CONSTANT_RANGE
    return (
        varied
        and bool(np.abs(both.mean(axis=(0, 1)) - 0.5).max() < 0.15)
        and float((square <= 1.1).mean()) > 0.98
    )


def _empty(sample: np.ndarray, channel: int, beside: int | None = None) -> bool:
    """Whether a channel says nothing: one value but for compression, or the same as the channel `beside`."""
    values = sample[..., channel]
    copied = beside is not None and float(np.abs(values - sample[..., beside]).mean()) < 0.03
    return copied or float(values.std()) < 0.02


def _is_grey(sample: np.ndarray) -> bool:
    return sample.shape[2] < 3 or float(np.ptp(sample[..., :3], axis=2).mean()) < 0.03

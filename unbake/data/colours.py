"""Other colours for training samples: their pictures graded, their surfaces painted anew; called by `on_device`."""

from collections.abc import Sequence
from math import ceil, cos, floor, radians, sin
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from unbake.image.colour import REC709, linear_to_srgb, srgb_to_linear

# Rec. 601 luma and two chroma axes, in which a turn of hue is a plane rotation.
_TO_YIQ = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
_FROM_YIQ = np.linalg.inv(_TO_YIQ)

_BRIGHTEST = 0.85
"""Linear; fresh snow."""

_ENOUGH = 256
"""Texels a side of which a quantile is known well."""


class Jitter(NamedTuple):
    """Relative changes of brightness, contrast and saturation, 0 for none, and a turn of the hue in degrees."""

    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    hue: float = 0.0


class Paint(NamedTuple):
    """Another paint: gain of each channel in linear light, relative change of saturation, turn of hue in degrees."""

    gain: tuple[float, ...]
    saturation: float = 0.0
    hue: float = 0.0


def jittered(pictures: Tensor, jitters: Sequence[Jitter]) -> Tensor:
    """Pictures (N, 3, H, W), sRGB in [0, 1], each graded by its own jitter; worked on display values.

    The contrast is about the mean of all channels.

    >>> jittered(torch.full((1, 3, 1, 1), 0.5), [Jitter(0.5)]).flatten().tolist()
    [0.75, 0.75, 0.75]
    """
    # Brightness, contrast, saturation and hue are each affine, so one matrix and one offset do all four.
    matrices, offsets = [], []
    for jitter in jitters:
        saturation = 1 + jitter.saturation
        grade = _hue_turn(jitter.hue, 1.0) @ (
            saturation * np.eye(3) + (1 - saturation) * np.array([REC709, REC709, REC709])
        )
        matrices.append((1 + jitter.brightness) * (1 + jitter.contrast) * grade)
        offsets.append(-(1 + jitter.brightness) * jitter.contrast * grade.sum(1))
    middle = pictures.mean((1, 2, 3), keepdim=True)
    offset = _like(np.array(offsets), pictures)[:, :, None, None] * middle
    return _mixed(pictures, _like(np.array(matrices), pictures), offset).clamp_(0, 1)


def recoloured(
    pictures: Tensor, albedos: Tensor, metallic: Tensor, paints: Sequence[Paint]
) -> tuple[Tensor, Tensor]:
    """The same surfaces of another paint: pictures and albedos change alike, in linear light, so that the light stays.

    No material can then be known by its colour. Gains are lowered where the albedo would pass 0.85. Metal keeps its
    colour, which tells it.

    pictures, albedos: (N, 3, H, W), sRGB in [0, 1]. metallic: (N, 1, H, W). Returns both as they came.

    >>> grey = torch.full((1, 3, 1, 1), 0.5)
    >>> both = recoloured(grey, grey, torch.zeros(1, 1, 1, 1), [Paint((0.25, 0.25, 0.25))])
    >>> [round(float(image.mean()), 2) for image in both]
    [0.26, 0.26]
    """
    changes = [
        np.diag(paint.gain) @ _hue_turn(paint.hue, 1 + paint.saturation).astype(np.float32)
        for paint in paints
    ]
    change = _like(np.array(changes), pictures)
    light = srgb_to_linear(albedos)
    brightest = quantile(_mixed(thinned(light), change).flatten(1), 0.98)
    change *= (_BRIGHTEST / brightest.clamp(min=1e-6)).clamp(max=1)[:, None, None]

    def painted_anew(linear: Tensor) -> Tensor:
        changed = _mixed(linear, change).clamp_(0, 1)
        encoded: Tensor = linear_to_srgb(torch.lerp(changed, linear, metallic))
        return encoded.clamp_(0, 1)

    return painted_anew(srgb_to_linear(pictures)), painted_anew(light)


def thinned(images: Tensor) -> Tensor:
    """Every so many texels of images (N, C, H, W), evenly, that a quantile is taken of: 256 a side are enough.

    >>> thinned(torch.zeros(1, 3, 1024, 1024)).shape
    torch.Size([1, 3, 256, 256])
    """
    step = max(1, images.shape[-1] // _ENOUGH)
    return images[..., ::step, ::step]


def quantile(values: Tensor, share: float) -> Tensor:
    """A quantile of each row of values (N, K), between its two neighbours in rank as numpy takes it: (N,).

    torch's own sorts everything.

    >>> quantile(torch.tensor([[3.0, 1.0, 2.0]]), 0.25).tolist()
    [1.5]
    """
    rank = share * (values.shape[1] - 1)
    low, high = (values.kthvalue(1 + place, dim=1).values for place in (floor(rank), ceil(rank)))
    return torch.lerp(low, high, rank % 1)


def _mixed(images: Tensor, matrices: Tensor, offset: Tensor | None = None) -> Tensor:
    """The channels of images (N, 3, H, W) mixed by the matrices (N, 3, 3), plus an offset (N, 3, 1, 1)."""
    # Not a matrix product: on a GPU those may be rounded to fewer bits than a colour needs.
    columns = matrices[:, :, :, None, None].unbind(2)
    mixed = columns[0] * images[:, :1]
    for place, column in enumerate(columns[1:], 1):
        mixed.addcmul_(column, images[:, place : place + 1])
    return mixed if offset is None else mixed.add_(offset)


def _like(numbers: np.ndarray, images: Tensor) -> Tensor:
    return torch.from_numpy(numbers.astype(np.float32)).to(images.device)


def _hue_turn(degrees: float, saturation: float) -> np.ndarray:
    """Matrix (3, 3) that turns hues by so many degrees and scales their distance from grey."""
    along, across = saturation * cos(radians(degrees)), saturation * sin(radians(degrees))
    turn = np.array([[1, 0, 0], [0, along, -across], [0, across, along]])
    return np.asarray(_FROM_YIQ @ turn @ _TO_YIQ)

"""Several surfaces in one sample, side by side or grown into one another: drawn for `augment`, made by `on_device`."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import cos, pi, sin
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from unbake.data.colours import quantile, thinned
from unbake.data.turn import Turn, turned
from unbake.domain.maps import SPECS, MapKind, spec
from unbake.image.colour import linear_to_srgb, srgb_to_linear
from unbake.image.noise import smooth_spectrum
from unbake.image.normals import Z_FLOOR


class Line(NamedTuple):
    """A border of any direction between two layers, straight or wavy.

    angle: of its normal, radians. offset: from the middle, in sides of the sample. amplitude, waves, phase: of the
    waves along it, in sides, waves a side and turns; amplitude 0 is straight.
    """

    angle: float
    offset: float
    amplitude: float
    waves: float
    phase: float


class Quadrants(NamedTuple):
    """Four layers around a point, its place in sides of the sample from the middle."""

    down: float
    right: float


Border = Line | Quadrants


@dataclass(frozen=True, slots=True)
class Blend:
    """Where the second of two surfaces shows, and how it grows there.

    waves: spectrum (2 R + 1, C) complex64 of a periodic noise, as `smooth_spectrum` gives it. lift: how far the
    second's height less the first's moves the noise; below 0 it grows in the hollows. share: of the sample that the
    first keeps. soft: half the width of the border, in deviations of the noise.
    """

    waves: np.ndarray
    lift: float
    share: float
    soft: float


def draw_line(rng: np.random.Generator) -> Line:
    """A border of any direction, as often straight as wavy, not far from the middle."""
    angle = rng.uniform(0, 2 * pi)
    amplitude, waves, phase = rng.uniform(0, 0.06), rng.uniform(1, 5), rng.random()
    straight = rng.random() < 0.5
    return Line(angle, rng.uniform(-0.25, 0.25), 0.0 if straight else amplitude, waves, phase)


def draw_quadrants(rng: np.random.Generator) -> Quadrants:
    """A point not far from the middle."""
    return Quadrants(*rng.uniform(-0.2, 0.2, 2).tolist())


def draw_blend(rng: np.random.Generator, side: int) -> Blend:
    """A blend for samples of so many texels a side: a fifth to four fifths for each, a border from hard to soft."""
    waves = smooth_spectrum(rng, (side, side), rng.uniform(2, 12), rng.uniform(0.6, 1.4))
    lift = float(rng.choice([-1, 1]) * rng.uniform(0.2, 1.2))
    share = rng.uniform(0.2, 0.8)
    return Blend(waves, lift, share, 0.5 * float(np.exp(rng.uniform(np.log(0.02), np.log(0.6)))))


def parted(border: Border, side: int, device: torch.device) -> Tensor:
    """The number of the layer that each texel shows, (side, side) int64.

    >>> parted(Quadrants(0.0, 0.0), 2, torch.device("cpu")).tolist()
    [[0, 1], [2, 3]]
    """
    places = (torch.arange(side, dtype=torch.float32, device=device) + 0.5) / side - 0.5
    y, x = places[:, None], places[None]
    match border:
        case Line(angle, offset, amplitude, waves, phase):
            across = cos(angle) * x + sin(angle) * y
            along = cos(angle) * y - sin(angle) * x
            return (across + amplitude * torch.sin(2 * pi * (waves * along + phase)) > offset).long()
        case Quadrants(down, right):
            return 2 * (y > down).long() + (x > right).long()


def shares(blend: Blend, turn: Turn, both: Mapping[MapKind, tuple[Tensor, Tensor]]) -> Tensor:
    """How much of the second surface each texel shows, (H, W) from 0 to 1.

    turn: of the whole. both: the maps (C, H, W) of the two surfaces; HEIGHT counts, else GEO_HEIGHT, or neither.
    """
    some, _ = next(iter(both.values()))
    where = turned(_noise(blend.waves, some.shape[-1], some.device)[None], turn)[0]
    for kind, about in SPECS.items():
        if about.affine_free and kind in both:
            first, second = both[kind]
            where = where + blend.lift * (_normalised(second[0]) - _normalised(first[0]))
            break
    level = quantile(thinned(where[None, None]).flatten(1), blend.share)
    t = ((where - level + blend.soft) / (2 * blend.soft)).clamp_(0, 1)
    return t * t * (3 - 2 * t)


def mixed(kind: MapKind, first: Tensor, second: Tensor, share: Tensor) -> Tensor:
    """Two maps (C, H, W) of a kind mixed texel by texel: the first where share (H, W) is 0, the second where it is 1.

    Colours mix in linear light, normals by their slopes, the rest as it is.

    >>> mixed(MapKind.AO, torch.zeros(1, 1, 1), torch.ones(1, 1, 1), torch.full((1, 1), 0.25)).item()
    0.25
    """
    if spec(kind).vector:
        one, other = (image[:2] / image[2:].clamp(min=Z_FLOOR) for image in (first, second))
        slopes = torch.lerp(one, other, share)
        return torch.nn.functional.normalize(torch.cat([slopes, torch.ones_like(slopes[:1])]), dim=0)
    if spec(kind).colour == "srgb":
        light = torch.lerp(srgb_to_linear(first), srgb_to_linear(second), share)
        encoded: Tensor = linear_to_srgb(light).clamp_(0, 1)
        # Each surface's own texels stay what they were.
        return torch.where(share == 0, first, torch.where(share == 1, second, encoded))
    return torch.lerp(first, second, share)


def _noise(waves: np.ndarray, side: int, device: torch.device) -> Tensor:
    """The periodic noise (side, side) of a spectrum, mean 0, deviation 1."""
    rows, columns = waves.shape[0] // 2, waves.shape[1]
    spectrum = torch.zeros(side, side // 2 + 1, dtype=torch.complex64, device=device)
    kept = torch.tensor(waves, device=device)
    # The waves straight down are there twice, and must be each other's conjugates for every device to agree.
    kept[:, 0] = (kept[:, 0] + kept[:, 0].flip(0).conj()) / 2
    spectrum[: rows + 1, :columns] = kept[rows:]
    if rows:
        spectrum[-rows:, :columns] = kept[:rows]
    return _normalised(torch.fft.irfft2(spectrum, s=(side, side)))


def _normalised(field: Tensor) -> Tensor:
    """The field with mean 0 and deviation 1; a constant one becomes zeros."""
    field = field - field.mean()
    return field / field.std(correction=0).clamp(min=1e-12)

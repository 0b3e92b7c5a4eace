"""The rendering loss: maps are as wrong as what they look like under random lights, highlights included."""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from unbake.domain.maps import MapKind
from unbake.image.colour import srgb_to_linear
from unbake.image.shading import shade
from unbake.losses.masked import Mean, fill_absent, masked_l1, ratio, texels, wide

Light = tuple[float, float, float]

NEEDED: tuple[MapKind, ...] = (MapKind.ALBEDO, MapKind.ROUGHNESS, MapKind.METALLIC)
"""A sample without one of these has no true look to compare with; a missing AO only leaves it out."""

_READS = (*NEEDED, MapKind.AO)
_DARK = 0.1
"""Added before the logarithm: what is darker hardly differs to the eye."""


def random_lights(count: int, generator: torch.Generator | None = None) -> list[Light]:
    """Directions towards the light, unit vectors, cosine-weighted over the upper hemisphere, ≥ 15° high.

    generator: on the CPU. Same generator state, same lights.

    >>> all(light[2] >= 0.25 for light in random_lights(8))
    True
    """
    draws = torch.rand(count, 2, generator=generator).tolist()
    lights = []
    for turn, area in draws:
        radius = math.sqrt(area * (1 - math.sin(math.radians(15)) ** 2))
        angle = 2 * math.pi * turn
        lights.append((radius * math.cos(angle), radius * math.sin(angle), math.sqrt(1 - radius * radius)))
    return lights


def rendering_l1(
    pred: Mapping[MapKind, Tensor],
    truth: Mapping[MapKind, Tensor],
    present: Mapping[MapKind, Tensor],
    lights: Sequence[Light],
    mean: Mean = ratio,
) -> Tensor:
    """Mean difference of log radiance over `lights`, a scalar: one network's maps among true other ones.

    pred: any of ALBEDO (B, 3, H, W) sRGB, ROUGHNESS, METALLIC, AO (B, 1, H, W), all in [0, 1]; other kinds
    are not looked at. truth: all of these and NORMAL (unit, OpenGL). present: (B,), or (B, 1, H, W), bool per map.
    Source: Deschaintre et al., "Single-Image SVBRDF Capture with a Rendering-Aware Deep Network" (2018).
    """
    known = torch.stack([present[kind] for kind in NEEDED]).all(0)
    theirs = {kind: wide(truth[kind]) for kind in _READS}
    # Where a map is absent, both sides render its neutral filling.
    ours = {
        kind: torch.where(texels(present[kind]), wide(pred[kind]), theirs[kind])
        if kind in pred
        else theirs[kind]
        for kind in _READS
    }
    normal = wide(truth[MapKind.NORMAL])
    losses = []
    for light in lights:
        look = _render(ours, normal, light)
        with torch.no_grad():
            true_look = fill_absent(look, _render(theirs, normal, light), known)
        losses.append(masked_l1(look, true_look, known, mean=mean))
    return torch.stack(losses).mean()


def _render(maps: Mapping[MapKind, Tensor], normal: Tensor, light: Light) -> Tensor:
    """Log radiance (B, 3, H, W)."""
    albedo, roughness, metallic, ao = (maps[kind] for kind in _READS)
    return (shade(srgb_to_linear(albedo), normal, roughness, metallic, ao, light, axis=1) + _DARK).log()

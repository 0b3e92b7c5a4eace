"""Relighting error: predicted maps rendered under lights they were not painted with, against the truth."""

import math

import numpy as np

from unbake.domain.maps import MapKind, spec
from unbake.image.arrays import Maps
from unbake.image.colour import linear_to_srgb, srgb_to_linear
from unbake.image.shading import shade

NEEDED: tuple[MapKind, ...] = (MapKind.ALBEDO, MapKind.ROUGHNESS, MapKind.METALLIC)
"""Without the truth of these there is nothing to relight."""

_AROUND, _ELEVATION = 8, math.radians(45)
LIGHTS: tuple[tuple[float, float, float], ...] = (
    (0.0, 0.0, 1.0),
    *(
        (
            math.cos(2 * math.pi * i / _AROUND) * math.cos(_ELEVATION),
            math.sin(2 * math.pi * i / _AROUND) * math.cos(_ELEVATION),
            math.sin(_ELEVATION),
        )
        for i in range(_AROUND)
    ),
)
"""Nine directions towards the light: from above, and from all around at 45°."""

_MOST_SIDE = 256
_OPEN = spec(MapKind.AO).neutral[0]


def relight_rmse(pred: Maps, truth: Maps) -> float:
    """RMSE of display-encoded renders of both map sets, over nine lights, on the truth's normals.

    pred, truth: ALBEDO (H, W, 3) sRGB, ROUGHNESS, METALLIC, AO (H, W, 1) in [0, 1]; truth also NORMAL. Where the
    truth has no AO both are rendered without. Shading looks at single texels, so large maps are thinned
    to every n-th one. Source: the relighting error of MatFusion and CHORD.
    """
    step = -(-max(truth[MapKind.ALBEDO].shape[:2]) // _MOST_SIDE)
    both = [_thinned(maps, truth, step) for maps in (pred, truth)]
    normal = truth[MapKind.NORMAL][::step, ::step]
    errors = []
    for light in LIGHTS:
        ours, theirs = (_render(maps, normal, light) for maps in both)
        errors.append(((ours - theirs) ** 2).mean())
    return float(np.mean(errors) ** 0.5)


def _thinned(maps: Maps, truth: Maps, step: int) -> Maps:
    """Every `step`-th texel of what is rendered, the albedo in linear light."""
    thin = {kind: np.ascontiguousarray(maps[kind][::step, ::step]) for kind in NEEDED}
    thin[MapKind.ALBEDO] = srgb_to_linear(thin[MapKind.ALBEDO])
    ao = maps[MapKind.AO] if MapKind.AO in truth else np.full_like(truth[MapKind.ROUGHNESS], _OPEN)
    return thin | {MapKind.AO: ao[::step, ::step]}


def _render(maps: Maps, normal: np.ndarray, light: tuple[float, float, float]) -> np.ndarray:
    colour = shade(
        maps[MapKind.ALBEDO],
        normal,
        maps[MapKind.ROUGHNESS],
        maps[MapKind.METALLIC],
        maps[MapKind.AO],
        light,
    )
    return linear_to_srgb(np.clip(colour, 0, 1)).astype(np.float64)

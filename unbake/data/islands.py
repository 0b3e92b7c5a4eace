"""The pixels of an atlas: its islands cut from surfaces, turned and laid on their ground; called by `on_device`."""

from collections.abc import Mapping
from itertools import accumulate
from typing import Final, NamedTuple

import torch
from torch import Tensor

from unbake.data.atlas import Atlas, Ground, Island, Outline, Rounded
from unbake.data.cache_format import MASKS
from unbake.data.turn import turned, turned_vectors
from unbake.domain.maps import MapKind, spec

_SEEN: Final = (MapKind.DIFFUSE, *MASKS)
"""Maps whose ground an artist filled; all others are neutral there."""

_METAL: Final = 0.02
"""Mean of metallic from which a surface counts as one with metal."""

_FAR: Final = 1 << 24


class LaidOut(NamedTuple):
    """An atlas. maps: (C, H, W) of each kind. valid: (H, W) bool, where there is an island."""

    maps: dict[MapKind, Tensor]
    valid: Tensor


def laid_out(atlas: Atlas, surfaces: Mapping[MapKind, Tensor]) -> LaidOut:
    """The islands of an atlas on their ground. surfaces: maps (N, C, H, W) of the surfaces they are cut from."""
    toned = {**surfaces, MapKind.ENVIRONMENT: _marked(atlas, surfaces)}
    kinds = [*_SEEN, *(kind for kind in surfaces if kind not in _SEEN)]
    sizes = [spec(kind).channels for kind in kinds]
    starts = list(accumulate(sizes, initial=0))
    # All maps side by side: an island is one cut, not one a map.
    sheet = torch.cat([toned[kind] for kind in kinds], 1)
    vectors = [
        slice(start, start + 3) for start, kind in zip(starts, kinds, strict=False) if spec(kind).vector
    ]
    neutral = torch.tensor([value for kind in kinds for value in spec(kind).neutral], device=sheet.device)
    laid = neutral[:, None, None].expand(sheet.shape[1:]).clone()
    valid = torch.zeros(sheet.shape[2:], dtype=torch.bool, device=sheet.device)
    for island in atlas.islands:
        (top, left, height, width), place = island.source, island.place
        piece = turned(sheet[island.layer, :, top : top + height, left : left + width], island.turn)
        for which in vectors:
            piece[which] = turned_vectors(piece[which], island.turn)
        there = covered(island, sheet.device)
        rows = slice(place.top, place.top + place.height)
        columns = slice(place.left, place.left + place.width)
        laid[:, rows, columns] = torch.where(there, piece, laid[:, rows, columns])
        valid[rows, columns] |= there
    seen = starts[len(_SEEN)]
    laid[:seen] = _grounded(laid[:seen], valid, atlas.ground)
    return LaidOut(dict(zip(kinds, laid.split(sizes), strict=True)), valid)


def covered(island: Island, device: torch.device) -> Tensor:
    """The texels of its place that an island covers, (height, width) bool."""
    _, _, height, width = island.source
    down = torch.arange(height, dtype=torch.float32, device=device) + 0.5
    right = torch.arange(width, dtype=torch.float32, device=device) + 0.5
    match island.shape:
        case Rounded(radius):
            corner = radius * min(height, width)
            y = (down - height / 2).abs() - height / 2 + corner
            x = (right - width / 2).abs() - width / 2 + corner
            outside = y.clamp(min=0).square()[:, None] + x.clamp(min=0).square()[None]
            shape = outside <= corner**2
        case Outline(points):
            shape = _inside(points, down / height, right / width)
    return turned(shape[None], island.turn)[0]


def _inside(points: tuple[tuple[float, float], ...], down: Tensor, right: Tensor) -> Tensor:
    """Which of the places (H,) down and (W,) right lie inside a polygon: (H, W) bool."""
    corners = torch.tensor(points, device=down.device)
    (y, x), (next_y, next_x) = corners.T, corners.roll(-1, 0).T
    crosses = (y <= down[:, None]) != (next_y <= down[:, None])
    rise = torch.where(crosses, next_y - y, torch.ones_like(crosses, dtype=y.dtype))
    at = x + (down[:, None] - y) / rise * (next_x - x)
    borders = torch.where(crosses, at, torch.full_like(at, 2.0)).sort(1).values  # 2 is right of all places
    passed = torch.searchsorted(borders, right.expand(len(down), -1).contiguous())
    return passed % 2 == 1


def nearest(valid: Tensor) -> tuple[Tensor, Tensor]:
    """The nearest valid texel of each, straight along its row or column, and how far it is: (H, W) int64 both.

    valid: (H, W) bool. Texels are counted row by row; where a row and a column have none the distance is over a
    million, and the texel any.

    >>> index, distance = nearest(torch.tensor([[True, False, False]]))
    >>> index.tolist(), distance.tolist()
    ([[0, 0, 0]], [[0, 1, 2]])
    """
    height, width = valid.shape
    found = []
    for axis, size in enumerate((height, width)):
        at = torch.arange(size, device=valid.device)
        at = (at[:, None] if axis == 0 else at[None]).expand(height, width)
        before = torch.where(valid, at, -_FAR).cummax(axis).values
        after = torch.where(valid, at, 2 * _FAR).flip(axis).cummin(axis).values.flip(axis)
        closer = torch.where(at - before <= after - at, before, after)
        found.append((closer.clamp(0, size - 1), (closer - at).abs()))
    (row, down), (column, across) = found
    y = torch.arange(height, device=valid.device)[:, None]
    x = torch.arange(width, device=valid.device)[None]
    index = torch.where(across <= down, y * width + column, row * width + x)
    return index, torch.minimum(across, down)


def _marked(atlas: Atlas, surfaces: Mapping[MapKind, Tensor]) -> Tensor:
    """The environment masks of all surfaces: what is no metal is dimmed where others are, as one artist marks both."""
    metal = surfaces[MapKind.METALLIC].mean((1, 2, 3), keepdim=True) > _METAL
    masks = surfaces[MapKind.ENVIRONMENT]
    return torch.where(metal.any() & ~metal, masks * atlas.mirrors, masks)


def _grounded(painted: Tensor, valid: Tensor, ground: Ground) -> Tensor:
    """A picture and its masks, (3 + masks, H, W), with their ground filled."""
    values = (*ground.colour, *(ground.mask for _ in MASKS))
    filled = torch.tensor(values, device=painted.device)[:, None, None].expand_as(painted)
    if ground.reach:
        index, distance = nearest(valid)
        bled = painted.flatten(1)[:, index.flatten()].view_as(painted)
        filled = torch.where(distance <= ground.reach, bled, filled)
    return torch.where(valid, painted, filled)

"""Strength, bias and inversion of finished maps, as `rules` say for each texture; applied just before packing.

Each value's effect, in this order (values are then clipped to the range of the map):

| map | invert | strength (1 = as converted) | bias (added, 0 = as converted) |
|---|---|---|---|
| albedo | complement of each channel | from the input diffuse (0) to the albedo as converted | sRGB, each channel |
| roughness | gloss for roughness | multiplies: 0 is a mirror | above 0 is duller |
| metallic | metal where there was none | multiplies: 0 is no metal | towards metal |
| ao | occluded for open | depth of the shadows: 0 is none (all 1) | above 0 is lighter |
| height | dents for bumps | contrast about 127/255: 0 is flat | raises, unless the preset recentres it |
| normal | dents for bumps | multiplies the slopes: 0 is flat | there is none |
"""

from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
import numpy as np

from unbake.domain.maps import SPECS, MapKind
from unbake.image.arrays import Maps
from unbake.image.normals import from_slopes, slopes

Strength = Annotated[float, msgspec.Meta(ge=0, le=10)]
Bias = Annotated[float, msgspec.Meta(ge=-1, le=1)]


class Change(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Changes to one map; None where a rule says nothing."""

    strength: Strength | None = None
    bias: Bias | None = None
    invert: bool | None = None


class NormalChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Changes to the slopes of a normal map; a bias would mean nothing."""

    strength: Strength | None = None
    invert: bool | None = None


class Adjust(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes to the maps of one texture; `Adjust()` changes nothing. Equal ones give equal bytes.

    `msgspec.json.encode` of it is all that a journal needs of the rules for one texture.
    """

    albedo: Change = Change()
    roughness: Change = Change()
    metallic: Change = Change()
    ao: Change = Change()
    height: Change = Change()
    normal: NormalChange = NormalChange()


ADJUSTED: Final = Adjust.__struct_fields__
"""The names of the maps that can be adjusted."""


def adjusted(maps: Maps, adjust: Adjust) -> Maps:
    """The maps after a user's changes; unchanged maps are the very same arrays.

    maps: float32 (H, W, C) in the range of their spec, normals unit vectors (OpenGL). A changed albedo needs
    the diffuse beside it. Each pixel is changed on its own, so strips of rows give what the whole gives.

    >>> dark = {MapKind.AO: np.zeros((1, 1, 1), np.float32)}
    >>> adjusted(dark, Adjust(ao=Change(strength=0.5)))[MapKind.AO].item()
    0.5
    """
    result = dict(maps)
    for key in ADJUSTED:
        kind, change = MapKind(key), getattr(adjust, key)
        if kind in maps and _has_effect(change):
            vector = SPECS[kind].vector
            result[kind] = _scaled_slopes(maps[kind], change) if vector else _remapped(kind, maps, change)
    return result


def merged_changes(changes: Sequence[Adjust]) -> Adjust:
    """The changes of several rules: for each value of each map, the last that is not None.

    >>> merged_changes([Adjust(ao=Change(bias=0.1)), Adjust(ao=Change(strength=0.5))]).ao
    Change(strength=0.5, bias=0.1, invert=None)
    """
    return Adjust(**{key: _last_values([getattr(adjust, key) for adjust in changes]) for key in ADJUSTED})


def values_by_map(adjust: Adjust) -> dict[str, dict[str, Any]]:
    """The values that are set, by map and by name; maps without any are left out.

    >>> values_by_map(Adjust(ao=Change(strength=0.5)))
    {'ao': {'strength': 0.5}}
    """
    return {name: values for name, values in msgspec.to_builtins(adjust).items() if values}


def relief_factor(adjust: Adjust) -> float:
    """The `strength` of `displacement_scale`, so that a stronger height map has deeper parallax."""
    return 1.0 if adjust.height.strength is None else adjust.height.strength


def _last_values(changes: Sequence[Any]) -> Any:
    merged = changes[0]
    for change in changes[1:]:
        values = msgspec.structs.asdict(change)
        merged = msgspec.structs.replace(merged, **{key: it for key, it in values.items() if it is not None})
    return merged


def _has_effect(change: Change | NormalChange) -> bool:
    return change.strength not in (None, 1.0) or bool(change.invert) or bool(getattr(change, "bias", None))


def _remapped(kind: MapKind, maps: Maps, change: Change) -> np.ndarray:
    """A map of amounts, moved about its pivot: a constant, or the map that it starts from."""
    spec, values = SPECS[kind], maps[kind]
    pivot = maps[spec.start] if spec.pivot is None and spec.start else np.float32(spec.pivot or 0.0)
    values = np.float32(spec.low + spec.high) - values if change.invert else values
    if change.strength not in (None, 1.0):
        values = pivot + np.float32(change.strength) * (values - pivot)
    return np.clip(values + np.float32(change.bias or 0.0), spec.low, spec.high).astype(
        np.float32, copy=False
    )


def _scaled_slopes(normal: np.ndarray, change: NormalChange) -> np.ndarray:
    strength = np.float32(1.0 if change.strength is None else change.strength)
    strength *= np.float32(-1 if change.invert else 1)
    dx, dy = slopes(normal)
    return from_slopes(strength * dx, strength * dy)

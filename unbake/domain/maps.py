"""The kinds of map and the meaning of each; the one place that knows a map by its name."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class MapKind(StrEnum):
    """Every image the program handles, by its name in the field."""

    DIFFUSE = "diffuse"
    NORMAL = "normal"
    SPECULAR = "specular"
    ENVIRONMENT = "environment"
    ALBEDO = "albedo"
    ROUGHNESS = "roughness"
    METALLIC = "metallic"
    METALLIC_MASK = "metallic_mask"
    AO = "ao"
    HEIGHT = "height"
    COARSE = "coarse"
    GEO_HEIGHT = "geo_height"
    GEO_CURVATURE = "geo_curvature"
    GEO_AO = "geo_ao"
    OPACITY = "opacity"
    EMISSIVE = "emissive"


@dataclass(frozen=True, slots=True)
class MapSpec:
    """The meaning of a map's values.

    channels: values per pixel.
    colour: "srgb" = display-encoded colour, averaged in linear light; "linear" = data.
    low, high: range of the float values inside the program.
    neutral: one value per channel that changes nothing in a render.
    bits: 8 or 16, how many bits the cache and PNG files keep.
    vector: True when the values turn with the image (tangent normals).
    affine_free: True when only shape counts: offset and scale per material mean nothing (height).
    foreground: the map whose pixels > 0.5 weigh more in this map's loss, or None.
    start: for a corrected map, the input it equals before any training.
    binary: True when a pixel either is or is not; predictions are probabilities.
    bimodal: True when most values are near 0 or 1; a cross-entropy then helps the L1 in training.
    pivot: value that a user's contrast is about, where strength 0 leads; None: about the map `start`, or not at all.
    optional: True for an input that many textures lack; networks read a flag beside it that says so.
    """

    kind: MapKind
    channels: int
    colour: Literal["srgb", "linear"] = "linear"
    low: float = 0.0
    high: float = 1.0
    neutral: tuple[float, ...] = (0.0,)
    bits: Literal[8, 16] = 8
    vector: bool = False
    affine_free: bool = False
    foreground: MapKind | None = None
    start: MapKind | None = None
    binary: bool = False
    bimodal: bool = False
    pivot: float | None = None
    optional: bool = False


SPECS: dict[MapKind, MapSpec] = {
    spec.kind: spec
    for spec in (
        MapSpec(MapKind.DIFFUSE, 3, "srgb", neutral=(0.5, 0.5, 0.5)),
        MapSpec(MapKind.NORMAL, 3, low=-1.0, neutral=(0.0, 0.0, 1.0), vector=True),
        MapSpec(MapKind.SPECULAR, 1, neutral=(0.0,), optional=True),
        MapSpec(MapKind.ENVIRONMENT, 1, neutral=(0.0,), optional=True),
        MapSpec(
            MapKind.ALBEDO,
            3,
            "srgb",
            neutral=(0.5, 0.5, 0.5),
            foreground=MapKind.METALLIC_MASK,
            start=MapKind.DIFFUSE,
        ),
        MapSpec(MapKind.ROUGHNESS, 1, neutral=(1.0,), foreground=MapKind.METALLIC_MASK, pivot=0.0),
        MapSpec(MapKind.METALLIC, 1, foreground=MapKind.METALLIC_MASK, bimodal=True, pivot=0.0),
        MapSpec(MapKind.METALLIC_MASK, 1, binary=True),
        # The classifier's word on each patch: metal, roughness, brightness; nothing known where all are a half.
        MapSpec(MapKind.COARSE, 3, neutral=(0.5, 0.5, 0.5)),
        MapSpec(MapKind.AO, 1, neutral=(1.0,), start=MapKind.GEO_AO, pivot=1.0),
        MapSpec(
            MapKind.HEIGHT,
            1,
            neutral=(127 / 255,),
            bits=16,
            affine_free=True,
            start=MapKind.GEO_HEIGHT,
            pivot=127 / 255,
        ),
        MapSpec(MapKind.GEO_HEIGHT, 1, neutral=(0.5,), bits=16, affine_free=True),
        MapSpec(MapKind.GEO_CURVATURE, 1, neutral=(0.5,)),
        MapSpec(MapKind.GEO_AO, 1, neutral=(1.0,)),
        MapSpec(MapKind.OPACITY, 1, neutral=(1.0,)),
        MapSpec(MapKind.EMISSIVE, 3, "srgb", neutral=(0.0, 0.0, 0.0)),
    )
}

GEOMETRY: tuple[MapKind, ...] = (MapKind.GEO_HEIGHT, MapKind.GEO_CURVATURE, MapKind.GEO_AO)
"""The geometry channels, in the order networks read them."""

MAPS_HEADS: tuple[MapKind, ...] = (MapKind.ROUGHNESS, MapKind.METALLIC, MapKind.AO, MapKind.HEIGHT)
"""The four maps of UNet-Maps, in the order of its outputs."""

OUTPUTS: tuple[MapKind, ...] = (MapKind.METALLIC_MASK, MapKind.ALBEDO, *MAPS_HEADS)
"""The six maps the networks predict, each with a head of its own."""

METAL_THRESHOLD = 0.5
"""A pixel is metal, in the truth, where metallic is above this."""


def spec(kind: MapKind | str) -> MapSpec:
    """The spec of a map.

    >>> spec("albedo").colour
    'srgb'
    """
    return SPECS[MapKind(kind)]

"""One texture set to its maps: files are read, networks (or rules) asked, and nothing is written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from unbake.convert.floors import rule_based
from unbake.convert.predict import ALBEDO_READS, MAPS_READS, Predictor, metal_of
from unbake.convert.reduced import Wrap
from unbake.convert.roots import Source
from unbake.convert.sets import TextureSet
from unbake.domain.maps import OUTPUTS, SPECS, MapKind
from unbake.errors import TextureSetError
from unbake.image.files import Picture
from unbake.image.geometry import geometry_channels, integrate
from unbake.image.mips import Kind, bleed_colour, resize
from unbake.image.normals import decode_normal
from unbake.image.tiling import run_tiled, tileable_axes

Maps = dict[MapKind, np.ndarray]

TILE: Final = 1024
"""Side of what one window of a UNet adds to the output; halved when memory runs out."""

SMALLEST_TILE: Final = 128
CONSTANT: Final = 2.5 / 255
"""A mask whose values all lie within this says nothing (BC3 leaves that much of a flat alpha)."""


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """A texture set as pixels, all of the diffuse's size.

    maps: DIFFUSE (colour under alpha 0 bled), NORMAL, and where there is one SPECULAR, OPACITY, EMISSIVE.
    environment: environment mask (H, W, 1) in [0, 1], read as metal. wrap: which axes tile (rows, columns).
    notes: what a person should know, one sentence each.
    """

    maps: Maps
    environment: np.ndarray | None
    wrap: Wrap
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Converted:
    """What became of a set.

    maps: the six outputs beside all maps of the input. classes: material class to probability, {} without
    networks. relief: standard deviation of the surface, as a share of the texture's width.
    """

    maps: Maps
    classes: dict[str, float]
    wrap: Wrap
    relief: float
    notes: tuple[str, ...] = ()


def load_inputs(files: TextureSet, seamless: bool | None = None, max_size: int | None = None) -> Inputs:
    """The pixels of a texture set.

    seamless: whether both axes tile; None measures each. max_size: longest side of what is converted, texels.
    FileError where a file cannot be read, TextureSetError where diffuse and normal differ in shape.
    """
    notes: list[str] = []
    picture = files.diffuse.picture()
    colour, alpha = picture.rgb(), picture.alpha
    if alpha is not None and bool((alpha == 1).all()):
        alpha = None
    if alpha is not None:
        colour = bleed_colour(colour, alpha)
    height, width = colour.shape[:2]
    if max_size is not None and max(height, width) > max_size:
        scale = max_size / max(height, width)
        smaller = max(1, round(height * scale)), max(1, round(width * scale))
        notes.append(f"reduced from {width}×{height} to {smaller[1]}×{smaller[0]}, as asked")
        height, width = smaller

    def fitted(unit: np.ndarray, kind: Kind) -> np.ndarray:
        return np.ascontiguousarray(resize(unit, height, width, kind))

    maps: Maps = {MapKind.DIFFUSE: fitted(colour, "srgb")}
    if alpha is not None:
        maps[MapKind.OPACITY] = fitted(alpha, "linear")
    specular = None
    if files.normal is None:
        maps[MapKind.NORMAL] = _flat(height, width)
        notes.append("no normal map was found, so the surface is taken as flat")
    else:
        stored = files.normal.picture()
        _check_shape(files, picture, stored)
        if stored.pixels.shape[:2] != (height, width):
            notes.append(f"the normal map was resized to {width}×{height}, the size of the diffuse")
        maps[MapKind.NORMAL] = decode_normal(fitted(stored.rgb(), "normal"), "directx")
        specular = _varied(stored.alpha)
    if specular is None and files.specular is not None:
        specular = _varied(files.specular.picture().rgb().mean(-1, keepdims=True))
    if specular is not None:
        maps[MapKind.SPECULAR] = fitted(specular, "linear")
    if files.glow is not None:
        maps[MapKind.EMISSIVE] = fitted(files.glow.picture().rgb(), "srgb")
    environment = None
    if files.environment is not None:
        environment = fitted(metal_cue(files.environment.picture()), "linear")
    wrap = tileable_axes(maps[MapKind.DIFFUSE]) if seamless is None else (seamless, seamless)
    return Inputs(maps, environment, wrap, tuple(notes))


def convert_set(inputs: Inputs, predictor: Predictor | None, tile: int = TILE) -> Converted:
    """The maps of a set: the networks' where the model's card says so, the rule-based floor elsewhere.

    predictor: None converts by rules alone. tile: see `TILE`; a smaller one gives the same maps.
    TextureSetError where memory does not suffice for the smallest tile.
    """
    notes = list(inputs.notes)
    height = integrate(inputs.maps[MapKind.NORMAL], inputs.wrap)
    relief = float(height.std()) / height.shape[1]
    geometry = geometry_channels(inputs.maps[MapKind.NORMAL], inputs.wrap, height)
    del height
    outputs = rule_based(inputs.maps | geometry, inputs.environment)
    classes: dict[str, float] = {}
    if predictor is not None:
        predicted, probabilities = _predicted(inputs, geometry, predictor, tile, notes)
        classes = dict(zip(predictor.card.classes, map(float, probabilities), strict=True))
        outputs |= {kind: predicted[kind] for kind in OUTPUTS if predictor.card.use[kind] == "network"}
    return Converted(inputs.maps | outputs, classes, inputs.wrap, relief, tuple(notes))


def metal_cue(picture: Picture) -> np.ndarray:
    """What an environment mask says of metal, (H, W, 1): a plain mask itself, a complex material's blue.

    Complex material packs reflection, gloss and metal in R, G and B; a plain mask is grey.
    """
    rgb = picture.rgb()
    grey = float(np.abs(rgb[..., 0] - rgb[..., 2]).mean()) < 8 / 255
    return np.ascontiguousarray(rgb[..., :1] if grey else rgb[..., 2:3])


def _predicted(
    inputs: Inputs, geometry: Maps, predictor: Predictor, tile: int, notes: list[str]
) -> tuple[Maps, np.ndarray]:
    """The networks' six maps and the class probabilities; a smaller tile is noted."""
    card = predictor.card
    diffuse, normal = inputs.maps[MapKind.DIFFUSE], inputs.maps[MapKind.NORMAL]
    specular = inputs.maps.get(MapKind.SPECULAR)
    given = specular is not None
    probabilities = predictor.class_probabilities(diffuse)
    mask = predictor.metal_probability(diffuse, normal, specular, inputs.wrap)
    known = inputs.maps | geometry | {MapKind.METALLIC_MASK: mask}
    if specular is None:
        known[MapKind.SPECULAR] = np.zeros_like(mask)

    def tiled(network: Callable[[Maps], Maps], reads: Sequence[MapKind]) -> Maps:
        nonlocal tile
        read = {kind: known[kind] for kind in reads}
        while True:
            try:
                return run_tiled(read, network, tile, card.halo, card.stride, inputs.wrap)
            except MemoryError as error:
                if tile // 2 < SMALLEST_TILE:
                    raise TextureSetError(
                        f"memory for tiles of {tile} texels was expected, but it ran out; "
                        "close other programs or lower the size with --max-size"
                    ) from error
                tile //= 2
                notes.append(f"memory ran out, so tiles of {tile} texels were used")

    known |= tiled(lambda window: predictor.albedo(window, given), ALBEDO_READS)
    predicted = tiled(lambda window: predictor.maps(window, given, probabilities), MAPS_READS)
    predicted |= {kind: known[kind] for kind in OUTPUTS if kind in known}
    metallic = predicted[MapKind.METALLIC]
    predicted[MapKind.METALLIC] = metal_of(metallic, mask, card.mask_threshold, card.mask_softness)
    return predicted, probabilities


def _varied(mask: np.ndarray | None) -> np.ndarray | None:
    """The mask, or None where it is constant and so says nothing."""
    return None if mask is None or float(mask.max() - mask.min()) <= CONSTANT else mask


def _flat(height: int, width: int) -> np.ndarray:
    return np.tile(np.array(SPECS[MapKind.NORMAL].neutral, np.float32), (height, width, 1))


def _check_shape(files: TextureSet, diffuse: Picture, normal: Picture) -> None:
    """TextureSetError unless both have one shape, up to what rounding does to odd sizes."""
    (rows, columns), (high, wide) = diffuse.pixels.shape[:2], normal.pixels.shape[:2]
    if abs(rows * wide - columns * high) > max(rows + columns, high + wide):
        raise TextureSetError(
            f"a normal map of the shape of its {columns}×{rows} diffuse was expected for '{files.name}', "
            f"but {_name(files.normal)} is {wide}×{high}; resize one of them"
        )


def _name(source: Source | None) -> str:
    return source.name if source else ""

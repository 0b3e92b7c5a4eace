"""Converts one texture set: inputs in, maps out, by networks or by the rule-based baseline; nothing is written."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from unbake.convert.baselines import rule_based
from unbake.convert.inputs import Inputs
from unbake.convert.predict import Predictor, metal_of
from unbake.domain.card import Card
from unbake.domain.maps import OUTPUTS, MapKind
from unbake.domain.networks import NETWORKS
from unbake.errors import TextureSetError
from unbake.image.arrays import CodedMaps, Maps, Stored, Wrap, dequantise, quantise, unit
from unbake.image.geometry import geometry_channels, integrate
from unbake.image.tiling import run_tiled_in_memory

TILE: Final = 1024
"""Side of what one window of a UNet adds to the output, in texels; halved when memory runs out."""

SMALLEST_TILE: Final = 128


@dataclass(frozen=True, slots=True, eq=False)
class Converted:
    """The maps of a converted set.

    maps: the six outputs, with the bits of each map's spec, and all maps of the input. classes: material class to
    probability, {} without networks. relief: standard deviation of the surface, as a share of the texture's width.
    """

    maps: CodedMaps
    classes: dict[str, float]
    wrap: Wrap
    relief: float
    notes: tuple[str, ...] = ()


def convert_set(inputs: Inputs, predictor: Predictor | None, tile: int = TILE) -> Converted:
    """The maps of a set: the networks' where the model's card says so, the rule-based baseline elsewhere.

    predictor: None converts by rules alone. tile: see `TILE`; a smaller one gives the same maps.
    TextureSetError where memory does not suffice for the smallest tile.

    >>> convert_set(load_inputs(files), load_predictor()).maps[MapKind.ROUGHNESS].shape   # doctest: +SKIP
    (1024, 1024, 1)
    """
    codes: Stored = dict(inputs.maps.codes)
    notes, classes, outputs = list(inputs.notes), {}, Stored()
    height = integrate(codes[MapKind.NORMAL], inputs.wrap)
    relief = float(height.std()) / height.shape[1]
    geometry = geometry_channels(codes[MapKind.NORMAL], inputs.wrap, height, 16)
    del height
    if predictor is not None:
        predicted, probabilities, used = _predict(codes | geometry, inputs.wrap, predictor, tile)
        if used < tile:
            notes.append(f"memory ran out, so tiles of {used} texels were used")
        classes = dict(zip(predictor.card.classes, map(float, probabilities), strict=True))
        outputs = {kind: predicted[kind] for kind in OUTPUTS if predictor.card.use[kind] == "network"}
        del predicted
    if len(outputs) < len(OUTPUTS):
        outputs = rule_based(codes | geometry, inputs.environment) | outputs
    if (own := codes.get(MapKind.HEIGHT)) is not None:
        alike = _correlation(own, outputs[MapKind.HEIGHT])
        notes.append(f"its own height map (_p) is kept; ours would have followed it with r = {alike:.2f}")
        outputs[MapKind.HEIGHT] = own
    for kind in OUTPUTS:
        outputs[kind] = quantise(kind, outputs[kind])
    return Converted(CodedMaps(codes | outputs), classes, inputs.wrap, relief, tuple(notes))


def _predict(codes: Stored, wrap: Wrap, predictor: Predictor, tile: int) -> tuple[Stored, np.ndarray, int]:
    """Codes of the networks' six maps, the class probabilities, and the side of the smallest tile used.

    codes: the input's maps and the geometry channels.
    """
    card, specular = predictor.card, codes.get(MapKind.SPECULAR)
    has_specular = specular is not None
    probabilities, mask = predictor.predict_global(
        codes[MapKind.DIFFUSE], codes[MapKind.NORMAL], specular, wrap
    )
    known = codes | {MapKind.METALLIC_MASK: quantise(MapKind.METALLIC_MASK, mask, 16)}
    if specular is None:
        known[MapKind.SPECULAR] = np.zeros(mask.shape, np.uint8)
    del mask

    def predict_albedo(window: Maps) -> Maps:
        return predictor.predict_albedo(window, has_specular)

    def predict_maps(window: Maps) -> Maps:
        maps = dict(predictor.predict_maps(window, has_specular, probabilities))
        mask = window[MapKind.METALLIC_MASK]
        metal = metal_of(maps[MapKind.METALLIC], mask, card.mask_threshold, card.mask_softness)
        return maps | {MapKind.METALLIC: metal}

    # UNet-Maps reads the albedo finer than it is kept, lest a rounding that falls otherwise elsewhere spread.
    for network, reads, bits in (
        (predict_albedo, NETWORKS["unet_albedo"].reads, 16),
        (predict_maps, NETWORKS["unet_maps"].reads, None),
    ):
        read = {kind: known[kind] for kind in reads}
        maps, tile = _tiled(read, network, bits, tile, card, wrap)
        known |= maps
    return {kind: known[kind] for kind in OUTPUTS}, probabilities, tile


def _tiled(
    codes: Stored, network: Callable[[Maps], Maps], bits: int | None, tile: int, card: Card, wrap: Wrap
) -> tuple[Stored, int]:
    """Codes of a UNet's outputs, of so many bits (None: their specs'), and the side of the tiles that fitted."""

    def on_window(window: Stored) -> Stored:
        outputs = network({kind: dequantise(kind, image) for kind, image in window.items()})
        return {kind: quantise(kind, image, bits) for kind, image in outputs.items()}

    try:
        return run_tiled_in_memory(codes, on_window, tile, card.halo, card.stride, wrap, SMALLEST_TILE)
    except MemoryError as error:
        raise TextureSetError(
            f"Expected memory for tiles of {SMALLEST_TILE} texels, got too little; close other programs or lower the "
            "size with --max-size."
        ) from error


def _correlation(image: np.ndarray, other: np.ndarray) -> float:
    """Pearson's r of two maps (H, W, 1), floats or codes, by about a million texels; 0 where one is constant."""
    step = max(1, round((image.size / (1 << 20)) ** 0.5))
    a, b = (unit(values[::step, ::step, 0]).astype(np.float64) for values in (image, other))
    a, b = a - a.mean(), b - b.mean()
    length = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / length if length > 0 else 0.0

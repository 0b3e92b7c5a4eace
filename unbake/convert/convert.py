"""Converts one texture set: inputs in, maps out, by networks or by the rule-based baseline; nothing is written."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from unbake.convert.albedo_rule import rule_albedo
from unbake.convert.baselines import rule_based
from unbake.convert.inputs import Inputs
from unbake.convert.predict import Predictor, metal_of
from unbake.convert.reading import enlarged, reading_size, reduced_codes
from unbake.convert.roughness import calibrated
from unbake.domain.card import Card
from unbake.domain.decision import Decision
from unbake.domain.maps import GEOMETRY, OUTPUTS, MapKind
from unbake.domain.networks import NETWORKS
from unbake.errors import TextureSetError
from unbake.evidence.level import Level, PaintedSet, estimate_level
from unbake.image.arrays import (
    CodedMaps,
    Codes,
    Floats,
    Maps,
    Stored,
    Wrap,
    bands,
    dequantise,
    quantise,
    unit,
)
from unbake.image.colour import luminance, srgb_to_linear
from unbake.image.delight import relevelled
from unbake.image.geometry import geometry_channels
from unbake.image.resample import by_area, smoothly
from unbake.image.specular import mask_tells
from unbake.image.surface import LEAST_Z, height_map, height_of, relief_of, surface_of
from unbake.image.tiling import run_tiled_in_memory

TILE: Final = 1024
"""Side of what one window of a UNet adds to the output, in texels; halved when memory runs out."""

SMALLEST_TILE: Final = 128

_UNSURE: Final = 1e-4
"""Probabilities nearer to 0 and 1 are as sure as this in log-odds."""


@dataclass(frozen=True, slots=True, eq=False)
class Converted:
    """The maps of a converted set.

    maps: the six outputs, with the bits of each map's spec, and all maps of the input. classes: material class to
    probability, {} without networks. relief: standard deviation of the surface without drift, as a share of the
    texture's width (`surface.relief_of`). metal_logits: the networks' log-odds of
    metal (h, w, 1), float32, on a small copy; None without networks.
    decision: what evidence made of it; None before `apply_evidence`.
    """

    maps: CodedMaps
    classes: dict[str, float]
    wrap: Wrap
    relief: float
    notes: tuple[str, ...] = ()
    metal_logits: Floats | None = None
    decision: Decision | None = None


def convert_set(
    inputs: Inputs, predictor: Predictor | None, tile: int = TILE, level: Level | None = None
) -> Converted:
    """The maps of a set: the networks' where the model's card says so, the rule-based baseline elsewhere.

    predictor: None converts by rules alone. tile: see `TILE`; a smaller one gives the same maps. level: the painter's
    (`evidence.level`), by which the networks read the diffuse at theirs; None: as this picture alone tells it.
    TextureSetError where memory does not suffice for the smallest tile.

    >>> convert_set(load_inputs(files), load_predictor()).maps[MapKind.ROUGHNESS].shape   # doctest: +SKIP
    (1024, 1024, 1)
    """
    codes: Stored = dict(inputs.maps.codes)
    notes, classes, outputs = list(inputs.notes), {}, Stored()
    logits = None
    surface = surface_of(codes[MapKind.NORMAL], inputs.wrap, least_z=LEAST_Z)
    relief, ruled = relief_of(surface), {MapKind.HEIGHT: height_map(surface)}
    height = height_of(surface)
    del surface
    geometry = geometry_channels(codes[MapKind.NORMAL], inputs.wrap, height, 16, least_z=LEAST_Z)
    del height
    if reading_size(*inputs.size) != inputs.size:  # the networks read that of a copy
        geometry = {MapKind.GEO_AO: geometry[MapKind.GEO_AO]}
    if predictor is not None:
        predicted = _predict(codes | geometry, inputs.wrap, predictor, tile, level)
        if predicted.tile < tile:
            notes.append(f"memory ran out, so tiles of {predicted.tile} texels were used")
        classes, logits = predicted.classes, predicted.metal_logits
        outputs = predicted.maps
        del predicted
    if len(outputs) < len(OUTPUTS):
        cue = None if inputs.cue is None else inputs.cue.values
        outputs = rule_based(codes | geometry | ruled, cue) | outputs
    if (own := codes.get(MapKind.HEIGHT)) is not None:
        alike = _correlation(own, outputs[MapKind.HEIGHT])
        notes.append(f"its own height map (_p) is kept; ours would have followed it with r = {alike:.2f}")
        outputs[MapKind.HEIGHT] = own
    for kind in OUTPUTS:
        outputs[kind] = quantise(kind, outputs[kind])
    return Converted(CodedMaps(codes | outputs), classes, inputs.wrap, relief, tuple(notes), logits)


@dataclass(frozen=True, slots=True, eq=False)
class _Predicted:
    """What the networks say of a set: codes of the maps that the card takes from them, and the side of the tiles."""

    maps: Stored
    classes: dict[str, float]
    metal_logits: Floats
    tile: int


def _predict(codes: Stored, wrap: Wrap, predictor: Predictor, tile: int, level: Level | None) -> _Predicted:
    """Run the networks. codes: the input's maps and the geometry channels."""
    card, size = predictor.card, codes[MapKind.DIFFUSE].shape[:2]
    factor = card.level / (_alone(codes) if level is None else level).gain
    at = reading_size(*size)
    own = reduced_codes(codes, at, wrap)
    if at == size:
        geometry = {kind: codes[kind] for kind in GEOMETRY}
    else:
        geometry = geometry_channels(own[MapKind.NORMAL], wrap, bits=16, least_z=LEAST_Z)
    known = own | geometry | _at_level(own, factor)
    # An environment mask is weighed by `evidence.fuse`: beside it SegFormer calls what shines metal (docs/LAB.md).
    seen = predictor.predict_global(
        known[MapKind.DIFFUSE], known[MapKind.NORMAL], own.get(MapKind.SPECULAR), None, wrap
    )
    known[MapKind.METALLIC_MASK] = quantise(MapKind.METALLIC_MASK, seen.mask, 16)
    known[MapKind.COARSE] = _enlarged(seen.coarse, at, wrap)
    known.setdefault(MapKind.SPECULAR, np.zeros((*at, 1), np.uint8))
    classes = dict(zip(card.classes, map(float, seen.classes), strict=True))
    # UNet-Maps reads the albedo finer than it is kept, lest a rounding that falls otherwise elsewhere spread.
    if level is not None and card.level_albedo == "baseline":
        known[MapKind.ALBEDO] = rule_albedo(own, known[MapKind.METALLIC_MASK], wrap, level, 16)
    has_specular = MapKind.SPECULAR in own
    maps, fitted = _run_unets(known, predictor, has_specular, seen.labels, wrap, tile)
    logits = seen.metal_logits
    if MapKind.METALLIC in maps:
        logits = _witnessed(logits, maps[MapKind.METALLIC], card.head_weight, wrap)
        maps[MapKind.METALLIC] = _where_masked(maps[MapKind.METALLIC], known[MapKind.METALLIC_MASK], card)
    if MapKind.ROUGHNESS in maps and card.roughness_fit is not None:
        mask = unit(own[MapKind.SPECULAR]) if has_specular else None
        tells = mask_tells(unit(own[MapKind.DIFFUSE]), mask, wrap)
        maps[MapKind.ROUGHNESS] = calibrated(
            maps[MapKind.ROUGHNESS], seen.roughness, tells, card.roughness_fit
        )
    known |= maps
    made = enlarged({k: known[k] for k in OUTPUTS if card.use[k] == "network"}, known, codes, factor, wrap)
    return _Predicted(made, classes, logits, fitted)


def _witnessed(logits: Floats, metallic: Codes, weight: float, wrap: Wrap) -> Floats:
    """The log-odds of metal (h, w, 1), in whose order UNet-Maps has a say by its metallic map, codes (H, W, 1)."""
    if not weight:
        return logits
    share = np.clip(by_area(unit(metallic), logits.shape[0], logits.shape[1], wrap), _UNSURE, 1 - _UNSURE)
    own = np.log(share / (1 - share))
    return np.asarray(logits + np.float32(weight) * (own - own.mean()), np.float32)


def _where_masked(metallic: Codes, mask: Codes, card: Card) -> Codes:
    """Codes of UNet-Maps' metallic map (H, W, 1), where the mask, codes, says metal."""
    made = np.empty(metallic.shape, metallic.dtype)
    for rows in bands(*metallic.shape[:2]):
        probability = dequantise(MapKind.METALLIC_MASK, mask[rows])
        metal = metal_of(unit(metallic[rows]), probability, card.mask_threshold, card.mask_softness)
        made[rows] = quantise(MapKind.METALLIC, metal)
    return made


def _run_unets(
    known: Stored, predictor: Predictor, has_specular: bool, labels: Floats, wrap: Wrap, tile: int
) -> tuple[Stored, int]:
    """Codes of what the UNets give, an albedo that is known already apart, and the side of the tiles that fitted."""

    def predict_albedo(window: Maps, around: Wrap) -> Maps:
        return predictor.predict_albedo(window, has_specular, labels, around)

    def predict_maps(window: Maps, around: Wrap) -> Maps:
        return dict(predictor.predict_maps(window, has_specular, labels, around))

    made = Stored()
    if MapKind.ALBEDO not in known:
        read = {kind: known[kind] for kind in NETWORKS["unet_albedo"].reads}
        made, tile = _tiled(read, predict_albedo, 16, tile, predictor, wrap)
    read = {kind: (known | made)[kind] for kind in NETWORKS["unet_maps"].reads}
    maps, tile = _tiled(read, predict_maps, None, tile, predictor, wrap)
    return made | maps, tile


def _alone(codes: Stored) -> Level:
    """The painter's level as far as this picture alone tells it."""
    step = max(1, round((codes[MapKind.DIFFUSE].size / (3 << 18)) ** 0.5))
    light = luminance(srgb_to_linear(dequantise(MapKind.DIFFUSE, codes[MapKind.DIFFUSE][::step, ::step])))
    return estimate_level([PaintedSet(math.log(max(float(light.mean()), 1e-4)))])


def _enlarged(coarse: Floats, size: tuple[int, int], wrap: Wrap) -> Codes:
    """Codes of COARSE at full size; a channel at a time, since a map may be large."""
    made = np.empty((*size, coarse.shape[2]), np.uint8)
    for channel in range(coarse.shape[2]):
        one = smoothly(coarse[..., channel : channel + 1], *size, wrap)
        made[..., channel : channel + 1] = quantise(MapKind.COARSE, one)
    return made


def _at_level(codes: Stored, factor: float) -> Stored:
    """The DIFFUSE times a factor in linear light, as codes of 16 bits."""
    diffuse = codes[MapKind.DIFFUSE]
    made = np.empty(diffuse.shape, np.uint16)
    for rows in bands(*diffuse.shape[:2]):
        part = relevelled(dequantise(MapKind.DIFFUSE, diffuse[rows]), factor)
        made[rows] = quantise(MapKind.DIFFUSE, part, 16)
    return {MapKind.DIFFUSE: made}


def _tiled(
    codes: Stored,
    network: Callable[[Maps, Wrap], Maps],
    bits: int | None,
    tile: int,
    predictor: Predictor,
    wrap: Wrap,
) -> tuple[Stored, int]:
    """Codes of a UNet's outputs, of so many bits (None: their specs'), and the side of the tiles that fitted."""

    card = predictor.card

    def on_window(window: Stored, around: Wrap) -> Stored:
        # Each is let go of as its floats are made.
        outputs = network({kind: dequantise(kind, window.pop(kind)) for kind in tuple(window)}, around)
        return {kind: quantise(kind, image, bits) for kind, image in outputs.items()}

    try:
        return run_tiled_in_memory(
            codes, on_window, tile, card.halo, card.stride, wrap, SMALLEST_TILE, predictor.ring
        )
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

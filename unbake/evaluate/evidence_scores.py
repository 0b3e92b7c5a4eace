"""Scores one painting of a declared mod in every variant of evidence, and the rules beside; after `evidence_run`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from unbake.convert.baselines import ROUGHNESS
from unbake.domain.maps import METAL_THRESHOLD, MapKind
from unbake.evaluate.baselines import level_free_rmse, scaled_contrast
from unbake.evidence.companions import MetalCue, strength
from unbake.evidence.level import Level
from unbake.image.arrays import Maps
from unbake.image.colour import linear_to_srgb, srgb_to_linear
from unbake.metrics.mask import f1, false_metal, has_metal
from unbake.metrics.pixel import affine_rmse, mae, rmse
from unbake.metrics.relight import NEEDED, relight_rmse

NONE, OFF, MASKS, NAMES, BOTH, PERSON, FINISH, RULES = (
    "evidence none",
    "names off",
    "masks",
    "names",
    "masks + names",
    "a person's metal",
    "a person's finish",
    "no network, masks",
)
"""Variants of what conversion is told; "names off" has the mod's level and nothing else."""

IDENTITY: Final = "identity"
LEVELLED: Final = "diffuse / level"
LEVELLED_FLAT: Final = "diffuse / level, contrast × 0.75"
FLAT: Final = "contrast × 0.7"
MASK_ALONE: Final = "the mask alone"
GEOMETRY: Final = "geometry"
CONSTANTS: Final = "diffuse + constants"
DELIT: Final = "diffuse / level, contrast × 0.75, masks"

LEVELLED_CONTRAST: Final = 0.75

_RELIT_STEP: Final = 2
"""Only every second texel is relit: shading looks at single texels."""

_LEAST_DEVIATION: Final = 0.01
"""Of the true roughness inside a picture: below there is no pattern to correlate with."""

Values = dict[str, dict[str, float]]
"""Figure → variant or baseline → its value on one painting."""


@dataclass(frozen=True, slots=True)
class Record:
    """One painting's scores.

    alpha, companion: see `declared.Painted`. metal: true share, None where not known. shiny: it mirrors without being
    metal. tiles: the truth tiles. clipped: share of painted values cut at 1. roughness: sums for the best constant:
    mean of the true roughness and of its square, NaN without.
    """

    id: str
    category: str
    darkness: str
    alpha: str
    companion: str
    metal: float | None
    shiny: bool
    tiles: bool
    clipped: float
    roughness: tuple[float, float]
    values: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """What was made of a painting: its diffuse as decoded, the maps of each variant, the networks' presence of metal.

    diffuse: (H, W, 3) sRGB. maps: variant → the outputs. ao, height: of the geometry (baselines). cue: the
    companion's. level: the mod's. constant: roughness of the baseline "diffuse + constants".
    """

    diffuse: np.ndarray
    maps: Mapping[str, Maps]
    ao: np.ndarray
    height: np.ndarray
    cue: MetalCue | None
    level: Level
    presence: float
    constant: float = ROUGHNESS


def values_of(made: Made, truth: Maps) -> Values:
    """Every figure of a painting whose truth is there: variants and baselines side by side."""
    values: Values = {}
    albedos = _albedos(made)
    true = truth[MapKind.ALBEDO]
    values["albedo"] = {name: float(rmse(image, true)) for name, image in albedos.items()}
    values["level-free"] = {name: level_free_rmse(image, true) for name, image in albedos.items()}
    if MapKind.METALLIC in truth:
        values |= _metal(made, truth[MapKind.METALLIC])
    if MapKind.ROUGHNESS in truth:
        values |= _roughness(made, truth[MapKind.ROUGHNESS])
    ours = made.maps[OFF]
    if MapKind.AO in truth:
        values["ao"] = {
            OFF: float(mae(ours[MapKind.AO], truth[MapKind.AO])),
            GEOMETRY: float(mae(made.ao, truth[MapKind.AO])),
        }
    if MapKind.HEIGHT in truth:
        values["height"] = {
            OFF: float(affine_rmse(ours[MapKind.HEIGHT], truth[MapKind.HEIGHT])),
            GEOMETRY: float(affine_rmse(made.height, truth[MapKind.HEIGHT])),
        }
    if all(kind in truth for kind in NEEDED):
        values["relit"] = _relit(made, truth, albedos)
    return values


def _albedos(made: Made) -> dict[str, np.ndarray]:
    """The albedo of each variant that has one of its own, and the rules of the diffuse alone."""
    ours = {name: made.maps[name][MapKind.ALBEDO] for name in (NONE, OFF, MASKS, NAMES, BOTH, RULES)}
    flat = scaled_contrast(made.diffuse, LEVELLED_CONTRAST)
    return ours | {
        IDENTITY: made.diffuse,
        LEVELLED: divided(made.diffuse, made.level.gain),
        LEVELLED_FLAT: divided(flat, made.level.gain),
        FLAT: scaled_contrast(made.diffuse),
    }


def divided(diffuse: np.ndarray, gain: float) -> np.ndarray:
    """A diffuse (sRGB) divided by a level in linear light, clipped.

    >>> float(divided(np.ones((1, 1, 3)), 0.5).max())
    1.0
    """
    linear = np.clip(srgb_to_linear(diffuse) / gain, 0, 1)
    return linear_to_srgb(linear).astype(np.float32)


def _metal(made: Made, truth: np.ndarray) -> Values:
    """F1 where there is metal, false metal where there is none, and the share called metal."""
    masks = {name: maps[MapKind.METALLIC] for name, maps in made.maps.items() if name != FINISH}
    masks[MASK_ALONE] = mask_alone(made)
    metric, figure = (f1, "metal F1") if has_metal(truth) else (false_metal, "false metal")
    return {
        figure: {name: float(metric(mask, truth)) for name, mask in masks.items()},
        "metal share": {name: float((mask > METAL_THRESHOLD).mean()) for name, mask in masks.items()},
        "presence": {OFF: made.presence},
    }


def mask_alone(made: Made) -> np.ndarray:
    """Metal (H, W, 1) where the companion says so, relative to its own strength; none without a companion."""
    if made.cue is None or made.cue.kind == "black":
        return np.zeros((*made.diffuse.shape[:2], 1), np.float32)
    return strength(made.cue.values, made.cue.top)


def _roughness(made: Made, truth: np.ndarray) -> Values:
    """Errors, and inside the picture the correlation with the truth and the deviation relative to it."""
    maps = {name: made.maps[name][MapKind.ROUGHNESS] for name in (NONE, OFF, NAMES, FINISH)}
    values = {"roughness": {name: float(rmse(image, truth)) for name, image in maps.items()}}
    spread = float(truth.std())
    if spread >= _LEAST_DEVIATION:
        for name, image in maps.items():
            own = float(image.std())
            alike = float(((image - image.mean()) * (truth - truth.mean())).mean()) / max(own * spread, 1e-9)
            values.setdefault("roughness correlation", {})[name] = alike if own > 1e-4 else 0.0
            values.setdefault("roughness deviation", {})[name] = own / spread
    return values


def _relit(made: Made, truth: Maps, albedos: Mapping[str, np.ndarray]) -> dict[str, float]:
    """The whole set under new lights: variants, the diffuse with constants, and the rules with the mask alone."""
    constant = np.full(made.ao.shape, made.constant, np.float32)
    nothing = np.zeros(made.ao.shape, np.float32)
    sets: dict[str, Maps] = {name: made.maps[name] for name in (NONE, OFF, MASKS, NAMES, BOTH, PERSON, RULES)}
    sets[CONSTANTS] = _set(made.diffuse, constant, nothing, made.ao)
    sets[DELIT] = _set(albedos[LEVELLED_FLAT], constant, mask_alone(made), made.ao)
    thin = _thinned(truth)
    return {name: relight_rmse(_thinned(maps), thin) for name, maps in sets.items()}


def _set(albedo: np.ndarray, roughness: np.ndarray, metal: np.ndarray, ao: np.ndarray) -> Maps:
    return {
        MapKind.ALBEDO: albedo,
        MapKind.ROUGHNESS: roughness,
        MapKind.METALLIC: metal,
        MapKind.AO: ao,
    }


def _thinned(maps: Maps) -> Maps:
    return {kind: image[::_RELIT_STEP, ::_RELIT_STEP] for kind, image in maps.items()}

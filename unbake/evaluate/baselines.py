"""Maps made without any network, which an evaluation compares ours with: pure numpy, from the painted set alone."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from unbake.convert.baselines import ROUGHNESS, rule_based
from unbake.domain.maps import METAL_THRESHOLD, MapKind
from unbake.evaluate.painter import Legacy
from unbake.image.arrays import dequantise
from unbake.image.colour import linear_to_srgb, luminance, srgb_to_linear
from unbake.image.geometry import geometry_channels
from unbake.image.surface import LEAST_Z, height_map, surface_of
from unbake.image.tiling import Wrap

Baselines = dict[MapKind, dict[str, np.ndarray]]
"""For each map the baselines' maps (H, W, C) by name; the first is what `unbake convert` gives without networks."""

ELSEWHERE: Final = "*"
"""Key of the constant for categories that the other data does not have."""

CONTRAST: Final = 0.7
"""Factor on the diffuse's log contrast: painted light adds contrast, and this much remains without it."""

_DARKEST: Final = 1 / 255 / 12.92
"""Linear light of sRGB code 1 of 255, in place of black, which has no logarithm."""


def baselines_of(legacy: Legacy, wrap: Wrap, roughness: Mapping[str, float]) -> Baselines:
    """Every baseline of a painted set, of its size.

    wrap: which axes tile. roughness: best constants by category on OTHER materials, see `ELSEWHERE`; may be empty.
    """
    geometry = geometry_channels(legacy.normal, wrap, least_z=LEAST_Z)
    height = dequantise(MapKind.HEIGHT, height_map(surface_of(legacy.normal, wrap, least_z=LEAST_Z)))
    rules = rule_based({MapKind.DIFFUSE: legacy.diffuse, MapKind.HEIGHT: height} | geometry)
    constants = {f"{ROUGHNESS}": rules[MapKind.ROUGHNESS]}
    best = roughness.get(legacy.category, roughness.get(ELSEWHERE))
    if best is not None:
        constants["per class"] = np.full_like(rules[MapKind.ROUGHNESS], best)
    return {
        MapKind.ALBEDO: albedo_baselines(rules[MapKind.ALBEDO]),
        MapKind.ROUGHNESS: constants,
        MapKind.METALLIC: {"none": rules[MapKind.METALLIC], "brightness": brightness_metal(legacy)},
        MapKind.AO: {"geometry": rules[MapKind.AO], "white": np.ones_like(rules[MapKind.AO])},
        MapKind.HEIGHT: {"FFT without drift": rules[MapKind.HEIGHT], "FFT": geometry[MapKind.GEO_HEIGHT]},
    }


def albedo_baselines(diffuse: np.ndarray) -> dict[str, np.ndarray]:
    """Albedos made of the diffuse alone, (H, W, 3) sRGB in [0, 1], by name; baselines of albedo are listed here."""
    return {"identity": diffuse, f"contrast × {CONTRAST}": scaled_contrast(diffuse)}


def scaled_contrast(diffuse: np.ndarray, factor: float = CONTRAST) -> np.ndarray:
    """A picture with its log contrast scaled: exp(m + factor · (log x − m)) in linear light.

    diffuse: (H, W, 3) sRGB in [0, 1]; so is the result. Each channel has its own m, the mean of its logarithm over
    the picture, so the geometric mean colour stays. Black counts as code 1 of 255; what leaves [0, 1] is clipped.

    >>> grey = np.full((1, 1, 3), 0.5)
    >>> bool(np.allclose(scaled_contrast(grey), grey))
    True
    """
    logarithm = np.log(np.maximum(srgb_to_linear(diffuse), _DARKEST))
    mean = logarithm.mean((0, 1), keepdims=True)
    scaled = np.exp(mean + factor * (logarithm - mean))
    return linear_to_srgb(np.clip(scaled, 0, 1)).astype(diffuse.dtype)


def level_free_rmse(albedo: np.ndarray, truth: np.ndarray) -> float:
    """RMSE of albedo, in sRGB, after the gain that fits the whole picture best in linear light.

    albedo, truth: (H, W, 3) sRGB in [0, 1]. The gain, one for all texels and channels, is that of least squares,
    Σ a·t ÷ Σ a² of the linear values; what it lifts above 1 is clipped. So only the shape counts, not the level.
    """
    linear, wanted = srgb_to_linear(albedo), srgb_to_linear(truth)
    power = float((linear * linear).sum())
    gain = float((linear * wanted).sum()) / power if power > 0 else 1.0
    fitted = linear_to_srgb(np.clip(gain * linear, 0, 1))
    return float(np.sqrt(np.mean((fitted - truth) ** 2)))


def brightness_metal(legacy: Legacy) -> np.ndarray:
    """Metal by brightness, (H, W, 1) of 0 and 1: where the specular mask, or else the diffuse, is over half."""
    painted = luminance(srgb_to_linear(legacy.diffuse))
    bright = painted if legacy.specular is None else legacy.specular
    return (bright > METAL_THRESHOLD).astype(np.float32)

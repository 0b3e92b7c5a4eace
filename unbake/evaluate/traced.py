"""Paints a material as `declared` does, under path-traced light instead of a formula: the third evaluation painter.

Files, alphas, companions and darkness are the declared ones; only the light differs. It comes from the cache that
`scripts/trace_light.py` writes, and is mixed here apart from how training mixes it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from unbake.data.sources import MaterialSource
from unbake.domain.maps import MapKind
from unbake.evaluate.declared import (
    DECLARED_VERSION,
    Darkness,
    LightFrom,
    Painted,
    as_declared,
    factors_of,
    paint_declared,
)
from unbake.image.arrays import Maps
from unbake.image.colour import srgb_to_linear
from unbake.synth.traced import SUNS, Traced, mirrored_light, read_traced, sized, traced_path

TRACED_PAINTER_VERSION: Final = 1
"""Goes up when a material is painted otherwise from the same traced light."""

_WARM, _COOL = np.array([1.06, 1.0, 0.9], np.float32), np.array([0.94, 1.0, 1.08], np.float32)


def paint_traced(material_id: str, truth: Maps, traced: Traced, darkness: Darkness, seed: int = 0) -> Painted:
    """The set of a material in one mod under traced light; see `declared.paint_declared`.

    Errors: TextureSetError where the light has other proportions than the truth.
    """
    return paint_declared(material_id, truth, darkness, seed, traced_light(traced))


def traced_light(traced: Traced) -> LightFrom:
    """A light of the shape of `declared.light_of`: one sun under a dome on the rest, the full rendering on metal."""

    def light_from(
        truth: Maps, darkness: Darkness, rng: np.random.Generator
    ) -> tuple[np.ndarray, float, float]:
        rest, metal = factors_of(darkness, rng)
        here = sized(traced, *truth[MapKind.ALBEDO].shape[:2])
        sun, strength = int(rng.integers(SUNS)), np.float32(rng.uniform(0.4, 1.8))
        on_rest = _COOL * here.fields[0][..., None] + strength * _WARM * here.fields[1 + sun][..., None]
        mirrored = mirrored_light(here, srgb_to_linear(truth[MapKind.ALBEDO]))
        on_metal = on_rest if mirrored is None else mirrored
        return as_declared(truth, on_rest, on_metal, rest, metal), rest, metal

    return light_from


def light_from_cache(folder: Path | None, material_id: str) -> LightFrom | None:
    """The traced light of a material, None without a folder. Errors: FileError where the file cannot be read."""
    return None if folder is None else traced_light(read_traced(traced_path(folder, material_id)))


def with_light(sources: Sequence[MaterialSource], folder: Path | None) -> list[MaterialSource]:
    """The materials whose light is in the cache; all without a folder."""
    return [s for s in sources if folder is None or traced_path(folder, s.id).is_file()]


def painter_name(folder: Path | None) -> str:
    """The painter and its version, as reports name it."""
    return f"d{DECLARED_VERSION}" if folder is None else f"t{TRACED_PAINTER_VERSION}"

"""The paintings that a cache makes of a material: by styles, in mods, by traced light where it lies; for `cache`."""

import hashlib
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from unbake.domain.maps import MapKind
from unbake.image.arrays import Maps, quantise
from unbake.image.normals import from_slopes
from unbake.synth.levels import mod_level
from unbake.synth.painter import STYLES, paint
from unbake.synth.traced import SUNS, Traced, read_traced, traced_path


def paintings(
    maps: Maps,
    styles: tuple[str, ...],
    mods: tuple[int, ...],
    seed: int,
    scale: float,
    light: Path | None = None,
    bc7: float = 0.0,
) -> list[tuple[str, Maps]]:
    """The paintings of a material's maps (H, W, C) with their styles, each at the level of its mod.

    scale: of the maps against the material's own size; it is part of the seed, for a smaller texture is another
    painting, not a smaller print. light: the file of its traced light. bc7: chance that a compressed one is so by BC7,
    0: as its style has it. Errors: FileError and TextureSetError for light
    that cannot be read or has other proportions.
    """
    traced = None if light is None else read_traced(light)
    seeds = [(seed + 7919 * i + round(scale * 1000)) % 2**32 for i in range(len(styles))]
    painters = {style: replace(STYLES[style], bc7=bc7) if bc7 else STYLES[style] for style in styles}
    return [
        (style, paint(maps, painters[style], number, mod_level(mod), traced))
        for style, mod, number in zip(styles, mods, seeds, strict=True)
    ]


def light_of(material_id: str, traced: Path | None) -> Path | None:
    """The file of a material's path-traced light in a folder, None where there is none."""
    path = None if traced is None else traced_path(traced, material_id)
    return path if path is not None and path.is_file() else None


@lru_cache
def painter_fingerprint(style: str) -> str:
    """Fingerprint of a painter's output on a probe surface; a change of it invalidates its paintings."""
    y, x = np.mgrid[:48, :48].astype(np.float32) * np.float32(2 * np.pi / 48)
    probe = {
        MapKind.ALBEDO: np.stack([0.5 + 0.3 * np.sin(x), 0.5 + 0.2 * np.cos(y), 0.4 + 0 * x], -1),
        MapKind.NORMAL: from_slopes(np.cos(2 * x), np.sin(y)),
        MapKind.ROUGHNESS: (0.5 + 0.4 * np.sin(x + y))[..., None],
        MapKind.METALLIC: (x > y)[..., None].astype(np.float32),
        MapKind.GEO_AO: (0.8 + 0.2 * np.cos(2 * x))[..., None],
    }
    fields = np.stack([1 + 0.5 * np.sin(x + i * y) for i in range(1 + SUNS)])
    light = Traced(fields, np.zeros((SUNS, 3), np.float32), 0.0, full=0.5 * probe[MapKind.ALBEDO])
    digest = hashlib.sha256(repr(STYLES[style]).encode())
    for seed in range(3):
        for kind, image in sorted(paint(probe, STYLES[style], seed, traced=light).items()):
            digest.update(kind.encode() + quantise(kind, image).tobytes())
    return digest.hexdigest()

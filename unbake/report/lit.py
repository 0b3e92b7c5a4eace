"""A set as a lit surface, as the old games draw it and as PBR: the pictures that reports and the gallery begin with."""

from pathlib import Path
from typing import Final

import numpy as np

from unbake.domain.maps import SPECS, MapKind
from unbake.domain.packing import relative_name
from unbake.files import safe_join, write_atomic
from unbake.image.arrays import Floats, Maps
from unbake.image.colour import linear_to_srgb, srgb_to_linear
from unbake.image.files import encode_jpeg
from unbake.image.resample import resize
from unbake.image.shading import shade, shade_legacy
from unbake.report.pictures import FOLDER

SIDE: Final = 384
"""Longest side of a lit picture, pixels."""

BEFORE: Final = "before"
AFTER: Final = "after"
"""Names of the two pictures beside the thumbnails of maps."""

LIGHT: Final = (-0.9, 1.0, 1.3)
"""Place of the light above a surface that reaches from -1 to 1: near enough that a gloss shows as a spot."""

EYE: Final = (0.25, -0.35, 2.6)
STRENGTH: Final = 2.4
SKY: Final = 0.36
"""Irradiance of the light on a surface that faces it, and radiance of the even sky."""

BEHIND: Final = 0.16
"""Linear grey behind what alpha cuts out."""


def save_lit(before: Maps, after: Maps, name: str, out: Path) -> dict[str, str]:
    """Writes `OUT/report/<name>/before.jpg` and `after.jpg`; their paths below OUT, by name.

    before: the maps of the input. after: the maps as written. One of the two that lacks its maps is left out.
    """
    saved = {}
    for title, picture in ((BEFORE, lit_before(before)), (AFTER, lit_after(after))):
        if picture is not None:
            path = f"{FOLDER}/{relative_name(name)}/{title}.jpg"
            write_atomic(safe_join(out, path), encode_jpeg(picture), durable=False)
            saved[title] = path
    return saved


def lit_before(maps: Maps) -> np.ndarray | None:
    """Diffuse, normal and specular mask as the old games light them: uint8 (h, w, 3) sRGB; None without a diffuse.

    maps: float32 (H, W, C) in the range of their spec, normals as OpenGL has them.
    """
    if MapKind.DIFFUSE not in maps:
        return None
    small = _small(maps, (MapKind.DIFFUSE, MapKind.NORMAL, MapKind.SPECULAR, MapKind.OPACITY))
    diffuse = srgb_to_linear(small[MapKind.DIFFUSE])
    to_light, to_eye = _directions(*diffuse.shape[:2])
    shaded = shade_legacy(
        diffuse, small[MapKind.NORMAL], small[MapKind.SPECULAR], to_light, to_eye, STRENGTH, SKY
    )
    return _finished(shaded, small[MapKind.OPACITY])


def lit_after(maps: Maps) -> np.ndarray | None:
    """The PBR maps under the same light, without their relief: uint8 (h, w, 3) sRGB; None without an albedo.

    maps: as `lit_before`; those that are missing have no effect.
    """
    if MapKind.ALBEDO not in maps:
        return None
    normal, roughness, metallic, ao = MapKind.NORMAL, MapKind.ROUGHNESS, MapKind.METALLIC, MapKind.AO
    small = _small(maps, (MapKind.ALBEDO, normal, roughness, metallic, ao, MapKind.OPACITY))
    albedo = srgb_to_linear(small[MapKind.ALBEDO])
    to_light, to_eye = _directions(*albedo.shape[:2])
    shaded = shade(
        albedo, small[normal], small[roughness], small[metallic], small[ao], to_light, to_eye, STRENGTH, SKY
    )
    return _finished(shaded, small[MapKind.OPACITY])


def _small(maps: Maps, kinds: tuple[MapKind, ...]) -> Maps:
    """Maps at the size of the picture; neutral where they are missing."""
    height, width = maps[kinds[0]].shape[:2]
    scale = min(1.0, SIDE / max(height, width))
    size = max(1, round(height * scale)), max(1, round(width * scale))
    small: Maps = {}
    for kind in kinds:
        spec = SPECS[kind]
        if kind not in maps:
            small[kind] = np.broadcast_to(np.asarray(spec.neutral, np.float32), (*size, spec.channels))
        elif scale < 1:
            encoded = np.asarray(maps[kind] / 2 + 0.5 if spec.vector else maps[kind], np.float32)
            resized = resize(encoded, *size, "normal" if spec.vector else spec.colour)
            small[kind] = _unit(resized * 2 - 1) if spec.vector else resized
        else:
            small[kind] = maps[kind]
    return small


def _directions(height: int, width: int) -> tuple[tuple[Floats, ...], tuple[Floats, ...]]:
    """From each texel to the light and to the eye: x to the right, y up, z out of the surface; (h, w, 1) each."""
    longest = max(height, width)
    x = np.broadcast_to(((np.arange(width) + 0.5) * 2 - width)[None, :, None] / longest, (height, width, 1))
    y = np.broadcast_to((height - (np.arange(height) + 0.5) * 2)[:, None, None] / longest, (height, width, 1))
    both = []
    for place in (LIGHT, EYE):
        both.append(
            tuple(
                np.asarray(part, np.float32)
                for part in (place[0] - x, place[1] - y, np.full_like(x, place[2]))
            )
        )
    return both[0], both[1]


def _finished(linear: Floats, opacity: Floats) -> np.ndarray:
    """Linear light as codes of sRGB, before a grey where it is cut out."""
    seen = np.clip(opacity, 0, 1)
    toned = np.where(linear > _KNEE, _KNEE + (1 - _KNEE) * np.tanh((linear - _KNEE) / (1 - _KNEE)), linear)
    colour = linear_to_srgb(toned * seen + BEHIND * (1 - seen))
    return np.rint(np.clip(colour, 0, 1) * 255).astype(np.uint8)


_KNEE: Final = 0.5
"""Linear light above which highlights are bent towards white."""


def _unit(vectors: Floats) -> Floats:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-6), np.float32)

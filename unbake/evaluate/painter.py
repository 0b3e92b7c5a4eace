"""The fixed evaluation painter: ground truth to the legacy texture set a game would have shipped, as DDS files.

First step of an evaluation. Its styles, light models and seeds are never trained on, so figures compare
from one model to the next.
"""

from dataclasses import dataclass
from typing import Final
from zlib import crc32

import numpy as np

from unbake.domain.maps import MapKind
from unbake.evaluate.extra_styles import EXTRA_STYLES
from unbake.image.arrays import Floats, Maps
from unbake.image.colour import linear_to_srgb, srgb_to_linear
from unbake.image.dds.blocks import Effort
from unbake.image.dds.encode import encode_dds
from unbake.image.dds.formats import DxgiFormat
from unbake.image.files import decode_picture
from unbake.image.mips import mip_chain
from unbake.image.normals import decode_normal, encode_normal
from unbake.image.resample import Kind
from unbake.synth.levels import PaintedLevel, at_level
from unbake.synth.painter import EVALUATION_STYLES, STYLES, paint

PAINTER_VERSION: Final = 3
"""Changes when a material is painted otherwise: figures of two versions do not compare.

1: one of the two styles "overcast" and "torchlit" by the material's id. 2: "skylit" and "brushed" besides, each
material in several (which styles go by its id anew); the diffuse through a DDS file of its own. 3: each painting at
one of the LEVELS, which conversion is told, as it would know it of a large mod.
"""

LEVELS: Final = (PaintedLevel(0.35, 0.2), PaintedLevel(0.65, 0.4), PaintedLevel(1.0, 0.85))
"""Dark, middle and bright mods."""

PAINTERS: Final = (*EVALUATION_STYLES, *EXTRA_STYLES)
"""Every style, by name: two of the training painter's light model with other settings, two of their own."""

STYLES_EACH: Final = 2
"""Paintings of each material where nothing else is asked for; each style then meets half of the materials."""

_SALT = "evaluation"
"""Keeps the seeds apart from everyone else's."""


@dataclass(frozen=True, slots=True)
class Legacy:
    """A painted texture set: its game files, and the maps they decode to, block compression included.

    files: "" and "_n" (what follows the set's name) → the bytes of a DDS file.
    diffuse: (H, W, 3) sRGB in [0, 1]. normal: (H, W, 3) unit vectors, OpenGL. specular: (H, W, 1) in [0, 1],
    or None where this artist made none. level: of the mod.
    """

    id: str
    category: str
    style: str
    files: dict[str, bytes]
    diffuse: np.ndarray
    normal: np.ndarray
    specular: np.ndarray | None
    level: PaintedLevel


def styles_of(material_id: str, count: int = STYLES_EACH) -> tuple[str, ...]:
    """The first `count` styles of a material, each once: which ones depends on its id alone.

    >>> sorted(styles_of("stone/slates", 4)) == sorted(PAINTERS)
    True
    """
    first = _number(material_id) % len(PAINTERS)
    return tuple(PAINTERS[(first + i) % len(PAINTERS)] for i in range(min(count, len(PAINTERS))))


def paint_legacy(material_id: str, category: str, truth: Maps, style: str | None = None) -> Legacy:
    """The legacy set of a material in one style (its first by default), the same on every machine.

    truth: ALBEDO and NORMAL, and whatever else there is, (H, W, C) in the ranges of their specs; METALLIC
    and AO missing from it are painted as none and as the normal's own. Files are as Skyrim ships them: the
    diffuse BC1, the normal BC3 with the specular mask in its alpha, green pointing down; with mips where the
    sides are powers of two.
    """
    style = styles_of(material_id, 1)[0] if style is None else style
    seed = _number(material_id) >> 8
    level = LEVELS[(seed + PAINTERS.index(style)) % len(LEVELS)]
    if style in EXTRA_STYLES:
        rng = np.random.default_rng([seed, crc32(style.encode())])
        painted = EXTRA_STYLES[style](truth, rng)
        painted = dict(painted) | {MapKind.DIFFUSE: _at_level(rng, painted[MapKind.DIFFUSE], truth, level)}
    else:
        painted = paint(truth, STYLES[style], seed, level)
    specular = painted.get(MapKind.SPECULAR)
    alpha = np.ones((*truth[MapKind.NORMAL].shape[:2], 1), np.float32) if specular is None else specular
    stored = np.concatenate([encode_normal(truth[MapKind.NORMAL], "directx"), alpha], -1)
    files = {
        "": legacy_dds(painted[MapKind.DIFFUSE], "srgb", DxgiFormat.BC1_UNORM),
        "_n": legacy_dds(stored, "normal", DxgiFormat.BC3_UNORM),
    }
    diffuse, normal = (decode_picture(data, material_id).unit() for data in files.values())
    return Legacy(
        id=material_id,
        category=category,
        style=style,
        files=files,
        diffuse=np.ascontiguousarray(diffuse[..., :3]),
        normal=decode_normal(normal[..., :3], "directx"),
        specular=None if specular is None else np.ascontiguousarray(normal[..., 3:]),
        level=level,
    )


def _at_level(rng: np.random.Generator, diffuse: Floats, truth: Maps, level: PaintedLevel) -> Floats:
    """A painting (sRGB) brought to a level; metal's apart where the truth knows it."""
    albedo = srgb_to_linear(truth[MapKind.ALBEDO])
    metallic = truth.get(MapKind.METALLIC, np.zeros((*albedo.shape[:2], 1), np.float32))
    lit = at_level(rng, srgb_to_linear(diffuse), albedo, metallic, level)
    return np.rint(linear_to_srgb(np.clip(lit, 0, 1)) * 255).astype(np.float32) / np.float32(255)


def legacy_dds(unit: np.ndarray, kind: Kind, dxgi: DxgiFormat) -> bytes:
    """A legacy DDS file of an image (H, W, C) in [0, 1], with mips where both sides are powers of two."""
    height, width = unit.shape[:2]
    whole = height.bit_count() == 1 == width.bit_count()
    mips = mip_chain(unit, kind) if whole else [unit]
    codes = [np.rint(np.clip(mip, 0, 1) * 255).astype(np.uint8) for mip in mips]
    return encode_dds(codes, dxgi, Effort.GOOD, legacy=True)


def _number(material_id: str) -> int:
    return crc32(f"{_SALT}:{material_id}".encode())

"""The fixed evaluation painter: ground truth to the legacy texture set a game would have shipped.

First step of an evaluation. Its styles, light model and seeds are never trained on, so figures compare
from one model to the next.
"""

from dataclasses import dataclass
from zlib import crc32

import numpy as np

from unbake.domain.maps import MapKind
from unbake.image.blocks import BlockFormat, decode_blocks, encode_blocks
from unbake.image.normals import decode_normal, encode_normal
from unbake.synth.diffuse import EVALUATION_STYLES, STYLES, paint

Maps = dict[MapKind, np.ndarray]

_SALT = "evaluation"
"""Keeps the seeds apart from everyone else's."""


@dataclass(frozen=True, slots=True)
class Legacy:
    """A painted texture set as it reads back from its game files, block compression included.

    diffuse: (H, W, 3) sRGB in [0, 1]. normal: (H, W, 3) unit vectors, OpenGL. specular: (H, W, 1) in [0, 1],
    or None where this artist made none.
    """

    id: str
    category: str
    style: str
    diffuse: np.ndarray
    normal: np.ndarray
    specular: np.ndarray | None


def style_of(material_id: str) -> str:
    """The evaluation style of a material: depends on its id alone.

    >>> style_of("stone/slates") in EVALUATION_STYLES
    True
    """
    return EVALUATION_STYLES[_number(material_id) % len(EVALUATION_STYLES)]


def paint_legacy(material_id: str, category: str, truth: Maps) -> Legacy:
    """The legacy set of a material, the same on every machine.

    truth: ALBEDO and NORMAL, and whatever else there is, (H, W, C) in the ranges of their specs; METALLIC
    and AO missing from it are painted as none and as the normal's own. The diffuse goes through BC1 inside
    the painter; the normal through BC3 with the specular mask in its alpha, green pointing down, as Skyrim
    ships them.
    """
    style = style_of(material_id)
    painted = paint(truth, STYLES[style], _number(material_id) >> 8)
    specular = painted.get(MapKind.SPECULAR)
    normal, alpha = _as_shipped(truth[MapKind.NORMAL], specular)
    return Legacy(
        id=material_id,
        category=category,
        style=style,
        diffuse=painted[MapKind.DIFFUSE],
        normal=normal,
        specular=None if specular is None else alpha,
    )


def _as_shipped(normal: np.ndarray, specular: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Normal and mask after a round trip through one BC3 texture."""
    height, width = normal.shape[:2]
    alpha = np.ones((height, width, 1), np.float32) if specular is None else specular
    unit = np.concatenate([encode_normal(normal, "directx"), alpha], -1)
    pixels = np.round(np.clip(unit, 0, 1) * 255).astype(np.uint8)
    read = decode_blocks(encode_blocks(pixels, BlockFormat.BC3), width, height, BlockFormat.BC3)
    back = read.astype(np.float32) / np.float32(255)
    return decode_normal(back[..., :3], "directx"), np.ascontiguousarray(back[..., 3:])


def _number(material_id: str) -> int:
    return crc32(f"{_SALT}:{material_id}".encode())

"""Small pictures of maps, and sheets of them; what `report.page` and the README show."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from unbake.domain.maps import SPECS, MapKind
from unbake.domain.packing import relative_name
from unbake.image.files import write_atomic
from unbake.image.mips import resize
from unbake.image.normals import encode_normal

Maps = dict[MapKind, np.ndarray]

SIDE = 160
"""Longest side of a thumbnail, pixels."""

SHOWN = (
    MapKind.DIFFUSE,
    MapKind.ALBEDO,
    MapKind.NORMAL,
    MapKind.ROUGHNESS,
    MapKind.METALLIC,
    MapKind.AO,
    MapKind.HEIGHT,
)
"""The maps of a report, before and after first."""

FOLDER = "report"
"""Where the thumbnails lie below OUT, in the texture tree's own folders."""


def thumbnail(image: np.ndarray, kind: MapKind, side: int = SIDE) -> np.ndarray:
    """A map as a person looks at it: uint8 (h, w, 3) sRGB, its longest side at most `side`.

    image: float32 (H, W, C) in the range of its spec; normals are shown as OpenGL stores them.

    >>> thumbnail(np.zeros((320, 160, 1), np.float32), MapKind.AO).shape
    (160, 80, 3)
    """
    spec = SPECS[kind]
    shown = encode_normal(image, "opengl") if spec.vector else image
    height, width = shown.shape[:2]
    scale = min(1.0, side / max(height, width))
    if scale < 1:
        size = max(1, round(height * scale)), max(1, round(width * scale))
        shown = resize(shown, *size, "normal" if spec.vector else spec.colour)
    pixels = np.rint(np.clip(shown, 0, 1) * 255).astype(np.uint8)
    return np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels


def save_thumbnails(maps: Maps, name: str, out: Path) -> dict[str, str]:
    """Writes `OUT/report/<name>/<map>.jpg` for each map that is shown; their paths below OUT, by map."""
    saved = {}
    for kind in SHOWN:
        if kind in maps:
            path = f"{FOLDER}/{relative_name(name)}/{kind}.jpg"
            buffer = io.BytesIO()
            Image.fromarray(thumbnail(maps[kind], kind)).save(buffer, "JPEG", quality=85)
            write_atomic(out / path, buffer.getvalue())
            saved[kind.value] = path
    return saved


def contact_sheet(
    rows: Sequence[Sequence[np.ndarray | None]], labels: Sequence[str], gap: int = 4
) -> np.ndarray:
    """One picture of many: uint8 (H, W, 3) from rows of uint8 (h, w, 1 or 3), a label over each column.

    Cells are as large as the largest picture; smaller ones, None, and rows that end early leave white.

    >>> contact_sheet([[np.zeros((8, 8, 3), np.uint8)] * 2], ["before", "after"]).shape
    (36, 20, 3)
    """
    text = 20
    pictures = [image for row in rows for image in row if image is not None]
    high, wide = (max(image.shape[axis] for image in pictures) for axis in (0, 1))
    columns = max(len(labels), *(len(row) for row in rows))
    sheet = Image.new("RGB", (columns * (wide + gap) - gap, text + gap + len(rows) * (high + gap)), "white")
    draw = ImageDraw.Draw(sheet)
    for column, label in enumerate(labels):
        draw.text((column * (wide + gap) + 2, 4), label, fill="black")
    for row, images in enumerate(rows):
        for column, image in enumerate(images):
            if image is not None:
                rgb = np.ascontiguousarray(np.broadcast_to(image, (*image.shape[:2], 3)))
                sheet.paste(Image.fromarray(rgb), (column * (wide + gap), text + gap + row * (high + gap)))
    return np.asarray(sheet)

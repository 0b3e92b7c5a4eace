"""Thumbnails of maps and contact sheets of them, for `report.page` and the README."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from unbake.domain.maps import SPECS, MapKind
from unbake.domain.packing import relative_name
from unbake.errors import FileError
from unbake.files import safe_join, write_atomic
from unbake.image.arrays import Maps
from unbake.image.files import encode_jpeg, read_picture
from unbake.image.normals import encode_normal
from unbake.image.resample import resize

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
"""Folder of the thumbnails below OUT, in the texture tree's own folders."""


def thumbnail(image: np.ndarray, kind: MapKind, side: int = SIDE) -> np.ndarray:
    """A map as a viewable picture: uint8 (h, w, 3) sRGB, its longest side at most `side`.

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
            write_atomic(safe_join(out, path), encode_jpeg(thumbnail(maps[kind], kind)), durable=False)
            saved[kind.value] = path
    return saved


def contact_sheet(
    rows: Sequence[Sequence[np.ndarray | None]],
    labels: Sequence[str],
    gap: int = 4,
    names: Sequence[str] = (),
) -> np.ndarray:
    """One picture of many: uint8 (H, W, 3) from rows of uint8 (h, w, 1 or 3), a label over each column.

    Cells are as large as the largest picture; smaller ones, None and short rows leave white.
    names: the heading of each row.

    >>> contact_sheet([[np.zeros((8, 8, 3), np.uint8)] * 2], ["before", "after"]).shape
    (36, 20, 3)
    """
    text = 20
    pictures = [image for row in rows for image in row if image is not None]
    high, wide = (max(image.shape[axis] for image in pictures) for axis in (0, 1))
    columns = max(len(labels), *(len(row) for row in rows))
    step = high + gap + (text if names else 0)
    sheet = Image.new("RGB", (columns * (wide + gap) - gap, text + gap + len(rows) * step), "white")
    draw = ImageDraw.Draw(sheet)
    for column, label in enumerate(labels):
        draw.text((column * (wide + gap) + 2, 4), label, fill="black")
    for row, name in enumerate(names):
        draw.text((2, text + gap + row * step + 4), name, fill="black")
    for row, images in enumerate(rows, 1):
        for column, image in enumerate(images):
            if image is not None:
                rgb = np.ascontiguousarray(np.broadcast_to(image, (*image.shape[:2], 3)))
                sheet.paste(Image.fromarray(rgb), (column * (wide + gap), text + row * step - high))
    return np.asarray(sheet)


def sheet_of(out: Path, named: Mapping[str, Mapping[str, str]]) -> np.ndarray | None:
    """The contact sheet of sets by name, from their thumbnails below OUT (as `save_thumbnails` gives them).

    None where no thumbnail is there any more.
    """
    kinds = [kind for kind in SHOWN if any(kind in paths for paths in named.values())]
    rows = [[_read(out, paths.get(kind)) for kind in kinds] for paths in named.values()]
    if not any(image is not None for row in rows for image in row):
        return None
    return contact_sheet(rows, [kind.value for kind in kinds], names=list(named))


def _read(out: Path, path: str | None) -> np.ndarray | None:
    try:
        return None if path is None else read_picture(safe_join(out, path)).pixels
    except FileError:
        return None

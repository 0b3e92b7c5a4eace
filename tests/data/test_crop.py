"""Crops of a cache's files: which texels they show, and that no byte, file or index is read beside them."""

from pathlib import Path

import numpy as np
import pytest
from support.samples import flat, plain, write_entry

from unbake.data import crop as crops
from unbake.data.batch import collate
from unbake.data.crop import Crop, blocks, read_crop
from unbake.data.dataset import PatchDataset
from unbake.domain.maps import MapKind, spec

KINDS = (MapKind.DIFFUSE, MapKind.SPECULAR, MapKind.NORMAL, MapKind.ALBEDO, MapKind.AO, MapKind.GEO_HEIGHT)


def noise(height: int = 24, width: int = 20) -> dict[MapKind, np.ndarray]:
    """Codes of maps, each texel another."""
    rng = np.random.default_rng(0)
    return {
        kind: rng.integers(
            0,
            2 ** spec(kind).bits,
            (height, width, spec(kind).channels),
            np.dtype(f"u{spec(kind).bits // 8}"),
        )
        for kind in KINDS
    }


def read(crop: Crop) -> dict[MapKind, np.ndarray]:
    codes = np.empty(crop.bytes, np.uint8)
    read_crop(crop, codes)
    found = {}
    for block in blocks(crop):
        part = codes[block.at : block.at + block.bytes].view(f"<u{block.bits // 8}")
        ends = np.cumsum([spec(kind).channels for kind in block.kinds])[:-1]
        planes = np.split(part.reshape(crop.px, crop.px, block.channels), ends, -1)
        found |= dict(zip(block.kinds, planes, strict=True))
    return {kind: image for kind, image in found.items() if kind in crop.kinds}


def expected(stored: np.ndarray, top: int, left: int, px: int, wrap: bool) -> np.ndarray:
    """The square by numpy's own padding."""
    height, width = stored.shape[:2]
    times = 1 + (px + max(top, left)) // min(height, width)
    beyond = ((0, times * height), (0, times * width), (0, 0))
    image = np.pad(stored, beyond, mode="wrap" if wrap else "symmetric")
    return image[top : top + px, left : left + px]


@pytest.mark.parametrize("wrap", [True, False])
@pytest.mark.parametrize(("top", "left", "px"), [(2, 3, 8), (20, 17, 16), (5, 0, 64)])
def test_a_crop_shows_what_lies_at_its_place_and_beyond_the_border(
    tmp_path: Path, wrap: bool, top: int, left: int, px: int
):
    stored = noise()
    entry = write_entry(tmp_path, stored, wrap=wrap)
    shown = read(Crop(tmp_path, entry, 0, top, left, px))
    assert set(shown) == set(KINDS)
    for kind, image in shown.items():
        np.testing.assert_array_equal(image, expected(stored[kind], top, left, px, wrap))


def test_masks_that_a_variant_lacks_are_no_maps_of_its_crops(tmp_path: Path):
    stored = noise()
    del stored[MapKind.SPECULAR]
    crop = Crop(tmp_path, write_entry(tmp_path, stored), 0, 0, 0, 16)
    assert crop.kinds == set(stored)


class Counted:
    """A mapped file that counts the bytes taken from it, and lets nothing but slices in."""

    def __init__(self, array: np.ndarray, taken: list[int]) -> None:
        self.array, self.taken = array, taken

    def __getitem__(self, key: int | tuple[slice, slice]) -> "Counted | np.ndarray":
        if isinstance(key, int):
            return Counted(self.array[key], self.taken)
        assert all(isinstance(part, slice) for part in key)
        part = self.array[key]
        assert part.base is not None
        self.taken.append(part.nbytes)
        return part


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[int]]:
    """Bytes of each slice taken from mapped files, and an item for each file opened."""
    found: dict[str, list[int]] = {"bytes": [], "files": []}
    load = np.load
    crops._opened.cache_clear()

    def opened(path: Path, **options: object) -> np.ndarray:
        found["files"].append(1)
        return load(path, **options)

    monkeypatch.setattr(np, "load", opened)
    mapped = crops._opened
    monkeypatch.setattr(crops, "_opened", lambda path: Counted(mapped(path), found["bytes"]))
    return found


@pytest.mark.parametrize(("corner", "slices"), [((2, 3), 1), ((2, 17), 2), ((20, 17), 4)])
def test_a_crop_takes_its_own_bytes_in_a_slice_for_each_side_of_a_seam(
    tmp_path: Path, counted: dict[str, list[int]], corner: tuple[int, int], slices: int
):
    crop = Crop(tmp_path, write_entry(tmp_path, noise(), wrap=True), 0, *corner, 8)
    read_crop(crop, np.empty(crop.bytes, np.uint8))
    assert len(counted["bytes"]) == 3 * slices
    # Codes: a diffuse and two places for masks, a normal, an albedo and AO, and a height of two bytes.
    assert sum(counted["bytes"]) == crop.bytes == 8 * 8 * (3 + 2 + 3 + 3 + 1 + 2)


def test_a_material_is_opened_once_however_many_crops_are_read(tmp_path: Path, counted: dict[str, list[int]]):
    entry = write_entry(tmp_path, noise())
    for top in range(8):
        crop = Crop(tmp_path, entry, 0, top, 0, 8)
        read_crop(crop, np.empty(crop.bytes, np.uint8))
    assert len(counted["files"]) == 3


def test_drawing_a_sample_opens_and_reads_nothing(cache: Path, counted: dict[str, list[int]]):
    dataset = PatchDataset({"matsynth": cache}, "train", 16)
    assert [dataset[0, position, 0, 16].key for position in range(4)]
    assert counted == {"bytes": [], "files": []}


def test_a_batch_is_as_large_as_its_codes(tmp_path: Path):
    crop = Crop(tmp_path, write_entry(tmp_path, flat(0.5, (*KINDS, MapKind.METALLIC))), 0, 0, 0, 16)
    batch = collate([plain(crop)] * 3)
    assert batch.codes.dtype.itemsize == 1
    assert len(batch.codes) == 3 * 16 * 16 * (3 + 2 + 3 + 3 + 1 + 1 + 2)

"""Codes as floats on a device: each twin of a numpy function gives what that one gives."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from support.samples import PLAIN, flat, plain, seen, whole, write_entry

from unbake.data.crop import Crop
from unbake.data.decode import unit_vectors
from unbake.data.sample import Layer, Part
from unbake.domain.maps import SPECS, MapKind, spec
from unbake.image.arrays import dequantise
from unbake.image.normals import decode_normal

KINDS = tuple(
    kind
    for kind, about in SPECS.items()
    if not about.binary and kind not in (MapKind.COARSE, MapKind.OPACITY, MapKind.EMISSIVE)
)


def codes(size: int = 16) -> dict[MapKind, np.ndarray]:
    rng = np.random.default_rng(0)
    return {
        kind: rng.integers(
            0, 2 ** spec(kind).bits, (size, size, spec(kind).channels), np.dtype(f"u{spec(kind).bits // 8}")
        )
        for kind in KINDS
    }


def test_every_map_is_what_conversion_decodes_too(tmp_path: Path):
    stored = codes()
    maps = seen(whole(tmp_path, stored)).maps
    assert set(maps) == {*KINDS, MapKind.METALLIC_MASK}
    for kind, values in stored.items():
        np.testing.assert_array_equal(maps[kind], dequantise(kind, values))


def test_a_pictures_codes_mean_what_its_sample_says(tmp_path: Path):
    stored = codes()
    crop = Crop(tmp_path, write_entry(tmp_path, stored), 0, 0, 0, 16)
    picture = np.sqrt(PLAIN)
    changed = replace(plain(crop), layers=(Layer((Part(crop, picture),)),))
    np.testing.assert_array_equal(seen(changed).maps[MapKind.DIFFUSE], picture[stored[MapKind.DIFFUSE]])


def test_stored_normals_become_the_unit_vectors_of_their_twin():
    grid = np.stack(np.meshgrid(*[np.arange(0, 256, 15)] * 3), -1).reshape(-1, 17 + 1, 3).astype(np.float32)
    stored = grid / 255
    vectors = torch.from_numpy(stored * 2 - 1).permute(2, 0, 1)[None].contiguous()
    got = unit_vectors(vectors)[0].permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(got, decode_normal(stored, "opengl"))


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_the_ends_of_the_codes_are_the_ends_of_the_range(tmp_path: Path, value: float):
    kinds = tuple(kind for kind in KINDS if not spec(kind).vector)
    maps = seen(whole(tmp_path, flat(value, kinds) | flat(1.0, (MapKind.NORMAL,)))).maps
    for kind in kinds:
        assert (maps[kind] == value).all()

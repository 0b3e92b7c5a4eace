import numpy as np
import pytest

from unbake.data.hygiene import (
    is_constant,
    mark_of,
    mostly_black,
    near_copies,
    normal_problem,
    perceptual_hash,
    suspicious_relief,
)
from unbake.domain.maps import MapKind
from unbake.image.dds.blocks import BlockFormat, decode_blocks, encode_blocks
from unbake.image.normals import encode_normal
from unbake.image.resample import by_area
from unbake.synth.materials import procedural


@pytest.fixture(scope="module")
def rust() -> dict[MapKind, np.ndarray]:
    return procedural("rust", 128, 0)


def compressed(picture: np.ndarray) -> np.ndarray:
    codes = np.rint(picture * 255).astype(np.uint8)
    blocks = encode_blocks(codes, BlockFormat.BC1)
    decoded = decode_blocks(blocks, codes.shape[1], codes.shape[0], BlockFormat.BC1)
    return decoded[..., :3].astype(np.float32) / 255


def test_a_diffuse_without_its_metal_is_the_base_colour(rust):
    albedo, metallic = rust[MapKind.ALBEDO], (rust[MapKind.METALLIC] > 0.5).astype(np.float32)
    assert 0.05 < metallic.mean() < 0.95
    assert mark_of(albedo * (1 - metallic), albedo, metallic) == "basecolor"


def test_block_compression_and_another_size_do_not_make_a_pair(rust):
    albedo = rust[MapKind.ALBEDO]
    assert mark_of(compressed(albedo).repeat(2, 0).repeat(2, 1), albedo) == "basecolor"


@pytest.mark.parametrize("gain", [0.8, 1.2])
def test_a_lit_diffuse_is_a_pair_of_its_own(rust, gain):
    albedo = rust[MapKind.ALBEDO]
    assert mark_of(np.clip(albedo * gain, 0, 1), albedo, rust[MapKind.METALLIC]) == "own"


def test_a_few_specks_do_not_save_a_black_diffuse():
    picture = np.zeros((64, 64, 3), np.float32)
    picture[0, :8] = 1
    assert mostly_black(picture)


@pytest.mark.parametrize("name", ["cobbles", "weave", "bricks"])
def test_normal_maps_are_told_from_other_pictures(name):
    maps = procedural(name, 64, 0)
    assert normal_problem(encode_normal(maps[MapKind.NORMAL], "opengl")) is None
    assert normal_problem(maps[MapKind.ALBEDO]) is not None


def test_short_vectors_are_doubtful_whether_stored_so_or_told():
    short, whole = (np.full((4, 4, 3), [0.5, 0.5, blue], np.float32) for blue in (0.8, 1.0))
    assert "long" in normal_problem(short)
    assert (normal_problem(whole), "long" in normal_problem(whole, 0.6)) == (None, True)


def test_a_map_of_one_value_is_constant_whatever_compression_does_to_it():
    flat = np.full((8, 8, 3), 0.4, np.float32)
    assert is_constant(compressed(flat))
    assert not is_constant(np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8, 1))


def test_a_plain_colour_over_a_wild_normal_is_suspicious():
    wild = np.random.default_rng(0).random((32, 32, 3), np.float32)
    flat = np.full((32, 32, 3), [0.5, 0.5, 1.0], np.float32)
    assert suspicious_relief(np.full((32, 32, 3), 0.5, np.float32), wild)
    assert not suspicious_relief(wild, wild)
    assert not suspicious_relief(np.full((32, 32, 3), 0.5, np.float32), flat)


def test_near_copies_have_near_hashes_and_others_do_not():
    names = ("cobbles", "bricks", "planks", "marble", "rust", "tiles")
    pictures = {name: procedural(name, 128, 0)[MapKind.ALBEDO] for name in names}
    dark = np.clip(pictures["cobbles"] * 0.8 + 0.05, 0, 1)
    pictures["copy"] = by_area(compressed(dark), 64, 64, colour="srgb")
    hashes = {name: perceptual_hash(picture) for name, picture in pictures.items()}
    assert near_copies({name: code for name, code in hashes.items() if code is not None}) == [
        ("cobbles", "copy")
    ]

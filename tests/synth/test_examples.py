from collections import Counter

import numpy as np
import pytest

from unbake.image.normals import decode_normal
from unbake.synth.examples import ExampleTexture, example_textures


@pytest.fixture(scope="module")
def textures() -> dict[str, ExampleTexture]:
    return {texture.path: texture for texture in example_textures()}


def test_paths_are_below_textures_and_no_two_alike_whatever_the_case(
    textures: dict[str, ExampleTexture],
) -> None:
    assert all(path.startswith("textures/") and path.lower().endswith(".dds") for path in textures)
    assert max(Counter(path.lower() for path in textures).values()) == 1


def test_every_diffuse_has_a_normal_of_its_size(textures: dict[str, ExampleTexture]) -> None:
    stems: dict[str, list[tuple[int, ...]]] = {}
    for path, texture in textures.items():
        stem = path.lower().removesuffix(".dds")
        for suffix in ("_n", "_d", "_g"):
            stem = stem.removesuffix(suffix)
        stems.setdefault(stem, []).append(texture.pixels.shape[:2])
    assert len(stems) >= 12
    assert all(len(sizes) >= 2 and len(set(sizes)) == 1 for sizes in stems.values())


def test_sides_are_powers_of_two_and_values_between_0_and_1(textures: dict[str, ExampleTexture]) -> None:
    for texture in textures.values():
        height, width, channels = texture.pixels.shape
        assert channels in (3, 4)
        assert height & (height - 1) == width & (width - 1) == 0
        assert texture.pixels.min() >= 0
        assert texture.pixels.max() <= 1


def test_stored_normals_are_directx_so_that_a_roof_faces_up_where_its_green_is_low(
    textures: dict[str, ExampleTexture],
) -> None:
    # Each shingle stands further out the further down it is: most of a roof's surface faces up the picture.
    roof = textures["textures/architecture/farm/farmroof01_n.dds"].pixels
    assert np.median(roof[..., 1]) < 0.5
    assert np.median(decode_normal(roof, "directx")[..., 1]) > 0


def test_the_hard_cases_are_among_them(textures: dict[str, ExampleTexture]) -> None:
    images = list(textures.values())
    assert any(path.endswith("_N.DDS") for path in textures)
    assert any(path.endswith("_d.dds") for path in textures)
    assert any(path.endswith("_g.dds") for path in textures)
    assert any(image.storage == "bgra8" for image in images)
    assert any(image.pixels.shape[0] != image.pixels.shape[1] for image in images)
    cut_out = [i for i in images if i.kind == "srgb" and i.pixels.shape[2] == 4]
    assert all(set(np.unique(image.pixels[..., 3])) == {0.0, 1.0} for image in cut_out)
    assert cut_out
    assert {image.pixels.shape[2] for image in images if image.kind == "normal"} == {3, 4}

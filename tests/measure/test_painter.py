import numpy as np
import pytest

from unbake.domain.maps import MapKind
from unbake.measure.painter import Legacy, paint_legacy, style_of
from unbake.synth.diffuse import EVALUATION_STYLES

IDS = [f"stone/number{i}" for i in range(40)]


def truth(size: int = 32) -> dict[MapKind, np.ndarray]:
    rng = np.random.default_rng(0)
    slope = 0.2 * np.sin(np.arange(size) * 2 * np.pi / size)
    normal = np.stack(
        [np.broadcast_to(slope, (size, size)), np.zeros((size, size)), np.ones((size, size))], -1
    )
    return {
        MapKind.ALBEDO: np.full((size, size, 3), 0.5, np.float32),
        MapKind.NORMAL: (normal / np.linalg.norm(normal, axis=-1, keepdims=True)).astype(np.float32),
        MapKind.ROUGHNESS: rng.uniform(0.3, 0.9, (size, size, 1)).astype(np.float32),
        MapKind.METALLIC: np.zeros((size, size, 1), np.float32),
    }


def painted(material_id: str = "stone/slates") -> Legacy:
    return paint_legacy(material_id, "stone", truth())


def test_the_same_material_is_painted_the_same_again():
    np.testing.assert_array_equal(painted().diffuse, painted().diffuse)


def test_other_ids_are_painted_otherwise():
    assert not np.array_equal(painted("stone/a").diffuse, painted("stone/b").diffuse)


def test_every_evaluation_style_comes_up():
    assert {style_of(i) for i in IDS} == set(EVALUATION_STYLES)


def test_some_artists_make_a_mask_and_some_do_not():
    assert {painted(i).specular is None for i in IDS} == {True, False}


def test_the_diffuse_has_been_through_blocks_of_four_colours():
    pixels = np.round(painted().diffuse * 255).astype(int).reshape(8, 4, 8, 4, 3).swapaxes(1, 2)
    colours = [len(np.unique(block, axis=0)) for block in pixels.reshape(-1, 16, 3)]
    assert max(colours) <= 4


def test_the_normal_comes_back_nearly_as_it_was():
    cosine = (painted().normal * truth()[MapKind.NORMAL]).sum(-1)
    assert np.degrees(np.arccos(np.clip(cosine, -1, 1))).mean() == pytest.approx(0.0, abs=2.0)

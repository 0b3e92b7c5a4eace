"""The .gltf of the glTF preset, opened by a loader of others."""

import json
from urllib.parse import unquote

import numpy as np
import pytest
import trimesh

from unbake.domain.maps import MapKind
from unbake.export.packs import load_preset, write_set

SIZE = (8, 16)


def maps(**values):
    """Flat maps, a normal that points up, an opaque surface."""
    flat = {
        MapKind.ALBEDO: (0.2, 0.4, 0.6),
        MapKind.NORMAL: (0, 0, 1),
        MapKind.ROUGHNESS: (0.8,),
        MapKind.METALLIC: (0.2,),
        MapKind.AO: (0.4,),
    }
    flat |= {MapKind(kind): value for kind, value in values.items()}
    return {
        kind: np.broadcast_to(np.float32(value), (*SIZE, len(value))).copy() for kind, value in flat.items()
    }


def written(out, maps, name="clutter/pot"):
    *_, path = write_set(maps, name, out, load_preset("gltf"))
    return path


def test_a_loader_finds_a_quad_with_all_its_textures(tmp_path):
    scene = trimesh.load(written(tmp_path, maps(emissive=(1, 0, 0))), process=False)
    (quad,) = scene.geometry.values()
    material = quad.visual.material
    assert quad.faces.shape == (2, 3)
    assert np.ptp(quad.vertices, axis=0).tolist() == [1.0, 0.5, 0.0]
    assert quad.visual.uv.shape == (4, 2)
    assert material.baseColorTexture.getpixel((0, 0)) == (51, 102, 153)
    assert material.metallicRoughnessTexture.getpixel((0, 0)) == (102, 204, 51)
    assert material.occlusionTexture.getpixel((0, 0))[0] == 102
    assert material.normalTexture.getpixel((0, 0)) == (128, 128, 255)
    assert material.emissiveTexture.getpixel((0, 0)) == (255, 0, 0)


def test_the_quad_faces_its_viewer_with_the_picture_upright(tmp_path):
    scene = trimesh.load(written(tmp_path, maps()), process=False)
    (quad,) = scene.geometry.values()
    np.testing.assert_allclose(quad.face_normals, [[0, 0, 1]] * 2, atol=1e-6)
    top = quad.visual.uv[quad.vertices[:, 1] > 0]  # trimesh turns v over, so that 1 is the first row
    assert top[:, 1].tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("alpha", "mode"), [([1.0, 1.0], "OPAQUE"), ([0.0, 1.0], "MASK"), ([0.4, 0.7], "BLEND")]
)
def test_the_alpha_mode_follows_from_the_opacity(tmp_path, alpha, mode):
    opacity = np.tile(np.float32(alpha), (SIZE[0], SIZE[1] // 2))[..., None]
    (material,) = json.loads(written(tmp_path, maps() | {MapKind.OPACITY: opacity}).read_text())["materials"]
    assert material["alphaMode"] == mode


def test_names_that_a_uri_cannot_hold_are_quoted(tmp_path):
    path = written(tmp_path, maps(), "töpfe/50% pot #1")
    images = json.loads(path.read_text())["images"]
    assert [(path.parent / unquote(one["uri"])).is_file() for one in images] == [True] * 3
    assert all(one["uri"].isascii() and " " not in one["uri"] for one in images)


def test_the_buffer_is_as_long_as_its_views_say_and_accessors_are_aligned(tmp_path):
    document = json.loads(written(tmp_path, maps()).read_text())
    views = document["bufferViews"]
    assert document["buffers"][0]["byteLength"] == sum(view["byteLength"] for view in views)
    assert [view["byteOffset"] % 4 for view in views] == [0] * 5

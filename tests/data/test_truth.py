import numpy as np
import pytest
from PIL import Image

from unbake.data.sources import list_materials
from unbake.data.truth import read_material, read_painting
from unbake.domain.maps import MapKind
from unbake.errors import FileError, TextureSetError


def test_unknown_metal_stays_absent_while_zero_is_given_as_zeros(tmp_path, write_material):
    write_material(tmp_path, "wood/oak001", about={"metallic": "zero"})
    write_material(tmp_path, "wood/elm002", about={"metallic": "unknown"})
    unknown, zero = (read_material(source) for source in list_materials(tmp_path))
    assert MapKind.METALLIC not in unknown
    np.testing.assert_array_equal(zero[MapKind.METALLIC], np.zeros((64, 64, 1), np.float32))


def test_every_map_comes_at_the_size_of_the_base_colour(tmp_path, write_material):
    place = write_material(tmp_path, "wood/oak001", ("basecolor", "normal", "height"), (48, 32))
    write_material(tmp_path, "wood/oak001", ("normal",), (96, 64))
    write_material(tmp_path, "wood/oak001", ("height",), (24, 16))
    maps = read_material(list_materials(place.parents[1])[0])
    assert {image.shape[:2] for image in maps.values()} == {(32, 48)}


def test_normals_are_unit_vectors_after_resizing(tmp_path, write_material):
    write_material(tmp_path, "wood/oak001")
    write_material(tmp_path, "wood/oak001", ("normal",), (128, 128))
    normal = read_material(list_materials(tmp_path)[0])[MapKind.NORMAL]
    np.testing.assert_allclose(np.linalg.norm(normal, axis=-1), 1, atol=1e-6)


def test_sixteen_bit_heights_keep_their_bits(tmp_path, write_material):
    place = write_material(tmp_path, "wood/oak001", ("basecolor", "normal"))
    stored = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64) * 16 + 1
    Image.fromarray(stored).save(place / "height.png")
    height = read_material(list_materials(tmp_path)[0])[MapKind.HEIGHT]
    np.testing.assert_allclose(height[..., 0] * 65535, stored, atol=0.01)


def test_other_proportions_than_the_base_colours_are_refused(tmp_path, write_material):
    write_material(tmp_path, "wood/oak001")
    write_material(tmp_path, "wood/oak001", ("roughness",), (64, 32))
    with pytest.raises(TextureSetError, match=r"roughness\.png, got 64x32"):
        read_material(list_materials(tmp_path)[0])


@pytest.mark.parametrize(("stem", "reason"), [("basecolor", "all-black"), ("normal", "little blue")])
def test_black_files_are_refused(tmp_path, write_material, stem, reason):
    place = write_material(tmp_path, "wood/oak001")
    Image.new("RGB", (64, 64)).save(place / f"{stem}.png")
    with pytest.raises(FileError, match=reason):
        read_material(list_materials(tmp_path)[0])


def test_skyrims_maps_come_at_the_size_of_the_diffuse(tmp_path, write_material):
    write_material(tmp_path, "town/wall001", ("basecolor", "normal"))
    write_material(tmp_path, "town/wall001", ("diffuse",), (32, 32))
    maps = read_material(list_materials(tmp_path, "skyrim")[0])
    assert {kind: image.shape[:2] for kind, image in maps.items()} == {
        MapKind.ALBEDO: (32, 32),
        MapKind.NORMAL: (32, 32),
    }


def test_a_target_that_is_missing_is_absent(tmp_path, write_material):
    write_material(tmp_path, "legacy/panel001", ("diffuse", "normal", "height"))
    assert set(read_material(list_materials(tmp_path, "skyrim")[0])) == {MapKind.NORMAL, MapKind.HEIGHT}


def test_a_painting_is_read_with_its_mask_at_the_size_asked_for(tmp_path, write_material):
    write_material(tmp_path, "wood/oak001", ("basecolor", "normal", "diffuse", "specular"))
    (source,) = list_materials(tmp_path)
    picture = read_painting(source.own, source, (16, 16))
    assert {kind: image.shape for kind, image in picture.items()} == {
        MapKind.DIFFUSE: (16, 16, 3),
        MapKind.SPECULAR: (16, 16, 1),
    }


def test_a_constant_specular_mask_is_absent(tmp_path, write_material):
    place = write_material(tmp_path, "wood/oak001", ("basecolor", "normal", "diffuse"))
    Image.new("L", (64, 64), 128).save(place / "specular.png")
    (source,) = list_materials(tmp_path)
    assert set(read_painting(source.own, source, (64, 64))) == {MapKind.DIFFUSE}


def test_a_painting_of_other_proportions_is_refused(tmp_path, write_material):
    write_material(tmp_path, "wood/oak001", ("basecolor", "normal"))
    write_material(tmp_path, "wood/oak001", ("diffuse",), (64, 32))
    (source,) = list_materials(tmp_path)
    with pytest.raises(TextureSetError, match=r"diffuse\.png, got 64x32"):
        read_painting(source.own, source, (64, 64))

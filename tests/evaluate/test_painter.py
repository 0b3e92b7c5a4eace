from zlib import crc32

import numpy as np
import pytest

from unbake.domain.maps import MapKind
from unbake.evaluate.extra_styles import EXTRA_STYLES
from unbake.evaluate.painter import PAINTERS, Legacy, paint_legacy, styles_of
from unbake.image.files import decode_picture
from unbake.synth.painter import EVALUATION_STYLES, STYLES, TRAINING_STYLES, paint

IDS = [f"stone/number{i}" for i in range(24)]


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


def painted(material_id: str = "stone/slates", style: str | None = None) -> Legacy:
    return paint_legacy(material_id, "stone", truth(), style)


@pytest.mark.parametrize("style", PAINTERS)
def test_the_same_material_is_painted_the_same_again(style):
    assert painted(style=style).files == painted(style=style).files


@pytest.mark.parametrize("style", PAINTERS)
def test_other_ids_are_painted_otherwise(style):
    assert painted("stone/a", style).files != painted("stone/b", style).files


def test_every_evaluation_style_comes_up():
    assert {styles_of(i, 1)[0] for i in IDS} == set(PAINTERS)


def test_a_material_meets_no_style_twice():
    assert [len(set(styles_of("stone/slates", n))) for n in range(1, 5)] == [1, 2, 3, 4]


def test_training_never_has_these_styles():
    assert set(PAINTERS).isdisjoint(TRAINING_STYLES)


def test_two_styles_have_a_light_of_their_own():
    assert set(PAINTERS) == set(EVALUATION_STYLES) | set(EXTRA_STYLES)


@pytest.mark.parametrize("style", PAINTERS)
def test_some_artists_make_a_mask_and_some_do_not(style):
    assert {painted(i, style).specular is None for i in IDS} == {True, False}


@pytest.mark.parametrize("style", PAINTERS)
def test_what_tiles_goes_on_tiling(style):
    plain = truth() | {MapKind.NORMAL: np.broadcast_to(np.float32([0, 0, 1]), (32, 32, 3))}
    diffuse = paint_legacy("stone/slates", "stone", plain, style).diffuse
    inside = np.abs(np.diff(diffuse, axis=1)).mean((0, 2))
    assert np.abs(diffuse[:, 0] - diffuse[:, -1]).mean() <= 2 * inside.max() + 1 / 255


def test_the_files_are_those_of_a_game():
    assert [painted().files[name][84:88] for name in ("", "_n")] == [b"DXT1", b"DXT5"]


def test_what_is_compared_with_is_what_the_files_hold():
    legacy = painted()
    read = decode_picture(legacy.files[""], "diffuse").unit()[..., :3]
    np.testing.assert_array_equal(read, legacy.diffuse)


def test_the_diffuse_is_what_the_painter_painted_but_for_its_blocks():
    legacy = painted(style="overcast")
    seeds = [paint(truth(), STYLES["overcast"], seed, legacy.level)[MapKind.DIFFUSE] for seed in (_seed(), 1)]
    differences = [np.abs(image - legacy.diffuse).mean() for image in seeds]
    assert differences[0] < 0.01 < differences[1]


def _seed() -> int:
    return crc32(b"evaluation:stone/slates") >> 8


def test_the_diffuse_has_been_through_blocks_of_four_colours():
    pixels = np.round(painted().diffuse * 255).astype(int).reshape(8, 4, 8, 4, 3).swapaxes(1, 2)
    colours = [len(np.unique(block, axis=0)) for block in pixels.reshape(-1, 16, 3)]
    assert max(colours) <= 4


def test_the_normal_comes_back_nearly_as_it_was():
    cosine = (painted().normal * truth()[MapKind.NORMAL]).sum(-1)
    assert np.degrees(np.arccos(np.clip(cosine, -1, 1))).mean() == pytest.approx(0.0, abs=2.0)

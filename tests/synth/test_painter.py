from dataclasses import fields, replace

import numpy as np
import pytest

from unbake.domain.maps import MapKind
from unbake.image.colour import luminance, srgb_to_linear
from unbake.image.dds.blocks import BlockFormat, Effort, decode_blocks, encode_blocks
from unbake.image.noise import smooth_noise
from unbake.image.normals import from_slopes
from unbake.synth.levels import PaintedLevel
from unbake.synth.painter import EVALUATION_STYLES, STYLES, TRAINING_STYLES, Maps, Style, _compressed, paint
from unbake.synth.traced import SUNS, Traced

SIZE = 64


def bumpy(metallic: float, shape: tuple[int, int] = (SIZE, SIZE)) -> Maps:
    """A tiling material: smooth bumps, one colour, roughness and AO that vary."""
    rng = np.random.default_rng(7)
    height = 2 * smooth_noise(rng, shape, 5)
    dx = (np.roll(height, -1, 1) - np.roll(height, 1, 1)) / 2
    dy = (np.roll(height, 1, 0) - np.roll(height, -1, 0)) / 2
    tone = smooth_noise(rng, shape, 4)[..., None]
    return {
        MapKind.ALBEDO: np.clip(np.array([0.75, 0.7, 0.65]) + 0.03 * tone, 0, 1).astype(np.float32),
        MapKind.NORMAL: from_slopes(dx, dy),
        MapKind.ROUGHNESS: np.clip(0.5 + 0.1 * tone, 0, 1),
        MapKind.METALLIC: np.full((*shape, 1), metallic, np.float32),
        MapKind.AO: np.clip(0.8 + 0.1 * height[..., None], 0, 1),
    }


def mean_light(maps: Maps, kind: MapKind) -> float:
    return float(luminance(srgb_to_linear(maps[kind])).mean())


@pytest.mark.parametrize("name", STYLES)
def test_the_same_seed_paints_the_same_bytes_and_another_seed_does_not(name: str) -> None:
    material = bumpy(0.5)
    first, again, other = (paint(material, STYLES[name], seed) for seed in (1, 1, 2))
    assert first.keys() == again.keys()
    for kind in first:
        np.testing.assert_array_equal(first[kind], again[kind])
    assert not np.array_equal(first[MapKind.DIFFUSE], other[MapKind.DIFFUSE])


@pytest.mark.parametrize("name", STYLES)
def test_values_are_float32_on_the_8_bit_grid(name: str) -> None:
    for seed in range(4):
        for image in paint(bumpy(0.0), STYLES[name], seed).values():
            assert image.dtype == np.float32
            assert image.flags.c_contiguous
            np.testing.assert_array_equal(image, np.rint(image * 255).astype(np.float32) / np.float32(255))
            assert image.min() >= 0
            assert image.max() <= 1


@pytest.mark.parametrize("level", [PaintedLevel(0.6, 0.2), PaintedLevel(0.2, 0.6)], ids=["dark", "bright"])
@pytest.mark.parametrize("name", STYLES)
def test_paintings_are_on_average_as_bright_as_declared_metal_apart_from_the_rest(
    name: str, level: PaintedLevel
) -> None:
    material = bumpy(0.0)
    material[MapKind.METALLIC][:, : SIZE // 2] = 1
    true = luminance(srgb_to_linear(material[MapKind.ALBEDO]))
    shares = []
    for seed in range(4):
        light = luminance(srgb_to_linear(paint(material, STYLES[name], seed, level)[MapKind.DIFFUSE]))
        halves = (slice(SIZE // 2), slice(SIZE // 2, None))
        shares.append([light[:, half].mean() / true[:, half].mean() for half in halves])
    metal, rest = np.exp(np.log(shares).mean(0))
    # Grading comes after: contrast, gamma and lifted blacks move the means of single paintings.
    assert 1 / 1.35 < metal / level.metal < 1.35
    assert 1 / 1.35 < rest / level.rest < 1.35


def test_a_painting_of_no_mod_is_at_a_level_of_its_own() -> None:
    material = bumpy(0.0)
    shares = [
        mean_light(paint(material, STYLES["ambient"], seed), MapKind.DIFFUSE)
        / mean_light(material, MapKind.ALBEDO)
        for seed in range(12)
    ]
    assert min(shares) < 0.35 and max(shares) > 0.7


def test_some_paintings_have_an_environment_mask_of_their_size() -> None:
    masks = [paint(bumpy(0.5), STYLES["sun"], seed).get(MapKind.ENVIRONMENT) for seed in range(20)]
    drawn = [mask for mask in masks if mask is not None]
    assert 0 < len(drawn) < 20
    assert {mask.shape for mask in drawn} == {(SIZE, SIZE, 1)}


def test_missing_maps_are_done_without() -> None:
    material = bumpy(0.0)
    for absent in (MapKind.AO, MapKind.ROUGHNESS, MapKind.METALLIC, MapKind.NORMAL):
        del material[absent]
        for seed in range(3):
            painted = paint(material, STYLES["ambient"], seed)
            assert painted[MapKind.DIFFUSE].shape == (SIZE, SIZE, 3)


def test_missing_ao_is_taken_from_the_geometry_channel() -> None:
    material = bumpy(0.0)
    given = material.pop(MapKind.AO)
    style = STYLES["ambient"]
    expected = paint({**material, MapKind.AO: given}, style, 0)[MapKind.DIFFUSE]
    actual = paint({**material, MapKind.GEO_AO: given}, style, 0)[MapKind.DIFFUSE]
    np.testing.assert_array_equal(actual, expected)


def test_some_textures_have_a_mask_and_some_have_none_and_no_mask_is_constant() -> None:
    masks = [paint(bumpy(0.5), STYLES["sun"], seed).get(MapKind.SPECULAR) for seed in range(30)]
    drawn = [mask for mask in masks if mask is not None]
    assert 0 < len(drawn) < 30
    assert all(mask.shape == (SIZE, SIZE, 1) and np.ptp(mask) > 0 for mask in drawn)


def test_a_mask_made_from_smoothness_is_brighter_where_the_surface_is_smooth() -> None:
    material = bumpy(0.0)
    material[MapKind.ROUGHNESS] = np.full((SIZE, SIZE, 1), 0.9, np.float32)
    material[MapKind.ROUGHNESS][:, : SIZE // 2] = 0.2
    for seed in range(5):
        mask = paint(material, replace(STYLES["sun"], specular=(1, 0, 0)), seed)[MapKind.SPECULAR]
        assert mask[:, : SIZE // 2].mean() > mask[:, SIZE // 2 :].mean() + 0.1


def test_without_noise_painting_commutes_with_rolling_so_that_what_tiles_goes_on_tiling() -> None:
    still = replace(
        STYLES["sun"], wear=(0, 0), mottle=(0, 0), dirt=(0, 0), grain=(0, 0), gloss=(0, 0), compress=0.0
    )
    material = bumpy(0.0)
    rolled = {kind: np.roll(image, (9, 20), (0, 1)) for kind, image in material.items()}
    expected = np.roll(paint(material, still, 4)[MapKind.DIFFUSE], (9, 20), (0, 1))
    np.testing.assert_allclose(paint(rolled, still, 4)[MapKind.DIFFUSE], expected, atol=1.01 / 255)


@pytest.mark.parametrize("name", STYLES)
def test_the_border_is_no_seam(name: str) -> None:
    # Whole blocks: grain and compression make steps of their own, the same inside as across the border.
    material = bumpy(0.5, (64, 128))
    image = paint(material, STYLES[name], 3)[MapKind.DIFFUSE].mean(-1)
    inside = np.abs(image[4::4] - image[3:-1:4]).mean()
    assert np.abs(image[0] - image[-1]).mean() < 2 * inside + 1 / 255


def test_a_surface_lit_from_one_side_is_brighter_where_it_faces_the_light() -> None:
    material = bumpy(0.0)
    material[MapKind.ALBEDO][:] = 0.5  # of one paint, so that nothing but light varies
    still = replace(
        STYLES["sun"], sun=(0.8, 0.8), elevation=(45, 60), relief=(0.5, 1.0), ao=(0, 0), cavity=(0, 0), edge=(0, 0),
        mottle=(0, 0), dirt=(0, 0), gloss=(0, 0), grain=(0, 0), warmth=(0, 0), compress=0.0,
    )  # fmt: skip
    flat = material[MapKind.NORMAL].reshape(-1, 3)
    design = np.concatenate([flat[:, :2], np.ones_like(flat[:, :1])], 1)
    for seed in range(5):
        brightness = luminance(paint(material, still, seed)[MapKind.DIFFUSE])[..., 0].ravel()
        fitted = design @ np.linalg.lstsq(design, brightness, rcond=None)[0]
        assert np.corrcoef(fitted, brightness)[0, 1] > 0.9


def test_an_enlarged_painting_has_less_detail_than_one_of_full_size() -> None:
    material = bumpy(0.0)
    full = replace(STYLES["enlarged"], small=(1, 1), grain=(0, 0), sharpen=(0, 0), compress=0.0)
    small = replace(full, small=(3, 3))
    sharp, soft = (
        np.abs(np.diff(paint(material, s, 0)[MapKind.DIFFUSE], 2, 0)).mean() for s in (full, small)
    )
    assert soft < 0.7 * sharp


def test_a_mask_that_went_through_bc3_has_eight_values_a_block() -> None:
    style = replace(STYLES["enlarged"], specular=(1, 0, 0))
    masks = [
        paint(bumpy(0.5), replace(style, bc3=share), 0)[MapKind.SPECULAR][..., 0] for share in (0.0, 1.0)
    ]
    most = [
        max(len(np.unique(mask[y : y + 4, x : x + 4])) for y in range(0, SIZE, 4) for x in range(0, SIZE, 4))
        for mask in masks
    ]
    assert most[0] > 8 >= most[1]
    assert 0 < np.abs(masks[0] - masks[1]).mean() < 2 / 255


def test_newer_packs_keep_more_of_what_was_painted_and_are_not_softened() -> None:
    rng = np.random.default_rng(0)
    pixels = np.rint(bumpy(0.5)[MapKind.ALBEDO] * 255 + rng.normal(0, 6, (SIZE, SIZE, 1)))
    pixels = pixels.clip(0, 255).astype(np.uint8)
    old, new = (_compressed(pixels, blocks) for blocks in (BlockFormat.BC1, BlockFormat.BC7))
    before, after = (np.abs(image.astype(float) - pixels).mean() for image in (old, new))
    assert 0 < after < 0.6 * before
    stored = decode_blocks(
        encode_blocks(pixels, BlockFormat.BC7, Effort.FAST, painted=True), SIZE, SIZE, BlockFormat.BC7
    )
    np.testing.assert_array_equal(new, stored[..., :3])


def test_a_painting_through_bc7_is_the_same_painting() -> None:
    old, new = (
        paint(bumpy(0.5), replace(STYLES["enlarged"], bc7=share), 0)[MapKind.DIFFUSE] for share in (0.0, 1.0)
    )
    assert 0 < np.abs(old - new).mean() < 3 / 255


def test_what_a_style_does_not_ask_for_is_no_part_of_its_seed() -> None:
    # Paintings of the other styles stay what they were when the bundled model learned from them.
    assert not any(name in repr(STYLES["enlarged"]) for name in ("bc3", "bc7", "small"))


def test_painters_for_evaluation_are_never_trained_on_and_light_differently() -> None:
    assert set(TRAINING_STYLES).isdisjoint(EVALUATION_STYLES)
    assert {*TRAINING_STYLES, *EVALUATION_STYLES} == set(STYLES)
    assert {STYLES[name].lights for name in TRAINING_STYLES} == {1}
    assert all(STYLES[name].lights == 2 and STYLES[name].sky[0] > 0 for name in EVALUATION_STYLES)


@pytest.mark.parametrize("name", STYLES)
def test_ranges_go_from_low_to_high_and_chances_add_up(name: str) -> None:
    style = STYLES[name]
    values = [getattr(style, field.name) for field in fields(Style)]
    assert all(value[0] <= value[1] for value in values if np.shape(value) == (2,))
    assert sum(style.specular) == pytest.approx(1)


def test_styles_of_traced_light_paint_by_it_and_others_do_not():
    material = bumpy(0.3)
    rows, columns = material[MapKind.ALBEDO].shape[:2]
    fields = np.ones((1 + SUNS, rows, columns), np.float32)
    fields[:, : rows // 2] = 0.1
    traced = Traced(fields, np.zeros((SUNS, 3), np.float32), 0.0)
    level = PaintedLevel(0.6, 0.6)
    with_light, without = (
        paint(material, STYLES["traced"], 4, level, light)[MapKind.DIFFUSE] for light in (traced, None)
    )
    assert with_light[: rows // 2].mean() < 0.7 * with_light[rows // 2 :].mean()
    assert without[: rows // 2].mean() > 0.7 * without[rows // 2 :].mean()
    for name in ("sun", "studio"):
        first, second = (paint(material, STYLES[name], 4, level, light) for light in (traced, None))
        np.testing.assert_array_equal(first[MapKind.DIFFUSE], second[MapKind.DIFFUSE])

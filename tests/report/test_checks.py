import numpy as np
import pytest

from unbake.domain.maps import SPECS, MapKind
from unbake.image.normals import flip_green, from_slopes
from unbake.report import checks


def flat(kind, *value, size=16):
    count = SPECS[kind].channels
    return {kind: np.broadcast_to(np.float32(value), (size, size, count)).copy()}


def waves(size=64):
    """A surface with an exact normal map: height in texels, rows downwards."""
    turn = 2 * np.pi / size
    rows, cols = np.mgrid[:size, :size].astype(np.float32)
    relief = 3 * np.sin(2 * turn * cols + turn * rows) + 2 * np.cos(3 * turn * rows)
    dx = 6 * turn * np.cos(2 * turn * cols + turn * rows)
    down = 3 * turn * np.cos(2 * turn * cols + turn * rows) - 6 * turn * np.sin(3 * turn * rows)
    vectors = from_slopes(dx.astype(np.float32), -down.astype(np.float32))
    return vectors, (0.5 + relief / 20)[..., None].astype(np.float32)


def test_a_plausible_material_gets_no_warning():
    noise = np.random.default_rng(0).random((64, 64, 1), np.float32)
    vectors, relief = waves()
    maps = {
        MapKind.ALBEDO: np.repeat(0.3 + 0.3 * noise, 3, axis=-1),
        MapKind.METALLIC: np.zeros_like(noise),
        MapKind.ROUGHNESS: 0.4 + 0.4 * noise,
        MapKind.AO: 0.8 + 0.2 * noise,
        MapKind.NORMAL: vectors,
        MapKind.HEIGHT: relief,
    }
    assert checks.plausibility(maps) == []


@pytest.mark.parametrize(("value", "word"), [(0.05, "coal"), (0.99, "snow")])
def test_non_metals_darker_than_coal_or_whiter_than_snow_are_flagged(value, word):
    (warning,) = checks.albedo(flat(MapKind.ALBEDO, value))
    assert word in warning


def test_dark_metal_is_flagged_and_bright_metal_is_not():
    metal = flat(MapKind.METALLIC, 1.0)
    (warning,) = checks.albedo(flat(MapKind.ALBEDO, 0.5) | metal)
    assert warning.startswith("100% of the metal")
    assert checks.albedo(flat(MapKind.ALBEDO, 0.7) | metal) == []


def test_figures_hold_the_strict_ranges_beside_the_tolerant_ones():
    found = checks.figures(flat(MapKind.ALBEDO, 40 / 255) | flat(MapKind.METALLIC, 0.0))
    assert (found["non_metal_outside"], found["non_metal_outside_strict"]) == (0.0, 1.0)
    found = checks.figures(flat(MapKind.ALBEDO, 170 / 255) | flat(MapKind.METALLIC, 1.0))
    assert (found["metal_dark"], found["metal_dark_strict"], found["metal_between"]) == (0.0, 1.0, 0.0)


def test_a_saturated_colour_is_not_called_dark():
    assert checks.albedo(flat(MapKind.ALBEDO, 0.8, 0.02, 0.02)) == []


def test_a_few_dark_pixels_are_tolerated():
    maps = flat(MapKind.ALBEDO, 0.5)
    maps[MapKind.ALBEDO][0] = 0.0
    assert checks.albedo(maps) == []


def test_half_metal_everywhere_is_flagged():
    assert len(checks.metallic(flat(MapKind.METALLIC, 0.5))) == 1


@pytest.mark.parametrize(
    ("value", "words"), [(0.4, ["constant"]), (1.0, ["constant", "is 1"]), (0.0, ["constant", "is 0"])]
)
def test_roughness_that_is_constant_or_stuck_at_an_end_is_flagged(value, words):
    warnings = checks.roughness(flat(MapKind.ROUGHNESS, value))
    assert [word in warning for word, warning in zip(words, warnings, strict=True)] == [True] * len(words)


def test_dark_occlusion_is_flagged():
    assert len(checks.ao(flat(MapKind.AO, 0.49))) == 1


def test_normals_that_are_not_unit_vectors_are_flagged():
    (warning,) = checks.normal(flat(MapKind.NORMAL, 0.0, 0.0, 0.8))
    assert "unit" in warning


def test_a_green_that_points_the_other_way_is_seen_in_the_normals_alone():
    vectors, _ = waves()
    (warning,) = checks.normal({MapKind.NORMAL: flip_green(vectors)})
    assert "green" in warning


def test_a_green_that_points_the_other_way_is_seen_against_the_height():
    _, relief = waves()
    right, down = 20 * np.gradient(relief[..., 0], axis=1), 20 * np.gradient(relief[..., 0], axis=0)
    noise = np.random.default_rng(0).normal(
        0, 1, (2, 64, 64)
    )  # so much curl that the normals alone say nothing
    vectors = from_slopes(*np.float32([right + noise[0], down + noise[1]]))
    assert checks.normal({MapKind.NORMAL: vectors}) == []
    assert len(checks.normal({MapKind.NORMAL: vectors, MapKind.HEIGHT: relief})) == 1


def test_sizes_that_differ_are_flagged():
    (warning,) = checks.sizes(flat(MapKind.AO, 1.0, size=16) | flat(MapKind.ALBEDO, 0.5, size=8))
    assert "8×8, 16×16" in warning

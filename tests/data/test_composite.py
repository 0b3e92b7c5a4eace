"""Several surfaces in one sample: where each shows, and how two grow into one another."""

from pathlib import Path

import numpy as np
import pytest
import torch
from support.samples import flat, seen, whole

from unbake.data.composite import (
    Line,
    Quadrants,
    draw_blend,
    draw_line,
    draw_quadrants,
    mixed,
    parted,
    shares,
)
from unbake.data.sample import Sample, blended, composite
from unbake.data.turn import Turn
from unbake.domain.maps import MapKind
from unbake.domain.materials import CLASSES
from unbake.image.colour import linear_to_srgb
from unbake.image.normals import from_slopes, slopes

CPU = torch.device("cpu")
KINDS = (MapKind.DIFFUSE, MapKind.ALBEDO, MapKind.ROUGHNESS)


@pytest.mark.parametrize("seed", range(20))
def test_both_sides_of_a_line_are_seen(seed: int):
    which = parted(draw_line(np.random.default_rng(seed)), 64, CPU)
    assert set(which.unique().tolist()) == {0, 1}
    assert 0.1 < which.float().mean() < 0.9


@pytest.mark.parametrize("seed", range(20))
def test_all_quadrants_are_seen(seed: int):
    which = parted(draw_quadrants(np.random.default_rng(seed)), 64, CPU)
    assert [which[0, 0], which[0, -1], which[-1, 0], which[-1, -1]] == [0, 1, 2, 3]


def test_a_straight_line_is_crossed_once():
    which = parted(Line(0.0, 0.1, 0.0, 3.0, 0.0), 64, CPU)
    assert (which == which[:1]).all()
    assert which[0].diff().tolist().count(1) == 1
    assert which[0].tolist().index(1) == 38  # a tenth right of the middle


def values(tmp_path: Path, *given: float, **asked: object) -> list[Sample]:
    """A flat sample of each value, which are steps of 1/255."""
    kinds = asked.pop("kinds", KINDS)
    return [whole(tmp_path, flat(value, kinds), f"{number}", **asked) for number, value in enumerate(given)]


def test_a_composite_shows_each_part_in_its_place(tmp_path: Path):
    parts = values(tmp_path, 0.0, 0.2, 0.6, 1.0)
    border = Quadrants(0.1, -0.15)
    maps = seen(composite(parts, border)).maps
    which = parted(border, 16, CPU).numpy()
    for kind in KINDS:
        shown = np.array([0.0, 0.2, 0.6, 1.0], np.float32)[which]
        np.testing.assert_allclose(maps[kind], np.broadcast_to(shown[..., None], maps[kind].shape), atol=1e-6)


def test_a_composites_classes_are_the_union_of_its_parts(tmp_path: Path):
    [wood] = values(tmp_path / "a", 0.0, label="wood")
    [metal] = values(tmp_path / "b", 1.0, label="metal")
    classes = composite([wood, metal], Quadrants(0, 0)).classes
    assert classes is not None
    assert [name for name, there in zip(CLASSES, classes, strict=True) if there] == ["metal", "wood"]


def test_a_composite_with_an_unknown_part_has_no_classes(tmp_path: Path):
    [wood] = values(tmp_path / "a", 0.0, label="wood")
    [strange] = values(tmp_path / "b", 1.0, label=None)
    assert composite([wood, strange], Quadrants(0, 0)).classes is None


@pytest.mark.parametrize("combine", ["composite", "blend"])
def test_a_map_that_one_part_lacks_is_not_given(tmp_path: Path, combine: str):
    [some] = values(tmp_path / "a", 0.2, kinds=(MapKind.DIFFUSE, MapKind.AO))
    [more] = values(tmp_path / "b", 1.0, kinds=(MapKind.DIFFUSE, MapKind.AO, MapKind.HEIGHT))
    [less] = values(tmp_path / "c", 1.0, kinds=(MapKind.DIFFUSE, MapKind.ROUGHNESS))

    def together(*parts: Sample) -> set[MapKind]:
        if combine == "composite":
            return set(seen(composite(parts, Line(0.3, 0.0, 0.0, 1.0, 0.0))).maps)
        return set(seen(blended(parts, draw_blend(np.random.default_rng(0), 16))).maps)

    assert together(some, more) == together(more, some) == {MapKind.DIFFUSE, MapKind.AO}
    assert together(some, less) == {MapKind.DIFFUSE}


def test_a_blend_is_its_parts_where_the_share_is_nothing_or_all():
    share = torch.zeros(16, 16)
    share[8:] = 1
    for kind in (*KINDS, MapKind.METALLIC):
        first, second = (torch.full((3, 16, 16), value) for value in (0.2, 0.7))
        expected = 0.2 + 0.5 * share.expand(3, 16, 16)
        torch.testing.assert_close(mixed(kind, first, second, share), expected, atol=1e-6, rtol=0)


def surface() -> np.ndarray:
    """A smooth height on a torus, texels."""
    y, x = np.mgrid[:32, :32] * (2 * np.pi / 32)
    return np.float32(2 * np.sin(x + 0.3) + np.cos(2 * y - x) + 0.5 * np.sin(3 * x + y))


def test_a_blends_normals_are_the_normals_of_its_mixed_slopes():
    dx, dy = np.gradient(surface())
    rough, level = (
        torch.from_numpy(np.moveaxis(from_slopes(*pair), -1, 0).copy())
        for pair in ((dx, dy), (0 * dx, 0 * dy))
    )
    half = mixed(MapKind.NORMAL, rough, level, torch.full((32, 32), 0.5)).movedim(0, -1).numpy()
    np.testing.assert_allclose(slopes(half), np.array([dx, dy]) / 2, atol=1e-5)


def test_a_blends_colours_mix_in_linear_light():
    black, white, half = torch.zeros(3, 4, 4), torch.ones(3, 4, 4), torch.full((4, 4), 0.5)
    expected = linear_to_srgb(torch.full((3, 4, 4), 0.5))
    torch.testing.assert_close(mixed(MapKind.ALBEDO, black, white, half), expected, atol=1e-5, rtol=0)
    assert mixed(MapKind.ROUGHNESS, black, white, half).unique().tolist() == [0.5]


def test_in_a_blend_metal_is_where_the_mixed_metallic_says_so(tmp_path: Path):
    parts = values(tmp_path, 0.0, 1.0, kinds=(MapKind.DIFFUSE, MapKind.METALLIC))
    maps = seen(blended(parts, draw_blend(np.random.default_rng(0), 16))).maps
    np.testing.assert_array_equal(maps[MapKind.METALLIC_MASK], maps[MapKind.METALLIC] > 0.5)
    assert 0 < maps[MapKind.METALLIC_MASK].mean() < 1


@pytest.mark.parametrize("seed", range(10))
def test_both_parts_of_a_blend_are_seen(seed: int):
    nothing = {MapKind.ROUGHNESS: (torch.zeros(1, 64, 64), torch.zeros(1, 64, 64))}
    share = shares(draw_blend(np.random.default_rng(seed), 64), Turn(), nothing)
    assert 0.15 < share.mean() < 0.85
    assert share.min() == 0 and share.max() == 1


def test_a_blend_follows_the_heights_of_its_parts():
    rough = torch.from_numpy(surface())[None]
    heights = {MapKind.HEIGHT: (rough, torch.zeros_like(rough))}
    shown = [shares(draw_blend(np.random.default_rng(seed), 32), Turn(), heights) for seed in range(20)]
    follows = [np.corrcoef(share.flatten(), rough.flatten())[0, 1] for share in shown]
    assert max(follows) > 0.4 and min(follows) < -0.4


def test_a_blends_noise_turns_with_its_parts():
    nothing = {MapKind.ROUGHNESS: (torch.zeros(1, 32, 32), torch.zeros(1, 32, 32))}
    blend = draw_blend(np.random.default_rng(0), 32)
    upright, lying = (shares(blend, turn, nothing) for turn in (Turn(), Turn(1)))
    torch.testing.assert_close(lying, torch.rot90(upright, 1), atol=1e-5, rtol=0)

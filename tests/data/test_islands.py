"""The pixels of atlases: islands turned with their normals, their ground, and which texels are valid."""

import math

import numpy as np
import pytest
import torch
from support.turning import turn as turned_in_numpy

from unbake.data.atlas import Atlas, Box, Ground, Island, Outline, Rounded, draw_atlas
from unbake.data.batch import BATCH_KINDS
from unbake.data.islands import LaidOut, covered, laid_out, nearest
from unbake.data.turn import Turn
from unbake.domain.maps import MapKind, spec
from unbake.image.normals import from_slopes

SIDE = 32
BLACK = Ground((0.0, 0.0, 0.0), 0.0, 0)
CPU = torch.device("cpu")
KINDS = tuple(kind for kind in BATCH_KINDS if not spec(kind).binary)
TURNS = [Turn(quarters, mirror) for quarters in range(4) for mirror in (False, True)]


def surfaces(count: int = 2, seed: int = 0) -> dict[MapKind, torch.Tensor]:
    """Surfaces of noise (N, C, H, W), their normals unit vectors."""
    rng = np.random.default_rng(seed)
    maps = {kind: rng.random((count, spec(kind).channels, SIDE, SIDE), np.float32) for kind in KINDS}
    normals = [from_slopes(*rng.normal(0, 0.5, (2, SIDE, SIDE)).astype(np.float32)) for _ in range(count)]
    maps[MapKind.NORMAL] = np.moveaxis(np.stack(normals), -1, 1)
    return {kind: torch.from_numpy(np.ascontiguousarray(image)) for kind, image in maps.items()}


def one(turn: Turn = Turn(), shape: Rounded | Outline = Rounded(0.0)) -> Island:  # noqa: B008
    return Island(1, Box(3, 5, 8, 12), shape, turn, 10, 6)


def hwc(image: torch.Tensor) -> np.ndarray:
    return np.moveaxis(image.numpy(), 0, -1)


@pytest.mark.parametrize("turn", TURNS)
def test_an_islands_normals_turn_with_it(turn: Turn):
    given, island = surfaces(), one(turn)
    laid = laid_out(Atlas((island,), BLACK), given)
    top, left, height, width = island.place
    shown = hwc(laid.maps[MapKind.NORMAL])[top : top + height, left : left + width]
    piece = hwc(given[MapKind.NORMAL][1])[3:11, 5:17]
    np.testing.assert_array_equal(shown, turned_in_numpy(piece, turn.quarters, turn.mirror))


@pytest.mark.parametrize("turn", TURNS)
def test_an_islands_other_maps_and_its_shape_turn_with_it(turn: Turn):
    given, island = surfaces(), one(turn, Outline(((0.0, 0.0), (0.0, 1.0), (1.0, 0.3))))
    laid = laid_out(Atlas((island,), BLACK), given)
    top, left, height, width = island.place
    upright = covered(one(shape=island.shape), CPU).numpy()
    there = np.rot90(upright[:, ::-1] if turn.mirror else upright, turn.quarters)
    np.testing.assert_array_equal(laid.valid[top : top + height, left : left + width], there)
    assert laid.valid.sum() == there.sum() < height * width
    for kind in (MapKind.DIFFUSE, MapKind.ALBEDO, MapKind.HEIGHT):
        piece = hwc(given[kind][1])[3:11, 5:17]
        expected = np.rot90(piece[:, ::-1] if turn.mirror else piece, turn.quarters)
        shown = hwc(laid.maps[kind])[top : top + height, left : left + width]
        np.testing.assert_array_equal(shown[there], expected[there])


def test_mirrored_halves_are_each_others_mirror_image():
    for seed in range(40):
        atlas = draw_atlas(np.random.default_rng(seed), SIDE, 2)
        for first, second in zip(atlas.islands, atlas.islands[1:], strict=False):
            if (first.layer, first.source) == (second.layer, second.source):
                axis = 0 if first.left == second.left else 1
                left, right = covered(first, CPU), covered(second, CPU)
                assert torch.equal(left.flip(axis), right)
                for side, edge in ((left, -1), (right, 0)):
                    # Both touch the seam between them.
                    assert side.select(axis, edge).float().mean() >= 0.4


@pytest.mark.parametrize("reach", [0, 3, SIDE])
@pytest.mark.parametrize("seed", range(6))
def test_valid_texels_show_a_surface_and_all_others_ground(seed: int, reach: int):
    given = surfaces(3)
    given[MapKind.DIFFUSE].clamp_(min=0.1)
    atlas = draw_atlas(np.random.default_rng(seed), SIDE, 3)._replace(ground=BLACK._replace(reach=reach))
    laid = laid_out(atlas, given)
    assert 0.2 < laid.valid.float().mean() < 0.98
    assert (laid.maps[MapKind.DIFFUSE][:, laid.valid] >= 0.1).all()
    if not reach:
        assert (laid.maps[MapKind.DIFFUSE][:, ~laid.valid] == 0).all()
    for kind in set(KINDS) - {MapKind.DIFFUSE, MapKind.SPECULAR, MapKind.ENVIRONMENT}:
        neutral = torch.tensor(spec(kind).neutral)[:, None]
        assert (laid.maps[kind][:, ~laid.valid] == neutral).all(), kind


def test_the_colour_of_the_ground_changes_nothing_but_the_pictures_there():
    atlas, given = draw_atlas(np.random.default_rng(1), SIDE, 2), surfaces()
    black, red = (
        laid_out(atlas._replace(ground=Ground(colour, 0.0, 0)), given) for colour in ((0, 0, 0), (1, 0, 0))
    )
    assert torch.equal(black.valid, red.valid)
    for kind in KINDS:
        if kind is MapKind.DIFFUSE:
            assert torch.equal(black.maps[kind][:, black.valid], red.maps[kind][:, red.valid])
        else:
            assert torch.equal(black.maps[kind], red.maps[kind])


def square(reach: int) -> LaidOut:
    """One island of a single colour on bled ground."""
    given = surfaces()
    given[MapKind.DIFFUSE][:] = 0.75
    return laid_out(Atlas((one(),), Ground((0.0, 0.0, 0.0), 0.0, reach)), given)


def test_ground_is_bled_as_far_as_it_reaches():
    row = square(3).maps[MapKind.DIFFUSE][0, 14]
    assert row.tolist() == [0.0] * 3 + [0.75] * (3 + 12 + 3) + [0.0] * 11


def test_bled_ground_is_not_valid_and_its_normals_are_flat():
    laid = square(SIDE)
    assert laid.valid.sum() == 8 * 12
    flat = laid.maps[MapKind.NORMAL][:, ~laid.valid]
    assert (flat == torch.tensor([0.0, 0.0, 1.0])[:, None]).all()


def test_the_nearest_texel_is_sought_along_rows_and_columns():
    rng = np.random.default_rng(0)
    valid = torch.from_numpy(rng.random((9, 13)) < 0.2)
    valid[4], valid[:, 7] = False, False
    index, distance = nearest(valid)
    for y in range(9):
        for x in range(13):
            across = [abs(x - at) for at in range(13) if valid[y, at]]
            down = [abs(y - at) for at in range(9) if valid[at, x]]
            if across or down:
                assert distance[y, x] == min(across + down)
                there = divmod(int(index[y, x]), 13)
                assert valid[there] and abs(there[0] - y) + abs(there[1] - x) == distance[y, x]
            else:
                assert distance[y, x] > 1_000_000


def test_a_rectangle_without_a_radius_fills_its_box_and_half_a_side_makes_a_disc():
    box = Box(0, 0, 100, 100)
    whole, disc = (
        covered(Island(0, box, Rounded(radius), Turn(), 0, 0), CPU).float().mean() for radius in (0.0, 0.5)
    )
    assert whole == 1
    assert disc == pytest.approx(math.pi / 4, abs=0.005)


def test_a_polygon_covers_its_area():
    triangle = Outline(((0.0, 0.0), (1.0, 0.0), (0.5, 1.0)))
    there = covered(Island(0, Box(0, 0, 200, 100), triangle, Turn(), 0, 0), CPU)
    assert there.float().mean() == pytest.approx(0.5, abs=0.01)
    assert there[100, 99] and not there[0, 50]


def test_a_mask_marks_metal_first_where_islands_are_of_both():
    given = surfaces()
    given[MapKind.METALLIC][0], given[MapKind.METALLIC][1] = 0, 1
    given[MapKind.ENVIRONMENT][:] = 1
    both = (one(), one()._replace(layer=0, top=20))
    mask = laid_out(Atlas(both, BLACK, mirrors=0.25), given).maps[MapKind.ENVIRONMENT][0]
    assert (mask[10:18, 6:18] == 1).all() and (mask[20:28, 6:18] == 0.25).all()
    given[MapKind.METALLIC][:] = 0
    alike = laid_out(Atlas(both, BLACK, mirrors=0.25), given).maps[MapKind.ENVIRONMENT][0]
    assert (alike[20:28, 6:18] == 1).all()

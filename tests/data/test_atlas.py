"""Atlases as they are drawn: where islands lie, of which surfaces, and how few numbers say so."""

import numpy as np
import pytest

from unbake.data.atlas import Atlas, Box, Rounded, draw_atlas, draw_materials

SEEDS = range(40)


def drawn(seed: int, side: int = 256, layers: int = 3) -> Atlas:
    return draw_atlas(np.random.default_rng(seed), side, layers)


def inside(box: Box, side: int) -> bool:
    """Whether a box has texels and all lie in a square."""
    (top, left, height, width) = box
    return height > 0 and width > 0 and top >= 0 and left >= 0 and max(top + height, left + width) <= side


@pytest.mark.parametrize("side", [16, 32, 256, 1024])
@pytest.mark.parametrize("layers", [1, 2, 3, 4])
def test_every_surface_is_shown_and_every_island_lies_in_the_picture(side: int, layers: int):
    for seed in SEEDS:
        islands = drawn(seed, side, layers).islands
        assert {island.layer for island in islands} == set(range(layers))
        assert all(inside(island.source, side) and inside(island.place, side) for island in islands)


@pytest.mark.parametrize("side", [16, 256])
def test_islands_never_overlap(side: int):
    for seed in SEEDS:
        count = np.zeros((side, side), int)
        for island in drawn(seed, side).islands:
            top, left, height, width = island.place
            count[top : top + height, left : left + width] += 1
        assert count.max() == 1


def test_the_same_numbers_draw_the_same_atlas():
    assert drawn(3) == drawn(3) != drawn(4)


def test_islands_are_turned_mirrored_and_of_all_shapes():
    islands = [island for seed in SEEDS for island in drawn(seed).islands]
    assert {island.turn for island in islands} >= {(q, m) for q in range(4) for m in (False, True)}
    assert {type(island.shape).__name__ for island in islands} == {"Rounded", "Outline"}
    assert any(isinstance(island.shape, Rounded) and island.shape.radius == 0.5 for island in islands)


def test_some_islands_are_two_halves_of_one_piece():
    for seed in SEEDS:
        pieces = [(island.layer, island.source) for island in drawn(seed).islands]
        if len(set(pieces)) < len(pieces):
            return
    pytest.fail("no atlas has mirrored halves")


def test_grounds_are_of_all_kinds():
    grounds = [drawn(seed).ground for seed in range(200)]
    black = [ground.colour == (0, 0, 0) for ground in grounds]
    assert 0.4 < np.mean(black) < 0.7
    assert {ground.reach == 0 for ground in grounds} == {True, False}
    assert any(ground.reach == 256 for ground in grounds)


def test_one_to_four_materials_make_an_atlas():
    rng = np.random.default_rng(0)
    assert {draw_materials(rng) for _ in range(200)} == {1, 2, 3, 4}


def test_an_atlas_is_few_numbers_whatever_its_size():
    # What a worker process hands over beside the codes.
    for side in (256, 2048):
        numbers = [
            len(island.shape.points) if not isinstance(island.shape, Rounded) else 1
            for seed in SEEDS
            for island in drawn(seed, side).islands
        ]
        assert max(numbers) <= 64
        assert max(len(drawn(seed, side).islands) for seed in SEEDS) <= 24

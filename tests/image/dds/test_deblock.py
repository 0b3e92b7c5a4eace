import numpy as np
import pytest

from unbake.image.dds.blocks import BlockFormat, decode_blocks, encode_blocks
from unbake.image.dds.deblock import soften_blocks

RNG = np.random.default_rng(0)


def between(pixels: np.ndarray) -> tuple[float, float]:
    """Mean step across the edges of blocks, and inside of them, codes."""
    steps = np.abs(np.diff(pixels.astype(int), axis=0)).mean((1, 2))
    return float(steps[3::4].mean()), float(np.delete(steps, np.arange(3, len(steps), 4)).mean())


def photo(side: int) -> np.ndarray:
    """Soft tiling noise, as paint is."""
    y, x = 2 * np.pi * np.mgrid[:side, :side, :1][:2] / side
    waves = [
        RNG.normal(0, 12 / k, 3) * np.sin(k * y + j * x + 6 * RNG.random())
        for k in range(1, 9)
        for j in range(-3, 4)
    ]
    return np.clip(120 + np.sum(waves, 0), 0, 255).astype(np.uint8)


def test_blocks_of_real_bc1_show_less_and_nothing_is_farther_from_what_was_compressed() -> None:
    original = photo(128)
    blocky = decode_blocks(encode_blocks(original, BlockFormat.BC1), 128, 128, BlockFormat.BC1)[
        ..., :3
    ].copy()
    softened = blocky.copy()
    soften_blocks(softened, (True, True))
    before, after = between(blocky), between(softened)
    shown, left = before[0] / before[1] - 1, after[0] / after[1] - 1
    assert shown > 0.2
    assert left < shown / 2
    errors = [float(np.square(one.astype(float) - original).mean()) for one in (blocky, softened)]
    assert errors[1] < errors[0]


def test_a_real_edge_and_the_inside_of_blocks_stay() -> None:
    picture = np.zeros((8, 12, 3), np.uint8)
    picture[:, 4:] = 90
    picture[:, 9:] += 5
    kept = picture.copy()
    soften_blocks(picture, (True, True))
    np.testing.assert_array_equal(picture, kept)


def test_only_a_texture_that_tiles_is_softened_across_its_border() -> None:
    rows = np.repeat(np.uint8([0] * 4 + [8] * 4)[:, None, None], 8, 1)
    whole, cut = rows.copy(), rows.copy()
    soften_blocks(whole, (True, False))
    soften_blocks(cut, (False, False))
    assert (whole[:, 0, 0].tolist(), cut[:, 0, 0].tolist()) == (
        [1, 0, 0, 1, 7, 8, 8, 7],
        [0, 0, 0, 1, 7, 8, 8, 8],
    )


def test_softening_follows_a_roll_by_whole_blocks() -> None:
    picture = RNG.integers(0, 30, (16, 24, 3), np.uint8)
    rolled = np.roll(picture, (4, 8), (0, 1))
    soften_blocks(picture, (True, True))
    soften_blocks(rolled, (True, True))
    np.testing.assert_array_equal(np.roll(picture, (4, 8), (0, 1)), rolled)


@pytest.mark.parametrize("size", [(1, 1), (3, 9), (4, 4), (5, 8), (13, 2)])
def test_any_size_is_taken_and_parts_make_no_difference(size: tuple[int, int]) -> None:
    picture = RNG.integers(0, 30, (*size, 3), np.uint8)
    at_once, in_parts = picture.copy(), picture.copy()
    soften_blocks(at_once, (True, True))
    soften_blocks(in_parts, (True, True), band=4)
    np.testing.assert_array_equal(at_once, in_parts)

"""Order of texels by colour: alike in colour is alike in metal, grey before saturated, and nothing else changes."""

import numpy as np
import pytest

from unbake.evidence.refine import COLOURED, chroma, refined

SIDE = 48


@pytest.fixture
def disc() -> np.ndarray:
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE / 2 + 0.5
    return np.hypot(x, y) < SIDE * 0.3


def painted(disc: np.ndarray, inside: tuple[float, ...], outside: tuple[float, ...]) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, 0.01, (SIDE, SIDE, 3))
    return np.clip(np.where(disc[..., None], inside, outside) + noise, 0, 1).astype(np.float32)


def blocky(disc: np.ndarray, block: int = 16) -> np.ndarray:
    """Log-odds of the disc as a coarse classifier gives them."""
    means = disc.reshape(SIDE // block, block, SIDE // block, block).mean((1, 3))
    return np.kron(2 * means - 2, np.ones((block, block)))[..., None].astype(np.float32)


def overlap(score: np.ndarray, disc: np.ndarray) -> float:
    found = score[..., 0] >= np.quantile(score, 1 - disc.mean())
    return float((found & disc).sum() / (found | disc).sum())


def test_a_coarse_word_ends_where_the_colour_does(disc: np.ndarray):
    coarse = blocky(disc)
    made = refined(coarse, painted(disc, (0.5, 0.5, 0.5), (0.3, 0.2, 0.12)))
    assert overlap(coarse, disc) < 0.75
    assert overlap(made, disc) > 0.98


def test_the_same_colour_elsewhere_is_the_same_metal(disc: np.ndarray):
    half = blocky(disc)
    half[:, SIDE // 2 :] = -2
    made = refined(half, painted(disc, (0.5, 0.5, 0.5), (0.3, 0.2, 0.12)))
    assert overlap(made, disc) > 0.98


def test_grey_comes_before_saturated_unless_the_metal_has_a_colour(disc: np.ndarray):
    unknown = np.zeros((SIDE, SIDE, 1), np.float32)
    picture = painted(disc, (0.4, 0.4, 0.4), (0.6, 0.4, 0.1))
    grey = refined(unknown, picture)
    assert grey[disc].mean() > grey[~disc].mean() + 0.5
    for material in COLOURED:
        np.testing.assert_allclose(refined(unknown, picture, material), 0, atol=1e-6)


def test_black_is_not_taken_for_grey(disc: np.ndarray):
    made = refined(np.zeros((SIDE, SIDE, 1), np.float32), painted(disc, (0.5, 0.5, 0.5), (0.0, 0.0, 0.0)))
    assert made[~disc].mean() <= made[disc].mean() + 0.05


def test_one_colour_keeps_the_mean_of_what_was_said():
    said = np.random.default_rng(0).normal(-2, 1, (SIDE, SIDE, 1)).astype(np.float32)
    made = refined(said, np.full((SIDE, SIDE, 3), 0.4, np.float32))
    np.testing.assert_allclose(made, said.mean(), atol=1e-4)
    assert made.dtype == np.float32
    assert made.shape == said.shape


def test_texels_moved_about_are_moved_about(disc: np.ndarray):
    said, picture = blocky(disc), painted(disc, (0.5, 0.5, 0.5), (0.3, 0.2, 0.12))
    made = refined(np.roll(said, (7, 11), (0, 1)), np.roll(picture, (7, 11), (0, 1)))
    np.testing.assert_allclose(made, np.roll(refined(said, picture), (7, 11), (0, 1)), atol=1e-5)


def test_chroma_is_of_what_counts_and_no_matter_how_bright(disc: np.ndarray):
    picture = painted(disc, (0.5, 0.5, 0.5), (0.6, 0.2, 0.15))
    inside, outside = (where[..., None].astype(np.float32) for where in (disc, ~disc))
    assert chroma(picture, inside) < 0.1 < 1 < chroma(picture, outside)
    assert chroma(picture, 0 * inside) == 0
    bright, dark = (np.full((4, 4, 3), (light, 0.7 * light, 0.5 * light), np.float32) for light in (1, 0.7))
    assert chroma(dark, inside[:4, :4] + 1) == pytest.approx(chroma(bright, inside[:4, :4] + 1), rel=0.1)

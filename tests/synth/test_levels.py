"""Painters paint at a declared level, of metal and of the rest apart, which the sets of a mod share."""

import numpy as np
import pytest

from unbake.image.arrays import Floats
from unbake.synth import levels
from unbake.synth.levels import JITTER, LEVELS, METAL, PaintedLevel, at_level, draw_level, mod_level

SIDE = 32
LEVEL = PaintedLevel(rest=0.6, metal=0.2)


def paint(seed: int = 0) -> tuple[Floats, Floats, Floats]:
    """Colour and albedo, linear (H, W, 3), and metallic (H, W, 1): metal on the left, shares of it in the middle."""
    rng = np.random.default_rng(seed)
    colour, albedo = (rng.uniform(0.1, 0.7, (SIDE, SIDE, 3)).astype(np.float32) for _ in range(2))
    metallic = np.clip(np.linspace(1.5, -0.5, SIDE), 0, 1)[None, :, None].repeat(SIDE, 0)
    return colour, albedo, metallic.astype(np.float32)


def shares(painted: Floats, albedo: Floats, where: np.ndarray) -> float:
    """Mean of the painted over that of the true colour where a weight (H, W, 1) says."""
    return float((painted * where).sum() / (albedo * where).sum())


@pytest.fixture
def steady(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sets that are painted at the very level of their mod."""
    monkeypatch.setattr(levels, "JITTER", 0.0)


@pytest.mark.usefixtures("steady")
def test_what_is_no_metal_is_brought_to_its_declared_share_of_the_albedo() -> None:
    colour, albedo, _ = paint()
    bare = np.zeros((SIDE, SIDE, 1), np.float32)
    made = at_level(np.random.default_rng(0), colour, albedo, bare, LEVEL)
    assert shares(made, albedo, 1 - bare) == pytest.approx(LEVEL.rest, rel=1e-4)


@pytest.mark.usefixtures("steady")
def test_metal_is_brought_to_a_share_of_its_own() -> None:
    colour, albedo, metallic = paint()
    metal = (metallic == 1).astype(np.float32)  # and nothing in between
    made = at_level(np.random.default_rng(0), colour, albedo, metal, LEVEL)
    assert shares(made, albedo, metal) == pytest.approx(LEVEL.metal, rel=1e-4)
    assert shares(made, albedo, 1 - metal) == pytest.approx(LEVEL.rest, rel=1e-4)


@pytest.mark.usefixtures("steady")
def test_where_a_texel_is_metal_in_part_the_gain_lies_between_the_two() -> None:
    colour, albedo, metallic = paint()
    made = at_level(np.random.default_rng(0), colour, albedo, metallic, LEVEL)
    gain = (made / colour)[0, :, 0]
    assert (np.diff(gain) >= -1e-6).all()
    assert gain[-1] > 2 * gain[0]


@pytest.mark.parametrize("seed", range(5))
def test_a_set_strays_from_its_mod_by_two_deviations_at_most(seed: int) -> None:
    colour, albedo, metallic = paint(seed)
    metal = (metallic > 0.5).astype(np.float32)
    made = at_level(np.random.default_rng(seed), colour, albedo, metal, LEVEL)
    rest = np.log(shares(made, albedo, 1 - metal) / LEVEL.rest)
    assert 0 < abs(rest) < 2 * JITTER + 1e-4
    assert 0 < abs(np.log(shares(made, albedo, metal) / LEVEL.metal)) < 2 * JITTER + 1e-4


def test_black_paint_stays_black() -> None:
    _, albedo, metallic = paint()
    assert at_level(np.random.default_rng(0), np.zeros_like(albedo), albedo, metallic, LEVEL).max() == 0


def test_a_mod_has_one_level_and_another_mod_another() -> None:
    assert mod_level(3) == mod_level(3) != mod_level(4)


def test_mods_cover_the_range_and_metal_is_mostly_painted_darker_than_the_rest() -> None:
    drawn = [mod_level(mod) for mod in range(64)]
    rest, metal = (np.array([getattr(level, name) for level in drawn]) for name in ("rest", "metal"))
    assert LEVELS[0] <= rest.min() < 0.2 and 0.9 < rest.max() <= LEVELS[1]
    assert METAL[0] <= (metal / rest).min() and (metal / rest).max() <= METAL[1]
    assert np.median(metal / rest) < 0.7


def test_a_drawn_level_is_that_of_its_seed() -> None:
    first, again, other = (draw_level(np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first == again != other

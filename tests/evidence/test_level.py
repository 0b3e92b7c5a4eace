"""The painter's level of a mod: recovered from many textures, shrunk for few, blind to their order."""

import math
import random

import pytest

from unbake.evidence.level import (
    BESIDE_METAL_MEAN_LOG,
    DEVIATION,
    FAMILY_MEAN_LOG,
    LEAST,
    MEAN_LOG,
    METAL_PART,
    METAL_TEXELS_MEAN_LOG,
    MOST,
    PRIOR_MEAN,
    PaintedSet,
    estimate_level,
    told_level,
)


def painted(gain: float, count: int, seed: int = 0) -> list[PaintedSet]:
    rng = random.Random(seed)
    return [PaintedSet(rng.gauss(MEAN_LOG, DEVIATION) + math.log(gain)) for _ in range(count)]


@pytest.mark.parametrize("gain", [0.15, 0.45, 1.0])
def test_the_level_of_many_textures_is_recovered(gain: float):
    assert estimate_level(painted(gain, 400)).gain == pytest.approx(gain, rel=0.15)


def test_the_order_of_the_textures_changes_nothing():
    sets = painted(0.4, 50)
    shuffled = random.Random(1).sample(sets, len(sets))
    assert estimate_level(sets) == estimate_level(shuffled)


def test_a_lone_texture_moves_the_level_less_than_halfway():
    prior = estimate_level([])
    alone = estimate_level([PaintedSet(MEAN_LOG + PRIOR_MEAN + 2.0)])
    assert math.log(prior.gain) == pytest.approx(PRIOR_MEAN, abs=0.01)
    assert 0 < math.log(alone.gain) - math.log(prior.gain) < 1.0


def test_the_deviation_falls_with_the_number_of_textures():
    assert estimate_level(painted(0.4, 100)).deviation < estimate_level(painted(0.4, 4)).deviation / 3


def test_a_pack_of_snow_is_not_taken_for_a_bright_painter():
    snow = [PaintedSet(-0.8 + math.log(0.5), {"ice": 1.0})] * 50
    assert estimate_level(snow).gain == pytest.approx(0.5, rel=0.05)


def test_names_of_all_kinds_say_less_of_the_mod_than_names_of_one_kind():
    unnamed = [PaintedSet(-3.3)] * 400

    def moved(share: float) -> float:
        named = [PaintedSet(-3.3, {"leather": 1.0})] * round(400 * share)
        return math.log(estimate_level([*named, *unnamed[len(named) :]]).gain / estimate_level(unnamed).gain)

    apart = FAMILY_MEAN_LOG["leather"] - MEAN_LOG
    assert moved(1.0) == pytest.approx(-apart, rel=0.05)
    assert 0 < moved(0.05) < 0.5 * 0.05 * -apart


@pytest.mark.parametrize(("gain", "metal_gain"), [(0.35, 0.45), (0.7, 0.75), (1.0, 1.0)])
def test_a_pack_of_iron_is_not_taken_for_a_darker_painter(gain: float, metal_gain: float):
    metal = METAL_PART * metal_gain * math.exp(METAL_TEXELS_MEAN_LOG)
    light = gain * (metal + (1 - METAL_PART) * math.exp(BESIDE_METAL_MEAN_LOG))
    sets = [PaintedSet(math.log(light), {"metal": 1.0})] * 200
    assert estimate_level(sets).gain == pytest.approx(gain, rel=0.08)


def test_what_is_called_metal_may_be_darker_than_the_rest_of_a_dark_mod():
    dark = [PaintedSet(-3.1, {"metal": 1.0})] * 50
    assert estimate_level(dark).gain > 1.2 * estimate_level([PaintedSet(-3.1)] * 50).gain


def test_metal_has_a_level_of_its_own_where_companions_mark_it():
    sets = [
        PaintedSet(
            BESIDE_METAL_MEAN_LOG + math.log(0.8),
            metal_log_mean=METAL_TEXELS_MEAN_LOG + math.log(0.8 * 0.3),
        )
    ] * 200
    level = estimate_level(sets)
    assert level.gain == pytest.approx(0.8, rel=0.05)
    assert level.metal_gain == pytest.approx(0.3, rel=0.05)


def test_sets_of_metal_alone_give_metal_its_level_and_leave_the_other_to_the_rest():
    metal = [PaintedSet(None, metal_log_mean=-3.0)] * 30
    assert estimate_level([*painted(0.6, 200), *metal]).gain == estimate_level(painted(0.6, 200)).gain


def test_levels_stay_within_their_bounds():
    assert estimate_level([PaintedSet(-14.0)] * 500).gain == LEAST
    assert estimate_level([PaintedSet(0.0)] * 500).gain == MOST


def test_a_persons_stops_are_the_level():
    assert told_level(-1.0, estimate_level([])).gain == 0.5


def test_the_sentence_tells_stops_and_textures():
    assert estimate_level([PaintedSet(MEAN_LOG - math.log(2))] * 500).sentence() == (
        "painted 1.0 stops dark (from 500 textures)"
    )

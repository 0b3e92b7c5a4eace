"""Ratios and verdicts of two results that were made up."""

import msgspec
import pytest

from unbake.evaluate.bench_compare import counts, differences, ratios
from unbake.evaluate.bench_result import VERSION, Machine, Result, SetTime, Spread, StageTime, Windows

MACHINE = Machine("a processor", 2, [], 8.0, "Linux", "3.11", {"numpy": "2"}, "CPUExecutionProvider")


def stage(name: str, low: float, median: float, high: float, wall: float = 1.0) -> StageTime:
    return StageTime(name, Spread(low, median, high), Spread(wall, wall, wall))


def result(*stages: StageTime, texels: int = 100, **machine: object) -> Result:
    windows = {"unet_maps": Windows(1, texels, texels / 100)}
    whole = stage("whole set", 1, 1, 1)
    one = SetTime("tile", 10, 10, (True, True), list(stages), whole, windows, 1, 2)
    return Result(VERSION, "0.1", "", "model", msgspec.structs.replace(MACHINE, **machine), 1, 3, [one])


@pytest.mark.parametrize(
    ("after", "verdict"),
    [
        ((1.0, 1.1, 1.2), "same"),
        ((0.5, 0.6, 0.7), "faster"),
        ((1.5, 1.6, 1.7), "slower"),
        ((0.97, 0.98, 0.99), "same"),  # within the tolerance
        ((0.9, 1.05, 1.4), "same"),  # its least is lower, its middle is not
        ((1.08, 1.2, 1.4), "same"),  # its least lies between the old one's least and middle
    ],
)
def test_a_verdict_needs_more_than_the_tolerance_and_the_spread(
    after: tuple[float, float, float], verdict: str
):
    [blocks, _] = ratios(result(stage("blocks", 1.0, 1.1, 1.2)), result(stage("blocks", *after)))
    assert blocks.verdict == verdict
    assert blocks.ratio == pytest.approx(after[0])


def test_a_stage_that_is_too_short_is_the_same():
    [first, _] = ratios(
        result(stage("hashes", 0.001, 0.001, 0.001)), result(stage("hashes", 0.004, 0.004, 0.004))
    )
    assert first.verdict == "same"


def test_stages_that_one_lacks_are_told():
    found = ratios(result(stage("a", 1, 1, 1)), result(stage("b", 1, 1, 1)))
    assert {one.stage: (one.verdict, one.ratio) for one in found} == {
        "b": ("new", None),
        "whole set": ("same", 1.0),
        "a": ("gone", None),
    }


def test_sets_that_one_lacks_are_left_out_and_told():
    old, new = result(), msgspec.structs.replace(result(), sets=[])
    assert ratios(old, new) == []
    assert differences(old, new) == ["only one of the two has tile"]


def test_on_a_graphics_card_the_clock_counts():
    card = {"device": "CUDAExecutionProvider"}
    [one, _] = ratios(
        result(stage("nets", 1, 1, 1, wall=4.0), **card), result(stage("nets", 1, 1, 1, wall=1.0), **card)
    )
    assert one.ratio == 0.25


def test_counts_that_differ_are_told_and_no_others():
    [one] = counts(result(texels=141), result(texels=100))
    assert (one.what, one.old, one.new) == ("texels through unet_maps", 141, 100)
    assert counts(result(), result()) == []


def test_another_machine_is_told():
    [sentence] = differences(result(cores=8), result())
    assert sentence == "cores: 8 before, 2 now"
    assert differences(result(), result()) == []

"""The estimate of a whole game, from costs that were made up."""

import pytest

from unbake.evaluate.bench_meter import STAGES
from unbake.evaluate.bench_result import SetTime, Spread, StageTime
from unbake.evaluate.bench_scale import (
    ALL_2K,
    AROUND,
    AS_SHIPPED,
    NETWORKS,
    READING,
    Costs,
    Estimate,
    Place,
    costs_of,
    estimate,
    places,
)


def timed(side: int, second: float, read: int | None = 1000) -> SetTime:
    """A set of 1 second for reading, around the networks and the rest each, and 4 for the networks."""

    def stage(name: str, seconds: float) -> StageTime:
        return StageTime(name, Spread(seconds, 2 * seconds, 3 * seconds), Spread(9, 9, 9))

    stages = [
        stage("decode", second),
        stage("surface", second),
        stage("UNet-Maps", 4 * second),
        stage("blocks", second),
    ]
    whole = stage("whole set", 7 * second)
    return SetTime(f"tile{side}", side, side, (True, True), stages, whole, {}, 0, 3000, read)


def linear() -> Costs:
    """In proportion to the texels."""
    costs = costs_of([timed(1024, 1.0), timed(2048, 4.0)])
    assert costs is not None
    return costs


def hours(place: Place) -> Estimate:
    """Of 3600 sets of 1024²."""
    return estimate(linear(), place, {1024: 1.0}, 3600)


def test_the_least_disturbed_seconds_of_all_sets_add_up():
    one = hours(Place("here", cores=2))
    assert one.core_h == pytest.approx(7)
    assert (one.limit, one.hours) == ("all cores", pytest.approx(7 / 2 / 0.9))


def test_many_cores_of_one_machine_wait_for_the_loader_or_for_the_two_threads_that_feed_the_networks():
    one = hours(Place("here", cores=64))
    assert (one.limit, one.hours) == ("the loader", pytest.approx(1))
    assert one.hours_by["the threads that feed the networks"] == pytest.approx(1 / 2 + 4 / 64)


def test_machines_divide_all_of_it():
    one, many = hours(Place("here", cores=64)), hours(Place("there", machines=16, cores=64, disk_mb_s=1e9))
    assert many.hours == pytest.approx(one.hours / 16)


def test_a_card_takes_over_the_networks_alone():
    assert hours(Place("card", cores=8, card=True)).core_h == pytest.approx(3)


def test_workers_of_several_cores_are_idle_while_one_of_theirs_reads_and_writes():
    wide = hours(Place("Ray", 16, 16, 1e9, worker_cores=4))
    narrow = hours(Place("Ray", 16, 16, 1e9, worker_cores=1))
    assert wide.hours == pytest.approx((3 + 1) / 64 / 0.9)
    assert narrow.hours == pytest.approx(7 / 256 / 0.9)


def test_a_slow_disk_is_the_limit_however_many_machines_share_it():
    one = hours(Place("share", machines=1000, disk_mb_s=0.004))
    assert one.read_gb == pytest.approx(0.0036)
    assert (one.limit, one.hours) == ("the disk", pytest.approx((3.6 + 10.8) / 0.004 / 3600))


def test_larger_textures_cost_in_proportion():
    costs = linear()
    small, large = (estimate(costs, Place("here"), mix, 10).core_h for mix in ({1024: 1.0}, ALL_2K))
    assert large == pytest.approx(4 * small)


def test_the_shares_of_a_mix_add_up_to_one():
    assert sum(AS_SHIPPED.values()) == pytest.approx(1)


def test_every_stage_that_is_told_apart_is_one_of_the_meters():
    assert {*READING, *AROUND, *NETWORKS} <= set(STAGES)


def test_the_places_are_different():
    assert len({place.name for place in places(2)}) == len(places(2))


@pytest.mark.parametrize("sets", [[timed(1024, 1)], [timed(512, 1, None), timed(1024, 1, None)]])
def test_one_size_or_uncounted_bytes_give_no_estimate(sets: list[SetTime]):
    assert costs_of(sets) is None

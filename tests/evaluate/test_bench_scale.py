"""The estimate of a whole game, from costs that were made up."""

import pytest

from unbake.evaluate.bench_result import SetTime, Spread, StageTime
from unbake.evaluate.bench_scale import ALL_2K, AS_SHIPPED, Costs, Estimate, Place, costs_of, estimate

MEGATEXEL = 1024 * 1024 / 1e6


def timed(side: int, networks: float, rest: float, read: int | None = 1000) -> SetTime:
    def stage(name: str, seconds: float) -> StageTime:
        return StageTime(name, Spread(seconds, 2 * seconds, 3 * seconds), Spread(9, 9, 9))

    stages = [stage("UNet-Maps", networks), stage("blocks", rest)]
    return SetTime(
        f"tile{side}", side, side, (True, True), stages, stage("whole", networks + rest), {}, 0, 3000, read
    )


def linear() -> Costs:
    """1 s of networks and 1 s of the rest for 1024², by two sizes, in proportion to their texels."""
    costs = costs_of([timed(1024, 1.0, 1.0), timed(2048, 4.0, 4.0)])
    assert costs is not None
    return costs


def hours(place: Place, **asked: object) -> Estimate:
    return estimate(linear(), place, {1024: 1.0}, 3600, **asked)


def test_the_least_disturbed_seconds_of_all_sets_add_up():
    assert hours(Place("here", cores=1)).cpu_h == pytest.approx(2 / 0.9)


def test_cores_and_machines_divide_the_processors_hours():
    assert hours(Place("there", machines=16, cores=2)).cpu_h == pytest.approx(2 / 0.9 / 32)


def test_a_card_takes_over_the_networks_alone():
    assert hours(Place("card", cores=1, card=True)).cpu_h == pytest.approx(1 / 0.9)


def test_a_slow_disk_is_the_limit_however_many_machines_share_it():
    one = hours(Place("share", machines=1000, disk_mb_s=0.004))
    assert one.read_gb == pytest.approx(0.0036)
    assert one.disk_h == pytest.approx((3.6 + 10.8) / 0.004 / 3600)
    assert (one.limit, one.hours) == ("disk", one.disk_h)


def test_larger_textures_cost_in_proportion():
    costs = linear()
    small, large = (estimate(costs, Place("here"), mix, 10).cpu_h for mix in ({1024: 1.0}, ALL_2K))
    assert large == pytest.approx(4 * small)


def test_the_shares_of_a_mix_add_up_to_one():
    assert sum(AS_SHIPPED.values()) == pytest.approx(1)


@pytest.mark.parametrize("sets", [[timed(1024, 1, 1)], [timed(512, 1, 1, None), timed(1024, 1, 1, None)]])
def test_one_size_or_uncounted_bytes_give_no_estimate(sets: list[SetTime]):
    assert costs_of(sets) is None

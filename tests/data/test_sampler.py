from collections import Counter

import pytest

from unbake.data.sampler import MixSampler, shares
from unbake.errors import TrainingError, UsageError

POOLS = {"real": range(40), "synthetic": range(40, 100), "skyrim": range(100, 110)}
SIZES = {pool: len(items) for pool, items in POOLS.items()}
POOL_OF = {item: pool for pool, items in POOLS.items() for item in items}


def draws(epoch=3, count=64, px=256, seed=1, chances=None, **asked):
    sampler = MixSampler(POOLS, chances or shares(0.75, 0.25, 1.0, 1.0, SIZES), seed)
    sampler.set_epoch(epoch, count, px, **asked)
    assert len(sampler) == len(list(sampler))
    return list(sampler)


@pytest.mark.parametrize(
    ("mix", "weight", "expected"),
    [
        ((1.0, 0.0), 1.0, {"real": 0.4, "synthetic": 0.6, "skyrim": 0.0}),
        ((0.75, 0.25), 1.0, {"real": 0.3, "synthetic": 0.45, "skyrim": 0.25}),
        ((0.5, 0.5), 0.5, {"real": 0.5 * 40 / 70, "synthetic": 0.5 * 30 / 70, "skyrim": 0.5}),
        ((0.5, 0.5), 0.25, {"real": 0.5 * 40 / 55, "synthetic": 0.5 * 15 / 55, "skyrim": 0.5}),
        ((0.0, 1.0), 0.1, {"real": 0.0, "synthetic": 0.0, "skyrim": 1.0}),
    ],
)
def test_shares_follow_the_plan(mix, weight, expected):
    assert shares(*mix, 1.0, weight, SIZES) == pytest.approx(expected)


def test_without_real_pairs_the_painted_ones_have_matsynths_share():
    assert shares(0.5, 0.5, 1.0, 0.0, {"real": 0, "synthetic": 3, "skyrim": 1}) == {
        "real": 0.0,
        "synthetic": 0.5,
        "skyrim": 0.5,
    }


@pytest.mark.parametrize(
    ("missing", "name"), [({"skyrim": 0}, "Skyrim"), ({"real": 0, "synthetic": 0}, "MatSynth")]
)
def test_a_domain_with_a_share_and_no_pairs_is_an_error(missing, name):
    with pytest.raises(TrainingError, match=f"pairs of {name}"):
        shares(0.5, 0.5, 1.0, 1.0, SIZES | missing)


def test_a_domain_without_a_share_may_be_empty():
    assert shares(1.0, 0.0, 1.0, 1.0, SIZES | {"skyrim": 0})["skyrim"] == 0


@pytest.mark.parametrize("weight", [1.0, 0.5, 0.25])
def test_pools_are_drawn_in_their_shares(weight):
    chances = shares(0.5, 0.5, 1.0, weight, SIZES)
    drawn = Counter(POOL_OF[item] for _, _, item, _ in draws(count=20_000, chances=chances))
    for pool, chance in chances.items():  # four deviations of a binomial
        assert drawn[pool] / 20_000 == pytest.approx(chance, abs=4 * (chance * (1 - chance) / 20_000) ** 0.5)


def test_within_a_pool_all_are_shown_before_any_comes_again():
    shown = [item for _, _, item, _ in draws(count=2_000) if POOL_OF[item] == "skyrim"]
    for first in range(0, len(shown) - 10, 10):
        assert sorted(shown[first : first + 10]) == list(POOLS["skyrim"])


def test_a_single_pool_shows_each_pair_once_an_epoch():
    drawn = draws(count=60, chances={"synthetic": 1.0})
    assert sorted(item for _, _, item, _ in drawn) == list(POOLS["synthetic"])


def test_draws_carry_the_epoch_their_position_and_the_size():
    assert [(epoch, position, px) for epoch, position, _, px in draws(count=5)] == [
        (3, position, 256) for position in range(5)
    ]


@pytest.mark.parametrize("start", [0, 1, 8, 63, 64])
def test_a_resumed_epoch_goes_on_where_it_was(start):
    assert draws(start=start) == draws()[start:]


def test_an_epoch_may_be_run_twice():
    sampler = MixSampler(POOLS, shares(0.75, 0.25, 1.0, 1.0, SIZES))
    sampler.set_epoch(1, 30, 64)
    assert list(sampler) == list(sampler)


def test_what_a_position_shows_does_not_depend_on_the_length_of_the_epoch():
    assert draws(count=40) == draws(count=400)[:40]


def test_epochs_and_seeds_have_orders_of_their_own():
    def order(**asked):
        return [item for _, _, item, _ in draws(**asked)]

    assert (
        order(seed=0, epoch=0) != order(seed=0, epoch=1) != order(seed=1, epoch=1) != order(seed=1, epoch=0)
    )


@pytest.mark.parametrize("world", [2, 4])
@pytest.mark.parametrize("start", [0, 16])
def test_the_parts_of_all_processes_side_by_side_are_the_batches_of_one(world, start):
    alone = draws(batch=8, start=start)
    parts = [draws(batch=8, start=start, rank=rank, world=world) for rank in range(world)]
    size = 8 // world
    together = []
    for step in range(len(parts[0]) // size):
        for part in parts:
            together += part[step * size : (step + 1) * size]
    assert together == alone


def test_a_last_batch_that_is_not_whole_is_left_out():
    assert len(draws(count=30, batch=8)) == 24
    assert [len(draws(count=30, batch=8, rank=rank, world=2)) for rank in (0, 1)] == [12, 12]


@pytest.mark.parametrize("asked", [{"batch": 6, "world": 4}, {"batch": 8, "start": 3}])
def test_batches_that_do_not_divide_are_refused(asked):
    with pytest.raises(UsageError, match="share equally"):
        draws(**asked)


def test_an_empty_pool_with_a_share_is_an_error():
    with pytest.raises(TrainingError, match="empty one"):
        MixSampler({"real": (), "synthetic": (0,), "skyrim": ()}, {"real": 0.5, "synthetic": 0.5})


def test_an_epoch_of_nothing_is_empty():
    assert draws(count=0) == []

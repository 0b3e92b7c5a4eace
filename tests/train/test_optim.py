"""Optimizers and schedules carry the recipe's numbers."""

import math

import pytest
import torch
from torch import nn

from unbake.recipe import Adam, AdamW, Cosine, Exponential, Lion, OneCycle, Step, WarmRestarts
from unbake.train.optim import (
    build_average,
    build_optimizer,
    build_schedule,
    clip_gradients,
    update_average,
)


def layer() -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))


def test_norms_and_biases_do_not_decay():
    optimizer = build_optimizer(layer().named_parameters(), AdamW(lr=1e-3, weight_decay=1e-2))
    shapes = {group["weight_decay"]: [p.ndim for p in group["params"]] for group in optimizer.param_groups}
    assert shapes == {1e-2: [4], 0.0: [1, 1, 1]}


def test_adam_keeps_its_betas():
    optimizer = build_optimizer(layer().named_parameters(), Adam(lr=1e-6, betas=(0.9, 0.9995)))
    assert (type(optimizer), optimizer.defaults["betas"]) == (torch.optim.Adam, (0.9, 0.9995))


@pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step")
def test_onecycle_peaks_at_max_lr_and_ends_at_the_final_lr():
    optimizer = build_optimizer(layer().named_parameters(), AdamW(lr=5e-5, weight_decay=1e-2))
    schedule = build_schedule(optimizer, OneCycle(max_lr=5e-5, pct_start=0.3, final_lr=1e-5), 10, 10)
    rates = [optimizer.param_groups[0]["lr"]]
    for _ in range(99):
        optimizer.step()
        schedule.step()
        rates.append(optimizer.param_groups[0]["lr"])
    assert max(rates) == pytest.approx(5e-5)
    assert rates.index(max(rates)) == 29
    assert rates[-1] == pytest.approx(1e-5)


@pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step")
def test_cosine_ends_at_zero_after_t_max_epochs():
    optimizer = build_optimizer(layer().named_parameters(), AdamW(lr=1e-4, weight_decay=1e-2))
    schedule = build_schedule(optimizer, Cosine(t_max=15), 15, 250)
    for _ in range(15):
        schedule.step()
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.0, abs=1e-12)


def test_lion_steps_by_the_sign_of_the_gradient():
    parameter = nn.Parameter(torch.ones(2))
    optimizer = build_optimizer([("w", parameter)], Lion(lr=0.1, weight_decay=0.0))
    parameter.grad = torch.tensor([5.0, -0.1])
    optimizer.step()
    assert parameter.tolist() == pytest.approx([0.9, 1.1])


def rates(schedule: Step | Exponential | WarmRestarts, steps: int, steps_per_epoch: int) -> list[float]:
    """Learning rates after each step of a schedule over a rate of 1."""
    optimizer = build_optimizer(layer().named_parameters(), Adam(lr=1.0))
    built = build_schedule(optimizer, schedule, 12, steps_per_epoch)
    found = []
    for _ in range(steps):
        built.step()
        found.append(optimizer.param_groups[0]["lr"])
    return found


@pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step")
def test_step_halves_after_six_epochs():
    assert rates(Step(step_size=6, gamma=0.5), 7, 100) == [1.0] * 5 + [0.5] * 2


@pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step")
def test_exponential_shrinks_every_epoch():
    assert rates(Exponential(gamma=0.9), 2, 100) == pytest.approx([0.9, 0.81])


@pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step")
def test_warm_restarts_begin_anew_every_epoch_counted_in_steps():
    assert rates(WarmRestarts(t_0=1), 4, 4) == pytest.approx([0.853553, 0.5, 0.146447, 1.0], abs=1e-6)


def test_clipping_tells_a_norm_that_is_not_finite():
    parameter = nn.Parameter(torch.zeros(2))
    parameter.grad = torch.tensor([math.inf, 0.0])
    assert math.isnan(clip_gradients([parameter], 1.0))


def test_the_average_keeps_its_share_of_weights_and_statistics_and_copies_counters():
    ours = layer()
    average = build_average(ours, 0.75)
    assert average is not None
    for _ in range(30):  # after which it keeps all of its share
        update_average(average, ours)
    before = {name: value.clone() for name, value in ours.state_dict().items()}
    with torch.no_grad():
        for value in (*ours.parameters(), *ours.buffers()):
            value += 4
    update_average(average, ours)
    moved = {name: value - before[name] for name, value in average.module.state_dict().items()}
    expected = {name: 1.0 if value.is_floating_point() else 4 for name, value in before.items()}
    assert {name: pytest.approx(value.flatten()[0].item()) for name, value in moved.items()} == expected


def test_a_short_run_forgets_the_weights_it_began_with():
    ours = layer()
    average = build_average(ours, 0.998)
    assert average is not None
    update_average(average, ours)
    began = ours.state_dict()["0.weight"].clone()
    with torch.no_grad():
        ours[0].weight += 1
    for _ in range(100):
        update_average(average, ours)
    moved = average.module.state_dict()["0.weight"] - began
    torch.testing.assert_close(moved, torch.ones_like(moved), rtol=0, atol=1e-5)


def test_what_stands_still_is_its_own_average_to_the_bit():
    ours = layer()
    average = build_average(ours, 0.999)
    for _ in range(3):
        update_average(average, ours)
    assert all(
        torch.equal(value, ours.state_dict()[name]) for name, value in average.module.state_dict().items()
    )


def test_without_a_share_to_keep_there_is_no_average():
    assert build_average(layer(), 0.0) is None

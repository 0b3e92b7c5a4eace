import math

import pytest
import torch

from unbake.losses.structural import (
    LARGEST_POSITIVE_WEIGHT,
    gradient_l1,
    mask_bce,
    mask_dice,
    positive_weight,
    probability_bce,
)

GIVEN = torch.tensor([True, True])
NONE = torch.tensor([False, False])
LOSSES = [mask_bce, mask_dice, probability_bce, gradient_l1]


def rand(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def half() -> torch.Tensor:
    mask = torch.zeros(2, 1, 4, 4, dtype=torch.float64)
    mask[:, :, :2] = 1.0
    return mask


def test_the_positive_weight_is_negatives_over_positives_of_the_given_samples():
    target = torch.zeros(2, 1, 2, 4)
    target[0, 0, 0, :2] = 1.0
    target[1] = 1.0
    assert positive_weight(target, torch.tensor([True, False])).item() == 3.0


def test_the_positive_weight_is_one_without_metal():
    assert positive_weight(torch.zeros(2, 1, 4, 4), GIVEN).item() == 1.0


def test_the_positive_weight_of_a_batch_shared_by_processes_is_that_of_the_whole():
    target = torch.tensor([1.0, 0, 0, 0, 0, 0, 0, 0]).view(2, 1, 2, 2)
    sums, counts = [], []

    def gather(total: torch.Tensor, count: torch.Tensor) -> torch.Tensor:
        sums.append(total)
        counts.append(count)
        return sum(sums) / sum(counts)

    positive_weight(target[:1], GIVEN[:1], gather)
    assert (
        positive_weight(target[1:], GIVEN[:1], gather).item() == positive_weight(target, GIVEN).item() == 7.0
    )


def test_the_positive_weight_has_a_largest_value():
    target = torch.zeros(1, 1, 64, 64)
    target[0, 0, 0, 0] = 1.0
    assert positive_weight(target, GIVEN[:1]).item() == LARGEST_POSITIVE_WEIGHT


def test_mask_bce_of_undecided_logits_on_a_half_metal_mask_is_ln_2():
    assert mask_bce(torch.zeros(2, 1, 4, 4), half(), GIVEN).item() == pytest.approx(math.log(2))


def test_dice_of_a_certain_right_mask_is_zero():
    assert mask_dice(100 * (half() - 0.5), half(), GIVEN).item() == pytest.approx(0.0, abs=1e-9)


def test_dice_of_a_certain_wrong_mask_is_one():
    assert mask_dice(100 * (0.5 - half()), half(), GIVEN).item() == pytest.approx(1.0)


def test_dice_of_even_odds_on_a_half_metal_mask_is_one_half():
    # 2 · (8 · ½) / (16 · ½ + 8) = ½
    assert mask_dice(torch.zeros(2, 1, 4, 4), half(), GIVEN).item() == pytest.approx(0.5)


def test_dice_leaves_out_samples_without_metal():
    target = half()
    target[1] = 0.0
    assert mask_dice(torch.zeros(2, 1, 4, 4), target, GIVEN).item() == pytest.approx(0.5)


def test_a_wrong_certainty_keeps_a_gradient_and_a_finite_cost():
    pred = torch.zeros(1, 1, 2, 2, requires_grad=True)
    loss = probability_bce(pred, torch.ones(1, 1, 2, 2), GIVEN[:1])
    loss.backward()
    assert loss.item() == pytest.approx(-math.log(1e-4), rel=1e-4) and (pred.grad < 0).all()


def test_gradient_l1_does_not_see_an_offset():
    target = rand(2, 3, 8, 8)
    assert gradient_l1(target + 0.25, target, GIVEN).item() == pytest.approx(0.0, abs=1e-12)


def test_gradient_l1_of_a_ramp_is_half_its_slope_at_full_size():
    ramp = torch.arange(8, dtype=torch.float64).expand(1, 1, 8, 8) * 0.1
    # Rows do not change, columns by 0.1 a pixel: the mean of both directions is 0.05.
    assert gradient_l1(ramp, torch.zeros_like(ramp), GIVEN[:1], scales=1).item() == pytest.approx(0.05)


def test_gradient_l1_of_a_ramp_doubles_with_each_coarser_scale():
    ramp = torch.arange(8, dtype=torch.float64).expand(1, 1, 8, 8) * 0.1
    expected = (0.05 + 0.1 + 0.2) / 3
    assert gradient_l1(ramp, torch.zeros_like(ramp), GIVEN[:1], scales=3).item() == pytest.approx(expected)


@pytest.mark.parametrize("loss", LOSSES)
def test_without_any_truth_loss_and_gradient_are_zero(loss):
    pred = rand(2, 1, 8, 8).requires_grad_()
    value = loss(pred, torch.full((2, 1, 8, 8), float("nan"), dtype=torch.float64), NONE)
    value.backward()
    assert (value.item(), pred.grad.abs().sum().item()) == (0.0, 0.0)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_constant_maps_give_finite_losses_and_gradients(loss, value):
    pred = torch.full((2, 1, 8, 8), 0.5, dtype=torch.float64, requires_grad=True)
    result = loss(pred, torch.full((2, 1, 8, 8), value, dtype=torch.float64), GIVEN)
    result.backward()
    assert torch.isfinite(result) and torch.isfinite(pred.grad).all()


@pytest.mark.parametrize("loss", LOSSES)
def test_the_gradient_is_that_of_the_value(loss):
    target = rand(2, 1, 4, 4, seed=1)
    pred = rand(2, 1, 4, 4).requires_grad_()
    assert torch.autograd.gradcheck(lambda p: loss(p, target, torch.tensor([True, False])), pred)

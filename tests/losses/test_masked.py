import pytest
import torch

from unbake.losses.masked import align_shape, masked_l1, masked_l1_sum

GIVEN = torch.tensor([True, True])


def rand(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def affine_l1(pred: torch.Tensor, target: torch.Tensor, given: torch.Tensor) -> torch.Tensor:
    """The main term of a map without offset and scale, as `losses.total` makes it."""
    return masked_l1(*align_shape(pred, target, given))


def test_masked_l1_is_the_plain_mean_without_foreground():
    pred, target = rand(2, 3, 4, 5), rand(2, 3, 4, 5, seed=1)
    torch.testing.assert_close((pred - target).abs().mean(), masked_l1(pred, target, GIVEN))


def test_masked_l1_weighs_the_foreground_three_times():
    pred = torch.zeros(1, 3, 1, 4)
    target = torch.tensor([0.8, 0.4, 0.4, 0.4]).expand(1, 3, 1, 4)
    foreground = torch.tensor([1.0, 0.0, 0.0, 0.0]).view(1, 1, 1, 4)
    expected = torch.tensor((3 * 0.8 + 3 * 0.4) / 6)
    torch.testing.assert_close(expected, masked_l1(pred, target, torch.tensor([True]), foreground))


def test_masked_l1_ignores_samples_without_truth():
    pred, target = rand(2, 1, 4, 4), rand(2, 1, 4, 4, seed=1)
    target[1] = float("nan")
    expected = (pred[0] - target[0]).abs().mean()
    torch.testing.assert_close(expected, masked_l1(pred, target, torch.tensor([True, False])))


def test_sums_of_two_halves_give_the_loss_of_the_whole():
    pred, target, mask = rand(2, 3, 4, 4), rand(2, 3, 4, 4, seed=1), rand(2, 1, 4, 4, seed=2)
    halves = [masked_l1_sum(pred[i : i + 1], target[i : i + 1], GIVEN[:1], mask[i : i + 1]) for i in (0, 1)]
    total, count = (a + b for a, b in zip(*halves, strict=True))
    torch.testing.assert_close(masked_l1(pred, target, GIVEN, mask), total / count)


@pytest.mark.parametrize("loss", [masked_l1, affine_l1])
def test_without_any_truth_the_loss_is_zero_and_so_is_its_gradient(loss):
    pred = rand(2, 1, 4, 4).requires_grad_()
    value = loss(pred, torch.full_like(pred, float("nan")), torch.tensor([False, False]))
    value.backward()
    assert (value.item(), pred.grad.abs().sum().item()) == (0.0, 0.0)


def test_half_precision_predictions_are_summed_in_full_precision():
    assert masked_l1(rand(1, 1, 4, 4).bfloat16(), rand(1, 1, 4, 4).float(), GIVEN[:1]).dtype == torch.float32


def test_height_up_to_offset_and_scale_costs_nothing():
    target = rand(2, 1, 16, 16)
    assert affine_l1(0.4 * target + 0.1, target, GIVEN).item() == pytest.approx(0.0, abs=1e-4)


def test_an_upside_down_height_costs_more_than_a_flat_one():
    target = rand(1, 1, 16, 16)
    upside_down = affine_l1(1 - target, target, GIVEN[:1])
    assert upside_down > affine_l1(torch.full_like(target, 0.5), target, GIVEN[:1])


def test_shrinking_a_wrong_height_gains_nothing():
    target, pred = rand(1, 1, 16, 16), rand(1, 1, 16, 16, seed=1)
    full, shrunk = (affine_l1(0.5 + scale * (pred - 0.5), target, GIVEN[:1]) for scale in (1.0, 0.2))
    torch.testing.assert_close(full, shrunk, rtol=0.01, atol=0.0)


def test_a_flat_truth_is_left_out():
    target = torch.cat([rand(1, 1, 8, 8), torch.full((1, 1, 8, 8), 0.5, dtype=torch.float64)])
    assert align_shape(rand(2, 1, 8, 8), target, GIVEN)[2].tolist() == [True, False]


def test_a_flat_prediction_gets_a_finite_gradient_that_is_not_zero():
    pred = torch.full((1, 1, 8, 8), 0.5, requires_grad=True)
    affine_l1(pred, rand(1, 1, 8, 8), GIVEN[:1]).backward()
    assert torch.isfinite(pred.grad).all() and pred.grad.abs().max() > 0


def test_masked_l1_has_the_gradient_of_its_value():
    target, mask = rand(2, 2, 3, 3, seed=1), rand(2, 1, 3, 3, seed=2)
    assert torch.autograd.gradcheck(
        lambda p: masked_l1(p, target, torch.tensor([True, False]), mask), rand(2, 2, 3, 3).requires_grad_()
    )


def test_affine_l1_has_the_gradient_of_its_value():
    target = rand(2, 1, 4, 4, seed=1)
    assert torch.autograd.gradcheck(lambda p: affine_l1(p, target, GIVEN), rand(2, 1, 4, 4).requires_grad_())

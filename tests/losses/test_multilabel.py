import math

import pytest
import torch

from unbake.losses.multilabel import multilabel_bce

SOME = torch.tensor([True, False])


def test_cross_entropy_of_undecided_logits_is_ln_2():
    assert multilabel_bce(torch.zeros(2, 5), torch.ones(2, 5), SOME).item() == pytest.approx(math.log(2))


def test_classes_are_judged_one_by_one():
    logits, classes = torch.tensor([[2.0, -1.0]]), torch.tensor([[1.0, 1.0]])
    expected = (math.log1p(math.exp(-2.0)) + math.log1p(math.exp(1.0))) / 2
    assert multilabel_bce(logits, classes, SOME[:1]).item() == pytest.approx(expected)


def test_samples_without_labels_do_not_count():
    logits = torch.tensor([[1.0, -1.0], [9.0, 9.0]])
    labels = torch.tensor([[1.0, 0.0], [float("nan")] * 2])
    torch.testing.assert_close(
        multilabel_bce(logits[:1], labels[:1], SOME[:1]), multilabel_bce(logits, labels, SOME)
    )


def test_single_labels_of_a_sample_may_be_unknown():
    logits, targets = torch.tensor([[2.0, -1.0], [0.5, 3.0]]), torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    known = torch.tensor([[True, False], [False, True]])
    expected = (math.log1p(math.exp(-2.0)) + math.log1p(math.exp(-3.0))) / 2
    assert multilabel_bce(logits, targets, known).item() == pytest.approx(expected)


def test_no_labels_at_all_give_zero_with_a_zero_gradient():
    logits = torch.randn(2, 3, requires_grad=True)
    loss = multilabel_bce(logits, torch.zeros(2, 3), torch.tensor([False, False]))
    loss.backward()
    assert (loss.item(), logits.grad.abs().sum().item()) == (0.0, 0.0)


def test_a_positive_weight_multiplies_what_a_present_class_costs():
    loss = multilabel_bce(torch.zeros(1, 1), torch.ones(1, 1), SOME[:1], torch.tensor([4.0]))
    assert loss.item() == pytest.approx(4 * math.log(2))


def test_the_gradient_is_that_of_the_value():
    logits = torch.randn(2, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    classes = torch.tensor([[1.0, 0.0, 0.25], [0.0, 1.0, 1.0]], dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda x: multilabel_bce(x, classes, SOME), logits.requires_grad_())

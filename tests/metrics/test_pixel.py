import numpy as np
import pytest
import torch
from torchmetrics.functional.image import structural_similarity_index_measure

from unbake.domain.maps import OUTPUTS, MapKind
from unbake.metrics.pixel import (
    affine_rmse,
    gradient_error,
    mae,
    metrics_of,
    mse,
    multilabel_accuracy,
    rmse,
    ssim,
)

TRUTH = np.random.default_rng(0).random((32, 40, 3))
PRED = np.clip(TRUTH + np.random.default_rng(1).normal(0, 0.1, TRUTH.shape), 0, 1)


@pytest.mark.parametrize(("metric", "expected"), [(mae, 0.25), (mse, 0.125), (rmse, 0.125**0.5)])
def test_errors_of_a_map_half_of_which_is_off_by_a_half(metric, expected):
    truth = np.zeros((4, 4, 1))
    pred = truth.copy()
    pred[:2] = 0.5
    assert metric(pred, truth) == pytest.approx(expected)


def test_ssim_of_an_image_with_itself_is_one():
    assert ssim(TRUTH, TRUTH, (0, 1)) == pytest.approx(1.0)


def test_ssim_is_that_of_torchmetrics_where_windows_are_whole():
    a, b = (torch.from_numpy(x).permute(2, 0, 1)[None] for x in (PRED, TRUTH))
    _, everywhere = structural_similarity_index_measure(a, b, data_range=1.0, return_full_image=True)
    expected = everywhere[..., 5:-5, 5:-5].mean().item()
    assert ssim(PRED, TRUTH, (0, 1)) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("metric", [mae, mse, rmse, affine_rmse])
def test_arrays_and_tensors_are_measured_alike(metric):
    assert metric(torch.from_numpy(PRED), torch.from_numpy(TRUTH)).item() == pytest.approx(
        metric(PRED, TRUTH)
    )


def test_ssim_measures_arrays_and_tensors_alike():
    a, b = (torch.from_numpy(x).permute(2, 0, 1) for x in (PRED, TRUTH))
    assert ssim(a, b).item() == pytest.approx(ssim(PRED, TRUTH, (0, 1)))


def test_shape_error_is_what_least_squares_leaves():
    p, t = PRED[..., 0].ravel(), TRUTH[..., 0].ravel()
    design = np.stack([p, np.ones_like(p)], 1)
    fitted = design @ np.linalg.lstsq(design, t, rcond=None)[0]
    assert affine_rmse(p, t) == pytest.approx(rmse(fitted, t))


def test_shape_error_does_not_see_offset_and_scale():
    assert affine_rmse(0.2 * TRUTH - 3.0, TRUTH) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("pred", [np.full(TRUTH.shape, 0.3), 1 - TRUTH])
def test_shape_error_of_flat_and_upside_down_heights_is_the_truths_deviation(pred):
    assert affine_rmse(pred, TRUTH) == pytest.approx(TRUTH.std())


def test_accuracy_is_the_share_of_right_decisions():
    logits, classes = torch.tensor([[3.0, -1.0], [2.0, 1.0]]), torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    assert multilabel_accuracy(logits, classes).item() == 0.75


@pytest.mark.parametrize("kind", OUTPUTS)
def test_every_output_has_metrics_that_run_on_tensors(kind: MapKind):
    image = torch.rand(1, 16, 16)
    assert all(torch.isfinite(metric.fn(image, image)) for metric in metrics_of(kind))


def test_slopes_are_right_whatever_the_offset_and_the_scale_of_a_height():
    assert gradient_error(0.3 * TRUTH + 0.2, TRUTH, (0, 1)) == pytest.approx(0.0, abs=1e-6)


def test_a_flat_height_misses_all_slopes():
    assert gradient_error(np.full_like(TRUTH, 0.5), TRUTH, (0, 1)) == pytest.approx(1.0)


def test_slopes_that_are_added_count_as_much_as_their_share():
    truth = np.zeros((33, 33, 1))
    truth[::2] = 1.0  # steps of 1 down the rows only
    steps = np.zeros((33, 33, 1))
    steps[:, ::2] = 1.0  # as many across, of which the truth knows nothing
    pred = truth + steps
    scale = ((pred - pred.mean()) * (truth - truth.mean())).mean() / pred.var()
    expected = ((1 - scale) ** 2 + scale**2) ** 0.5
    assert gradient_error(pred, truth, (0, 1)) == pytest.approx(expected)


@pytest.mark.parametrize("shape", [(2, 64, 3), (64, 1, 3)])
def test_a_strip_has_an_ssim_and_slopes_too(shape: tuple[int, int, int]):
    rng = np.random.default_rng(3)
    truth, other = rng.random(shape), rng.random(shape)
    assert ssim(truth, truth, (0, 1)) == pytest.approx(1.0)
    assert ssim(other, truth, (0, 1)) < 0.9
    assert gradient_error(truth, truth, (0, 1)) == pytest.approx(0.0, abs=1e-6)

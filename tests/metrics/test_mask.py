import math

import numpy as np
import pytest
import torch

from unbake.metrics.mask import (
    confusion,
    f1,
    false_metal,
    has_metal,
    iou,
    pooled,
)

PRED = np.float32([0.9, 0.8, 0.6, 0.1, 0.2, 0.0])
TRUTH = np.float32([1.0, 1.0, 0.0, 1.0, 0.0, 0.0])
"""Two hits, one false alarm, one miss, two rightly left alone."""


@pytest.mark.parametrize(("metric", "expected"), [(iou, 2 / 4), (f1, 4 / 6), (false_metal, 1 / 3)])
def test_figures_of_a_counted_example(metric, expected):
    assert metric(PRED, TRUTH) == pytest.approx(expected)


@pytest.mark.parametrize("metric", [iou, f1, false_metal])
def test_arrays_and_tensors_are_measured_alike(metric):
    expected = float(metric(PRED, TRUTH))
    assert metric(torch.from_numpy(PRED), torch.from_numpy(TRUTH)).item() == pytest.approx(expected)


@pytest.mark.parametrize(("metric", "expected"), [(iou, 1.0), (f1, 1.0), (false_metal, 0.0)])
@pytest.mark.parametrize("make", [np.zeros, torch.zeros])
def test_finding_no_metal_where_there_is_none_is_right(metric, expected, make):
    assert float(metric(make(9), make(9))) == expected


def test_false_metal_of_all_metal_is_zero():
    assert false_metal(np.ones(4), np.ones(4)) == 0.0


@pytest.mark.parametrize(("share", "expected"), [(0.01, False), (0.03, True)])
def test_a_material_has_metal_from_two_percent_on(share, expected):
    assert has_metal(np.arange(1000) < 1000 * share + np.zeros(1000)) is expected


def test_pooled_figures_are_those_of_all_pixels_in_one_picture():
    rng = np.random.default_rng(0)
    pairs = [(rng.random((8, 8)), rng.random((8, 8))) for _ in range(3)]
    pred, truth = (np.concatenate([pair[i] for pair in pairs]) for i in (0, 1))
    assert pooled(confusion(*pair) for pair in pairs) == pytest.approx(
        {"f1": f1(pred, truth), "iou": iou(pred, truth), "false_metal": false_metal(pred, truth)}
    )


def test_without_pixels_there_are_no_pooled_figures():
    assert all(math.isnan(value) for value in pooled([]).values())

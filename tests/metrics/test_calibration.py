import math

import numpy as np
import pytest
from scipy.stats import spearmanr

from unbake.metrics.calibration import calibration_error, fit_calibration, rank_correlation, reliability

RNG = np.random.default_rng(0)


def test_probabilities_that_come_true_as_often_as_they_say_have_no_error():
    probability = RNG.random(200_000)
    assert calibration_error(reliability(probability, RNG.random(200_000) < probability)) < 0.01


def test_certainty_that_is_always_wrong_has_the_greatest_error():
    assert calibration_error(reliability(np.ones(10), np.zeros(10, bool))) == 1.0


def test_the_error_is_the_mean_gap_of_the_bins_by_what_they_hold():
    probability = np.array([0.1, 0.1, 0.1, 0.9])
    assert calibration_error(reliability(probability, np.array([True, False, False, True]))) == pytest.approx(
        (3 * abs(1 / 3 - 0.1) + 0.1) / 4
    )


def test_tables_of_several_textures_add_up():
    probability, truth = RNG.random(100), RNG.random(100) > 0.5
    parts = reliability(probability[:40], truth[:40]) + reliability(probability[40:], truth[40:])
    np.testing.assert_allclose(reliability(probability, truth), parts)


def test_an_empty_table_has_no_error_to_tell():
    assert math.isnan(calibration_error(np.zeros((15, 3))))


def test_ranks_correlate_as_scipy_says():
    one, other = RNG.integers(0, 8, 60), RNG.integers(0, 8, 60)
    assert rank_correlation(one, other) == pytest.approx(spearmanr(one, other).statistic)


def test_a_constant_has_no_order():
    assert math.isnan(rank_correlation(np.ones(5), np.arange(5)))


def test_a_fit_finds_the_scale_and_shift_that_made_the_truth():
    logits = RNG.normal(0, 2, 100_000)
    truth = RNG.random(100_000) < 1 / (1 + np.exp(-(0.5 * logits - 1)))
    fitted = fit_calibration(1 / (1 + np.exp(-logits)), truth, np.ones(100_000))
    assert fitted == pytest.approx((0.5, -1), abs=0.05)


def test_nothing_to_fit_leaves_probabilities_as_they_are():
    assert fit_calibration(np.zeros(0), np.zeros(0), np.zeros(0)) == (1.0, 0.0)

import numpy as np
import pytest

from unbake.metrics.seam import seam_ratio


def test_a_wave_that_closes_has_no_seam():
    wave = np.sin(np.arange(64) * 2 * np.pi / 16)[:, None, None] * np.ones((1, 64, 1))
    assert seam_ratio(wave, (True, False)) == pytest.approx(1.0, rel=0.6)


def test_noise_has_no_seam():
    assert seam_ratio(np.random.default_rng(0).random((256, 256, 3))) == pytest.approx(1.0, abs=0.05)


def test_a_ramp_has_a_seam_as_large_as_its_range_over_its_step():
    ramp = np.linspace(0, 1, 65)[:, None, None] * np.ones((1, 8, 1))
    quiet = 0.25 / 255
    assert seam_ratio(ramp, (True, False)) == pytest.approx((1 + quiet) / (1 / 64 + quiet))


def test_axes_that_do_not_wrap_do_not_count():
    ramp = np.linspace(0, 1, 65)[:, None, None] * np.ones((1, 8, 1))
    assert (seam_ratio(ramp, (False, True)), seam_ratio(ramp, (False, False))) == (1.0, 1.0)

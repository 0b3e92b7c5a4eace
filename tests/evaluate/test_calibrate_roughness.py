"""The fit of the networks' roughness, on examples that are made up."""

import numpy as np
import pytest

from unbake.evaluate.calibrate_roughness import Example, fitted


def examples(tells: float, slope: float, spread: float, count: int = 60) -> list[Example]:
    rng = np.random.default_rng(0)
    made = []
    for _ in range(count):
        mean, logit = rng.uniform(0.3, 0.7), rng.normal(0, 0.5)
        true = 0.5 + slope * (mean - 0.5) + rng.normal(0, 0.02)
        made.append(Example(mean, logit, tells, float(true), 0.01 * spread, 0.01))
    return made


def test_slopes_and_spreads_are_found_apart():
    sure, unsure = fitted(examples(1.0, 1.8, 1.6) + examples(0.0, 0.4, 0.9))
    assert sure.slope == pytest.approx(1.8, abs=0.1)
    assert unsure.slope == pytest.approx(0.4, abs=0.1)
    assert (sure.spread, unsure.spread) == pytest.approx((1.6, 0.9), abs=0.03)
    assert sure.level(0.6, 0.5) == pytest.approx(0.68, abs=0.02)


def test_where_no_example_is_known_the_roughness_stays_as_it_is():
    sure, _ = fitted(examples(0.0, 0.4, 0.9))
    assert sure.spread == 1
    assert sure.level(0.6, 0.5) == pytest.approx(0.6, abs=0.01)


def test_spreads_have_bounds():
    sure, unsure = fitted(examples(1.0, 1.0, 5.0) + examples(0.0, 1.0, 0.0))
    assert (sure.spread, unsure.spread) == (2.0, 0.7)

"""The smallest training, timed."""

import pytest

from unbake.evaluate.bench_meter import owner_of
from unbake.evaluate.bench_training import STEP, bench_training


def test_the_step_of_training_is_where_it_is_looked_for():
    owner, name = owner_of(STEP)
    assert callable(getattr(owner, name))


def test_reading_and_steps_make_up_training():
    rates = {one.what: one for one in bench_training("tiny", px=32, batch=2)}
    assert list(rates) == ["reading", "training, reading included", "training alone"]
    assert min(one.samples_per_s for one in rates.values()) > 0
    reading, both, step = (1 / one.samples_per_s for one in rates.values())
    assert both == pytest.approx(reading + step)

"""Judgements over histories."""

from unbake.gate import plateaued, settled


def test_a_loss_that_fell_and_is_level_has_settled():
    assert settled([2.0, 1.2, 1.0, 1.01, 1.0], fall=0.2, window=3, within=0.03)


def test_a_level_loss_that_never_fell_has_not_settled():
    assert not settled([1.0, 1.0, 1.0, 1.0], fall=0.2, window=3, within=0.03)


def test_a_nan_never_settles():
    assert not settled([2.0, float("nan"), 1.0, 1.0, 1.0], fall=0.2, window=3, within=0.03)


def test_a_plateau_needs_a_best_as_old_as_the_patience():
    assert not plateaued([3.0, 1.0, 1.1], patience=2)
    assert plateaued([3.0, 1.0, 1.1, 1.1], patience=2)


def test_a_nan_is_never_the_best():
    assert plateaued([1.0, float("nan"), float("nan")], patience=2)

"""Training's speed, measured at the size of tests: that every figure is there, not how good it is."""

import numpy as np
import pytest
import torch

from unbake.evaluate import reading_speed
from unbake.evaluate.throughput import Asked, readings, training_throughput
from unbake.recipe.bundle import Probe


def test_each_measurement_gives_its_figures():
    asked = [Asked("tiny", 32, 2, precision, workers=0) for precision in ("float32", "bfloat16")]
    rows = list(training_throughput(asked, Probe(warm=1, steps=1), torch.device("cpu")))
    assert [row.asked for row in rows] == asked
    for row in rows:
        assert row.read > 0 and row.trained > 0 and row.share == row.trained / row.read
        assert (row.device, row.reserved_gib) == ("CPU", None)


def test_reading_is_measured_a_map_and_by_readers_that_were_spawned(monkeypatch: pytest.MonkeyPatch):
    read: list[int] = []
    original = reading_speed.read_crop

    def counted(crop: object, into: np.ndarray) -> None:
        read.append(into.nbytes)
        original(crop, into)

    monkeypatch.setattr(reading_speed, "read_crop", counted)
    [(of_map, [one])] = readings([32], [1], Probe(warm=1, steps=2))
    assert 0 < of_map < 1000
    # Each material's window once for each repeat and once before, and of it no more than its codes.
    assert len(read) % 3 == 0 and max(read) <= 32 * 32 * 22
    assert (one.px, one.readers) == (32, 1) and one.samples_s > 0 and one.cpu_ms >= 0

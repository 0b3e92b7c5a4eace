"""Training's speed, measured at the size of tests: that every figure is there, not how good it is."""

import torch

from unbake.evaluate.throughput import Asked, training_throughput
from unbake.recipe.bundle import Probe


def test_each_measurement_gives_its_figures():
    asked = [Asked("tiny", 32, 2, precision, workers=0) for precision in ("float32", "bfloat16")]
    rows = list(training_throughput(asked, Probe(warm=1, steps=1), torch.device("cpu")))
    assert [row.asked for row in rows] == asked
    for row in rows:
        assert row.read > 0 and row.trained > 0 and row.share == row.trained / row.read
        assert (row.device, row.reserved_gib) == ("CPU", None)

"""Training without what each process draws for itself, so that several can be compared with one."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

from unbake.models.network import Networks
from unbake.train import step


@contextmanager
def without_chance(networks: Networks) -> Iterator[None]:
    """Nothing is dropped from these networks, and no mask but SegFormer's is told."""
    for module in networks.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    shares = step.TRUE_MASK, step.COARSE_MASK
    step.TRUE_MASK = step.COARSE_MASK = 0.0
    try:
        yield
    finally:
        step.TRUE_MASK, step.COARSE_MASK = shares

"""The one BatchNorm of the networks: still while frozen, and counted once when a level is recomputed."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint


class Norm(nn.BatchNorm2d):
    """BatchNorm2d that stays in eval for as long as its weight is frozen, whoever calls `.train()`.

    >>> norm = Norm(2).requires_grad_(False)
    >>> norm.train().training
    False
    """

    def train(self, mode: bool = True) -> "Norm":
        """Set training mode, except while frozen: then running statistics must not move."""
        return super().train(mode and self.weight.requires_grad)


@contextmanager
def _statistics_kept(module: nn.Module) -> Iterator[None]:
    # Momentum 0 makes the update of the running statistics the identity; the counter that counts is another.
    norms = [m for m in module.modules() if isinstance(m, Norm | nn.SyncBatchNorm)]
    before = [(norm.momentum, norm.num_batches_tracked) for norm in norms]
    for norm, (_, counter) in zip(norms, before, strict=True):
        norm.momentum, norm.num_batches_tracked = 0.0, None if counter is None else counter.clone()
    try:
        yield
    finally:
        for norm, (momentum, counter) in zip(norms, before, strict=True):
            norm.momentum, norm.num_batches_tracked = momentum, counter


def recomputed(module: nn.Module, *inputs: torch.Tensor) -> torch.Tensor:
    """module(*inputs), keeping only the inputs for the backward pass, which runs the module a second time.

    Gradients and running statistics equal those of a plain call (Chen et al. 2016, gradient checkpointing).
    """

    def contexts() -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
        return nullcontext(), _statistics_kept(module)

    run: Callable[..., torch.Tensor] = module
    result: torch.Tensor = checkpoint(run, *inputs, use_reentrant=False, context_fn=contexts)
    return result

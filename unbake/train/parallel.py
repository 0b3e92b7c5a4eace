"""Several processes that train as one: each network in DDP of its own, losses and decisions taken together.

`torchrun` starts them, accelerate joins them; the loop asks `Processes`, which for one process is all identity.
Each takes its part of every batch. Losses are sums over all of them ÷ counts over all of them, so that the result
is that of a single process with the whole batch, however maps and foreground fall on the parts; but for chance, which
each draws for its own samples, and on CPUs for trained BatchNorms, which look at their own part.
"""

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import Tensor, nn

from unbake.domain.networks import NETWORKS
from unbake.errors import UsageError
from unbake.losses.masked import ratio
from unbake.models.network import Networks
from unbake.models.norm import Norm
from unbake.train.step import Wrapped

if TYPE_CHECKING:
    from accelerate import Accelerator

Row = TypeVar("Row")

PATIENCE = timedelta(days=1)
"""Longest wait of a process for the others, one of which may be building the cache."""


@dataclass(frozen=True)
class Processes:
    """The processes of a run, seen from one of them; by default the only one.

    device: where this process computes. rank: its number, of `world`. Every process must call the methods that
    say "together" in the same order.

    >>> alone = Processes(torch.device("cpu"))
    >>> alone.is_main, alone.agree(False), alone.collect(alone.share([1, 2, 3]))
    (True, False, [1, 2, 3])
    """

    device: torch.device
    rank: int = 0
    world: int = 1
    accelerator: "Accelerator | None" = None

    @property
    def is_main(self) -> bool:
        """True in the process that writes files and prints."""
        return self.rank == 0

    def mean(self, total: Tensor, count: Tensor) -> Tensor:
        """sum ÷ count over all processes, together: the same value in each; 0 where nothing was counted.

        DDP averages gradients over the processes, so each one's own is multiplied by their number.
        """
        if self.accelerator is None:
            return ratio(total, count)
        both = torch.stack([total.detach(), count.detach().to(total.dtype)])
        sums: Any = self.accelerator.reduce(both, "sum")
        whole = torch.where(sums[1] > 0, sums[1], torch.ones_like(sums[1]))
        local = self.world * total / whole
        return sums[0] / whole + (local - local.detach())

    def wrap(self, networks: Networks) -> Networks | Wrapped:
        """The networks to call while training, together; those passed in stay the ones to save, load and validate.

        Call it when parameters are frozen and on their device. On GPUs the BatchNorms that are trained then look
        at the whole batch; those that are frozen do not change.
        """
        if self.accelerator is None:
            return networks
        if self.device.type == "cuda":
            synchronise_norms(networks)
        prepare: Callable[..., nn.Module] = self.accelerator.prepare_model
        parts = {name: prepare(networks.get_submodule(name), device_placement=False) for name in NETWORKS}
        return Wrapped(networks.config, **parts)

    def agree(self, flag: bool) -> bool:
        """True where any process passes True, together."""
        if self.accelerator is None:
            return flag
        votes: Any = self.accelerator.reduce(torch.tensor(float(flag), device=self.device), "sum")
        return bool(votes > 0)

    def share(self, items: Sequence[Row]) -> Sequence[Row]:
        """This process's part of `items`: a stretch of them; the parts differ in length by one at most."""
        ends = [len(items) * rank // self.world for rank in (self.rank, self.rank + 1)]
        return items[ends[0] : ends[1]]

    def collect(self, rows: list[Row]) -> list[Row]:
        """The rows of all processes' shares, in the order of the whole, together."""
        if self.accelerator is None:
            return rows
        from accelerate.utils import gather_object

        every: list[Row] = gather_object(rows)
        return every

    def same_buffers(self, networks: Networks) -> None:
        """Give all processes the main one's running statistics, together; before they validate."""
        if self.accelerator is not None:
            for buffer in networks.buffers():
                torch.distributed.broadcast(buffer, 0)

    def main_first(self) -> AbstractContextManager[None]:
        """The block runs in the main process first, then in the others, which find its files; together."""
        if self.accelerator is None:
            return nullcontext()
        first: AbstractContextManager[None] = self.accelerator.main_process_first()
        return first

    def barrier(self) -> None:
        """Wait until every process is here, so that all see the main one's files."""
        if self.accelerator is not None:
            self.accelerator.wait_for_everyone()


@contextmanager
def joined(device: torch.device) -> Iterator[Processes]:
    """The processes that torchrun (or accelerate) started together; this one alone where they did not.

    device: "cuda" becomes this process's own GPU. Raises UsageError where accelerate is missing.

    >>> with joined(torch.device("cpu")) as processes:
    ...     processes.world
    1
    """
    if int(os.environ.get("WORLD_SIZE", "1")) <= 1:
        yield Processes(device)
        return
    try:
        from accelerate import Accelerator
        from accelerate.utils import InitProcessGroupKwargs
    except ImportError:
        raise UsageError(
            'Expected the package accelerate to train in several processes; pip install ".[train]".'
        ) from None
    accelerator = Accelerator(
        cpu=device.type == "cpu",
        mixed_precision="no",  # the loop's own autocast says
        kwargs_handlers=[InitProcessGroupKwargs(timeout=PATIENCE)],
    )
    here = Processes(accelerator.device, accelerator.process_index, accelerator.num_processes, accelerator)
    try:
        with warnings.catch_warnings():
            # Told of the gradients of small convolutions on CPUs, which DDP copies into its own order.
            warnings.filterwarnings("ignore", "Grad strides do not match bucket view strides")
            yield here
        here.barrier()  # torchrun ends all when one ends badly: the main process may still be writing
    finally:
        accelerator.end_training()


def synchronise_norms(networks: nn.Module) -> None:
    """Put torch's SyncBatchNorm in the place of every trained `Norm`, with its very parameters and statistics."""
    for path, module in list(networks.named_modules()):
        if isinstance(module, Norm) and module.weight.requires_grad:
            parent, _, name = path.rpartition(".")
            synced = nn.SyncBatchNorm.convert_sync_batchnorm(module)
            setattr(networks.get_submodule(parent), name, synced)

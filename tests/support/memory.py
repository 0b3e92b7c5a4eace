"""Memory of a training step, counted tensor by tensor; the proof behind "batch 4 fits 8 GB"."""

import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


def saved_activation_bytes(module: nn.Module, *inputs: Tensor) -> int:
    """Bytes autograd keeps between forward and backward of module(*inputs): distinct storages, no parameters.

    Levels that are recomputed count with their inputs alone; `peak_bytes` sees the moment they come back.

    >>> layer = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
    >>> saved_activation_bytes(layer, torch.zeros(2, 4)) == 2 * (2 * 4 * 4)  # the input, the ReLU's output
    True
    """
    own = {tensor.untyped_storage().data_ptr() for tensor in (*module.parameters(), *module.buffers())}
    kept: dict[int, Tensor] = {}

    def pack(tensor: Tensor) -> Tensor:
        # Holding the tensor keeps its storage's address from being given to another one.
        kept[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        module(*inputs)
    return sum(t.untyped_storage().nbytes() for address, t in kept.items() if address not in own)


def peak_bytes(run: Callable[[], object]) -> int:
    """Most bytes alive at one moment among the tensors that `run` makes, gradients and recomputed levels included.

    CPU only: a backward pass on another device leaves this thread.

    >>> peak_bytes(lambda: (torch.zeros(256) + 1).sum())  # zeros and their sum with 1, four bytes each
    2048
    """
    counter = _Counter()
    with counter:
        run()
    return counter.peak


class _Counter(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.alive = self.peak = 0
        self.known: weakref.WeakSet[torch.UntypedStorage] = weakref.WeakSet()

    def __torch_dispatch__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        given = {t.untyped_storage() for t in tree_leaves((args, kwargs)) if isinstance(t, Tensor)}
        result = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(result):
            if isinstance(tensor, Tensor):
                self._count(tensor.untyped_storage(), given)
        return result

    def _count(self, storage: torch.UntypedStorage, given: set[torch.UntypedStorage]) -> None:
        if storage in self.known or storage in given:
            return  # a view, or written in place
        self.known.add(storage)
        self.alive += storage.nbytes()
        self.peak = max(self.peak, self.alive)
        weakref.finalize(storage, self._forget, storage.nbytes())

    def _forget(self, size: int) -> None:
        self.alive -= size

"""Batches of a run: codes read by processes that live as long as it, floats made on its device; for `session`."""

from collections.abc import Iterator
from itertools import islice

import torch
from torch.utils.data import DataLoader

from unbake.data.batch import Batch, collate
from unbake.data.dataset import Draw, PatchDataset
from unbake.data.on_device import decoded
from unbake.data.sample import Sample
from unbake.data.sampler import MixSampler


class Batches:
    """Reads ahead what a sampler is set to, and gives it as networks read it.

    workers: processes that read, started once by whichever method the system has; 0 reads in this one. device: where
    the batches are made and lie.
    """

    def __init__(self, data: PatchDataset, sampler: MixSampler, workers: int, device: torch.device) -> None:
        self.device = device
        self._steps = _Steps(sampler)
        self._loader: DataLoader[Sample] = DataLoader(
            data,
            batch_sampler=self._steps,
            collate_fn=collate,
            num_workers=workers,
            persistent_workers=workers > 0,
            pin_memory=device.type == "cuda",
        )

    def of(self, size: int) -> Iterator[Batch]:
        """What the sampler is set to now, in batches of `size` samples."""
        self._steps.size = size
        for batch in self._loader:
            yield decoded(batch, self.device)


class _Steps:
    """The draws of a sampler, so many for each batch."""

    def __init__(self, sampler: MixSampler) -> None:
        self.sampler = sampler
        self.size = 1

    def __iter__(self) -> Iterator[list[Draw]]:
        draws = iter(self.sampler)
        while batch := list(islice(draws, self.size)):
            yield batch

"""Measures what reading a training sample costs, without networks; for `scripts/training_throughput.py --reading`."""

import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np
import psutil
from torch.utils.data import DataLoader

from unbake.data.batch import CodedBatch, collate
from unbake.data.crop import read_crop
from unbake.data.dataset import Draw, PatchDataset
from unbake.recipe.bundle import Probe

AHEAD: Final = 2
"""Batches that each reader makes before it is asked for them, as in training."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Readers that do nothing else: processes that were spawned, as on Windows and macOS.

    samples_s: that all of them hand over in a second of the clock. cpu_ms: of one reader, for a sample.
    """

    px: int
    readers: int
    samples_s: float
    cpu_ms: float


def map_ms(data: PatchDataset, px: int, repeats: int) -> float:
    """CPU milliseconds for a window of px × px of one map, whatever its bits, read into memory that is in use.

    The first of the repeats does not count: it opens the files.
    """
    crops = [layer.parts[0].crop for item in range(len(data.pairs)) for layer in data[1, 0, item, px].layers]
    into = np.zeros(max(crop.bytes for crop in crops), np.uint8)
    began = 0.0
    for repeat in range(repeats + 1):
        began = began if repeat > 1 else time.process_time()
        for crop in crops:
            read_crop(crop, into[: crop.bytes])
    return (time.process_time() - began) * 1e3 / repeats / sum(len(crop.kinds) for crop in crops)


def reading_speed(data: PatchDataset, px: int, batch: int, readers: int, probe: Probe) -> Reading:
    """Let readers hand over batches of px × px, as training draws them, and throw them away.

    probe: batches of each reader that do not count, and those that do.
    """
    draws = _Draws(len(data.pairs), px, batch, readers * (probe.warm + probe.steps + AHEAD))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # more readers than cores are told of, and wanted here
        loader: DataLoader[CodedBatch] = DataLoader(
            data,  # type: ignore[arg-type]  # samples become batches in `collate`
            batch_sampler=draws,
            collate_fn=collate,
            num_workers=readers,
            prefetch_factor=AHEAD,
            multiprocessing_context="spawn",
        )
        batches = iter(loader)
    for _ in islice(batches, readers * probe.warm):
        pass
    processes = psutil.Process().children()
    spent, began = _cpu_s(processes), time.perf_counter()
    count = batch * sum(1 for _ in islice(batches, readers * probe.steps))
    seconds, spent = time.perf_counter() - began, _cpu_s(processes) - spent
    for _ in batches:  # a reader that is stopped while it hands over ends with an error
        pass
    return Reading(px, readers, count / seconds, spent * 1e3 / count)


def _cpu_s(processes: list[psutil.Process]) -> float:
    return sum(times.user + times.system for times in (process.cpu_times() for process in processes))


@dataclass(frozen=True, slots=True)
class _Draws:
    """Draws of every material in turn, so many batches of them."""

    pairs: int
    px: int
    size: int
    batches: int

    def __iter__(self) -> Iterator[list[Draw]]:
        for number in range(self.batches):
            first = number * self.size
            yield [(1, first + i, (first + i) % self.pairs, self.px) for i in range(self.size)]

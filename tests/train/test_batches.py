"""Batches of a run: the same however many processes read them, which are started once."""

import multiprocessing
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from support.tiny_project import start

from unbake.data.batch import Batch
from unbake.train.batches import Batches
from unbake.train.session import Run

CPU = torch.device("cpu")


@pytest.fixture
def run(root: Path) -> Run:
    return start(root, "A0", "augment.composite2=0.4", "augment.atlas=0.4", "augment.colour_jitter=0.1")


def epoch(batches: Batches, run: Run, number: int, size: int = 2, first: int = 0) -> Iterator[Batch]:
    run.sampler.set_epoch(number, 6, 32, start=first, batch=size)
    return batches.of(size)


def same(one: Batch, other: Batch) -> bool:
    if (one.valid is None) != (other.valid is None):
        return False
    valid = one.valid is None or torch.equal(one.valid, other.valid)
    return (
        valid
        and one.names == other.names
        and all(torch.equal(image, other.maps[kind]) for kind, image in one.maps.items())
    )


def test_batches_are_the_same_whoever_reads_them(run: Run):
    here, there = (Batches(run.train_data, run.sampler, workers, CPU) for workers in (0, 1))
    alone, helped = (list(epoch(batches, run, 1)) for batches in (here, there))
    assert len(alone) == len(helped) == 3
    assert all(map(same, alone, helped))


def test_the_processes_that_read_live_as_long_as_the_batches(run: Run):
    batches = Batches(run.train_data, run.sampler, 1, CPU)
    readers = []
    for number in (1, 2):
        assert len(list(epoch(batches, run, number))) == 3
        readers.append({child.pid for child in multiprocessing.active_children()})
    assert readers[0] == readers[1] != set()


def test_an_epoch_begun_in_its_middle_goes_on_with_the_very_batches(run: Run):
    batches = Batches(run.train_data, run.sampler, 0, CPU)
    whole = list(epoch(batches, run, 3))
    rest = list(epoch(batches, run, 3, first=2))
    assert len(rest) == 2
    assert all(map(same, whole[1:], rest))


def test_the_size_of_the_batches_may_change_from_epoch_to_epoch(run: Run):
    batches = Batches(run.train_data, run.sampler, 0, CPU)
    sizes = [[len(batch.names) for batch in epoch(batches, run, 1, size)] for size in (2, 3)]
    assert sizes == [[2, 2, 2], [3, 3]]

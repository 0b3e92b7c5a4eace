"""The sampler: the pair that each position of an epoch shows; between `dataset` and the training loop.

Pair, pool, draw and crop are defined in `unbake.data`. As the plan proposes, a SubsetRandomSampler shuffles each pool
and a WeightedRandomSampler says which pool gives the next pair.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, repeat

import numpy as np
import torch
from torch.utils.data import SubsetRandomSampler, WeightedRandomSampler

from unbake.data.dataset import POOLS, Draw, PoolName
from unbake.errors import TrainingError, UsageError


def shares(
    mix_matsynth: float, mix_skyrim: float, w_real: float, w_synthetic: float, sizes: Mapping[PoolName, int]
) -> dict[PoolName, float]:
    """The chance of each pool to give the next draw; they sum to mix_matsynth + mix_skyrim.

    P(skyrim) = mix_skyrim; P(synthetic) = mix_matsynth · w_synthetic·n_synthetic / (w_real·n_real +
    w_synthetic·n_synthetic), and P(real) is the rest of mix_matsynth.

    mix_matsynth, mix_skyrim: share of the draws from each domain, 0 to 1.
    w_real, w_synthetic: weight of one pair of the pool against one of the other.
    sizes: number of pairs in each pool.

    Where no pair of MatSynth has a weight above 0, painted ones get weight 1, so that training goes on without real
    pairs (the caller says so). TrainingError when a domain with a share has no pairs.

    >>> shares(0.75, 0.25, 1.0, 0.5, {"real": 100, "synthetic": 200, "skyrim": 7})
    {'real': 0.375, 'synthetic': 0.375, 'skyrim': 0.25}
    """
    real, synthetic, skyrim = (sizes.get(pool, 0) for pool in POOLS)
    for name, mix, size in (("MatSynth", mix_matsynth, real + synthetic), ("Skyrim", mix_skyrim, skyrim)):
        if mix > 0 and size == 0:
            raise TrainingError(
                f"Expected pairs of {name} for a share of {mix:g}, found none; add materials or set data.mix."
            )
    weighed = w_real * real + w_synthetic * synthetic
    if weighed == 0:
        w_synthetic, weighed = 1.0, float(real + synthetic)
    part = w_synthetic * synthetic / weighed if weighed else 0.0
    return {"real": mix_matsynth * (1 - part), "synthetic": mix_matsynth * part, "skyrim": mix_skyrim}


class MixSampler(torch.utils.data.Sampler[Draw]):
    """Yields the draws of one epoch, a function of (seed, epoch, position) alone: the same after any resume.

    Each pool is run through in a shuffled order, and again from a new one when it ends, so that within an epoch no
    pair of a pool comes a second time before every other came once.

    pools: indices of the pairs of each pool (`PatchDataset.pools`).
    shares: chance of each pool, see `shares`; a pool that is left out has none. TrainingError when one with a chance
        is empty.
    seed: of all epochs.

    >>> sampler = MixSampler({"real": (0,), "synthetic": (1, 2), "skyrim": ()}, {"synthetic": 1.0})
    >>> sampler.set_epoch(4, 3, 256, start=1)
    >>> [(epoch, position, px) for epoch, position, item, px in sampler]
    [(4, 1, 256), (4, 2, 256)]
    """

    def __init__(
        self, pools: Mapping[PoolName, Sequence[int]], shares: Mapping[PoolName, float], seed: int = 0
    ) -> None:
        self.pools = [list(pools[pool]) for pool in POOLS if shares.get(pool, 0) > 0]
        self.shares = [shares[pool] for pool in POOLS if shares.get(pool, 0) > 0]
        self.seed = seed
        if not self.pools or not all(self.pools):
            raise TrainingError(
                "Expected pools with pairs to draw from, got an empty one; add materials or set data.mix."
            )
        self.set_epoch(0, 0, 0)

    def set_epoch(
        self,
        epoch: int,
        count: int,
        crop_px: int,
        start: int = 0,
        rank: int = 0,
        world: int = 1,
        batch: int = 1,
    ) -> None:
        """Set the epoch and positions that the next iteration runs through.

        epoch: its number, from 0.
        count: draws in the whole epoch, of all processes together.
        crop_px: side of the crops, texels.
        start: position of the first draw, where a run is resumed.
        rank, world: number of this process and of all; each gets its equal part of every batch, so that the parts
            side by side are the batch of a single process.
        batch: draws in a step of all processes together; a last batch that is not whole is left out.

        UsageError when the processes cannot share a batch equally, or `start` lies inside one.
        """
        if batch % world or start % batch:
            raise UsageError(
                f"Expected batches that {world} processes share equally and a start at one, "
                f"got batches of {batch} and {start}; set data.batch."
            )
        self.epoch = epoch
        self.crop_px = crop_px
        part = batch // world
        whole = count - count % batch
        self.positions = [
            position
            for first in range(start, whole, batch)
            for position in range(first + rank * part, first + (rank + 1) * part)
        ]
        self.count = whole

    def __len__(self) -> int:
        return len(self.positions)

    def __iter__(self) -> Iterator[Draw]:
        if not self.positions:
            return
        chosen = WeightedRandomSampler(self.shares, self.count, generator=self._generator(0))
        streams = [
            chain.from_iterable(repeat(SubsetRandomSampler(pool, self._generator(1 + number))))
            for number, pool in enumerate(self.pools)
        ]
        items = [next(streams[pool]) for pool in chosen]
        for position in self.positions:
            yield self.epoch, position, items[position], self.crop_px

    def _generator(self, stream: int) -> torch.Generator:
        """Random numbers of this epoch that no other stream shares."""
        seed = np.random.SeedSequence((self.seed, self.epoch, stream)).generate_state(1, np.uint64)[0]
        return torch.Generator().manual_seed(int(seed >> 1))

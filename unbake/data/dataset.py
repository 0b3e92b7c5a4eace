"""Crops of cached materials as samples, drawn and not yet read; between `cache` and `batch`.

All randomness comes from (seed, epoch, position): the same numbers give the same sample in any process and
after any resume.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal
from zlib import crc32

import numpy as np
import torch

from unbake.data.cache_format import REAL_STYLE, Entry, read_index
from unbake.data.crop import Crop, fixed_corner, random_corner
from unbake.data.levels import at_network_level, draw_doubt, mod_levels
from unbake.data.sample import Augment, Layer, Part, Sample
from unbake.data.split import Split
from unbake.domain.materials import CLASSES, Domain, class_of
from unbake.domain.networks import FOLDS
from unbake.errors import TrainingError, UsageError
from unbake.image.arrays import unit

PoolName = Literal["real", "synthetic", "skyrim"]
POOLS: tuple[PoolName, ...] = ("real", "synthetic", "skyrim")
"""The groups a sampler weighs: MatSynth's pairs with a diffuse of their own, with painted ones, and Skyrim's."""

Draw = tuple[int, int, int, int]
"""(epoch, position in the epoch, index of the pair, side of the crop): what a sampler asks a dataset for."""

_CODES: Final = unit(np.arange(256, dtype=np.uint8))
"""What a picture's codes mean in its file."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A material with its diffuses of one pool: the item that a sampler draws.

    folder: of its cache. entries: its scales. variants: which of their diffuses belong to it. levels: of the mods of
    all diffuses of the cache.
    """

    name: str
    domain: Domain
    pool: PoolName
    folder: Path
    entries: tuple[Entry, ...]
    variants: tuple[int, ...]
    levels: Mapping[str, float]


class PatchDataset(torch.utils.data.Dataset[Sample]):
    """Crops of the materials of one split of the caches, one for each domain.

    `pairs` are the materials by pool: a MatSynth material with a diffuse of its own is one pair of "real", one with
    painted ones (all of them) one pair of "synthetic", and may be both; one of Skyrim is one of "skyrim". `pools`
    holds their indices.

    In training, item (epoch, position, i, crop_px) is a random crop of pair i, of a random diffuse of it and of a
    random scale among those that hold the crop; composites and atlases take their partners from the same pool, so that
    they have one domain and the shares of the pools stay as they were drawn, and of the same fold, so that no head of
    the classifier sees in one what it is never to see. The other splits are a list of at
    most `val_crops` crops of `px` × `px` for each pair, the middle first, then spread over the texture and over
    its diffuses, at the largest scale, whatever seed and epoch; their items are indices into it, see
    `validation_items`. Axes that tile wrap around; others stay inside, and where the texture is smaller than the
    crop it is mirrored.

    Of the cache's pixels an item says only where they are; `batch.collate` reads them.

    augment: how training samples are varied and composited, or None. scales: those of the caches that training may
    draw; (1.0,) is no spatial scaling. resize_to: side that training crops are brought to, or None: left as
    drawn. Errors: UsageError (no cache, or another domain's), TrainingError (the split is empty).

    >>> data = PatchDataset({"matsynth": Path("cache")}, "train", 1024)           # doctest: +SKIP
    >>> data[0, 5, 1, 256].key                                                    # doctest: +SKIP
    'wood/oak001@1/2+731+12'
    """

    def __init__(
        self,
        caches: Mapping[Domain, Path],
        split: Split,
        px: int,
        *,
        seed: int = 0,
        augment: Augment | None = None,
        scales: Sequence[float] = (1.0, 0.5),
        val_crops: int = 1,
        resize_to: int | None = None,
    ) -> None:
        self.px = px
        self.seed = seed
        self.augment = augment
        self.resize_to = resize_to
        self.random = split == "train"
        self.pairs = [
            pair
            for domain, folder in sorted(caches.items())
            for pair in _pairs(domain, folder, split, scales if self.random else None)
        ]
        pools: dict[PoolName, list[int]] = {pool: [] for pool in POOLS}
        for i, pair in enumerate(self.pairs):
            pools[pair.pool].append(i)
        self.pools = {pool: tuple(items) for pool, items in pools.items()}
        self._mates: dict[tuple[PoolName, int], list[int]] = defaultdict(list)
        for i, pair in enumerate(self.pairs):
            self._mates[pair.pool, fold_of(pair.entries[0])].append(i)
        self._fixed = [] if self.random else [(p, at) for p in self.pairs for at in _fixed(p, px, val_crops)]

    def __len__(self) -> int:
        return len(self.pairs) if self.random else len(self._fixed)

    def __getitem__(self, draw: Draw | int) -> Sample:
        if not self.random:
            pair, (variant, top, left) = self._fixed[draw if isinstance(draw, int) else draw[2]]
            return _sample(pair, pair.entries[0], variant, (top, left), self.px, self.px)
        epoch, position, item, px = (0, draw, draw, self.px) if isinstance(draw, int) else draw
        rng = np.random.default_rng((self.seed, epoch, position))
        pair = self.pairs[item]
        if self.augment is None:
            return self._crop(pair, px, rng)
        mates = self._mates[pair.pool, fold_of(pair.entries[0])]

        def this(rng: np.random.Generator, doubt: float | None = None) -> Sample:
            return self._crop(pair, px, rng, doubt)

        def another(rng: np.random.Generator, doubt: float | None = None) -> Sample:
            return self._crop(self.pairs[mates[rng.integers(len(mates))]], px, rng, doubt)

        return self.augment(this, another, rng)

    def validation_items(self, domain: Domain) -> tuple[int, ...]:
        """The items that show a domain, of a split other than "train"."""
        return tuple(i for i, (pair, _) in enumerate(self._fixed) if pair.domain == domain)

    def _crop(self, pair: Pair, px: int, rng: np.random.Generator, doubt: float | None = None) -> Sample:
        holding = [entry for entry in pair.entries if min(entry.height, entry.width) >= px]
        entries = holding or pair.entries[:1]
        entry = entries[rng.integers(len(entries))]
        variant = pair.variants[rng.integers(len(pair.variants))]
        corner = random_corner(entry, px, rng)
        known = draw_doubt(rng) if doubt is None else doubt
        return _sample(pair, entry, variant, corner, px, self.resize_to or px, known)


def _pairs(domain: Domain, folder: Path, split: Split, scales: Sequence[float] | None) -> list[Pair]:
    """The pairs of one cache, by name: the scales of each from the largest down; scales None: all there are."""
    index = read_index(folder)
    if index.domain != domain:
        raise UsageError(f"Expected a cache of the domain {domain} in {folder}, got one of {index.domain}.")
    materials: dict[str, list[Entry]] = defaultdict(list)
    for entry in index.entries:
        if entry.split == split and (scales is None or entry.scale in scales):
            materials[entry.id].append(entry)
    if not materials:
        raise TrainingError(
            f"Expected {split} materials in the cache {folder}, found none"
            f"{f' at the scales {tuple(scales)}' if scales else ''}; build it from more materials."
        )
    levels = mod_levels(index.entries)
    found = []
    for name in sorted(materials):
        entries = tuple(sorted(materials[name], key=lambda entry: -entry.scale))
        pools: dict[PoolName, list[int]] = defaultdict(list)
        for variant, style in enumerate(entries[0].styles):
            own: PoolName = "real" if style == REAL_STYLE else "synthetic"
            pools["skyrim" if domain == "skyrim" else own].append(variant)
        found += [
            Pair(name, domain, pool, folder, entries, tuple(v), levels) for pool, v in sorted(pools.items())
        ]
    return found


def _fixed(pair: Pair, px: int, count: int) -> list[tuple[int, int, int]]:
    """Variant and first texel of the crops that show a pair in validation; no crop comes twice."""
    crops = (
        (pair.variants[n % len(pair.variants)], *fixed_corner(pair.entries[0], px, n)) for n in range(count)
    )
    return list(dict.fromkeys(crops))


def _sample(
    pair: Pair,
    entry: Entry,
    variant: int,
    corner: tuple[int, int],
    px: int,
    side: int,
    doubt: float | None = None,
) -> Sample:
    """A crop to be shown as networks read it; doubt: of the level of its mod in training, None in validation."""
    crop = Crop(pair.folder, entry, variant, *corner, px)
    picture = at_network_level(_CODES, pair.levels[entry.mods[variant]], doubt or 0.0)
    label = class_of(entry.category) if pair.domain == "matsynth" else None
    classes = None if label is None else np.array([label == name for name in CLASSES], np.float32)
    key = f"{entry.id}@{entry.scale:g}/{variant}+{crop.top}+{crop.left}"
    fold = -1 if doubt is None else fold_of(entry)
    return Sample((Layer((Part(crop, picture),)),), side, classes, entry.id, key, pair.domain, fold)


def fold_of(entry: Entry) -> int:
    """The fold of a training material: materials of one source share it, since they are much alike."""
    return crc32((entry.source or entry.id).encode()) % FOLDS

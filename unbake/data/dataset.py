"""Crops of cached materials as samples, and samples as batches; between `cache` and the training loop.

All randomness comes from (seed, epoch, position): the same numbers give the same sample in any process and
after any resume.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from unbake.data.split import Split
from unbake.data.stored import Entry, read_index, restored
from unbake.domain.maps import GEOMETRY, METAL_THRESHOLD, OUTPUTS, MapKind, spec
from unbake.domain.materials import CLASSES, class_of
from unbake.errors import TrainingError

BATCH_KINDS: tuple[MapKind, ...] = (
    MapKind.DIFFUSE,
    MapKind.NORMAL,
    MapKind.SPECULAR,
    *OUTPUTS,
    *GEOMETRY,
)
"""Every map a batch holds, given or not."""

Draw = tuple[int, int, int]
"""(epoch, position in the epoch, index of the material): what a sampler asks a dataset for."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One training example.

    maps: float32 (H, W, C) in the range of their specs; an absent map is an absent key.
    classes: (K,) float32, 1 for each class there is, or None where the label says too little.
    name: the material's id; key: which scale, variant and place of it, for logs.
    """

    maps: dict[MapKind, np.ndarray]
    classes: np.ndarray | None
    name: str
    key: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Samples side by side.

    maps: every BATCH_KINDS, (B, C, H, W) float32, the neutral where not given. given: (B,) bool per map.
    classes: (B, K) float32, zeros where not given. classes_given: (B,) bool.
    """

    maps: dict[MapKind, torch.Tensor]
    given: dict[MapKind, torch.Tensor]
    classes: torch.Tensor
    classes_given: torch.Tensor
    names: tuple[str, ...]

    def to(self, device: torch.device | str) -> "Batch":
        """The same batch on another device."""
        return self._each(lambda tensor: tensor.to(device, non_blocking=True))

    def pin_memory(self) -> "Batch":
        """The same batch in page-locked memory; a DataLoader asks for it."""
        return self._each(torch.Tensor.pin_memory)

    def _each(self, move: Callable[[torch.Tensor], torch.Tensor]) -> "Batch":
        return Batch(
            {kind: move(tensor) for kind, tensor in self.maps.items()},
            {kind: move(tensor) for kind, tensor in self.given.items()},
            move(self.classes),
            move(self.classes_given),
            self.names,
        )


DrawSample = Callable[[np.random.Generator], Sample]
Augment = Callable[[DrawSample, DrawSample, np.random.Generator], Sample]
"""Makes one sample from draws of the asked material and draws of any; see `unbake.data.augment`."""


class PatchDataset(torch.utils.data.Dataset[Sample]):
    """Crops of px × px from the materials of one split of a cache.

    Item (epoch, position, i) of "train" is a random crop of material i, of a random painted variant and of a
    random scale among those that hold the crop; an int i means (0, i, i). The other splits give the middle of
    material i at its first scale and variant, whatever the epoch. Axes that tile wrap around; others stay
    inside, and where the texture is smaller than the crop it is mirrored.

    augment: how training samples are varied and composited, or None. Errors: UsageError (no cache),
    TrainingError (the split is empty).

    >>> PatchDataset(Path("cache"), "train", 256)[0, 5, 1].maps[MapKind.ALBEDO].shape   # doctest: +SKIP
    (256, 256, 3)
    """

    def __init__(
        self, folder: Path, split: Split, px: int, *, seed: int = 0, augment: Augment | None = None
    ) -> None:
        materials: dict[str, list[Entry]] = defaultdict(list)
        for entry in read_index(folder).entries:
            if entry.split == split:
                materials[entry.id].append(entry)
        if not materials:
            raise TrainingError(
                f"Expected {split} materials in the cache {folder}, found none; build it from more materials."
            )
        self.folder = folder
        self.px = px
        self.seed = seed
        self.augment = augment
        self.random = split == "train"
        self.materials = [materials[name] for name in sorted(materials)]

    def __len__(self) -> int:
        return len(self.materials)

    def __getitem__(self, draw: Draw | int) -> Sample:
        epoch, position, item = (0, draw, draw) if isinstance(draw, int) else draw
        if not self.random:
            return self._middle(self.materials[item])
        rng = np.random.default_rng((self.seed, epoch, position))
        if self.augment is None:
            return self._crop(self.materials[item], rng)

        def this(rng: np.random.Generator) -> Sample:
            return self._crop(self.materials[item], rng)

        def another(rng: np.random.Generator) -> Sample:
            return self._crop(self.materials[rng.integers(len(self.materials))], rng)

        return self.augment(this, another, rng)

    def _crop(self, entries: Sequence[Entry], rng: np.random.Generator) -> Sample:
        largest = max(entries, key=lambda entry: entry.scale)
        holding = [entry for entry in entries if min(entry.height, entry.width) >= self.px] or [largest]
        entry = holding[rng.integers(len(holding))]
        variant = int(rng.integers(len(entry.styles)))
        top, left = (
            int(rng.integers(size if wraps else max(1, size - self.px + 1)))
            for size, wraps in zip((entry.height, entry.width), entry.wrap, strict=True)
        )
        return _cut(self.folder, entry, variant, top, left, self.px)

    def _middle(self, entries: Sequence[Entry]) -> Sample:
        entry = entries[0]
        top, left = (max(0, (size - self.px) // 2) for size in (entry.height, entry.width))
        return _cut(self.folder, entry, 0, top, left, self.px)


class EpochSampler(torch.utils.data.Sampler[Draw]):
    """Which material each position of an epoch shows: all of `n` in a shuffled order, round and round.

    A pure function of (seed, epoch, position); `start` lets a resumed epoch go on in its middle.

    >>> sampler = EpochSampler(2, 3)
    >>> sampler.set_epoch(4, start=1)
    >>> [draw[:2] for draw in sampler]
    [(4, 1), (4, 2)]
    """

    def __init__(self, n: int, patches: int, seed: int = 0) -> None:
        self.n = n
        self.patches = patches
        self.seed = seed
        self.set_epoch(0)

    def set_epoch(self, epoch: int, start: int = 0) -> None:
        """The epoch that the next iteration runs through, from position `start` on."""
        self.epoch = epoch
        self.start = start

    def __len__(self) -> int:
        return max(0, self.patches - self.start)

    def __iter__(self) -> Iterator[Draw]:
        order = np.empty(0, np.int64)
        turn = -1
        for position in range(self.start, self.patches):
            if position // self.n != turn:
                turn = position // self.n
                order = np.random.default_rng((self.seed, self.epoch, turn, self.n)).permutation(self.n)
            yield self.epoch, position, int(order[position % self.n])


def collate(samples: Sequence[Sample]) -> Batch:
    """Samples of one size as a batch; what one of them lacks is filled with the neutral and marked not given.

    >>> sample = Sample({MapKind.AO: np.zeros((2, 2, 1), np.float32)}, None, "a", "a")
    >>> collate([sample]).given[MapKind.HEIGHT].tolist()
    [False]
    """
    height, width = next(iter(samples[0].maps.values())).shape[:2]
    maps, given = {}, {}
    for kind in BATCH_KINDS:
        neutral = np.array(spec(kind).neutral, np.float32)
        batch = np.empty((len(samples), spec(kind).channels, height, width), np.float32)
        for place, sample in zip(batch, samples, strict=True):
            place[:] = np.moveaxis(sample.maps.get(kind, neutral[None, None]), -1, 0)
        maps[kind] = torch.from_numpy(batch)
        given[kind] = torch.tensor([kind in sample.maps for sample in samples])
    none = np.zeros(len(CLASSES), np.float32)
    classes = np.stack([none if sample.classes is None else sample.classes for sample in samples])
    return Batch(
        maps,
        given,
        torch.from_numpy(classes),
        torch.tensor([sample.classes is not None for sample in samples]),
        tuple(sample.name for sample in samples),
    )


def _cut(folder: Path, entry: Entry, variant: int, top: int, left: int, px: int) -> Sample:
    """The crop of px × px whose first texel is (top, left), as a sample."""
    rows, mirrored_rows = _places(entry.height, px, top, entry.wrap[0])
    columns, mirrored_columns = _places(entry.width, px, left, entry.wrap[1])
    place = folder / entry.folder
    painted = _gather(_opened(place / "painted.npy")[variant], rows, columns)
    stored = {MapKind.DIFFUSE: painted[..., :3]}
    if entry.specular[variant]:
        stored[MapKind.SPECULAR] = painted[..., 3:]
    for name, kinds in (("maps8.npy", entry.maps8), ("maps16.npy", entry.maps16)):
        together = _gather(_opened(place / name), rows, columns)
        ends = np.cumsum([spec(kind).channels for kind in kinds])[:-1]
        stored |= dict(zip(kinds, np.split(together, ends, -1), strict=True))
    maps = {kind: restored(kind, values) for kind, values in stored.items()}
    for kind, values in maps.items():
        if spec(kind).vector:
            values[:, mirrored_columns, 0] *= -1
            values[mirrored_rows, :, 1] *= -1
    if MapKind.METALLIC in maps:
        maps[MapKind.METALLIC_MASK] = (maps[MapKind.METALLIC] > METAL_THRESHOLD).astype(np.float32)
    label = class_of(entry.category)
    classes = None if label is None else np.array([label == other for other in CLASSES], np.float32)
    return Sample(maps, classes, entry.id, f"{entry.id}@{entry.scale:g}/{variant}+{top}+{left}")


def _places(size: int, px: int, start: int, wraps: bool) -> tuple[np.ndarray, np.ndarray]:
    """The texel each of px places shows along an axis of `size`, and whether it is seen in a mirror."""
    along = np.arange(start, start + px)
    if wraps:
        return along % size, np.zeros(px, bool)
    along %= 2 * size
    mirrored = along >= size
    return np.where(mirrored, 2 * size - 1 - along, along), mirrored


def _gather(stored: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Copies stored[rows][:, columns], by plain slices where they run on: that reads far faster."""
    if rows[-1] - rows[0] == len(rows) - 1 and columns[-1] - columns[0] == len(columns) - 1:
        return np.array(stored[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    return np.asarray(stored[np.ix_(rows, columns)])


@lru_cache(maxsize=256)
def _opened(path: Path) -> np.ndarray:
    """A mapped file, kept open: a process may hold some hundred, so the least used are let go."""
    # A plain array over the mapping: numpy's memmap class costs more than a small crop does.
    return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))

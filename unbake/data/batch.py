"""Samples side by side: as codes, from a worker to the device, and as the floats that networks read."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import torch
from torch.utils.data import get_worker_info

from unbake.data.cache_format import MASKS
from unbake.data.crop import Crop, read_crop
from unbake.data.sample import Sample
from unbake.domain.maps import GEOMETRY, OUTPUTS, MapKind
from unbake.domain.materials import Domain

BATCH_KINDS: tuple[MapKind, ...] = (
    MapKind.DIFFUSE,
    MapKind.NORMAL,
    *MASKS,
    *OUTPUTS,
    *GEOMETRY,
)
"""Every map a batch holds, present or not."""

_ALIGNED: Final = 8
"""Bytes that the codes of each crop begin at a multiple of."""


@dataclass(frozen=True, slots=True)
class CodedBatch:
    """Samples whose crops are read and nothing else: what a worker process hands over, a quarter of the floats.

    codes: (bytes,) uint8, those of all crops of all samples one behind the other, each from a multiple of 8 bytes on.
    """

    codes: torch.Tensor
    samples: tuple[Sample, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The materials of the samples."""
        return tuple(sample.name for sample in self.samples)

    def pin_memory(self) -> "CodedBatch":
        """The same batch in page-locked memory; a DataLoader asks for it."""
        return replace(self, codes=self.codes.pin_memory())

    def crops(self) -> list[torch.Tensor]:
        """The codes of each crop, in order: views of `codes`, wherever they are."""
        starts, _ = _places([crop for sample in self.samples for crop in _crops(sample)])
        sizes = [crop.bytes for sample in self.samples for crop in _crops(sample)]
        return [self.codes[at : at + size] for at, size in zip(starts, sizes, strict=True)]


@dataclass(frozen=True, slots=True)
class Batch:
    """Samples side by side, as networks read them.

    maps: every BATCH_KINDS, (B, C, H, W) float32, the neutral where absent. present: (B,) bool per map.
    classes: (B, K) float32, zeros where unknown. has_classes: (B,) bool. folds: (B,) int64.
    valid: (B, 1, H, W) bool, the texels that show a surface and not the ground of an atlas; None where all do.
    """

    maps: dict[MapKind, torch.Tensor]
    present: dict[MapKind, torch.Tensor]
    classes: torch.Tensor
    has_classes: torch.Tensor
    folds: torch.Tensor
    names: tuple[str, ...]
    domains: tuple[Domain, ...]
    valid: torch.Tensor | None = None

    def counted(self, kind: MapKind) -> torch.Tensor:
        """What losses of a map compare: samples that have it, (B,) bool, or where there is ground their texels,
        (B, 1, H, W) bool."""
        present = self.present[kind]
        return present if self.valid is None else present[:, None, None, None] & self.valid


def collate(samples: Sequence[Sample]) -> CodedBatch:
    """Samples of one size as a batch, their crops read from the cache and turned as they are shown."""
    layers = [layer for sample in samples for layer in sample.layers]
    shown = [(part.crop, layer.turn) for layer in layers for part in layer.parts]
    starts, total = _places([crop for crop, _ in shown])
    codes = torch.empty(total, dtype=torch.uint8)
    if get_worker_info() is not None:
        codes.share_memory_()  # while it is empty: a full one would be copied when it is sent
    for (crop, turn), at in zip(shown, starts, strict=True):
        read_crop(crop, codes[at : at + crop.bytes].numpy(), turn)
    return CodedBatch(codes, tuple(samples))


def _crops(sample: Sample) -> list[Crop]:
    return [part.crop for layer in sample.layers for part in layer.parts]


def _places(crops: Sequence[Crop]) -> tuple[list[int], int]:
    """First byte of each crop among those of a batch, and the bytes of all."""
    starts, at = [], 0
    for crop in crops:
        starts.append(at)
        at += -(-crop.bytes // _ALIGNED) * _ALIGNED
    return starts, at

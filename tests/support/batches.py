"""A batch made by hand, for tests of what is done with one."""

import torch

from unbake.data.batch import BATCH_KINDS, Batch
from unbake.domain.maps import MapKind, spec
from unbake.domain.materials import CLASSES


def batch_of(side: int) -> Batch:
    """One sample of MatSynth that has a diffuse, a normal that looks up and an AO, and no class."""
    generator = torch.Generator().manual_seed(1)
    up = torch.tensor([0.0, 0.0, 1.0]).view(1, 3, 1, 1)
    given = {
        MapKind.DIFFUSE: torch.rand(1, 3, side, side, generator=generator),
        MapKind.NORMAL: up.expand(1, 3, side, side),
        MapKind.AO: torch.rand(1, 1, side, side, generator=generator),
    }
    maps = {kind: torch.zeros(1, spec(kind).channels, side, side) for kind in BATCH_KINDS} | given
    present = {kind: torch.tensor([kind in given]) for kind in BATCH_KINDS}
    none = torch.zeros(1, dtype=torch.bool)
    return Batch(
        maps,
        present,
        torch.zeros(1, len(CLASSES)),
        none,
        torch.tensor([-1]),
        ("stone/slates",),
        ("matsynth",),
    )

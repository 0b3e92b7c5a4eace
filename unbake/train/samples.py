"""A few samples of a validation as pictures, for people to look at; `report.samples` writes and shows them."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import torch

from unbake.data.batch import Batch
from unbake.domain.maps import SPECS, MapKind
from unbake.image.arrays import quantise
from unbake.metrics.pixel import metrics_of
from unbake.report.samples import TRUTH, Sample

SAMPLES: Final = 8
"""Samples of a validation, over all domains."""

SIDE: Final = 512
"""Longest side of a picture, texels; of larger samples the middle is shown at full size."""

INPUTS: Final = (MapKind.DIFFUSE, MapKind.NORMAL, MapKind.SPECULAR)


def spread(count: int, most: int) -> set[int]:
    """At most so many places of `count`, spread evenly, the first among them.

    >>> sorted(spread(10, 4)), sorted(spread(2, 4))
    ([0, 2, 5, 7], [0, 1])
    """
    return {place * count // most for place in range(most)} if count > most else set(range(count))


def sample_of(
    batch: Batch, predicted: Mapping[MapKind, torch.Tensor], figures: Sequence[tuple[str, float]], head: str
) -> Sample:
    """The one sample of a batch beside what was predicted of it, as pictures; of a named `head` alone the truth.

    figures: as `validate` names them; the sample shows each map's first metric: its mean error, of a height that of
    its shape.
    """
    wanted = sorted((kind for kind in predicted if head in ("", kind)), key=lambda kind: SPECS[kind].binary)
    maps = {kind.value: _pixels(kind, batch.maps[kind]) for kind in INPUTS if bool(batch.present[kind][0])}
    maps |= {kind.value: _pixels(kind, prediction) for kind, prediction in predicted.items()}
    maps |= {TRUTH + kind: _pixels(kind, batch.maps[kind]) for kind in wanted if bool(batch.present[kind][0])}
    found = dict(figures)
    names = {kind.value: f"{metrics_of(kind)[0].name}/{kind}" for kind in wanted}
    errors = {kind: found[name] for kind, name in names.items() if name in found}
    return Sample(batch.names[0], errors, maps, batch.domains[0])


def _pixels(kind: MapKind, maps: torch.Tensor) -> np.ndarray:
    """The middle of the first map, codes of eight bits (H, W, C)."""
    height, width = maps.shape[-2:]
    top, left = max(0, height - SIDE) // 2, max(0, width - SIDE) // 2
    part = maps[0, :, top : top + SIDE, left : left + SIDE].detach().float().cpu().nan_to_num()
    return quantise(kind, np.ascontiguousarray(np.moveaxis(part.numpy(), 0, -1)), 8)

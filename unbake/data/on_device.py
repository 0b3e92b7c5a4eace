"""Coded batches as floats, on the device that trains: decoded, coloured, laid out; from `batch` to the networks.

The same torch operations on a CPU and on a GPU. All chance was drawn with the samples: none is added here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
import torch
from torch import Tensor

from unbake.data.atlas import Atlas
from unbake.data.batch import BATCH_KINDS, Batch, CodedBatch
from unbake.data.colours import Jitter, jittered, recoloured
from unbake.data.composite import Blend, mixed, parted, shares
from unbake.data.decode import KINDS, Planes, Read, fill_absent, opened
from unbake.data.islands import laid_out
from unbake.data.photometric import lit
from unbake.data.sample import Layer, Sample
from unbake.domain.maps import METAL_THRESHOLD, MapKind
from unbake.domain.materials import CLASSES

_TEXELS: Final = 1 << 20
"""That are lit or painted anew at a time."""


class _Shown(NamedTuple):
    """A layer and its crops, read."""

    layer: Layer
    crops: list[Read]


def decoded(batch: CodedBatch, device: torch.device) -> Batch:
    """A batch as networks read it, on `device`; what a sample lacks is the neutral there and marked absent.

    The first layers of all samples are made together, the others sample by sample: a composite takes little memory.
    """
    codes = iter(CodedBatch(batch.codes.to(device, non_blocking=True), batch.samples).crops())
    shown = [
        [_Shown(layer, [Read(part, next(codes), layer.turn) for part in layer.parts]) for layer in s.layers]
        for s in batch.samples
    ]
    side = batch.samples[0].side
    maps = _layers([first for first, *_ in shown], side)
    valid = None
    for place, (sample, (_, *others)) in enumerate(zip(batch.samples, shown, strict=True)):
        if isinstance(sample.border, Atlas):
            if valid is None:
                valid = torch.ones(len(shown), 1, side, side, dtype=torch.bool, device=device)
            valid[place, 0] = _lay_out(maps, place, others, sample.border)
        elif sample.border is not None:
            which = parted(sample.border, side, device)
            for kind, images in _layers(others, side).items():
                for number, image in enumerate(images, 1):
                    maps[kind][place] = torch.where(which == number, image, maps[kind][place])
        fill_absent(maps, place, sample.kinds)
    maps[MapKind.METALLIC_MASK] = (maps[MapKind.METALLIC] > METAL_THRESHOLD).float()
    return replace(_labelled(maps, batch.samples, device), valid=valid)


def _layers(shown: Sequence[_Shown], side: int) -> Planes:
    """The maps of layers as they are shown: decoded, blended, their colours changed."""
    maps = opened([one.crops[0] for one in shown], side)
    for place, one in enumerate(shown):
        if one.layer.blend is not None:
            second = opened([one.crops[1]], side)
            _grow(maps, place, second, one.layer, one.layer.blend)
    layers = [one.layer for one in shown]
    _light(maps, layers)
    _paint(maps, layers)
    if any(layer.jitter for layer in layers):
        jitters = [layer.jitter or Jitter() for layer in layers]
        maps[MapKind.DIFFUSE] = jittered(maps[MapKind.DIFFUSE], jitters)
    return maps


def _lay_out(maps: Planes, place: int, others: Sequence[_Shown], atlas: Atlas) -> Tensor:
    """Make the sample at a place an atlas of its first layer and the others; gives where its islands are, (H, W)."""
    side = maps[MapKind.DIFFUSE].shape[-1]
    more = _layers(others, side) if others else {kind: images[:0] for kind, images in maps.items()}
    surfaces = {kind: torch.cat([images[place : place + 1], more[kind]]) for kind, images in maps.items()}
    laid, valid = laid_out(atlas, surfaces)
    for kind, image in laid.items():
        maps[kind][place] = image
    return valid


def _grow(maps: Planes, place: int, second: Planes, layer: Layer, blend: Blend) -> None:
    """Let a second surface grow into the layer at a place, in all maps that both have."""
    both = {kind: (maps[kind][place], second[kind][0]) for kind in KINDS if kind in layer.kinds}
    share = shares(blend, layer.turn, both)
    for kind, (first, other) in both.items():
        maps[kind][place] = mixed(kind, first, other, share)


def _light(maps: Planes, layers: Sequence[Layer]) -> None:
    """Give layers' pictures the light drawn for them; given occlusion goes before that of the normals."""
    pictures = maps[MapKind.DIFFUSE]
    lights = {place: layer.light for place, layer in enumerate(layers) if layer.light is not None}
    for places in _groups(list(lights), pictures):
        sources = [MapKind.AO if MapKind.AO in layers[place].kinds else MapKind.GEO_AO for place in places]
        occlusion = torch.stack([maps[kind][place] for kind, place in zip(sources, places, strict=True)])
        pictures[places] = lit(pictures[places], occlusion, [lights[place] for place in places])


def _paint(maps: Planes, layers: Sequence[Layer]) -> None:
    """Paint the layers anew that are to be, and whose albedo is known."""
    pictures, albedos, metal = (maps[kind] for kind in (MapKind.DIFFUSE, MapKind.ALBEDO, MapKind.METALLIC))
    paints = {
        place: layer.paint
        for place, layer in enumerate(layers)
        if layer.paint is not None and MapKind.ALBEDO in layer.kinds
    }
    for places in _groups(list(paints), pictures):
        metallic = metal[places]
        for image, place in zip(metallic, places, strict=True):
            if MapKind.METALLIC not in layers[place].kinds:
                image.zero_()
        pictures[places], albedos[places] = recoloured(
            pictures[places], albedos[places], metallic, [paints[place] for place in places]
        )


def _groups(places: list[int], images: Tensor) -> Iterator[list[int]]:
    """Places of images (N, C, H, W), as many at a time as a CPU works on fast: its temporaries stay small."""
    count = max(1, _TEXELS // (images.shape[2] * images.shape[3]))
    for first in range(0, len(places), count):
        yield places[first : first + count]


def _labelled(maps: Planes, samples: Sequence[Sample], device: torch.device) -> Batch:
    """The maps of samples with what else a batch says of them."""
    known = [sample.kinds for sample in samples]
    present = {kind: [kind in kinds for kinds in known] for kind in KINDS}
    present[MapKind.METALLIC_MASK] = present[MapKind.METALLIC]
    none = np.zeros(len(CLASSES), np.float32)
    classes = np.stack([none if sample.classes is None else sample.classes for sample in samples])

    def here(values: object) -> Tensor:
        return torch.as_tensor(values).to(device, non_blocking=True)

    return Batch(
        {kind: maps[kind] for kind in BATCH_KINDS},
        {kind: here(present[kind]) for kind in BATCH_KINDS},
        here(classes),
        here([sample.classes is not None for sample in samples]),
        here([sample.fold for sample in samples]),
        tuple(sample.name for sample in samples),
        tuple(sample.domain for sample in samples),
    )

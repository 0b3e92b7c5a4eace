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
from unbake.data.composite import mixed, parted, shares
from unbake.data.decode import KINDS, Planes, Read, fill_absent, opened
from unbake.data.islands import laid_out
from unbake.data.photometric import lit
from unbake.data.sample import Layer, Sample
from unbake.domain.maps import METAL_THRESHOLD, MapKind
from unbake.domain.materials import CLASSES

_TEXELS: Final = {False: 1 << 20, True: 1 << 24}
"""That are lit, painted anew or joined at a time: few on a CPU, whose temporaries then stay small, many on a GPU, which
waits for each launch."""

_MOST_OTHERS: Final = 3
"""Layers of a sample beside its first."""


class _Shown(NamedTuple):
    """A layer and its crops, read."""

    layer: Layer
    crops: list[Read]


def decoded(batch: CodedBatch, device: torch.device) -> Batch:
    """A batch as networks read it, on `device`; what a sample lacks is the neutral there and marked absent.

    The first layers of all samples are made together, then the others of a few samples at a time: composites take
    little memory.
    """
    codes = iter(CodedBatch(batch.codes.to(device, non_blocking=True), batch.samples).crops())
    shown = [
        [_Shown(layer, [Read(part, next(codes), layer.turn) for part in layer.parts]) for layer in s.layers]
        for s in batch.samples
    ]
    side = batch.samples[0].side
    maps = _layers([first for first, *_ in shown], side)
    valid = None
    if any(isinstance(sample.border, Atlas) for sample in batch.samples):
        valid = torch.ones(len(shown), 1, side, side, dtype=torch.bool, device=device)
    joined = [place for place, sample in enumerate(batch.samples) if sample.border is not None]
    for places in _groups(joined, maps[MapKind.DIFFUSE], _MOST_OTHERS):
        others = [one for place in places for one in shown[place][1:]]
        made = _layers(others, side) if others else {kind: images[:0] for kind, images in maps.items()}
        at = 0
        for place in places:
            end = at + len(shown[place]) - 1
            _join(
                maps,
                place,
                {kind: images[at:end] for kind, images in made.items()},
                batch.samples[place],
                valid,
            )
            at = end
    fill_absent(maps, [sample.kinds for sample in batch.samples])
    maps[MapKind.METALLIC_MASK] = (maps[MapKind.METALLIC] > METAL_THRESHOLD).float()
    return replace(_labelled(maps, batch.samples, device), valid=valid)


def _layers(shown: Sequence[_Shown], side: int) -> Planes:
    """The maps of layers as they are shown: decoded, blended, their colours changed."""
    maps = opened([one.crops[0] for one in shown], side)
    blended = [place for place, one in enumerate(shown) if one.layer.blend is not None]
    if blended:
        seconds = opened([shown[place].crops[1] for place in blended], side)
        for number, place in enumerate(blended):
            _grow(maps, place, {kind: images[number] for kind, images in seconds.items()}, shown[place].layer)
    layers = [one.layer for one in shown]
    _light(maps, layers)
    _paint(maps, layers)
    if any(layer.jitter for layer in layers):
        jitters = [layer.jitter or Jitter() for layer in layers]
        maps[MapKind.DIFFUSE] = jittered(maps[MapKind.DIFFUSE], jitters)
    return maps


def _join(maps: Planes, place: int, others: Planes, sample: Sample, valid: Tensor | None) -> None:
    """Join the sample at a place and its other layers; of an atlas `valid` is told where its islands are."""
    if isinstance(sample.border, Atlas):
        surfaces = {
            kind: torch.cat([maps[kind][place : place + 1], images]) for kind, images in others.items()
        }
        laid, there = laid_out(sample.border, surfaces)
        for kind, image in laid.items():
            maps[kind][place] = image
        if valid is not None:
            valid[place, 0] = there
    elif sample.border is not None:
        which = parted(sample.border, sample.side, maps[MapKind.DIFFUSE].device)
        for kind, images in others.items():
            for number, image in enumerate(images, 1):
                maps[kind][place] = torch.where(which == number, image, maps[kind][place])


def _grow(maps: Planes, place: int, second: Planes, layer: Layer) -> None:
    """Let a second surface, maps (C, H, W), grow into the layer at a place, in all maps that both have."""
    assert layer.blend is not None
    both = {kind: (maps[kind][place], second[kind]) for kind in KINDS if kind in layer.kinds}
    share = shares(layer.blend, layer.turn, both)
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


def _groups(places: list[int], images: Tensor, layers: int = 1) -> Iterator[list[int]]:
    """Places of images (N, C, H, W), as many at a time as `_TEXELS` says, each of so many layers."""
    count = max(1, _TEXELS[images.is_cuda] // (layers * images.shape[2] * images.shape[3]))
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

"""Samples as tests look at them: read, decoded, and each map as an array; and samples of codes written out by hand."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from unbake.data.batch import Batch, collate
from unbake.data.cache_format import MASKS, Entry
from unbake.data.crop import Crop
from unbake.data.on_device import decoded
from unbake.data.sample import Layer, Part, Sample
from unbake.domain.maps import SPECS, MapKind, spec
from unbake.domain.materials import CLASSES, Domain
from unbake.image.arrays import quantise

PLAIN = np.arange(256, dtype=np.float32) / 255
"""A picture's codes as they are."""


class Seen(NamedTuple):
    """A sample as networks see it: the maps it has, (H, W, C) float32, and what it is called."""

    maps: dict[MapKind, np.ndarray]
    name: str
    key: str


def batch_of(*samples: Sample) -> Batch:
    """Samples as a batch of floats on the CPU."""
    return decoded(collate(samples), torch.device("cpu"))


def seen(sample: Sample) -> Seen:
    """One sample alone."""
    batch = batch_of(sample)
    maps = {
        kind: np.moveaxis(image[0].numpy(), 0, -1)
        for kind, image in batch.maps.items()
        if bool(batch.present[kind][0])
    }
    return Seen(maps, sample.name, sample.key)


def entry_of(maps: Mapping[MapKind, np.ndarray], folder: str = "one", wrap: bool = False) -> Entry:
    """The entry of a material with these maps, NORMAL and what is not in painted.npy among them."""
    height, width = next(iter(maps.values())).shape[:2]
    truth = [kind for kind in maps if kind not in (MapKind.DIFFUSE, *MASKS)]
    return Entry(
        id=f"stone/{folder}",
        category="stone",
        split="train",
        source="",
        licence="",
        key="",
        folder=folder,
        scale=1.0,
        height=height,
        width=width,
        wrap=(wrap, wrap),
        maps8=tuple(kind for kind in truth if spec(kind).bits == 8),
        maps16=tuple(kind for kind in truth if spec(kind).bits == 16),
        styles=("given",),
        specular=(MapKind.SPECULAR in maps,),
        environment=(MapKind.ENVIRONMENT in maps,),
        mods=("mod",),
        levels=(1.0,),
    )


def write_entry(
    root: Path, maps: Mapping[MapKind, np.ndarray], folder: str = "one", wrap: bool = False
) -> Entry:
    """A material of floats (H, W, C) in their ranges, or codes, as files of a cache; DIFFUSE is its one variant."""
    entry = entry_of(maps, folder, wrap)
    codes = {kind: quantise(kind, image) for kind, image in maps.items()}
    place = root / folder
    place.mkdir(parents=True)
    painted = np.zeros((1, entry.height, entry.width, 3 + len(MASKS)), np.uint8)
    painted[0, ..., :3] = codes[MapKind.DIFFUSE]
    for channel, mask in enumerate(MASKS, 3):
        if mask in codes:
            painted[0, ..., channel] = codes[mask][..., 0]
    np.save(place / "painted.npy", painted)
    for name, kinds, dtype in (("maps8", entry.maps8, np.uint8), ("maps16", entry.maps16, np.uint16)):
        empty = np.empty((entry.height, entry.width, 0), dtype)
        np.save(place / f"{name}.npy", np.concatenate([empty, *(codes[kind] for kind in kinds)], -1))
    return entry


def whole(
    root: Path,
    maps: Mapping[MapKind, np.ndarray],
    folder: str = "one",
    label: str | None = "wood",
    domain: Domain = "matsynth",
) -> Sample:
    """A sample of a whole square material, written out beside it; its picture is shown as it is."""
    entry = write_entry(root, maps, folder)
    crop = Crop(root, entry, 0, 0, 0, entry.height)
    return plain(crop, label, domain)


def plain(crop: Crop, label: str | None = "wood", domain: Domain = "matsynth") -> Sample:
    """A crop alone, its picture as it is, nothing drawn."""
    classes = None if label is None else np.array([label == name for name in CLASSES], np.float32)
    return Sample((Layer((Part(crop, PLAIN),)),), crop.px, classes, crop.entry.id, "key", domain)


def flat(value: float, kinds: tuple[MapKind, ...], size: int = 16) -> dict[MapKind, np.ndarray]:
    """Maps of one value everywhere."""
    return {kind: np.full((size, size, SPECS[kind].channels), value, np.float32) for kind in kinds}

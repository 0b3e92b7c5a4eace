"""A training sample before it is read: its crops, and the numbers drawn for it; between `dataset` and `batch`.

Everything here is small and can be sent between processes. `on_device` makes pixels of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from unbake.data.atlas import Atlas
from unbake.data.colours import Jitter, Paint
from unbake.data.composite import Blend, Border
from unbake.data.crop import Crop
from unbake.data.photometric import Light
from unbake.data.turn import UPRIGHT, Turn
from unbake.domain.maps import MapKind
from unbake.domain.materials import Domain


@dataclass(frozen=True, slots=True)
class Part:
    """One crop. picture: value of each code of its diffuse, sRGB in [0, 1], (256,) float32."""

    crop: Crop
    picture: np.ndarray


@dataclass(frozen=True, slots=True)
class Layer:
    """One surface as it is shown: a crop, or two that grow into one another, turned, and its colours changed.

    parts: one, or with `blend` two. turn: of the whole. light, paint, jitter: changes of its colours in this order,
    or None.
    """

    parts: tuple[Part, ...]
    blend: Blend | None = None
    turn: Turn = UPRIGHT
    light: Light | None = None
    paint: Paint | None = None
    jitter: Jitter | None = None

    @property
    def kinds(self) -> frozenset[MapKind]:
        """The maps that all of its parts have."""
        return frozenset.intersection(*(part.crop.kinds for part in self.parts))


@dataclass(frozen=True, slots=True)
class Sample:
    """One training example, its pixels still in the cache.

    layers: one, or with `border` as many as it parts, or as the islands of an atlas are cut from. side: texels of the
    maps it will have; crops of another size are brought to it.
    classes: (K,) float32, 1 for each class there is, or None where the label says too little.
    name: the material's id; key: scale, variant and first texel of the crop, for logs.
    domain: whose picture it is; Skyrim's have no classes. fold: which of the classifier's heads never sees it, -1
    for validation: none does.
    """

    layers: tuple[Layer, ...]
    side: int
    classes: np.ndarray | None
    name: str
    key: str
    domain: Domain = "matsynth"
    fold: int = -1
    border: Border | Atlas | None = None

    @property
    def kinds(self) -> frozenset[MapKind]:
        """The maps that all of its layers have; no others will be given."""
        return frozenset.intersection(*(layer.kinds for layer in self.layers))


class DrawSample(Protocol):
    """Draws one plain sample; doubt: of its mod's level, shared by what is in one file, None for one of its own."""

    def __call__(self, rng: np.random.Generator, doubt: float | None = None, /) -> Sample:
        """The sample drawn with these random numbers."""
        ...


Augment = Callable[[DrawSample, DrawSample, np.random.Generator], Sample]
"""Makes one sample from draws of the asked pair and draws of any of its pool; see `unbake.data.augment`."""


def composite(samples: Sequence[Sample], border: Border | Atlas) -> Sample:
    """One sample that shows samples of one domain, fold and size side by side, or as the islands of an atlas.

    A map is given only where every one has it. Classes are the union of theirs, or None when one of them is unknown:
    its material is in the picture too.
    """
    return _combined(samples, tuple(layer for sample in samples for layer in sample.layers), border)


def blended(samples: Sequence[Sample], blend: Blend) -> Sample:
    """One sample of one material that two plain ones grow into; domain, maps and classes as of a composite."""
    return _combined(
        samples, (Layer(tuple(part for sample in samples for part in sample.layers[0].parts), blend),), None
    )


def _combined(samples: Sequence[Sample], layers: tuple[Layer, ...], border: Border | Atlas | None) -> Sample:
    known = [sample.classes for sample in samples if sample.classes is not None]
    classes = np.maximum.reduce(known) if len(known) == len(samples) else None
    names, keys = ("+".join(words) for words in zip(*((s.name, s.key) for s in samples), strict=True))
    first = samples[0]
    return Sample(layers, first.side, classes, names, keys, first.domain, first.fold, border)

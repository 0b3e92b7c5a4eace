"""The wiring of the four networks: inputs and outputs of each, in the order they run; the one table of it."""

from dataclasses import dataclass
from typing import Final

from unbake.domain.maps import GEOMETRY, MAPS_HEADS, MapKind, spec


@dataclass(frozen=True, slots=True)
class Network:
    """One network of the four.

    name: of its module in `models.network.Networks` and of its file in a bundle.
    reads: the maps it reads, in the order of its inputs.
    gives: the maps it predicts, one head each, in the order of its outputs.
    reads_labels: True where it reads the probabilities of the classifier's labels too.
    outputs: names of the outputs of its file; logits where the runtime is to calibrate them.
    """

    name: str
    reads: tuple[MapKind, ...]
    gives: tuple[MapKind, ...]
    reads_labels: bool = False
    outputs: tuple[str, ...] = ()

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs of its file, in the order of its `forward`.

        Every map has one, but for the geometry channels, which share one. A map that many textures lack is followed
        by its flag, (1, 1), 1 where the texture has one. "label_probs" is last.

        >>> NETWORKS["segformer"].inputs[2:]
        ('specular', 'specular_given', 'environment', 'environment_given', 'coarse')
        """
        names = []
        for kind in self.reads:
            names += [input_name(kind), given_name(kind)] if spec(kind).optional else [input_name(kind)]
        if self.reads_labels:
            names.append(LABEL_PROBS)
        return tuple(dict.fromkeys(names))

    @property
    def conditioned_on(self) -> frozenset[str]:
        """Names of the networks whose outputs it reads.

        >>> sorted(NETWORKS["unet_albedo"].conditioned_on)
        ['segformer', 'vit']
        """
        sources = {network.name for network in _TABLE if set(network.gives) & set(self.reads)}
        looks = self.reads_labels or MapKind.COARSE in self.reads
        return frozenset(sources | ({CLASSIFIER} if looks else set()))

    @property
    def planes(self) -> int:
        """Channels of all it reads, at one size: those of its maps, and a flag for each that textures may lack."""
        return sum(spec(kind).channels + spec(kind).optional for kind in self.reads)


CLASSIFIER: Final = "vit"
"""The network that gives probabilities of labels, classes and properties, instead of a map."""

FOLDS: Final = 4
"""Heads of the classifier, each trained without a quarter of the sources: of a training material the other networks
are told what the head says that never saw it, of any other the mean of all."""

LABEL_PROBS: Final = "label_probs"

AROUND: Final = "around"
"""Input of a UNet's file: int64 (2,), 1 for rows, for columns, that are a whole axis which it goes on round itself."""

RING: Final = 16
"""Texels that a UNet sees around such an axis, for its two finest levels."""

_SURFACE = (MapKind.NORMAL, MapKind.SPECULAR)

_TABLE: tuple[Network, ...] = (
    Network(CLASSIFIER, reads=(MapKind.DIFFUSE,), gives=(), outputs=("label_logits", "patch_logits")),
    Network(
        "segformer",
        reads=(MapKind.DIFFUSE, *_SURFACE, MapKind.ENVIRONMENT, MapKind.COARSE),
        gives=(MapKind.METALLIC_MASK,),
        outputs=("mask_logits",),
    ),
    Network(
        "unet_albedo",
        reads=(MapKind.DIFFUSE, *_SURFACE, MapKind.METALLIC_MASK, MapKind.COARSE),
        gives=(MapKind.ALBEDO,),
        reads_labels=True,
        outputs=(MapKind.ALBEDO.value,),
    ),
    Network(
        "unet_maps",
        reads=(MapKind.ALBEDO, *_SURFACE, MapKind.METALLIC_MASK, MapKind.COARSE, *GEOMETRY),
        gives=MAPS_HEADS,
        reads_labels=True,
        outputs=tuple(kind.value for kind in MAPS_HEADS),
    ),
)

NETWORKS: Final[dict[str, Network]] = {network.name: network for network in _TABLE}
"""The networks by name, in the order they run: none reads what a later one gives."""


CODED: Final = ("unet_albedo", "unet_maps")
"""The networks that a bundle may hold in integers too, for processors; see `coded_name`."""

MADE_OF: Final = "made_of"
"""The note in such a file: the hash (`files.content_hash`) of the network's file in floats that it was made of."""


def coded_name(network: str) -> str:
    """The name of the file that holds a network in integers.

    >>> coded_name("unet_maps")
    'unet_maps.int8.onnx'
    """
    return f"{network}.int8.onnx"


def network_of(kind: MapKind) -> str:
    """The name of the network that predicts a map; KeyError for a map that none predicts.

    >>> network_of(MapKind.HEIGHT)
    'unet_maps'
    """
    return _GIVES[kind]


def input_name(kind: MapKind) -> str:
    """The name of the input that a map is read by in a network's file.

    >>> input_name(MapKind.METALLIC_MASK), input_name(MapKind.GEO_AO), input_name(MapKind.ALBEDO)
    ('mask', 'geometry', 'albedo')
    """
    if kind in GEOMETRY:
        return "geometry"
    return _SHORT.get(kind, kind.value)


def given_name(kind: MapKind) -> str:
    """The name of the flag that says whether a texture has a map.

    >>> given_name(MapKind.SPECULAR)
    'specular_given'
    """
    return f"{kind}_given"


_SHORT = {MapKind.METALLIC_MASK: "mask"}
_GIVES = {kind: network.name for network in _TABLE for kind in network.gives}

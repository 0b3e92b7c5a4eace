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
    reads_classes: True where it reads the class probabilities of the classifier too.
    outputs: names of the outputs of its file; logits where the runtime is to calibrate them.
    """

    name: str
    reads: tuple[MapKind, ...]
    gives: tuple[MapKind, ...]
    reads_classes: bool = False
    outputs: tuple[str, ...] = ()

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs of its file, in the order of its `forward`.

        Every map has one, but for the geometry channels, which share one. "specular_given" follows the specular mask:
        (1, 1), 1 where the texture has one. "class_probs" is last.

        >>> NETWORKS["segformer"].inputs
        ('diffuse', 'normal', 'specular', 'specular_given')
        """
        names = [input_name(kind) for kind in self.reads]
        if MapKind.SPECULAR in self.reads:
            names.insert(self.reads.index(MapKind.SPECULAR) + 1, SPECULAR_GIVEN)
        if self.reads_classes:
            names.append(CLASS_PROBS)
        return tuple(dict.fromkeys(names))

    @property
    def conditioned_on(self) -> frozenset[str]:
        """Names of the networks whose outputs it reads.

        >>> sorted(NETWORKS["unet_albedo"].conditioned_on)
        ['segformer']
        """
        sources = {network.name for network in _TABLE if set(network.gives) & set(self.reads)}
        return frozenset(sources | ({CLASSIFIER} if self.reads_classes else set()))

    @property
    def planes(self) -> int:
        """Channels of all it reads, at one size: those of its maps, and one that says whether specular is present."""
        return sum(spec(kind).channels for kind in self.reads) + (MapKind.SPECULAR in self.reads)


CLASSIFIER: Final = "vit"
"""The network that gives class probabilities instead of a map."""

SPECULAR_GIVEN: Final = "specular_given"
CLASS_PROBS: Final = "class_probs"

_SURFACE = (MapKind.NORMAL, MapKind.SPECULAR)

_TABLE: tuple[Network, ...] = (
    Network(CLASSIFIER, reads=(MapKind.DIFFUSE,), gives=(), outputs=("class_logits",)),
    Network(
        "segformer",
        reads=(MapKind.DIFFUSE, *_SURFACE),
        gives=(MapKind.METALLIC_MASK,),
        outputs=("mask_logits",),
    ),
    Network(
        "unet_albedo",
        reads=(MapKind.DIFFUSE, *_SURFACE, MapKind.METALLIC_MASK),
        gives=(MapKind.ALBEDO,),
        outputs=(MapKind.ALBEDO.value,),
    ),
    Network(
        "unet_maps",
        reads=(MapKind.ALBEDO, *_SURFACE, MapKind.METALLIC_MASK, *GEOMETRY),
        gives=MAPS_HEADS,
        reads_classes=True,
        outputs=tuple(kind.value for kind in MAPS_HEADS),
    ),
)

NETWORKS: Final[dict[str, Network]] = {network.name: network for network in _TABLE}
"""The networks by name, in the order they run: none reads what a later one gives."""


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


_SHORT = {MapKind.METALLIC_MASK: "mask"}
_GIVES = {kind: network.name for network in _TABLE for kind in network.gives}

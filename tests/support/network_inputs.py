"""Random inputs of the four networks, by the names and in the order of the table in `domain.networks`."""

from collections import Counter

import torch
from torch import Tensor
from torch.nn import functional

from unbake.domain.maps import MapKind, spec
from unbake.domain.materials import LABELS
from unbake.domain.networks import LABEL_PROBS, NETWORKS, given_name, input_name

_NORMAL = input_name(MapKind.NORMAL)


def random_inputs(batch: int = 2, side: int = 64, seed: int = 1) -> dict[str, Tensor]:
    """Every input of any network: images in their ranges, and flags of which every other sample's is 1."""
    torch.manual_seed(seed)
    channels: Counter[str] = Counter()
    for kind in sorted({kind for network in NETWORKS.values() for kind in network.reads}):
        channels[input_name(kind)] += spec(kind).channels
    inputs = {name: torch.rand(batch, count, side, side) for name, count in channels.items()}
    inputs[_NORMAL] = functional.normalize(inputs[_NORMAL] + torch.tensor([-0.5, -0.5, 1.0])[:, None, None])
    flags = (torch.arange(batch) % 2)[:, None].float()
    inputs |= {given_name(kind): flags for kind in MapKind if spec(kind).optional}
    return inputs | {LABEL_PROBS: torch.rand(batch, len(LABELS))}


def read_by(network: str, inputs: dict[str, Tensor]) -> list[Tensor]:
    """The inputs of one network, in the order of its `forward`."""
    return [inputs[name] for name in NETWORKS[network].inputs]

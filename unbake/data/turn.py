"""A training sample mirrored and turned, its normals with their surface; drawn by `augment`, for `decode`."""

from typing import NamedTuple

import torch
from torch import Tensor


class Turn(NamedTuple):
    """A mirror, left to right, and after it quarter turns counter-clockwise."""

    quarters: int = 0
    mirror: bool = False


UPRIGHT = Turn()


def turned(planes: Tensor, turn: Turn) -> Tensor:
    """Planes (C, H, W) of any type as the picture is turned, a copy; vectors keep their components.

    >>> turned(torch.tensor([[[0, 1]]]), Turn(1, mirror=True)).tolist()
    [[[0], [1]]]
    """
    return torch.rot90(planes.flip(2) if turn.mirror else planes, turn.quarters, (1, 2))


def turned_vectors(vectors: Tensor, turn: Turn) -> Tensor:
    """The components of vectors (3, H, W), x right and y up the picture, after a turn of the picture.

    >>> turned_vectors(torch.tensor([[[0.6]], [[0.0]], [[0.8]]]), Turn(1)).flatten().tolist()[1] > 0.5
    True
    """
    x, y, z = vectors
    if turn.mirror:
        x = -x
    x, y = ((x, y), (-y, x), (-x, -y), (y, -x))[turn.quarters % 4]
    return torch.stack([x, y, z])

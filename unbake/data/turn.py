"""A training sample mirrored and turned, its normals with their surface; drawn by `augment`, for `decode`."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
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


def before(picture: np.ndarray, turn: Turn) -> np.ndarray:
    """A view of a picture (H, W, ...), H = W, as it was before the turn: what is written there lies turned in it.

    >>> picture = np.zeros((2, 2), int); before(picture, Turn(1))[0] = [1, 2]; picture.tolist()
    [[2, 0], [1, 0]]
    """
    back = np.rot90(picture, -turn.quarters)
    return back[:, ::-1] if turn.mirror else back


@lru_cache
def turn_of_vectors(turn: Turn) -> np.ndarray:
    """What `turned_vectors` does to x and y: a matrix (2, 2), float32, of entries -1, 0 and 1.

    >>> (turn_of_vectors(Turn(1)) + 0).tolist()
    [[0.0, -1.0], [1.0, 0.0]]
    """
    probe = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])[:, None]
    return turned_vectors(probe, turn)[:2, 0].numpy()


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

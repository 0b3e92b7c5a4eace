"""Maps to network channels, and corrections to maps; used by N2, N3 and N4."""

import torch
from torch import Tensor

EPS = 1 / 512
"""Corrected maps start within this of their input, less than half an 8-bit step."""


def centred(unit: Tensor) -> Tensor:
    """[0, 1] to [-1, 1], where normals already are."""
    return unit * 2 - 1


def optional_channels(mask: Tensor, given: Tensor) -> list[Tensor]:
    """A mask, centred, zero where it is absent, and the flag that says which.

    mask: (B, 1, H, W) in [0, 1]. given: (B, 1), 0 or 1. Returns two tensors (B, 1, H, W).
    """
    flag = given[:, :, None, None].to(mask.dtype).expand_as(mask)
    return [centred(mask) * flag, flag]


def corrected(start: Tensor, delta: Tensor) -> Tensor:
    """sigmoid(logit(start) + delta) in float32: `start` where delta is zero, and any value within reach.

    start: in [0, 1], clamped to [EPS, 1 - EPS]; black reaches 0.9 with delta = 8.5 (SPEC section 1, N3).
    """
    return torch.sigmoid(torch.logit(start.float(), eps=EPS) + delta.float())

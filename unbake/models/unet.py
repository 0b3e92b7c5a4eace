"""The body of N3 and N4: one encoder, one lower decoder, and a private end for each map.

Nothing here looks at the whole tile (no norm, attention or pooling over it), so that tiled = whole; what is
global comes in through FiLM. Sides are multiples of the stride; zero padding, wrapping is done on the input.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unbake.models.config import UnetConfig
from unbake.models.film import Film
from unbake.models.norm import Norm, recomputed

HEAD_LEVELS = 2
"""The finest up-levels, private to each map."""


def _block(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False), Norm(outputs), nn.ReLU(inplace=True)
    )


def _upsampled(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


class Up(nn.Module):
    """One level up: reduce channels while coarse (cheap), nearest upsampling, join the skip, convolve."""

    def __init__(self, coarse: int, skip: int, outputs: int, blocks: int) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(coarse, skip, 1) if coarse != skip else nn.Identity()
        self.blocks = nn.Sequential(
            _block(2 * skip, outputs), *(_block(outputs, outputs) for _ in range(blocks - 1))
        )

    def forward(self, coarse: Tensor, skip: Tensor) -> Tensor:
        """coarse: (B, C, H, W). skip: (B, S, 2H, 2W). Returns (B, outputs, 2H, 2W)."""
        joined: Tensor = self.blocks(torch.cat([_upsampled(self.reduce(coarse)), skip], dim=1))
        return joined


class Head(nn.Module):
    """A map's private end: the two finest up-levels, one thin block each, and the output convolution."""

    def __init__(self, coarse: int, width: int, outputs: int, checkpoint: bool) -> None:
        super().__init__()
        self.middle = Up(coarse, 2 * width, width, blocks=1)
        self.fine = Up(width, width, width, blocks=1)
        self.out = nn.Conv2d(width, outputs, 3, padding=1)
        self.checkpoint = checkpoint

    def forward(self, coarse: Tensor, middle: Tensor, fine: Tensor) -> Tensor:
        """coarse at 1/4, skips at 1/2 and 1/1 resolution; returns the raw output at 1/1."""
        if self.checkpoint and self.training:
            x = recomputed(self.fine, recomputed(self.middle, coarse, middle), fine)
        else:
            x = self.fine(self.middle(coarse, middle), fine)
        raw: Tensor = self.out(x)
        return raw


class Unet(nn.Module):
    """Channels in, one raw output per head out.

    inputs: channels read. heads: name → channels of the output. labels: length of the conditioning vector,
    0 = no FiLM. checkpoint: recompute the finest level of the encoder and the heads in the backward pass.
    """

    def __init__(
        self, inputs: int, heads: dict[str, int], config: UnetConfig, labels: int, checkpoint: bool
    ) -> None:
        super().__init__()
        channels = config.channels
        self.checkpoint = checkpoint
        self.encoder = nn.ModuleList(
            nn.Sequential(_block(before, after, stride), _block(after, after))
            for before, after, stride in zip(
                (inputs, *channels), channels, (1,) + (2,) * config.depth, strict=False
            )
        )
        lower = range(config.depth - 1, HEAD_LEVELS - 1, -1)
        self.decoder = nn.ModuleList(
            Up(channels[level + 1], channels[level], channels[level], blocks=2) for level in lower
        )
        self.film = nn.ModuleList(Film(labels, channels[level]) for level in (config.depth, *lower) if labels)
        self.heads = nn.ModuleDict(
            {
                name: Head(channels[HEAD_LEVELS], config.width, outputs, checkpoint)
                for name, outputs in heads.items()
            }
        )

    def forward(self, x: Tensor, label_probs: Tensor | None = None) -> dict[str, Tensor]:
        """x: (B, inputs, H, W), sides multiples of the stride. label_probs: (B, labels) for FiLM."""
        skips: list[Tensor] = []
        for level, encode in enumerate(self.encoder):
            kept = level > 0 or not (self.checkpoint and self.training)
            x = encode(x) if kept else recomputed(encode, x)
            skips.append(x)
        skips.pop()
        x = self._modulated(0, x, label_probs)
        for step, up in enumerate(self.decoder, start=1):
            x = self._modulated(step, up(x, skips.pop()), label_probs)
        fine, middle = skips
        return {name: head(x, middle, fine) for name, head in self.heads.items()}

    def _modulated(self, step: int, x: Tensor, label_probs: Tensor | None) -> Tensor:
        if label_probs is None:
            return x
        modulated: Tensor = self.film[step](x, label_probs)
        return modulated

    def part(self, name: str) -> str | None:
        """The part of the network a parameter (named relative to this module) belongs to; None: not of ours."""
        match name.split("."):
            case ["encoder", level, *_]:
                return "encoder.upper" if 2 * int(level) >= len(self.encoder) - 1 else "encoder.lower"
            case ["heads", key, *_]:
                return f"head.{key}"
            case ["decoder" | "film", *_]:
                return "decoder"
        return None


def half_receptive_field(config: UnetConfig) -> int:
    """Furthest input texel that can reach an output texel, along one axis.

    Follows the interval of texels an output reads down the longest path (through the bottleneck), for every
    position of the output within the stride. A convolution widens the interval by one at its own level;
    upsampling halves it; a strided convolution from level l to l + 1 reads 2·low - 1 … 2·high + 1.
    """

    def reach(position: int) -> int:
        low, high = position - 1, position + 1  # output convolution
        for level in range(config.depth):
            blocks = 1 if level < HEAD_LEVELS else 2
            low, high = (low - blocks) // 2, (high + blocks) // 2
        for _ in range(config.depth):
            low, high = 2 * (low - 1) - 1, 2 * (high + 1) + 1
        return max(position - (low - 2), high + 2 - position)  # the two blocks of the finest encoder level

    return max(reach(position) for position in range(2**config.depth))

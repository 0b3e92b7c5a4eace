"""The sizes the networks come in; read by every module of `models`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VitConfig:
    """N1, a DINOv2-shaped ViT.

    px: side of the square it looks at, texels. patch: side of one token, texels.
    """

    hidden: int
    layers: int
    heads: int
    px: int = 252
    patch: int = 14


@dataclass(frozen=True, slots=True)
class SegformerConfig:
    """N2, a SegFormer (the defaults are b0).

    hidden, depths, heads: of the four encoder stages. decoder: channels of the all-MLP head.
    """

    hidden: tuple[int, int, int, int] = (32, 64, 160, 256)
    depths: tuple[int, int, int, int] = (2, 2, 2, 2)
    heads: tuple[int, int, int, int] = (1, 2, 5, 8)
    decoder: int = 256


@dataclass(frozen=True, slots=True)
class UnetConfig:
    """N3 and N4.

    width: channels at full resolution, doubled at every halving. depth: number of halvings, at least 3.
    """

    width: int
    depth: int = 4

    @property
    def channels(self) -> tuple[int, ...]:
        """Channels of each encoder level, finest first."""
        return tuple(self.width << level for level in range(self.depth + 1))


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """One size of the four networks.

    segformer_px: longest side N2 looks at, texels; callers reduce larger textures.
    checkpoint: recompute the finest UNet levels in the backward pass instead of keeping them.

    >>> CONFIGS["small"].stride
    16
    """

    name: str
    vit: VitConfig
    segformer: SegformerConfig
    unet: UnetConfig
    segformer_px: int
    checkpoint: bool = False

    @property
    def stride(self) -> int:
        """Sides given to the UNets, and shifts under which they commute, are multiples of this (texels)."""
        return 2**self.unet.depth


CONFIGS: dict[str, ModelConfig] = {
    config.name: config
    for config in (
        ModelConfig(
            "tiny",
            VitConfig(hidden=24, layers=2, heads=2),
            SegformerConfig(hidden=(8, 8, 16, 16), depths=(1, 1, 1, 1), heads=(1, 1, 2, 2), decoder=16),
            UnetConfig(width=4, depth=3),
            segformer_px=128,
        ),
        ModelConfig(
            "small",
            VitConfig(hidden=384, layers=12, heads=6),
            SegformerConfig(),
            UnetConfig(width=16),
            segformer_px=512,
        ),
        ModelConfig(
            "full",
            VitConfig(hidden=384, layers=12, heads=6),
            SegformerConfig(),
            UnetConfig(width=32),
            segformer_px=1024,
            checkpoint=True,
        ),
    )
}
"""The sizes by name: `tiny` for tests, `small` ships with the converter, `full` wants a GPU of 8 GB."""

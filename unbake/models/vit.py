"""N1: which materials a texture is made of; runs once on a 224 texel copy of the diffuse."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import Dinov2Config, Dinov2Model

from unbake.models.config import VitConfig

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet, per sRGB channel: what DINOv2 was trained with."""


class Vit(nn.Module):
    """Multi-label material classifier with a DINOv2-shaped backbone (Oquab et al. 2023), never downloaded.

    >>> from unbake.models.config import CONFIGS
    >>> tuple(Vit(CONFIGS["tiny"].vit, classes=7)(torch.rand(2, 3, 64, 96)).shape)
    (2, 7)
    """

    def __init__(self, config: VitConfig, classes: int) -> None:
        super().__init__()
        self.px = config.px
        self.layers = config.layers
        self.backbone = Dinov2Model(
            Dinov2Config(  # type: ignore[call-arg]  # its parents' keywords are not in its stub
                hidden_size=config.hidden,
                num_hidden_layers=config.layers,
                num_attention_heads=config.heads,
                image_size=config.px,
                patch_size=config.patch,
                use_mask_token=False,
                attn_implementation="sdpa",
            )
        )
        self.classifier = nn.Linear(2 * config.hidden, classes)
        self.register_buffer("mean", torch.tensor(MEAN)[:, None, None], persistent=False)
        self.register_buffer("std", torch.tensor(STD)[:, None, None], persistent=False)
        self.mean: Tensor
        self.std: Tensor

    def forward(self, diffuse: Tensor) -> Tensor:
        """diffuse: (B, 3, H, W) sRGB in [0, 1], any size. Returns logits (B, K), one per material class."""
        if diffuse.shape[-2:] != (self.px, self.px):
            size = (self.px, self.px)
            diffuse = F.interpolate(diffuse, size=size, mode="bilinear", antialias=True, align_corners=False)
        tokens = self.backbone((diffuse - self.mean) / self.std).last_hidden_state
        logits: Tensor = self.classifier(torch.cat([tokens[:, 0], tokens[:, 1:].mean(dim=1)], dim=1))
        return logits

    def part(self, name: str) -> str | None:
        """The part of the network a parameter (named relative to this module) belongs to; None: not of ours."""
        match name.split("."):
            case ["classifier", *_]:
                return "head.classes"
            case ["backbone", "embeddings", *_]:
                return "encoder.lower"
            case ["backbone", "encoder", "layer", index, *_] if 2 * int(index) < self.layers:
                return "encoder.lower"
            case ["backbone", "encoder" | "layernorm", *_]:
                return "encoder.upper"
        return None

"""N1: what a texture is made of, how much metal, how rough, how bright; runs once on a small copy of the diffuse."""

from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import Dinov2Config, Dinov2Model

from unbake.domain.maps import MapKind, spec
from unbake.domain.networks import FOLDS
from unbake.models.config import VitConfig

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet, per sRGB channel: what DINOv2 was trained with."""

WIDTH = 96
"""Hidden units of a head over patches."""

DROPOUT = 0.2, 0.4
"""Before and inside that head: few materials teach it."""


class Vit(nn.Module):
    """Multi-label classifier with a DINOv2-shaped backbone (Oquab et al. 2023), never downloaded; heads in FOLDS folds.

    >>> from unbake.models.config import CONFIGS
    >>> labels, patches = Vit(CONFIGS["tiny"].vit, labels=7)(torch.rand(2, 3, 64, 96))
    >>> tuple(labels.shape), tuple(patches.shape)
    ((2, 4, 7), (2, 4, 3, 18, 18))
    """

    def __init__(self, config: VitConfig, labels: int) -> None:
        super().__init__()
        self.px = config.px
        self.layers = config.layers
        self.grid = config.px // config.patch
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
        self.classifier = nn.Linear(2 * config.hidden, FOLDS * labels)
        self.patches = nn.Sequential(
            nn.Dropout(DROPOUT[0]),
            nn.Conv1d(3 * config.hidden, FOLDS * WIDTH, 1),
            nn.GELU(),
            nn.Dropout(DROPOUT[1]),
            nn.Conv1d(FOLDS * WIDTH, FOLDS * spec(MapKind.COARSE).channels, 1, groups=FOLDS),
        )
        self.register_buffer("mean", torch.tensor(MEAN)[:, None, None], persistent=False)
        self.register_buffer("std", torch.tensor(STD)[:, None, None], persistent=False)
        self.mean: Tensor
        self.std: Tensor

    def forward(self, diffuse: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of the labels, (B, FOLDS, K), and of the channels of COARSE by patch, (B, FOLDS, 3, g, g).

        diffuse: (B, 3, H, W) sRGB in [0, 1], any size.
        """
        if diffuse.shape[-2:] != (self.px, self.px):
            size = (self.px, self.px)
            diffuse = F.interpolate(diffuse, size=size, mode="bilinear", antialias=True, align_corners=False)
        tokens = self.backbone((diffuse - self.mean) / self.std).last_hidden_state
        whole, each = tokens[:, 0], tokens[:, 1:]
        summary = torch.cat([whole, each.mean(dim=1)], dim=1)
        labels: Tensor = self.classifier(summary).unflatten(1, (FOLDS, -1))
        beside = torch.cat([each, summary[:, None].expand(-1, each.shape[1], -1)], dim=2)
        patches = self.patches(beside.transpose(1, 2)).unflatten(1, (FOLDS, -1))
        return labels, patches.unflatten(-1, (self.grid, self.grid))

    def train(self, mode: bool = True) -> Self:
        """Training mode, but for heads that do not learn: without dropout others are told what conversion tells."""
        super().train(mode)
        self.patches.train(mode and any(p.requires_grad for p in self.patches.parameters()))
        return self

    def part(self, name: str) -> str | None:
        """The part of the network a parameter (named relative to this module) belongs to; None: not of ours."""
        match name.split("."):
            case ["classifier" | "patches", *_]:
                return "head.classes"
            case ["backbone", "embeddings", *_]:
                return "encoder.lower"
            case ["backbone", "encoder", "layer", index, *_] if 2 * int(index) < self.layers:
                return "encoder.lower"
            case ["backbone", "encoder" | "layernorm", *_]:
                return "encoder.upper"
        return None


class Averaged(nn.Module):
    """A classifier whose heads speak as one: logits (B, K) and (B, 3, g, g), means over the folds."""

    def __init__(self, vit: Vit) -> None:
        super().__init__()
        self.vit = vit

    def forward(self, diffuse: Tensor) -> tuple[Tensor, Tensor]:
        """As `Vit.forward`."""
        labels, patches = self.vit(diffuse)
        return labels.mean(dim=1), patches.mean(dim=1)


def out_of_fold(logits: Tensor, folds: Tensor) -> Tensor:
    """Of each sample the logits of the head that never saw it: (B, FOLDS, ...) to (B, ...).

    folds: (B,), the fold of each sample, -1 for one that no head saw: then the mean of all.

    >>> out_of_fold(torch.tensor([[1.0, 2.0], [3.0, 5.0]]), torch.tensor([1, -1])).tolist()
    [2.0, 4.0]
    """
    rows = torch.arange(len(folds), device=logits.device)
    known = (folds < 0).view(-1, *[1] * (logits.ndim - 2))
    return torch.where(known, logits.mean(dim=1), logits[rows, folds.clamp(min=0)])

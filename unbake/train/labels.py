"""Targets of the classifier for a batch, as a whole and by patch, and its loss; between `data` and `losses`.

A head's loss leaves out the samples of its own fold, so that what it says of them is what it says of new materials.
"""

import torch
from torch import Tensor
from torch.nn import functional

from unbake.data.batch import Batch
from unbake.domain.maps import MapKind
from unbake.domain.networks import FOLDS
from unbake.losses.masked import Mean, ratio
from unbake.losses.total import LossWeights, class_losses
from unbake.metrics.mask import METAL_SHARE

_SHOWN = 0.25
"""Share of a patch that must show a surface, where some of it is the ground of an atlas, for its means to count."""

_SOURCES = (MapKind.METALLIC_MASK, MapKind.ROUGHNESS, MapKind.ALBEDO)
"""Maps that the channels of COARSE are means of, in their order."""


def label_targets(batch: Batch) -> tuple[Tensor, Tensor]:
    """Targets (B, K) in [0, 1] in the order of LABELS, and which are known, (B, K) bool.

    Classes are the labels of the data; properties are means over the maps of the very crop, the ground of
    an atlas aside.
    """
    share, rough, bright = (_mean(batch.maps[kind], batch.valid) for kind in _SOURCES)
    values = torch.stack([(share > METAL_SHARE).to(share.dtype), share, rough, bright], 1)
    metal, rough_known, bright_known = (batch.present[kind] for kind in _SOURCES)
    known = torch.stack([metal, metal, rough_known, bright_known], 1)
    has_classes = batch.has_classes[:, None].expand_as(batch.classes)
    return torch.cat([batch.classes, values], 1), torch.cat([has_classes, known], 1)


def patch_targets(batch: Batch, grid: int) -> tuple[Tensor, Tensor]:
    """Targets (B, 3, grid, grid) in [0, 1], the channels of COARSE, and which are known, (B, 3, 1, 1) bool.

    In a batch with atlases the targets are means over what is no ground, and (B, 3, grid, grid) says which are known.
    """
    planes = torch.cat([batch.maps[kind].mean(1, keepdim=True) for kind in _SOURCES], 1)
    known = torch.stack([batch.present[kind] for kind in _SOURCES], 1)[:, :, None, None]
    if batch.valid is None:
        return functional.interpolate(planes, (grid, grid), mode="area"), known
    planes = torch.where(batch.valid, planes, torch.zeros_like(planes))
    both = functional.interpolate(
        torch.cat([planes, batch.valid.to(planes.dtype)], 1), (grid, grid), mode="area"
    )
    means, shown = both[:, :-1], both[:, -1:]
    return (means / shown.clamp(min=1e-6)).clamp(max=1), known & (shown >= _SHOWN)


def _mean(image: Tensor, valid: Tensor | None) -> Tensor:
    """The mean of each map of (B, C, H, W), or of its valid texels: (B,)."""
    if valid is None:
        return image.flatten(1).mean(1)
    total = torch.where(valid, image, torch.zeros_like(image)).flatten(1).sum(1)
    return total / (valid.flatten(1).sum(1) * image.shape[1]).clamp(min=1)


def classifier_losses(
    labels: Tensor, patches: Tensor, batch: Batch, weights: LossWeights, mean: Mean = ratio
) -> dict[str, Tensor]:
    """Terms "classes/bce" and "patches/bce". labels, patches: logits, as `models.vit.Vit` gives them."""
    learns = batch.folds[:, None] != torch.arange(FOLDS, device=labels.device)
    targets, known = label_targets(batch)
    terms = class_losses(
        labels.flatten(0, 1),
        targets[:, None].expand_as(labels).flatten(0, 1),
        (known[:, None] & learns[..., None]).flatten(0, 1),
        weights,
        mean=mean,
    )
    targets, known = patch_targets(batch, patches.shape[-1])
    # Channels last: each patch of each head is a sample.
    flat = patches.permute(0, 1, 3, 4, 2)
    counted = (known.permute(0, 2, 3, 1)[:, None] & learns[:, :, None, None, None]).expand_as(flat)
    wanted = targets.permute(0, 2, 3, 1)[:, None].expand_as(flat)
    by_patch = class_losses(
        flat.flatten(0, 3), wanted.flatten(0, 3), counted.flatten(0, 3), weights, mean=mean
    )
    return terms | {"patches/bce": by_patch["classes/bce"]} if by_patch else terms

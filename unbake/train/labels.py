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

_SOURCES = (MapKind.METALLIC_MASK, MapKind.ROUGHNESS, MapKind.ALBEDO)
"""Maps that the channels of COARSE are means of, in their order."""


def label_targets(batch: Batch) -> tuple[Tensor, Tensor]:
    """Targets (B, K) in [0, 1] in the order of LABELS, and which are known, (B, K) bool.

    Classes are the labels of the data; properties are means over the maps of the very crop.
    """
    share, rough, bright = (batch.maps[kind].flatten(1).mean(1) for kind in _SOURCES)
    values = torch.stack([(share > METAL_SHARE).to(share.dtype), share, rough, bright], 1)
    metal, rough_known, bright_known = (batch.present[kind] for kind in _SOURCES)
    known = torch.stack([metal, metal, rough_known, bright_known], 1)
    has_classes = batch.has_classes[:, None].expand_as(batch.classes)
    return torch.cat([batch.classes, values], 1), torch.cat([has_classes, known], 1)


def patch_targets(batch: Batch, grid: int) -> tuple[Tensor, Tensor]:
    """Targets (B, 3, grid, grid) in [0, 1], the channels of COARSE, and which are known, (B, 3) bool."""
    planes = [batch.maps[kind].mean(1, keepdim=True) for kind in _SOURCES]
    small = functional.interpolate(torch.cat(planes, 1), (grid, grid), mode="area")
    return small, torch.stack([batch.present[kind] for kind in _SOURCES], 1)


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
    counted = (known[:, None] & learns[..., None])[:, :, None, None].expand_as(flat)
    wanted = targets.permute(0, 2, 3, 1)[:, None].expand_as(flat)
    by_patch = class_losses(
        flat.flatten(0, 3), wanted.flatten(0, 3), counted.flatten(0, 3), weights, mean=mean
    )
    return terms | {"patches/bce": by_patch["classes/bce"]} if by_patch else terms

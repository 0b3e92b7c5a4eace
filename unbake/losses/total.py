"""Named, weighted terms of each network's loss: what the training loop sums, logs and sends back.

`mean` divides a sum by a count; with several processes the engine passes its own, which sums both over all.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from unbake.domain.maps import MapKind, spec
from unbake.losses.masked import Mean, align_shape, masked_l1, ratio
from unbake.losses.multilabel import multilabel_bce
from unbake.losses.rendering import Light, rendering_l1
from unbake.losses.structural import gradient_l1, mask_bce, mask_dice, probability_bce

Terms = dict[str, Tensor]
"""Weighted scalar terms by name, "<map>/<term>"; their sum is the loss."""

Distance = Callable[[Tensor, Tensor], Tensor]
"""Two sRGB batches (B, 3, H, W) in [0, 1] → one distance per sample (B,)."""

BINARY_SHARE = 0.25
"""Weight of a bimodal map's cross-entropy, as a share of the mask's: its L1 stays the main term."""

_GREY = 0.5


@dataclass(frozen=True, slots=True)
class LossWeights:
    """Weights of the loss terms; 0 leaves a term out.

    w_fg: weight of foreground pixels in the masked L1. perceptual: times the distance the caller hands in.
    rendering: times the difference of looks, under lights the caller hands in.
    """

    w_fg: float = 3.0
    l1: float = 1.0
    gradient: float = 0.5
    bce: float = 1.0
    dice: float = 1.0
    perceptual: float = 0.0
    rendering: float = 0.0


def map_losses(
    kind: MapKind,
    pred: Tensor,
    target: Tensor,
    present: Tensor,
    foreground: Tensor | None,
    weights: LossWeights,
    distance: Distance | None = None,
    mean: Mean = ratio,
) -> Terms:
    """Terms of one predicted map: "l1", "gradient", and where they apply "bce" and "perceptual".

    pred, target: (B, C, H, W) in the range and colour space of the map's spec. present: (B,) bool, which
    samples have a truth, or (B, 1, H, W), which texels; the others contribute nothing. foreground: the batch's map
    named by `spec(kind).foreground`, (B, 1, H, W), or None. distance: for colour maps, used where
    `weights.perceptual` > 0. A map whose spec is affine_free is compared without offset and scale.

    >>> import torch
    >>> t = torch.rand(2, 1, 8, 8)
    >>> sorted(map_losses(MapKind.ROUGHNESS, t, t, torch.tensor([True, False]), None, LossWeights()))
    ['roughness/gradient', 'roughness/l1']
    """
    about = spec(kind)
    terms: Terms = {}
    if about.affine_free:
        like, truth, counted = align_shape(pred, target, present)
        foreground = None
    else:
        like, truth, counted = pred, target, present
    if weights.l1 > 0:
        terms[f"{kind}/l1"] = weights.l1 * masked_l1(like, truth, counted, foreground, weights.w_fg, mean)
    if weights.gradient > 0:
        terms[f"{kind}/gradient"] = weights.gradient * gradient_l1(like, truth, counted, mean=mean)
    if weights.bce > 0 and about.bimodal:
        terms[f"{kind}/bce"] = BINARY_SHARE * weights.bce * probability_bce(pred, target, present, mean)
    if weights.perceptual > 0 and distance is not None and about.colour == "srgb":
        terms[f"{kind}/perceptual"] = weights.perceptual * _perceptual(pred, target, present, distance, mean)
    return terms


def _perceptual(pred: Tensor, target: Tensor, present: Tensor, distance: Distance, mean: Mean) -> Tensor:
    """Mean distance of the present samples, one at a time, so that the features of one only are held in memory."""
    if present.ndim == 4:  # the distance looks at whole pictures: what does not count is one grey in both
        pred, target = (torch.where(present, picture, _GREY) for picture in (pred, target))
        present = present.flatten(1).any(1)
    total = pred.sum() * 0.0
    for ours, theirs, known in zip(pred.split(1), target.split(1), present.tolist(), strict=True):
        if known:
            each = checkpoint(distance, ours, theirs, use_reentrant=False, preserve_rng_state=False)
            total = total + each.sum()
    return mean(total, present.to(pred.dtype).sum())


def rendering_losses(
    network: str,
    pred: Mapping[MapKind, Tensor],
    truth: Mapping[MapKind, Tensor],
    present: Mapping[MapKind, Tensor],
    lights: Sequence[Light],
    weights: LossWeights,
    mean: Mean = ratio,
) -> Terms:
    """The one term of all maps of a network together: "<network>/rendering"; none without lights.

    Shapes and ranges as for `rendering_l1`, which compares the maps among the true ones of the others.
    """
    if weights.rendering <= 0 or not lights:
        return {}
    return {f"{network}/rendering": weights.rendering * rendering_l1(pred, truth, present, lights, mean)}


def mask_losses(
    logits: Tensor, target: Tensor, present: Tensor, weights: LossWeights, mean: Mean = ratio
) -> Terms:
    """Terms of the metallic mask: "metallic_mask/bce" and "metallic_mask/dice".

    logits, target: (B, 1, H, W), target 0 or 1; present: (B,) or (B, 1, H, W) bool.
    """
    terms: Terms = {}
    if weights.bce > 0:
        terms[f"{MapKind.METALLIC_MASK}/bce"] = weights.bce * mask_bce(logits, target, present, mean)
    if weights.dice > 0:
        terms[f"{MapKind.METALLIC_MASK}/dice"] = weights.dice * mask_dice(logits, target, present, mean)
    return terms


def class_losses(
    logits: Tensor,
    classes: Tensor,
    present: Tensor,
    weights: LossWeights | None = None,
    positive_weight: Tensor | None = None,
    mean: Mean = ratio,
) -> Terms:
    """The one term of the material classifier: "classes/bce". Shapes as for `multilabel_bce`."""
    weight = 1.0 if weights is None else weights.bce
    if weight <= 0:
        return {}
    return {"classes/bce": weight * multilabel_bce(logits, classes, present, positive_weight, mean)}

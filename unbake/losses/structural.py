"""Losses that look at shape: mask cross-entropy and Dice, and L1 of image gradients at several scales."""

import torch
from torch import Tensor
from torch.nn import functional

from unbake.losses.masked import Mean, compared, fill_absent, ratio, texels, wide

LARGEST_POSITIVE_WEIGHT = 10.0
"""A single metal pixel in a batch must not outweigh everything else."""

PROBABILITY_MARGIN = 1e-4
"""Probabilities are squeezed by this much from 0 and 1, so that a wrong certainty costs at most 9.2 nats."""


def positive_weight(target: Tensor, present: Tensor, mean: Mean = ratio) -> Tensor:
    """Negatives ÷ positives among the present masks of a batch, within [1, 10]: a scalar tensor.

    target: (B, 1, H, W), metal where > 0.5; present: (B,) or (B, 1, H, W) bool. mean: where several processes share
    the batch, the engine's own. 1 where the batch has no metal.

    >>> positive_weight(torch.tensor([[[[1.0, 0.0, 0.0, 0.0]]]]), torch.tensor([True]))
    tensor(3.)
    """
    metal = (target > 0.5) & texels(present)
    share = mean(wide(metal.sum()), wide(compared(present, target)))
    weight = torch.where(share > 0, (1.0 - share) / share, torch.ones_like(share))
    return weight.clamp(1.0, LARGEST_POSITIVE_WEIGHT)


def mask_bce(logits: Tensor, target: Tensor, present: Tensor, mean: Mean = ratio) -> Tensor:
    """Mean cross-entropy of mask logits, metal weighing as much as the rest: a scalar, 0 when none is present.

    logits, target: (B, 1, H, W), target in [0, 1]; present: (B,) or (B, 1, H, W) bool. The weight is the batch's own
    (`positive_weight`), which makes probabilities lean towards metal: calibrate the threshold afterwards.
    """
    logits = wide(logits)
    per_pixel = texels(present)
    target = torch.where(per_pixel, target.to(logits.dtype), torch.zeros_like(logits))
    weight = positive_weight(target, present, mean).to(logits.dtype)
    each = functional.binary_cross_entropy_with_logits(logits, target, pos_weight=weight, reduction="none")
    return mean((each * per_pixel).sum(), compared(present, logits).to(logits.dtype))


def mask_dice(logits: Tensor, target: Tensor, present: Tensor, mean: Mean = ratio) -> Tensor:
    """1 − Dice overlap, averaged over the present samples that have metal: a scalar in [0, 1].

    Arguments as for `mask_bce`. Samples without metal are left to the cross-entropy: their Dice would be
    1 for the faintest shadow of a prediction. Source: Milletari et al., "V-Net" (2016), first powers.
    """
    logits = wide(logits)
    per_pixel = texels(present)
    target = torch.where(per_pixel, target.to(logits.dtype), torch.zeros_like(logits))
    probability = logits.sigmoid() * per_pixel
    truth = target.sum(dim=(1, 2, 3))
    metal = (truth > 0).to(logits.dtype)
    overlap = (probability * target).sum(dim=(1, 2, 3))
    size = probability.sum(dim=(1, 2, 3)) + truth
    return mean(((1.0 - 2.0 * overlap / size.clamp_min(1e-6)) * metal).sum(), metal.sum())


def probability_bce(pred: Tensor, target: Tensor, present: Tensor, mean: Mean = ratio) -> Tensor:
    """Mean cross-entropy of a map of probabilities in [0, 1]: a scalar, finite even for wrong certainties.

    pred, target: (B, C, H, W) in [0, 1]; present: (B,) or (B, 1, H, W) bool.
    """
    probability = wide(pred) * (1.0 - 2.0 * PROBABILITY_MARGIN) + PROBABILITY_MARGIN
    per_pixel = texels(present)
    target = torch.where(per_pixel, target.to(probability.dtype), torch.zeros_like(probability))
    each = -(target * probability.log() + (1.0 - target) * (1.0 - probability).log())
    return mean((each * per_pixel).sum(), compared(present, pred).to(each.dtype))


def gradient_l1(pred: Tensor, target: Tensor, present: Tensor, scales: int = 3, mean: Mean = ratio) -> Tensor:
    """Mean |∇(pred − target)| along rows and columns at full size, a half, a quarter, ...: a scalar.

    pred, target: (B, C, H, W), the same range; present: (B,) or (B, 1, H, W) bool: a step counts between two texels
    that do. A constant offset costs nothing. Scales that would be under 2 pixels are left out.
    Source: the gradient matching term of Li and Snavely, "MegaDepth" (2018), on box averages.
    """
    pred = wide(pred)
    difference = pred - fill_absent(pred, target, present)
    samples = present.to(pred.dtype).sum()
    only = present if present.ndim == 4 else None
    total, count = difference.sum() * 0.0, samples * 0.0
    for scale in range(scales):
        if scale > 0:
            if min(difference.shape[2:]) < 4:
                break
            difference = functional.avg_pool2d(difference, 2)
            only = None if only is None else functional.avg_pool2d(only.to(pred.dtype), 2) == 1
        for dim in (2, 3):
            step = difference.diff(dim=dim)
            if only is not None:
                size = only.shape[dim] - 1
                pairs = only.narrow(dim, 0, size) & only.narrow(dim, 1, size)
                step, samples = step * pairs, pairs.to(pred.dtype).sum() / max(1, pairs[0].numel())
            # Every scale counts alike: its mean, not its number of pixels.
            total = total + step.abs().sum() / max(1, step[0].numel())
            count = count + samples
    return mean(total, count)

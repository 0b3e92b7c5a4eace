"""L1 over the samples that have the map, foreground weighing more: the main term of every map's loss.

`present` says everywhere in these losses what is compared: (B,) bool, samples that have the map, or (B, 1, H, W) bool,
their single texels, where some show no surface (the ground of an atlas). What is not compared has no gradient.
"""

from collections.abc import Callable

import torch
from torch import Tensor

Mean = Callable[[Tensor, Tensor], Tensor]
"""(sum, count) → their quotient; with several processes, the engine's own that sums both over all of them."""

FLAT = 1.0 / 255.0
"""Below this standard deviation a height map says nothing but its own rounding."""

HEIGHT_SPREAD = 1.0 / 6.0
"""Standard deviation that compared heights are brought to: the one geometry's own height has."""


def ratio(total: Tensor, count: Tensor) -> Tensor:
    """sum ÷ count of one process; 0, still part of the graph, where nothing was counted.

    >>> ratio(torch.tensor(6.0), torch.tensor(4.0)), ratio(torch.tensor(0.0), torch.tensor(0.0))
    (tensor(1.5000), tensor(0.))
    """
    return total / torch.where(count > 0, count, torch.ones_like(count))


def wide(x: Tensor) -> Tensor:
    """The tensor in float32 at least: sums over a million half-precision pixels mean nothing."""
    return x if x.dtype == torch.float64 else x.float()


def texels(present: Tensor) -> Tensor:
    """`present` as it applies to maps: (B, 1, 1, 1) of samples, (B, 1, H, W) of texels."""
    return present if present.ndim == 4 else present.view(-1, 1, 1, 1)


def compared(present: Tensor, like: Tensor) -> Tensor:
    """How many values of maps (B, C, H, W) are compared: a scalar.

    >>> maps = torch.zeros(2, 3, 4, 4)
    >>> int(compared(torch.tensor([True, False]), maps)), int(compared(torch.ones(2, 1, 4, 4) > 0, maps))
    (48, 96)
    """
    return present.sum() * (like[0].numel() if present.ndim == 1 else like.shape[1])


def fill_absent(pred: Tensor, target: Tensor, present: Tensor) -> Tensor:
    """The target, and where there is none the prediction itself: no difference, no gradient, no NaN.

    pred, target: (B, C, H, W); present: (B,) or (B, 1, H, W) bool. The result has pred's dtype, at least float32.
    """
    pred = wide(pred).detach()
    return torch.where(texels(present), target.to(pred.dtype), pred)


def masked_l1_sum(
    pred: Tensor, target: Tensor, present: Tensor, foreground: Tensor | None = None, w_fg: float = 3.0
) -> tuple[Tensor, Tensor]:
    """Sum of weighted |pred − target| and sum of the weights, to be reduced over processes before dividing.

    pred, target: (B, C, H, W), any range and colour space, the same for both. present: (B,) or (B, 1, H, W)
    bool. foreground: (B, 1, H, W); pixels above 0.5 weigh `w_fg`, others 1. Source: the plan's masked_l1, w_fg = 3.
    """
    pred = wide(pred)
    error = (pred - fill_absent(pred, target, present)).abs()
    weight = texels(present).to(pred.dtype).expand(-1, 1, *pred.shape[2:])
    if foreground is not None:
        weight = torch.where(foreground > 0.5, weight * w_fg, weight)
    return (error * weight).sum(), weight.sum() * pred.shape[1]


def masked_l1(
    pred: Tensor,
    target: Tensor,
    present: Tensor,
    foreground: Tensor | None = None,
    w_fg: float = 3.0,
    mean: Mean = ratio,
) -> Tensor:
    """Weighted mean of |pred − target|, a scalar; arguments as for `masked_l1_sum`. 0 when nothing is present.

    >>> p, t = torch.tensor([[[[0.0, 0.0]]]]), torch.tensor([[[[1.0, 0.5]]]])
    >>> masked_l1(p, t, torch.tensor([True]), foreground=t)       # (3 · 1 + 1 · 0.5) / 4
    tensor(0.8750)
    """
    return mean(*masked_l1_sum(pred, target, present, foreground, w_fg))


def align_shape(pred: Tensor, target: Tensor, present: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Prediction and target without offset and scale per sample, and what is left to compare.

    pred, target: (B, C, H, W), present: (B,) or (B, 1, H, W), whose texels alone count. Both come back with zero mean
    and a standard deviation of `HEIGHT_SPREAD`, so shrinking a prediction towards a constant gains nothing (it would,
    were the target fitted to it) and an upside-down height stays wrong. A flat target has no shape and is left out; a
    flat prediction comes back as zeros with a finite gradient.
    Source: the scale-and-shift-invariant loss of Ranftl et al., "Towards Robust Monocular Depth
    Estimation" (2020), with moments in place of medians.
    """
    pred = wide(pred)
    target = target.to(pred.dtype)
    only = present if present.ndim == 4 else None
    if only is None:
        shaped = present & (target.std(dim=(1, 2, 3), correction=0) > FLAT)
    else:
        shaped = present & (_mean((target - _mean(target, only)).square(), only).sqrt() > FLAT)
    target = fill_absent(pred, target, shaped)
    return _standard(pred, only), _standard(target, only), shaped


def _standard(x: Tensor, only: Tensor | None) -> Tensor:
    centred = x - _mean(x, only)
    # The epsilon is added under the root: the gradient of a constant map stays finite.
    spread = (_mean(centred.square(), only) + FLAT**2).sqrt()
    return HEIGHT_SPREAD * centred / spread


def _mean(x: Tensor, only: Tensor | None) -> Tensor:
    """The mean of each sample of (B, C, H, W), or of its texels `only` (B, 1, H, W): (B, 1, 1, 1)."""
    if only is None:
        return x.mean(dim=(1, 2, 3), keepdim=True)
    total = torch.where(only, x, torch.zeros_like(x)).sum(dim=(1, 2, 3), keepdim=True)
    return total / (only.sum(dim=(1, 2, 3), keepdim=True) * x.shape[1]).clamp(min=1)

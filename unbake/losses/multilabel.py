"""Binary cross-entropy over labels, any number of which may be true, or true in part: the classifier's loss."""

import torch
from torch import Tensor
from torch.nn import functional

from unbake.losses.masked import Mean, ratio, wide


def multilabel_bce_sum(
    logits: Tensor, classes: Tensor, present: Tensor, positive_weight: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Sum of the cross-entropies and how many there are. Arguments as for `multilabel_bce`."""
    logits = wide(logits)
    per_class = (present if present.ndim == 2 else present.view(-1, 1)).expand_as(logits)
    targets = torch.where(per_class, classes.to(logits.dtype), torch.zeros_like(logits))
    each = functional.binary_cross_entropy_with_logits(
        logits, targets, pos_weight=positive_weight, reduction="none"
    )
    return (each * per_class).sum(), per_class.to(logits.dtype).sum()


def multilabel_bce(
    logits: Tensor,
    classes: Tensor,
    present: Tensor,
    positive_weight: Tensor | None = None,
    mean: Mean = ratio,
) -> Tensor:
    """Mean cross-entropy over classes and samples that carry labels: a scalar, 0 when none does.

    logits: (B, K), any value. classes: (B, K) in [0, 1], shares are allowed (composites).
    present: (B,) bool, or (B, K) where single labels may be unknown. positive_weight: (K,), how much a present class
    weighs, or None for 1.

    >>> multilabel_bce(torch.zeros(2, 3), torch.zeros(2, 3), torch.tensor([True, False]))   # ln 2
    tensor(0.6931)
    """
    return mean(*multilabel_bce_sum(logits, classes, present, positive_weight))

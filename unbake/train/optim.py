"""Optimizer, schedule and running average of a phase, built from its recipe over the parameters it trains."""

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import (
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    ExponentialLR,
    LRScheduler,
    OneCycleLR,
    StepLR,
)
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from unbake.recipe import Adam, AdamW, Cosine, Exponential, Lion, OneCycle, Step, WarmRestarts

Optimizer = AdamW | Adam | Lion
Many = tuple[Tensor, ...] | list[Tensor]
Schedule = Cosine | OneCycle | Step | WarmRestarts | Exponential


def parameter_groups(
    named: Iterable[tuple[str, nn.Parameter]], weight_decay: float
) -> list[dict[str, object]]:
    """Two groups: matrices and kernels decay; norms and biases (one dimension or none) do not."""
    decayed: list[nn.Parameter] = []
    plain: list[nn.Parameter] = []
    for _, parameter in named:
        (decayed if parameter.ndim > 1 else plain).append(parameter)
    groups: list[dict[str, object]] = []
    if decayed:
        groups.append({"params": decayed, "weight_decay": weight_decay})
    if plain:
        groups.append({"params": plain, "weight_decay": 0.0})
    return groups


def build_optimizer(named: Iterable[tuple[str, nn.Parameter]], choice: Optimizer) -> torch.optim.Optimizer:
    """torch's optimizer for the recipe's choice; `named` are the trained parameters only."""
    match choice:
        case AdamW(lr=lr, weight_decay=decay, betas=betas):
            return torch.optim.AdamW(parameter_groups(named, decay), lr=lr, betas=betas, fused=True)
        case Adam(lr=lr, betas=betas):
            return torch.optim.Adam(parameter_groups(named, 0.0), lr=lr, betas=betas, fused=True)
        case Lion(lr=lr, weight_decay=decay, betas=betas):
            import lion_pytorch

            groups = parameter_groups(named, decay)
            lion: torch.optim.Optimizer = lion_pytorch.Lion(groups, lr=lr, betas=betas)
            return lion


def build_schedule(
    optimizer: torch.optim.Optimizer, choice: Schedule, epochs: int, steps_per_epoch: int
) -> LRScheduler:
    """torch's schedule for the recipe's choice.

    OneCycle counts steps over `epochs` x `steps_per_epoch`, and its final_div_factor is chosen so that the
    last step has `final_lr` (torch divides the *initial* rate, max_lr / 25, by it). Warm restarts count steps,
    too; the others count epochs.
    """
    match choice:
        case Cosine(t_max=t_max):
            return CosineAnnealingLR(optimizer, T_max=t_max)
        case Step(step_size=step_size, gamma=gamma):
            return StepLR(optimizer, step_size=step_size, gamma=gamma)
        case Exponential(gamma=gamma):
            return ExponentialLR(optimizer, gamma=gamma)
        case WarmRestarts(t_0=t_0):
            return CosineAnnealingWarmRestarts(optimizer, T_0=t_0 * steps_per_epoch)
        case OneCycle(max_lr=max_lr, pct_start=pct_start, final_lr=final_lr):
            div_factor = 25.0
            return OneCycleLR(
                optimizer,
                max_lr=max_lr,
                total_steps=max(2, epochs * steps_per_epoch),
                pct_start=pct_start,
                div_factor=div_factor,
                final_div_factor=max_lr / div_factor / final_lr,
                cycle_momentum=False,
            )


def steps_every_batch(choice: Schedule) -> bool:
    """True where the schedule is stepped after every batch, False after every epoch."""
    return isinstance(choice, OneCycle | WarmRestarts)


def build_average(networks: nn.Module, decay: float) -> AveragedModel | None:
    """A running average of the networks, running statistics included, which starts as they are; None for decay 0.

    In the first steps it keeps less, (1 + n) / (10 + n) after n of them: in a short run the share of the weights that
    it began with would stay large, a third after 500 steps at 0.998. The average is its `.module`.
    Source: Polyak and Juditsky 1992; exponential as in torch.optim.swa_utils, its start as in TensorFlow's.
    """
    if not decay:
        return None

    def moved(average: Many, current: Many, count: Tensor | int) -> None:
        kept = min(decay, (1 + int(count)) / (10 + int(count)))
        get_ema_multi_avg_fn(kept)(average, current, count)

    return AveragedModel(networks, multi_avg_fn=moved, use_buffers=True)


def update_average(average: AveragedModel, networks: nn.Module) -> None:
    """Move the average towards the networks, by 1 - decay; the first time, all the way."""
    average.update_parameters(networks)
    for ours, theirs in zip(average.module.buffers(), networks.buffers(), strict=True):
        if not ours.is_floating_point():  # counters: an average of whole numbers would be rounded down
            ours.copy_(theirs)


def clip_gradients(parameters: list[nn.Parameter], largest: float) -> float:
    """Scale gradients so that their joint norm is at most `largest`; return the norm before, NaN if not finite."""
    norm = float(torch.nn.utils.clip_grad_norm_(parameters, largest))
    return norm if math.isfinite(norm) else math.nan

"""The training loop: one for every phase; everything that differs between phases is recipe data."""

import math
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch.utils.data import DataLoader

from unbake.data.dataset import Batch, PatchDataset, collate
from unbake.data.sampler import MixSampler
from unbake.domain.materials import Domain
from unbake.errors import TrainingError
from unbake.files import clear_drafts
from unbake.losses.rendering import Light, random_lights
from unbake.losses.total import LossWeights
from unbake.models.network import Networks
from unbake.models.parameters import leaves
from unbake.recipe import Recipe
from unbake.recipe.gate import Verdict
from unbake.report.samples import Sample, write_samples
from unbake.train.checkpoint import Position, load_state, save_state
from unbake.train.curriculum import batch_of, crop_of
from unbake.train.optim import (
    build_average,
    build_optimizer,
    build_schedule,
    clip_gradients,
    steps_every_batch,
    update_average,
)
from unbake.train.parallel import Processes
from unbake.train.perceptual import Perceptual
from unbake.train.step import Wrapped, forward_networks, loss_weights, total
from unbake.train.stopping import best_epoch, ended
from unbake.train.tracking import Tracker
from unbake.train.validate import validated

PRINT_EVERY = 50
"""Iterations between reports of the losses (plan: "print losses every 50 it")."""

LIGHTS = 2
"""Random lights of a step, for the rendering loss where a recipe has one: new ones each step, so few will do."""

MOST_SKIPS = 20
"""Steps in a row with a non-finite loss after which a run gives up."""


@dataclass(frozen=True)
class Progress:
    """A step is done; `terms` holds the mean losses since the last report every PRINT_EVERY steps, else nothing."""

    epoch: int
    epochs: int
    step: int
    steps: int
    lr: float
    terms: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class EpochDone:
    """An epoch is validated; `best` says whether it is the best so far."""

    epoch: int
    figures: dict[str, float]
    best: bool


@dataclass(frozen=True)
class Finished:
    """The phase is over: may the next one begin, and why.

    best: the lowest value of the recipe's figure, NaN where there is none. A run stopped by a signal is NOT_YET.
    """

    verdict: Verdict
    reason: str
    best: float


Event = Progress | EpochDone | Finished


@dataclass(frozen=True)
class Run:
    """Everything a run of a phase needs, made ready by `unbake.train.setup`.

    validation: the domains that are validated, each with its items of `val_data`. steps: batches an epoch.
    perceptual: name and function of the albedo's perceptual distance, or None.
    """

    recipe: Recipe
    networks: Networks
    trainable: set[str]
    train_data: PatchDataset
    sampler: MixSampler
    val_data: PatchDataset
    validation: dict[Domain, Sequence[int]]
    steps: int
    log_folder: Path
    state_path: Path
    save_best: Callable[[Networks, dict[str, float]], None]
    metadata: dict[str, object]
    processes: Processes
    perceptual: Perceptual | None = None
    workers: int = 0
    wandb: bool = False
    save_every_s: float = 120.0


def train(run: Run, emit: Callable[[Event], None], resume: bool = False) -> Finished:
    """Train a phase to its end, or to the signal that stops it; a stopped run resumes exactly where it was.

    Raises TrainingError after MOST_SKIPS non-finite steps in a row.
    """
    torch.set_flush_denormal(True)  # vanishing gradients make Adam ten times slower on a CPU otherwise
    us = run.processes
    recipe, networks = run.recipe, run.networks.to(us.device)
    networks.to(memory_format=torch.channels_last)  # type: ignore[call-overload] # faster on CPUs, too
    named = [(n, p) for n, p in networks.named_parameters() if n in run.trainable]
    trained = {leaf.network for name, leaf in leaves(networks).items() if name in run.trainable}
    optimizer = build_optimizer(named, recipe.optimizer)
    schedule = build_schedule(optimizer, recipe.schedule, recipe.epochs.max, run.steps)
    average = build_average(networks, recipe.ema)
    kept = average.module if average else networks
    assert isinstance(kept, Networks)
    weights = loss_weights(recipe.losses)
    distance = run.perceptual[0] if run.perceptual else "none"
    shown: list[Sample] = []

    def save(at: Position) -> None:
        if us.is_main:
            save_state(run.state_path, networks, optimizer, schedule, at, run.metadata, average)

    def figures_now(stopped: Callable[[], bool] = lambda: False) -> dict[str, float]:
        us.same_buffers(kept)
        shown.clear()
        return validated(
            kept,
            run.val_data,
            run.validation,
            weights,
            us,
            recipe.map,
            run.perceptual,
            stopped,
            shown if us.is_main else None,
        )

    def interrupted() -> Finished:
        if tracker:
            tracker.close()
        reason = "stopped by a signal; go on with --resume"
        finished = Finished(Verdict.NOT_YET, reason, _best_value(recipe, history))
        emit(finished)
        return finished

    if us.is_main:
        clear_drafts(run.state_path.parent, of=run.state_path.name)  # other runs write theirs beside it
    if resume:
        position = load_state(run.state_path, networks, optimizer, schedule, run.metadata, average)
    else:
        position = Position(1, 0, [{"epoch": 0} | figures_now()], {}, 0)
        if us.is_main:
            write_samples(run.log_folder, 0, shown)
            if best_epoch(recipe, position.history) == 0:
                run.save_best(kept, position.history[0])
    called = us.wrap(networks)
    steps = run.steps
    resumed_at = (position.epoch - 1) * steps + position.step if resume else None
    tracker = Tracker(run.log_folder, resumed_at, wandb=run.wandb) if us.is_main else None
    if tracker and not resume:
        tracker.epoch(0, position.history)
    epoch, done, history = position.epoch, position.step, list(position.history)
    judgement = ended(recipe, history, distance)
    sums, skipped, skipped_in_a_row = dict(position.train_sums), position.skipped, 0
    last_save = time.monotonic()
    with _stop_flag() as stopped:
        while judgement is None:
            networks.train()
            for batch in _batches(run, epoch, done):
                torch.manual_seed(_mix(recipe.seed, epoch, done))
                lights = _lights(_mix(recipe.seed, epoch, done)) if weights.rendering else []
                terms, finite = _train_step(
                    called, batch.to(us.device), run, optimizer, weights, trained, lights
                )
                skipped_in_a_row = 0 if finite else skipped_in_a_row + 1
                skipped += not finite
                if finite and average:
                    update_average(average, networks)
                if skipped_in_a_row >= MOST_SKIPS:
                    raise TrainingError(
                        f"Expected finite losses, but {MOST_SKIPS} steps in a row had none "
                        f"({', '.join(n for n, v in terms.items() if not math.isfinite(v)) or 'gradients'}); "
                        "start the phase again with a lower learning rate (--set optimizer.lr=...)."
                    )
                if steps_every_batch(recipe.schedule):
                    schedule.step()
                done += 1
                for name, value in terms.items() if finite else ():
                    sums.setdefault(name, []).append(value)
                lr = optimizer.param_groups[0]["lr"]
                means: dict[str, float] = {}
                if done % PRINT_EVERY == 0 or done == steps:
                    means = {n: math.fsum(v) / len(v) for n, v in sums.items()}
                    sums = {}
                    if tracker:
                        tracker.step((epoch - 1) * steps + done, means, lr)
                emit(Progress(epoch, recipe.epochs.max, done, steps, lr, means))
                stop = us.agree(stopped())
                if stop or time.monotonic() - last_save > run.save_every_s:
                    save(Position(epoch, done, history, sums, skipped))
                    last_save = time.monotonic()
                    if stop:
                        return interrupted()
            save(Position(epoch, done, history, sums, skipped))  # validation may take long, and be stopped
            figures = figures_now(stopped)
            if us.agree(stopped()):
                return interrupted()
            if not steps_every_batch(recipe.schedule):
                schedule.step()
            lr = optimizer.param_groups[0]["lr"]
            history.append({"epoch": epoch, "lr": lr, "skipped": skipped} | figures)
            is_best = best_epoch(recipe, history) == epoch
            if is_best and us.is_main:
                run.save_best(kept, history[-1])
                write_samples(run.log_folder, epoch, shown)
            if tracker:
                tracker.epoch(epoch * steps, history)
            done, sums = 0, {}
            save(Position(epoch + 1, done, history, sums, skipped))
            last_save = time.monotonic()
            emit(EpochDone(epoch, history[-1], is_best))
            epoch += 1
            judgement = ended(recipe, history, distance)
    if tracker:
        tracker.close()
    us.barrier()
    reason = judgement.reason
    if len(history) - 1 < recipe.epochs.max:
        rate = history[-1].get("lr", math.nan)
        reason += f" (left after {len(history) - 1} of {recipe.epochs.max} epochs, lr {rate:.1e})"
    finished = Finished(judgement.verdict, reason, _best_value(recipe, history))
    emit(finished)
    return finished


def _best_value(recipe: Recipe, history: Sequence[Mapping[str, float]]) -> float:
    best = best_epoch(recipe, history)
    return math.nan if best is None else history[best][recipe.best]


def _train_step(
    called: Networks | Wrapped,
    batch: Batch,
    run: Run,
    optimizer: torch.optim.Optimizer,
    weights: LossWeights,
    trained: set[str],
    lights: Sequence[Light],
) -> tuple[dict[str, float], bool]:
    """One optimizer step; a non-finite loss or gradient leaves networks and optimizer as they were."""
    optimizer.zero_grad(set_to_none=True)
    statistics = [buffer.clone() for buffer in run.networks.buffers()]
    terms: dict[str, float] = {}
    distance = run.perceptual[1] if run.perceptual else None
    kind, asked = run.processes.device.type, run.recipe.precision
    bf16 = asked == "bfloat16" or (asked == "auto" and kind == "cuda")
    with torch.autocast(kind, dtype=torch.bfloat16, enabled=bf16):
        outputs = forward_networks(
            called,
            batch,
            weights,
            trained.__contains__,
            wanted=trained,
            distance=distance,
            lights=lights,
            mean=run.processes.mean,
        )
        for output in outputs:
            if output.network in trained and output.terms:
                terms |= {name: float(value.detach()) for name, value in output.terms.items()}
                total(output.terms).backward()
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    finite = all(map(math.isfinite, terms.values())) and math.isfinite(
        clip_gradients(parameters, run.recipe.clip)
    )
    if finite:
        optimizer.step()
    else:  # the forward pass has moved running statistics already
        with torch.no_grad():
            for buffer, before in zip(run.networks.buffers(), statistics, strict=True):
                buffer.copy_(before)
    return terms, finite


def _batches(run: Run, epoch: int, done: int) -> Iterable[Batch]:
    """The batches of an epoch from the one after `done` on: the same ones, whether or not the run was cut."""
    us, crop = run.processes, crop_of(run.recipe, epoch)
    size = batch_of(run.recipe, crop) // us.world * us.world
    run.sampler.set_epoch(
        epoch, run.steps * size, crop, start=done * size, rank=us.rank, world=us.world, batch=size
    )
    return DataLoader(
        run.train_data,
        batch_size=size // us.world,
        sampler=run.sampler,
        collate_fn=collate,
        num_workers=run.workers,
        pin_memory=us.device.type == "cuda",
    )


def _mix(*numbers: int) -> int:
    """One seed from several: dropout and stochastic depth of a step depend on nothing but where it stands."""
    seed = 0
    for number in numbers:
        seed = (seed * 1_000_003 + number + 1) % (2**63)
    return seed


def _lights(seed: int) -> list[Light]:
    """Those of a step, from a generator of their own: the same in every process, and after any resume."""
    return random_lights(LIGHTS, torch.Generator().manual_seed(seed))


@contextmanager
def _stop_flag() -> Iterator[Callable[[], bool]]:
    """Turns SIGTERM and Ctrl-C into a flag that the loop reads after each step; a second Ctrl-C is immediate."""
    asked = False

    def ask(signum: int, frame: object) -> None:
        nonlocal asked
        if asked and signum == signal.SIGINT:
            raise KeyboardInterrupt
        asked = True

    before = {s: signal.signal(s, ask) for s in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

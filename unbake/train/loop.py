"""The training loop: one for every phase; everything that differs between phases is recipe data."""

import math
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch.utils.data import DataLoader

from unbake import gate
from unbake.data.dataset import Batch, EpochSampler, PatchDataset, collate
from unbake.errors import TrainingError
from unbake.losses.total import LossWeights
from unbake.models.leaves import leaves
from unbake.models.network import Networks
from unbake.recipe import Plateau, Recipe, Settled
from unbake.train.checkpoint import Position, clear_drafts, load_state, save_state
from unbake.train.optim import build_optimizer, build_schedule, clip_gradients, steps_every_batch
from unbake.train.step import forward_networks, loss_weights, total
from unbake.train.tracking import Tracker
from unbake.train.validate import validate

PRINT_EVERY = 50
"""Iterations between reports of the losses (plan: "print losses every 50 it")."""

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
    """The phase is over, and why."""

    reason: str
    best: float
    interrupted: bool = False


Event = Progress | EpochDone | Finished


@dataclass(frozen=True)
class Run:
    """Everything a run of a phase needs, made ready by `unbake.train.phase`."""

    recipe: Recipe
    networks: Networks
    trainable: set[str]
    train_data: PatchDataset
    sampler: EpochSampler
    val_data: PatchDataset
    log_folder: Path
    state_path: Path
    save_best: Callable[[dict[str, float]], None]
    metadata: dict[str, object]
    device: torch.device
    workers: int = 0
    save_every_s: float = 120.0


def train(run: Run, emit: Callable[[Event], None], resume: bool = False) -> Finished:
    """Train a phase to its end, or to the signal that stops it; a stopped run resumes exactly where it was.

    Raises TrainingError after MOST_SKIPS non-finite steps in a row.
    """
    torch.set_flush_denormal(True)  # vanishing gradients make Adam ten times slower on a CPU otherwise
    recipe, networks = run.recipe, run.networks.to(run.device)
    named = [(n, p) for n, p in networks.named_parameters() if n in run.trainable]
    trained = {leaf.network for name, leaf in leaves(networks).items() if name in run.trainable}
    optimizer = build_optimizer(named, recipe.optimizer)
    steps = run.sampler.patches // recipe.data.batch
    if steps == 0:
        raise TrainingError(
            f"Expected at least one batch of {recipe.data.batch} patches an epoch, got {run.sampler.patches}; "
            "add materials, or lower data.batch (--set data.batch=1)."
        )
    schedule = build_schedule(optimizer, recipe.schedule, recipe.epochs.max, steps)
    weights = loss_weights(recipe.losses)
    val_batches = DataLoader(run.val_data, batch_size=1, collate_fn=collate, sampler=range(len(run.val_data)))

    def save(at: Position) -> None:
        save_state(run.state_path, networks, optimizer, schedule, at, run.metadata)

    def validated() -> dict[str, float]:
        figures = validate(networks, (batch.to(run.device) for batch in val_batches), weights)
        return {"mat_val_loss": figures.pop("loss")} | figures

    clear_drafts(run.state_path.parent)
    if resume:
        position = load_state(run.state_path, networks, optimizer, schedule, run.metadata)
    else:
        position = Position(1, 0, [{"epoch": 0} | validated()], None, {}, 0)
    tracker = Tracker(
        run.log_folder, resumed_at=(position.epoch - 1) * steps + position.step if resume else None
    )
    if not resume:
        tracker.epoch(0, position.history)
    reason = _ended(recipe, position)
    epoch, done, history, best = position.epoch, position.step, list(position.history), position.best
    sums, skipped, skipped_in_a_row = dict(position.train_sums), position.skipped, 0
    last_save = time.monotonic()
    with _stop_flag() as stopped:
        while reason is None:
            networks.train()
            for batch in _batches(run, epoch, done):
                torch.manual_seed(_mix(recipe.seed, epoch, done))
                terms, finite = _train_step(networks, batch.to(run.device), run, optimizer, weights, trained)
                skipped_in_a_row = 0 if finite else skipped_in_a_row + 1
                skipped += not finite
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
                    tracker.step((epoch - 1) * steps + done, means, lr)
                emit(Progress(epoch, recipe.epochs.max, done, steps, lr, means))
                if stopped() or time.monotonic() - last_save > run.save_every_s:
                    save(Position(epoch, done, history, best, sums, skipped))
                    last_save = time.monotonic()
                    if stopped():
                        tracker.close()
                        finished = Finished(
                            "stopped by a signal; go on with --resume",
                            math.nan if best is None else best,
                            True,
                        )
                        emit(finished)
                        return finished
            if not steps_every_batch(recipe.schedule):
                schedule.step()
            figures = {
                "epoch": epoch,
                "lr": optimizer.param_groups[0]["lr"],
                "skipped": skipped,
            } | validated()
            history.append(figures)
            is_best = math.isfinite(figures[recipe.best]) and (best is None or figures[recipe.best] < best)
            if is_best:
                best = figures[recipe.best]
                run.save_best(figures)
            tracker.epoch(epoch * steps, history)
            epoch, done, sums = epoch + 1, 0, {}
            position = Position(epoch, 0, history, best, sums, skipped)
            save(position)
            last_save = time.monotonic()
            emit(EpochDone(epoch - 1, figures, is_best))
            reason = _ended(recipe, position)
    tracker.close()
    finished = Finished(reason or "", best if best is not None else math.nan)
    emit(finished)
    return finished


def _train_step(
    networks: Networks,
    batch: Batch,
    run: Run,
    optimizer: torch.optim.Optimizer,
    weights: LossWeights,
    trained: set[str],
) -> tuple[dict[str, float], bool]:
    """One optimizer step; a non-finite loss or gradient leaves networks and optimizer as they were."""
    optimizer.zero_grad(set_to_none=True)
    statistics = [buffer.clone() for buffer in networks.buffers()]
    terms: dict[str, float] = {}
    waiting = set(trained)
    bf16 = run.device.type == "cuda"
    with torch.autocast(run.device.type, dtype=torch.bfloat16, enabled=bf16):
        for output in forward_networks(networks, batch, weights, trained.__contains__):
            terms |= {name: float(value.detach()) for name, value in output.terms.items()}
            if output.network in trained and output.terms:
                total(output.terms).backward()
            waiting.discard(output.network)
            if not waiting:
                break  # the networks after the last trained one have nothing to learn from this batch
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    finite = all(map(math.isfinite, terms.values())) and math.isfinite(
        clip_gradients(parameters, run.recipe.clip)
    )
    if finite:
        optimizer.step()
    else:  # the forward pass has moved running statistics already
        with torch.no_grad():
            for buffer, before in zip(networks.buffers(), statistics, strict=True):
                buffer.copy_(before)
    return terms, finite


def _batches(run: Run, epoch: int, done: int) -> Iterable[Batch]:
    """The batches of an epoch from the one after `done` on: the same ones, whether or not the run was cut."""
    size = run.recipe.data.batch
    run.sampler.set_epoch(epoch, start=done * size)
    return DataLoader(
        run.train_data,
        batch_size=size,
        sampler=run.sampler,
        collate_fn=collate,
        drop_last=True,
        num_workers=run.workers,
        pin_memory=run.device.type == "cuda",
    )


def _ended(recipe: Recipe, position: Position) -> str | None:
    """Why the phase is over after the epochs done so far, or None."""
    done = position.epoch - 1
    values = [line[recipe.best] for line in position.history]
    if done >= recipe.epochs.max:
        return f"all {done} epochs are done"
    if done < recipe.epochs.min:
        return None
    match recipe.advance:
        case Settled(fall=fall, window=window, within=within):
            return "the validation loss has settled" if gate.settled(values, fall, window, within) else None
        case Plateau(patience=patience):
            over = gate.plateaued(values[1:], patience)
            return f"the best validation loss is {patience} epochs old" if over else None


def _mix(*numbers: int) -> int:
    """One seed from several: dropout and stochastic depth of a step depend on nothing but where it stands."""
    seed = 0
    for number in numbers:
        seed = (seed * 1_000_003 + number + 1) % (2**63)
    return seed


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

"""A phase in training: the run as it was prepared, and everything that moves while it trains; driven by `loop`."""

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from torch.optim.lr_scheduler import LRScheduler

from unbake.data.batch import Batch
from unbake.data.dataset import PatchDataset
from unbake.data.sampler import MixSampler
from unbake.domain.materials import Domain
from unbake.errors import TrainingError
from unbake.files import STALE_S, clear_drafts
from unbake.models.network import Networks
from unbake.models.parameters import parameter_info
from unbake.recipe import Recipe
from unbake.recipe.gate import Judgement
from unbake.report.samples import FOLDER, Sample, write_samples
from unbake.train.batches import Batches
from unbake.train.checkpoint import Position, load_state, save_state
from unbake.train.curriculum import batch_of, crop_of
from unbake.train.draws import step_seed
from unbake.train.events import EpochDone, Event, Finished, Notice, Progress
from unbake.train.lineage import Lineage
from unbake.train.optim import (
    build_average,
    build_optimizer,
    build_schedule,
    steps_every_batch,
)
from unbake.train.parallel import Processes
from unbake.train.perceptual import Perceptual
from unbake.train.state_files import clear_state_drafts, forget
from unbake.train.step import loss_weights
from unbake.train.stopping import best_epoch, best_value, ended
from unbake.train.tracking import Tracker
from unbake.train.update import Update
from unbake.train.validate import validation_figures

PRINT_EVERY = 50
"""Iterations between reports of the losses (plan: "print losses every 50 it")."""

MOST_SKIPS = 20
"""Steps in a row with a non-finite loss after which a run gives up."""

MOST_NAMES = 8
"""Samples that the sentence about it names."""

StopFlag = Callable[[], bool]
"""True once this process was asked to stop; see `environment.stop_requested`."""


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
    lineage: Lineage
    processes: Processes
    perceptual: Perceptual | None = None
    workers: int = 0
    wandb: bool = False
    save_every_s: float = 120.0


class Validation(NamedTuple):
    """Figures of a validation, and a few samples to look at (in the main process only)."""

    figures: dict[str, float]
    samples: list[Sample]


@dataclass(frozen=True)
class Session:
    """A run under way. Its state on disk and in memory moves with the `Position` that each method takes and returns.

    eval_networks: those that are validated and saved as the best, the running average where the recipe has one.
    tracker: None in all processes but the main one.
    """

    run: Run
    eval_networks: Networks
    update: Update
    schedule: LRScheduler
    batches: Batches
    tracker: Tracker | None
    emit: Callable[[Event], None]

    def begin(self, position: Position, stopped: StopFlag) -> Position:
        """Validate the untrained networks: epoch 0 of the history, and for a single head a candidate for the best.

        Where a process was asked to stop meanwhile, the position that came is saved and returned.
        """
        figures, samples = self.validate(stopped)
        if self.run.processes.agree(stopped()):
            self.save(position)
            return position
        position = Position(1, 0, [{"epoch": 0} | figures], {}, 0)
        if self.run.processes.is_main:
            write_samples(self.run.log_folder, 0, samples)
            if best_epoch(self.run.recipe, position.history) == 0:
                self.run.save_best(self.eval_networks, position.history[0])
        if self.tracker:
            self.tracker.epoch(0, position.history)
        return position

    def judgement(self, position: Position) -> Judgement | None:
        """The judgement that ends the phase after the epochs that are done; None while it goes on."""
        distance = self.run.perceptual[0] if self.run.perceptual else "none"
        return ended(self.run.recipe, position.history, distance)

    def train_epoch(self, position: Position, stopped: StopFlag) -> Position:
        """Run the steps of the epoch that are left, saving now and then and at its end.

        Where a process was asked to stop, the position returned is saved and may lie before the epoch's end. Raises
        TrainingError after MOST_SKIPS steps in a row whose losses or gradients are not finite.
        """
        run, epoch, step = self.run, position.epoch, position.step
        sums, skipped, in_a_row = dict(position.train_sums), position.skipped, position.skipped_in_a_row
        suspects: list[str] = []
        last_save = time.monotonic()
        run.networks.train()
        for batch in self._batches(epoch, step):
            terms, finite = self.update.step(batch, step_seed(run.recipe.seed, epoch, step))
            if steps_every_batch(run.recipe.schedule):
                self.schedule.step()
            in_a_row = 0 if finite else in_a_row + 1
            skipped += not finite
            suspects = [] if finite else [*suspects, *batch.names]
            if in_a_row >= MOST_SKIPS:
                raise self._not_finite(terms, suspects)
            step += 1
            for name, value in terms.items() if finite else ():
                sums.setdefault(name, []).append(value)
            means: dict[str, float] = {}
            if step % PRINT_EVERY == 0 or step == run.steps:
                means = {name: math.fsum(values) / len(values) for name, values in sums.items()}
                sums = {}
                if self.tracker:
                    self.tracker.step((epoch - 1) * run.steps + step, means, self.lr)
            self.emit(Progress(epoch, run.recipe.epochs.max, step, run.steps, self.lr, means))
            position = Position(epoch, step, position.history, sums, skipped, in_a_row)
            stop = run.processes.agree(stopped())
            # The newest state stays one whose last step was finite.
            if stop or (not in_a_row and time.monotonic() - last_save > run.save_every_s):
                self.save(position)
                last_save = time.monotonic()
            if stop:
                return position
        self.save(position)  # validation may take long, and be stopped
        return position

    def validate(self, stopped: StopFlag = lambda: False) -> Validation:
        """Figures of the networks as they are; of no use where a process was asked to stop meanwhile."""
        run = self.run
        samples: list[Sample] = []
        run.processes.same_buffers(self.eval_networks)
        figures = validation_figures(
            self.eval_networks,
            run.val_data,
            run.validation,
            self.update.weights,
            run.processes,
            run.recipe.map,
            run.perceptual,
            stopped,
            samples if run.processes.is_main else None,
        )
        return Validation(figures, samples)

    def end_epoch(self, position: Position, validation: Validation) -> Position:
        """Add the epoch to the history; keep its networks where they are the best so far; log, save and report it."""
        run, epoch = self.run, position.epoch
        if not steps_every_batch(run.recipe.schedule):
            self.schedule.step()
        line = {"epoch": epoch, "lr": self.lr, "skipped": position.skipped} | validation.figures
        history = [*position.history, line]
        is_best = best_epoch(run.recipe, history) == epoch
        if is_best and run.processes.is_main:
            run.save_best(self.eval_networks, line)
            write_samples(run.log_folder, epoch, validation.samples)
        if self.tracker:
            self.tracker.epoch(epoch * run.steps, history)
        position = Position(epoch + 1, 0, history, {}, position.skipped, position.skipped_in_a_row)
        self.save(position)
        self.emit(EpochDone(epoch, line, is_best))
        return position

    def finish(self, position: Position, judgement: Judgement) -> Finished:
        """Report how the phase ended, or that it was stopped."""
        finished = Finished(*judgement, best_value(self.run.recipe, position.history))
        self.emit(finished)
        return finished

    def save(self, position: Position) -> None:
        """Write what a resumed run needs, in the main process."""
        run = self.run
        if run.processes.is_main:
            save_state(
                run.state_path,
                run.networks,
                self.update.optimizer,
                self.schedule,
                position,
                run.lineage,
                self.update.average,
            )

    def _not_finite(self, terms: dict[str, float], suspects: Sequence[str]) -> TrainingError:
        """The error after too many steps without a finite loss; suspects: the samples of their batches."""
        wrong = ", ".join(name for name, value in terms.items() if not math.isfinite(value)) or "gradients"
        names = list(dict.fromkeys(suspects))
        more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
        state = self.run.state_path
        back = f"{state.name} is the last good state" if state.is_file() else "no state was saved before"
        return TrainingError(
            f"Expected finite losses, but {MOST_SKIPS} steps in a row had none ({wrong}; samples: "
            f"{', '.join(names[:MOST_NAMES])}{more}); these steps have changed no weight, and {back}: look at the "
            "samples and go on with --resume, or start anew with a lower learning rate (--set optimizer.lr=...)."
        )

    def close(self) -> None:
        """Close the log files."""
        if self.tracker:
            self.tracker.close()

    @property
    def lr(self) -> float:
        """The learning rate of the next step."""
        rate: float = self.update.optimizer.param_groups[0]["lr"]
        return rate

    def _batches(self, epoch: int, step: int) -> Iterable[Batch]:
        """The batches of an epoch after the first `step`: the same ones, whether or not the run was stopped there."""
        run, processes, crop = self.run, self.run.processes, crop_of(self.run.recipe, epoch)
        size = batch_of(run.recipe, crop) // processes.world * processes.world
        run.sampler.set_epoch(
            epoch,
            run.steps * size,
            crop,
            start=step * size,
            rank=processes.rank,
            world=processes.world,
            batch=size,
        )
        return self.batches.of(size // processes.world)


def start_session(run: Run, emit: Callable[[Event], None], resume: bool) -> tuple[Session, Position]:
    """A session and where it stands: before its first step, or where it was stopped.

    With an empty history the untrained networks are to be validated first (`Session.begin`). Raises TrainingError
    where there is nothing to resume, or another recipe began it.
    """
    recipe, processes = run.recipe, run.processes
    networks = run.networks.to(processes.device)
    networks.to(memory_format=torch.channels_last)  # type: ignore[call-overload] # faster on CPUs, too
    named = [(name, p) for name, p in networks.named_parameters() if name in run.trainable]
    optimizer = build_optimizer(named, recipe.optimizer)
    schedule = build_schedule(optimizer, recipe.schedule, recipe.epochs.max, run.steps)
    average = build_average(networks, recipe.ema)
    eval_networks = average.module if average else networks
    assert isinstance(eval_networks, Networks)
    if processes.is_main:
        _clear_leftovers(run)
    position = Position(1, 0, [], {}, 0)
    resumed_at: int | None = None
    if resume:
        with processes.main_first():  # it may set a damaged state aside
            position = load_state(
                run.state_path,
                networks,
                optimizer,
                schedule,
                run.lineage,
                average,
                lambda sentence: emit(Notice(sentence)),
            )
        resumed_at = (position.epoch - 1) * run.steps + position.step
    elif processes.is_main:
        forget(run.state_path)
    update = Update(
        recipe=recipe,
        processes=processes,
        networks=networks,
        called=processes.wrap(networks),
        trained=frozenset(
            info.network for name, info in parameter_info(networks).items() if name in run.trainable
        ),
        optimizer=optimizer,
        average=average,
        weights=loss_weights(recipe.losses),
        perceptual=run.perceptual,
        tell=lambda sentence: emit(Notice(sentence)),
    )
    session = Session(
        run=run,
        eval_networks=eval_networks,
        update=update,
        schedule=schedule,
        batches=Batches(run.train_data, run.sampler, run.workers, processes.device),
        tracker=Tracker(run.log_folder, resumed_at, wandb=run.wandb) if processes.is_main else None,
        emit=emit,
    )
    return session, position


def _clear_leftovers(run: Run) -> None:
    """Remove what killed runs had begun to write: this phase's drafts, and others' that are too old to be under way."""
    clear_state_drafts(run.state_path)
    for suffix in (".safetensors", ".json"):
        clear_drafts(run.state_path.parent, of=f"{run.recipe.writes}{suffix}")
    clear_drafts(run.state_path.parent, older_than_s=STALE_S)  # other phases may be writing theirs
    for folder in (run.log_folder, run.log_folder / FOLDER):
        clear_drafts(folder)

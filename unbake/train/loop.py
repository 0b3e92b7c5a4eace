"""The training loop: one for every phase; everything that differs between phases is recipe data."""

import math
from collections.abc import Callable
from contextlib import closing

from unbake.recipe.gate import Judgement, Verdict
from unbake.train.checkpoint import Position
from unbake.train.environment import denormals_flushed, stop_requested
from unbake.train.events import EpochDone, Event, Finished, Notice, Progress
from unbake.train.session import Run, start_session

__all__ = ["EpochDone", "Event", "Finished", "Notice", "Progress", "Run", "train"]

STOPPED = Judgement(Verdict.NOT_YET, "stopped by a signal; go on with --resume")


def train(run: Run, emit: Callable[[Event], None], resume: bool = False) -> Finished:
    """Train a phase to its end, or to the signal that stops it; a stopped run resumes exactly where it was.

    Raises TrainingError after `session.MOST_SKIPS` non-finite steps in a row.
    """
    with denormals_flushed(), stop_requested() as stopped:
        # Build the optimizer; go on where a stopped run was.
        session, position = start_session(run, emit, resume)
        with closing(session):
            # Validate the untrained networks.
            if not position.history:
                position = session.begin(position, stopped)
            if not position.history:
                return session.finish(position, STOPPED)
            # The recipe's condition ends the phase, at its largest number of epochs at the latest.
            while (judgement := session.judgement(position)) is None:
                # Train what is left of the epoch; the state is saved every two minutes and at its end.
                position = session.train_epoch(position, stopped)
                # Stop between two steps: the state that was just saved is resumed bit for bit.
                if position.step < run.steps:
                    return session.finish(position, STOPPED)
                # Validate all processes' shares; stopped inside, the epoch's steps are not lost.
                validation = session.validate(stopped)
                if run.processes.agree(stopped()):
                    return session.finish(position, STOPPED)
                # History, best checkpoint, logs and state.
                position = session.end_epoch(position, validation)
        # The main process has written the best checkpoint before any other goes on.
        run.processes.barrier()
        return session.finish(position, _early(run, position, judgement))


def _early(run: Run, position: Position, judgement: Judgement) -> Judgement:
    """The judgement, and where epochs were left over, how many were run and the last learning rate."""
    done, most = len(position.history) - 1, run.recipe.epochs.max
    if done >= most:
        return judgement
    rate = position.history[-1].get("lr", math.nan)
    return judgement._replace(
        reason=f"{judgement.reason} (left after {done} of {most} epochs, lr {rate:.1e})"
    )

"""Logs of a run: metrics.jsonl, for people and for the gate, and event files for TensorBoard or W&B."""

import json
import math
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Literal
from uuid import uuid4

from torch.utils.tensorboard import SummaryWriter

from unbake.errors import UsageError
from unbake.files import write_atomic

METRICS = "metrics.jsonl"


class Tracker:
    """Writes one JSON line an epoch to `folder/metrics.jsonl`, and the same figures to TensorBoard beside it.

    The metrics.jsonl of an earlier run becomes metrics.1.jsonl, or the next number that is free.

    resumed_at: the global step at which a stopped run goes on, None for a new one. wandb: log to Weights & Biases,
    too, offline under `folder/wandb`; `wandb sync` uploads it. Raises UsageError where that package is missing.
    """

    def __init__(self, folder: Path, resumed_at: int | None = None, wandb: bool = False) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        if resumed_at is None:
            _keep_earlier(folder / METRICS)
        self._offline = OfflineRun(folder, resumed=resumed_at is not None) if wandb else None
        # What TensorBoard holds of later steps is of a run that was cut off, or of an earlier one.
        self._board = SummaryWriter(str(folder), purge_step=0 if resumed_at is None else resumed_at + 1)

    def step(self, step: int, terms: dict[str, float], lr: float) -> None:
        """Training terms at a global step."""
        self._log("train", terms | {"lr": lr}, step)

    def epoch(self, step: int, history: list[dict[str, int | float]]) -> None:
        """Validation figures after an epoch; the file always equals the history, after a resume too."""
        self._log("val", history[-1], step)
        self._board.flush()
        lines = "".join(json.dumps(_finite(line), sort_keys=True) + "\n" for line in history)
        write_atomic(self.folder / METRICS, lines.encode())

    def close(self) -> None:
        """Flush and close the event files."""
        self._board.close()
        if self._offline is not None:
            self._offline.close()

    def _log(self, kind: Literal["train", "val"], figures: dict[str, float], step: int) -> None:
        for name, value in figures.items():
            self._board.add_scalar(f"{kind}/{name}", value, step)
        if self._offline is not None:
            self._offline.log(kind, figures, step)


def _keep_earlier(path: Path) -> None:
    if path.is_file():
        names = (path.with_suffix(f".{number}{path.suffix}") for number in count(1))
        path.rename(next(name for name in names if not name.exists()))


def _finite(line: dict[str, float]) -> dict[str, float | None]:
    """The figures of an epoch as JSON has them: null for what is no finite number."""
    return {name: value if math.isfinite(value) else None for name, value in line.items()}


class OfflineRun:
    """One offline run of Weights & Biases; resumed, it continues after the last step it has logged.

    Steps logged after the saved state are not logged again when a resumed run repeats them.
    `folder/wandb/logged.json` has the last logged step.
    """

    def __init__(self, folder: Path, resumed: bool) -> None:
        if find_spec("wandb") is None:
            raise UsageError(
                "Expected the package wandb for --wandb; pip install wandb, or leave the option out."
            )
        import wandb

        self._path = folder / "wandb" / "logged.json"
        self._path.parent.mkdir(exist_ok=True)
        known = resumed and self._path.is_file()
        state = json.loads(self._path.read_text()) if known else (uuid4().hex[:8], {})
        self._id: str = state[0]
        self._logged: dict[str, int] = state[1]
        quiet = wandb.Settings(
            silent=True,
            console="off",
            disable_git=True,
            save_code=False,
            x_disable_meta=True,
            x_disable_stats=True,
            x_save_requirements=False,
        )
        self._run = wandb.init(
            project="unbake",
            name="/".join(folder.parts[-2:]),
            id=self._id,
            dir=str(folder),
            mode="offline",
            settings=quiet,
        )

    def log(self, kind: Literal["train", "val"], figures: dict[str, float], step: int) -> None:
        """Figures at a global step, unless this run logged them before it was cut off."""
        if step <= self._logged.get(kind, -1):
            return
        self._logged[kind] = step
        write_atomic(self._path, json.dumps([self._id, self._logged]).encode())
        self._run.log({f"{kind}/{name}": value for name, value in figures.items()}, step=step)

    def close(self) -> None:
        """End the run and flush it to disk."""
        self._run.finish()

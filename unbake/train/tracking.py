"""What a run leaves to read: metrics.jsonl (the gate, TensorBoard and a person read alike) and event files."""

import json
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

from unbake.image.files import write_atomic


class Tracker:
    """Writes one JSON line an epoch to `folder/metrics.jsonl`, and the same figures to TensorBoard beside it."""

    def __init__(self, folder: Path, resumed_at: int | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        # What TensorBoard holds of steps after the point we resume at is of the run that was cut off.
        self._board = SummaryWriter(str(folder), purge_step=resumed_at)

    def step(self, step: int, terms: dict[str, float], lr: float) -> None:
        """Training terms at a global step."""
        for name, value in terms.items():
            self._board.add_scalar(f"train/{name}", value, step)
        self._board.add_scalar("train/lr", lr, step)

    def epoch(self, step: int, history: list[dict[str, float]]) -> None:
        """Validation figures after an epoch; the file always equals the history, so a resumed run leaves no doubles."""
        for name, value in history[-1].items():
            self._board.add_scalar(f"val/{name}", value, step)
        self._board.flush()
        lines = "".join(json.dumps(line, sort_keys=True) + "\n" for line in history)
        write_atomic(self.folder / "metrics.jsonl", lines.encode())

    def close(self) -> None:
        """Flush and let go of the event file."""
        self._board.close()

"""Times training on this machine: reading batches alone, and steps with reading; needs the train extra."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from unbake.evaluate.bench_result import TrainingRate
from unbake.synth.materials import FEW

STEPS = 4


def bench_training(size: str = "small", px: int = 128, batch: int = 4) -> Iterator[TrainingRate]:
    """Samples a second of reading batches alone, of training steps with reading, and of steps without it."""
    import torch

    from unbake import recipe as recipes
    from unbake.prepare.library import write_library
    from unbake.project import Project
    from unbake.train.loop import Progress, train
    from unbake.train.parallel import Processes
    from unbake.train.setup import prepare, prepare_data

    overrides = (
        f"model={size}",
        f"data.px={px}",
        f"data.batch={batch}",
        f"data.patches={batch * STEPS}",
        "data.variants=1",
        "epochs.min=1",
        "epochs.max=1",
    )
    with tempfile.TemporaryDirectory() as folder:
        project, recipe = Project(Path(folder)), recipes.load(recipes.ORDER[0], overrides)
        write_library(project.materials("matsynth"), size=max(128, px), implied=True, names=FEW)
        prepare_data(project, recipe, workers=2)
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        run = prepare(project, recipe, overrides, 0, Processes(device))
        run.sampler.set_epoch(1, batch * STEPS, px)
        began = _now()
        for draw in run.sampler:
            run.train_data[draw]
        reading = _per_sample(began, _now(), batch * STEPS)
        yield _rate("reading", reading)
        ticks: list[tuple[float, float]] = []

        def tick(event: object) -> None:
            if isinstance(event, Progress):
                ticks.append(_now())

        train(run, tick)
        both = _per_sample(ticks[0], ticks[-1], batch * (STEPS - 1))
        yield _rate("training, reading included", both)
        yield _rate("training alone", (both[0] - reading[0], both[1] - reading[1]))


def _per_sample(began: tuple[float, float], ended: tuple[float, float], samples: int) -> tuple[float, float]:
    return (ended[0] - began[0]) / samples, (ended[1] - began[1]) / samples


def _rate(what: str, per_sample: tuple[float, float]) -> TrainingRate:
    cpu_s, wall_s = per_sample
    return TrainingRate(what, 1 / max(wall_s, 1e-9), max(cpu_s, 0.0))


def _now() -> tuple[float, float]:
    """CPU seconds of this process, and those of the clock."""
    return time.process_time(), time.perf_counter()

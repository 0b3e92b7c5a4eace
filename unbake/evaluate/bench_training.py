"""Times training on this machine, with and without reading, on procedural materials; needs the train extra."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from unbake.evaluate.bench_meter import REST, Meter, Probe, Seconds, probed
from unbake.evaluate.bench_result import TrainingRate
from unbake.synth.materials import FEW

STEPS: Final = 4
"""Of the one epoch that is trained; the first does not count."""

STEP: Final = Probe("unbake.train.update", "Update.step", "step")
"""What training does with a batch; between two steps the next batch is read."""


def bench_training(size: str = "small", px: int = 128, batch: int = 4) -> Iterator[TrainingRate]:
    """Samples a second of reading alone, of steps alone, and of both as a training has them.

    Batches are read in the process that trains, so that CPU seconds are those of one core.
    """
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
        meter, laps = Meter(), []

        def tick(event: object) -> None:
            if isinstance(event, Progress):
                laps.append(meter.lap())

        with probed(meter, [STEP]), meter.running():
            train(run, tick)
    reading, step = (
        _per_sample(laps[0].get(stage, Seconds()), laps[-1][stage], batch * (STEPS - 1))
        for stage in (REST, STEP.stage)
    )
    yield _rate("reading", reading)
    yield _rate("training, reading included", Seconds(reading.cpu + step.cpu, reading.wall + step.wall))
    yield _rate("training alone", step)


def _per_sample(began: Seconds, ended: Seconds, samples: int) -> Seconds:
    return Seconds((ended.cpu - began.cpu) / samples, (ended.wall - began.wall) / samples)


def _rate(what: str, of_one: Seconds) -> TrainingRate:
    return TrainingRate(what, 1 / max(of_one.wall, 1e-9), of_one.cpu)

"""Measures how fast networks train on a device and whether reading keeps up; for `scripts/training_throughput.py`."""

import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import torch

from unbake import recipe as recipes
from unbake.data.curriculum import batch_for
from unbake.domain.networks import NETWORKS
from unbake.evaluate.reading_speed import Reading, map_ms, reading_speed
from unbake.prepare.library import write_library
from unbake.project import Project
from unbake.recipe.bundle import Probe
from unbake.synth.materials import FEW
from unbake.train.batches import Batches
from unbake.train.budget import measured_rate
from unbake.train.parallel import Processes
from unbake.train.session import Run
from unbake.train.setup import prepare, prepare_data

Precision = Literal["float32", "bfloat16"]

AUGMENTED: Final = (
    "augment.spatial=true",
    "augment.colour_jitter=0.1",
    "augment.composite2=0.3",
    "augment.composite4=0.15",
)
"""What a sample goes through, as in the plan's phases that change it most."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One measurement: networks of a size trained in batches of px × px.

    compiled: by torch.compile, whose own time is not counted. workers: processes that read; a CPU trains with none.
    """

    model: str = "full"
    px: int = 1024
    batch: int = 4
    precision: Precision = "bfloat16"
    compiled: bool = False
    workers: int = 4


@dataclass(frozen=True, slots=True)
class Throughput:
    """Samples a second of a measurement.

    read: batches as worker processes hand them over, made floats on the device, and nothing else. trained: in whole
    steps, reading included. share: of the first that the second uses; near 1 the device waits for its data.
    reserved_gib: the most memory of the GPU that was held, None on a CPU.
    """

    asked: Asked
    device: str
    read: float
    trained: float
    reserved_gib: float | None

    @property
    def share(self) -> float:
        """Trained ÷ read."""
        return self.trained / self.read


def training_throughput(asked: Sequence[Asked], probe: Probe, device: torch.device) -> Iterator[Throughput]:
    """Train a few steps as each measurement asks, on procedural materials; nothing of it is kept.

    probe: steps before those that count, which compile and warm up, and those. The losses are the recipe's but for
    the perceptual one, which needs weights.
    """
    with tempfile.TemporaryDirectory() as folder:
        for one in asked:
            run = _run(Project(Path(folder) / str(one.px)), one, probe, device)
            if device.type == "cuda":
                torch.cuda.empty_cache()
                torch.cuda.reset_peak_memory_stats(device)
            read = _reading(run, probe)
            rate = measured_rate(run, Path(folder) / "probe", probe)
            reserved = torch.cuda.max_memory_reserved(device) / 2**30 if device.type == "cuda" else None
            name = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
            yield Throughput(one, name, read, one.batch / rate.step_s, reserved)


def readings(
    sides: Sequence[int], readers: Sequence[int], probe: Probe
) -> Iterator[tuple[float, list[Reading]]]:
    """For each side: CPU milliseconds a map (`map_ms`), and how fast so many readers are, on procedural materials."""
    with tempfile.TemporaryDirectory() as folder:
        for px in sides:
            one = Asked("tiny", px, batch_for(4, 1024, px), workers=0)
            data = _run(Project(Path(folder) / str(px)), one, probe, torch.device("cpu")).train_data
            yield (
                map_ms(data, px, probe.steps),
                [reading_speed(data, px, one.batch, count, probe) for count in readers],
            )


def _run(project: Project, one: Asked, probe: Probe, device: torch.device) -> Run:
    """A run of the first recipe at the size that is asked for, its materials made where they are not there yet."""
    overrides = (
        f"model={one.model}",
        f"precision={one.precision}",
        f"data.px={one.px}",
        f"data.batch={one.batch}",
        f"data.patches={one.batch * (probe.warm + probe.steps)}",
        "data.variants=1",
        "losses.perceptual=none",
        *AUGMENTED,
    )
    recipe = recipes.load(recipes.ORDER[0], overrides)
    write_library(project.materials("matsynth"), size=max(128, one.px), implied=True, names=FEW)
    prepare_data(project, recipe, workers=2)
    run = prepare(project, recipe, overrides, one.workers, Processes(device))
    if one.compiled:
        for name in NETWORKS:
            run.networks.get_submodule(name).compile()
    return run


def _reading(run: Run, probe: Probe) -> float:
    """Samples a second of batches that nobody trains on."""
    size, device = run.recipe.data.batch, run.processes.device
    run.sampler.set_epoch(1, run.steps * size, run.recipe.data.px)
    began = 0.0
    for number, _ in enumerate(Batches(run.train_data, run.sampler, run.workers, device).of(size), 1):
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        if number == probe.warm:
            began = time.perf_counter()
    return probe.steps * size / (time.perf_counter() - began)

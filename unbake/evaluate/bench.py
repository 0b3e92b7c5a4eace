"""Times conversion by stage, and training with and without data loading, on this machine."""

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import psutil

from unbake.convert.convert import convert_set
from unbake.convert.inputs import load_inputs
from unbake.convert.predict import Predictor, load_predictor
from unbake.convert.sets import find_sets
from unbake.domain.maps import MapKind
from unbake.export.packs import load_preset, write_set
from unbake.image.files import write_png
from unbake.image.geometry import geometry_channels
from unbake.image.normals import encode_normal
from unbake.synth.materials import FEW, procedural
from unbake.synth.painter import STYLES, paint

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Timing:
    """One stage: seconds for one texture set, and what that makes in millions of texels a second."""

    stage: str
    seconds: float
    mpix_per_s: float


def bench_conversion(px: int = 1024, predictor: Predictor | None = None) -> Iterator[Timing]:
    """Time each stage of converting one procedural px × px set to the Skyrim preset, then the whole.

    predictor: None takes the bundled model.
    """
    predictor = predictor or load_predictor()
    with tempfile.TemporaryDirectory() as folder:
        legacy, out = Path(folder) / "in", Path(folder) / "out"
        _write_legacy(legacy, px)
        [files], _ = find_sets(legacy)
        preset = load_preset("skyrim")
        seconds, inputs = _timed(lambda: load_inputs(files))
        yield _timing("load", seconds, px)
        whole = seconds
        seconds, _ = _timed(lambda: geometry_channels(inputs.maps[MapKind.NORMAL], inputs.wrap))
        yield _timing("geometry (within networks)", seconds, px)
        seconds, converted = _timed(lambda: convert_set(inputs, predictor))
        yield _timing("networks" if predictor else "rules", seconds, px)
        whole += seconds
        seconds, _ = _timed(lambda: write_set(converted.maps, files.name, out, preset))
        yield _timing("pack, mips, DDS", seconds, px)
        yield _timing("whole set", whole + seconds, px)


def bench_training(size: str = "small", px: int = 128, batch: int = 4) -> Iterator[tuple[str, float]]:
    """Samples a second of reading batches alone, of training steps alone, and of both; needs the train extra."""
    import torch

    from unbake import recipe as recipes
    from unbake.prepare.library import write_library
    from unbake.project import Project
    from unbake.train.loop import Progress, train
    from unbake.train.parallel import Processes
    from unbake.train.setup import prepare, prepare_data

    steps = 4
    overrides = (
        f"model={size}",
        f"data.px={px}",
        f"data.batch={batch}",
        f"data.patches={batch * steps}",
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
        run.sampler.set_epoch(1, batch * steps, px)
        seconds, _ = _timed(lambda: [run.train_data[draw] for draw in run.sampler])
        yield "reading", batch * steps / seconds
        ticks: list[float] = []

        def tick(event: object) -> None:
            if isinstance(event, Progress):
                ticks.append(time.perf_counter())

        train(run, tick)
        per_step = (ticks[-1] - ticks[0]) / (steps - 1)
        yield "training, reading included", batch / per_step
        yield "training alone", batch / max(per_step - seconds / steps, 1e-9)


def peak_memory_gb() -> float:
    """The most memory this process has held so far, in GB."""
    memory = psutil.Process().memory_info()
    if hasattr(memory, "peak_wset"):  # Windows
        return float(memory.peak_wset) / 1e9
    import resource  # everywhere else

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if psutil.MACOS else 1024) / 1e9


def _write_legacy(folder: Path, px: int) -> None:
    truth = procedural("plates", px, 0)
    painted = paint(truth, STYLES["sun"], 0)
    write_png(folder / "plates.png", painted[MapKind.DIFFUSE])
    write_png(folder / "plates_n.png", encode_normal(truth[MapKind.NORMAL], "directx"))


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def _timing(stage: str, seconds: float, px: int) -> Timing:
    return Timing(stage, seconds, px * px / 1e6 / seconds)

"""Times conversion on this machine: each set alone in one thread, stage by stage, then all sets as one batch."""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

import onnxruntime as ort
import psutil

from unbake.batch.events import Event, Options, SetDone
from unbake.batch.levels import measure_level
from unbake.batch.run import convert_folder
from unbake.batch.speed import Spent, bottleneck
from unbake.batch.stages import Stages, Written
from unbake.convert.bundle import BY_RULES, bundle_folder, fingerprint
from unbake.convert.find import find_sets
from unbake.convert.predict import load_predictor
from unbake.convert.sessions import providers
from unbake.convert.sets import TextureSet
from unbake.domain.networks import CLASSIFIER
from unbake.errors import UsageError
from unbake.evaluate.bench_meter import STAGES, Meter, Seconds, probed
from unbake.evaluate.bench_result import SetTime, Spread, StageTime, Throughput, Windows
from unbake.export.packs import load_preset
from unbake.export.rules import load_rules

WHOLE: Final = "whole set"

MOST: Final = 8
"""Sets that are taken of a mod which has more, from its smallest to its largest."""

Told = Callable[[SetTime], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """How to measure. repeat: conversions of each set that count, after one that does not and whose memory is watched.

    threads: of the batch, 0 for all cores; a set alone has one. model: a bundle's folder, None for the bundled one.
    """

    preset: str = "skyrim"
    model: Path | None = None
    repeat: int = 3
    threads: int = 0


def bench_sets(folder: Path, asked: Asked, tell: Told = lambda done: None) -> list[SetTime]:
    """Convert sets of a mod as `unbake convert` does, one after the other, smallest first; `tell` hears of each.

    At most `MOST` are taken. UsageError where there are none; the errors of a conversion where one cannot be converted.
    """
    found = _chosen(find_sets(folder)[0])
    if not found:
        raise UsageError(f"Expected texture sets in '{folder}', got none; name a mod's folder.")
    predictor, options = (
        load_predictor(asked.model, threads=1),
        Options(preset=asked.preset, model=asked.model),
    )
    with tempfile.TemporaryDirectory(prefix="unbake-bench-") as kept:
        out = Path(kept) / "mod"
        stages = Stages(
            out,
            options,
            load_preset(asked.preset),
            load_rules(folder),
            predictor,
            BY_RULES if predictor is None else fingerprint(asked.model),
            measure_level(out, found).level,
        )
        timed = []
        for files in found:
            timed.append(_bench_set(files, stages, asked.repeat))
            tell(timed[-1])
    return timed


def bench_batch(folder: Path, asked: Asked, alone: Sequence[SetTime]) -> Throughput:
    """Convert sets of a mod by one `unbake convert`: those of `alone`, which were timed one by one."""
    spent: list[Spent] = []

    def note(event: Event) -> None:
        if isinstance(event, SetDone):
            spent.append(event.spent)

    threads = asked.threads or os.cpu_count() or 1
    include = tuple(one.name for one in alone)
    options = Options(preset=asked.preset, model=asked.model, threads=threads, include=include)
    predictor = load_predictor(asked.model, threads)
    with tempfile.TemporaryDirectory(prefix="unbake-bench-") as kept:
        cpu, wall = time.process_time(), time.perf_counter()
        summary = convert_folder(folder, Path(kept) / "mod", options, note, predictor=predictor or "rules")
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    if summary.failed:
        raise UsageError(f"Expected sets that convert, got: {summary.failed[0].message}")
    return Throughput(
        threads=threads,
        sets=len(spent),
        megatexels=round(sum(one.texels for one in spent) / 1e6, 3),
        wall_s=wall,
        cpu_s=cpu,
        speed_up=sum(one.whole.wall_s.median for one in alone) / wall,
        bottleneck=bottleneck(spent, threads) or "",
        peak_mb=peak_memory_mb(),
    )


def device_of(model: Path | None) -> str:
    """The provider that a network of the model really runs on, which may be less than the runtime offers."""
    folder = bundle_folder(model)
    path = folder / f"{CLASSIFIER}.onnx"
    if not path.is_file():
        return "none"
    options = ort.SessionOptions()
    options.log_severity_level = 4
    used: str = ort.InferenceSession(path, options, providers=providers()).get_providers()[0]
    return used


def peak_memory_mb() -> float:
    """The most memory this process has held so far, in MB."""
    memory = psutil.Process().memory_info()
    if hasattr(memory, "peak_wset"):  # Windows
        return float(memory.peak_wset) / 1e6
    import resource  # everywhere else

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if psutil.MACOS else 1024) / 1e6


@dataclass(frozen=True, slots=True)
class _Once:
    """One conversion of one set: its stages, and what it asked of the system."""

    meter: Meter
    texels: tuple[int, int]
    tiles: tuple[bool, bool]
    read: int | None
    written: int | None


def _chosen(found: Sequence[TextureSet]) -> list[TextureSet]:
    """At most `MOST` of the sets, evenly from the smallest to the largest."""
    by_size = sorted(found, key=_bytes_of)
    last, wanted = len(by_size) - 1, min(MOST, len(by_size))
    return [by_size[i * last // max(wanted - 1, 1)] for i in range(wanted)]


def _bench_set(files: TextureSet, stages: Stages, repeat: int) -> SetTime:
    """One conversion for memory and counts, then those that are timed."""
    first = _convert(files, stages, watch=True)
    output = sum(path.stat().st_size for path in stages.out.rglob("*") if path.is_file())
    again = [_convert(files, stages) for _ in range(repeat)]
    timed = [one.meter.spent for one in again]
    shutil.rmtree(stages.out, ignore_errors=True)
    (height, width), peak = first.texels, first.meter.peak
    return SetTime(
        name=files.name,
        width=width,
        height=height,
        tiles=first.tiles,
        stages=[
            _stage(stage, [spent.get(stage, Seconds()) for spent in timed], peak.get(stage, 0))
            for stage in STAGES
            if any(stage in spent for spent in timed)
        ],
        whole=_stage(WHOLE, [_summed(spent) for spent in timed], max(peak.values(), default=0)),
        windows={
            network: Windows(count, texels, round(texels / (width * height), 4))
            for network, count in first.meter.windows.items()
            for texels in [first.meter.texels[network]]
        },
        source_bytes=_bytes_of(files),
        output_bytes=output,
        read_bytes=again[-1].read,  # watching reads, too
        written_bytes=again[-1].written,
    )


def _convert(files: TextureSet, stages: Stages, watch: bool = False) -> _Once:
    """Load, infer and write one set into an empty OUT. watch: its memory, which costs a little time."""
    shutil.rmtree(stages.out, ignore_errors=True)
    meter, before = Meter(), _asked_of_system()
    with probed(meter), meter.watched() if watch else nullcontext(), meter.running():
        loaded = stages.load(files, lambda name, key: None, lambda size: None)
        assert not isinstance(loaded, Written)
        written = stages.write(stages.infer(loaded))
    after = _asked_of_system()
    read, wrote = (
        (None, None) if before is None or after is None else (after[0] - before[0], after[1] - before[1])
    )
    assert written.spent.texels
    return _Once(meter, loaded.inputs.size, loaded.inputs.wrap, read, wrote)


def _asked_of_system() -> tuple[int, int] | None:
    """Bytes that this process has read and written so far, cached by the system or not; None where nobody counts."""
    try:
        counters = psutil.Process().io_counters()
    except (AttributeError, psutil.Error):
        return None
    return (
        int(getattr(counters, "read_chars", counters.read_bytes)),
        int(getattr(counters, "write_chars", counters.write_bytes)),
    )


def _stage(name: str, times: Sequence[Seconds], peak: int) -> StageTime:
    return StageTime(
        name, _spread([one.cpu for one in times]), _spread([one.wall for one in times]), round(peak / 1e6, 1)
    )


def _spread(values: Sequence[float]) -> Spread:
    return Spread(*(round(value, 5) for value in (min(values), median(values), max(values))))


def _summed(spent: dict[str, Seconds]) -> Seconds:
    return Seconds(sum(one.cpu for one in spent.values()), sum(one.wall for one in spent.values()))


def _bytes_of(files: TextureSet) -> int:
    """Of the files of a set on disk; an archive's count for each set in it."""
    sources = (files.diffuse, files.normal, files.specular, files.environment, files.parallax, files.glow)
    return sum(source.path.stat().st_size for source in sources if source is not None)

"""Seconds and memory of named stages, taken around the functions of the converter while they run as they are."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import wraps
from importlib import import_module
from typing import Any, Final

import psutil

REST: Final = "rest"
"""The stage of all that no probe takes."""

INTERVAL_S: Final = 0.002
"""Between two looks at the memory."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A function whose seconds count for a stage: a module, the function's name in it ("Class.method" too).

    network: the name under which the texels of its windows are counted, "" where it has none.
    """

    module: str
    name: str
    stage: str
    network: str = ""


PROBES: Final = (
    Probe("unbake.batch.stages", "contents_of", "read files"),
    Probe("unbake.batch.stages", "keys_of", "hashes"),
    Probe("unbake.batch.stages", "decode_picture", "decode"),
    Probe("unbake.batch.stages", "load_inputs", "inputs"),
    Probe("unbake.convert.convert", "surface_of", "surface"),
    Probe("unbake.convert.convert", "height_map", "surface"),
    Probe("unbake.convert.convert", "geometry_channels", "surface"),
    Probe("unbake.batch.stages", "convert_set", "windows, codes"),
    Probe("unbake.convert.predict", "Predictor.predict_global", "ViT, SegFormer"),
    Probe("unbake.convert.predict", "Predictor.predict_albedo", "UNet-Albedo", "unet_albedo"),
    Probe("unbake.convert.predict", "Predictor.predict_maps", "UNet-Maps", "unet_maps"),
    Probe("unbake.batch.stages", "write_cached", "map cache"),
    Probe("unbake.batch.stages", "apply_evidence", "evidence"),
    Probe("unbake.batch.stages", "features_of", "evidence"),
    Probe("unbake.batch.stages", "write_set", "pack, mips"),
    Probe("unbake.image.dds.encode", "encode_blocks", "blocks"),
    Probe("unbake.image.dds.encode", "write_atomic", "write files"),
    Probe("unbake.batch.stages", "measured", "hashes"),
    Probe("unbake.batch.set_report", "judge", "report"),
    Probe("unbake.batch.set_report", "save_lit", "report"),
    Probe("unbake.batch.set_report", "save_thumbnails", "report"),
)
"""In the order of a set's way; where one runs within another, each has its own seconds alone."""

STAGES: Final = (*dict.fromkeys(probe.stage for probe in PROBES), REST)


@dataclass(slots=True)
class Seconds:
    """Seconds of one stage: of all processors together, and of the clock."""

    cpu: float = 0.0
    wall: float = 0.0


@dataclass(slots=True)
class Meter:
    """Adds up the stages of what runs in this thread; not for several threads at once.

    spent: stage → seconds in it alone. peak: stage → most bytes that the process held in it, where `watched`.
    windows, texels: network → how often it ran, and over how many texels.
    """

    spent: dict[str, Seconds] = field(default_factory=lambda: defaultdict(Seconds))
    peak: dict[str, int] = field(default_factory=dict)
    windows: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    texels: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    _stack: list[str] = field(default_factory=lambda: [REST])
    _since: tuple[float, float] = (0.0, 0.0)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count from here to the end of the block."""
        self._since = _now()
        try:
            yield
        finally:
            self._charge()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count the block for this stage, and not for the one around it."""
        self._charge()
        self._stack.append(name)
        try:
            yield
        finally:
            self._charge()
            self._stack.pop()

    def lap(self) -> dict[str, Seconds]:
        """The seconds of each stage so far."""
        self._charge()
        return {name: replace(seconds) for name, seconds in self.spent.items()}

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Look at the process's memory within the block, by a thread that costs a little of its own."""
        process, ended = psutil.Process(), threading.Event()

        def look() -> None:
            while not ended.wait(INTERVAL_S):
                held, now = process.memory_info().rss, self._stack[-1]
                self.peak[now] = max(held, self.peak.get(now, 0))

        watcher = threading.Thread(target=look, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            ended.set()
            watcher.join()

    def _charge(self) -> None:
        now = _now()
        seconds = self.spent[self._stack[-1]]
        seconds.cpu += now[0] - self._since[0]
        seconds.wall += now[1] - self._since[1]
        self._since = now


@contextmanager
def probed(meter: Meter, probes: Sequence[Probe] = PROBES) -> Iterator[None]:
    """Within it the function of every probe tells the meter when it runs; afterwards all are as they were."""
    replaced: list[tuple[Any, str, Any]] = []
    try:
        for probe in probes:
            owner, name = owner_of(probe)
            original = getattr(owner, name)
            replaced.append((owner, name, original))
            setattr(owner, name, _timed(original, probe, meter))
        yield
    finally:
        for owner, name, original in reversed(replaced):
            setattr(owner, name, original)


def owner_of(probe: Probe) -> tuple[Any, str]:
    """The module or class that holds a probe's function, and the function's name in it."""
    owner: Any = import_module(probe.module)
    *classes, name = probe.name.split(".")
    for one in classes:
        owner = getattr(owner, one)
    return owner, name


def _timed(function: Callable[..., Any], probe: Probe, meter: Meter) -> Callable[..., Any]:
    @wraps(function)
    def timed(*given: Any, **named: Any) -> Any:
        if probe.network:
            meter.windows[probe.network] += 1
            meter.texels[probe.network] += _texels(given)
        with meter.stage(probe.stage):
            return function(*given, **named)

    return timed


def _texels(given: tuple[Any, ...]) -> int:
    """Texels of the window that a network is given, a mapping of images (H, W, C)."""
    window = next(argument for argument in given if isinstance(argument, Mapping))
    height, width = next(iter(window.values())).shape[:2]
    return int(height) * int(width)


def _now() -> tuple[float, float]:
    return time.process_time(), time.perf_counter()

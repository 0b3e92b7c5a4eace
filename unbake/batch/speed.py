"""Seconds that conversions have taken on this machine, kept for the user, and what the next one will take by them."""

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal

import msgspec

from unbake.batch.pipeline import side_by_side
from unbake.decoding import decode_json
from unbake.errors import FileError
from unbake.files import write_atomic

FILE: Final = "speed.json"
ENVIRONMENT: Final = "UNBAKE_CACHE"
"""The environment variable that names another folder than the system's for what is kept for the user."""

MOST: Final = 500.0
"""Sets that count: with more, what was measured long ago weighs ever less."""

LATEST: Final = 50
"""Sets by which the slowest stage is told while a conversion runs."""

Stage = Literal["reading", "networks", "writing"]

STAGES: Final[tuple[Stage, ...]] = ("reading", "networks", "writing")


class Spent(msgspec.Struct, frozen=True):
    """Seconds of work on one set in each stage of the pipeline, and its texels; 0 texels: it was not measured."""

    texels: int = 0
    reading: float = 0.0
    networks: float = 0.0
    writing: float = 0.0


NOT_MEASURED: Final = Spent()


class Work(msgspec.Struct, frozen=True):
    """The sets that a conversion would make: how many, their texels, and those whose maps are not known yet."""

    sets: int = 0
    texels: int = 0
    new_sets: int = 0
    new_texels: int = 0


NO_WORK: Final = Work()


class Line(msgspec.Struct, frozen=True):
    """Sums over measured sets, from which the straight line seconds = a + b × megatexels is fitted."""

    n: float = 0.0
    x: float = 0.0
    xx: float = 0.0
    y: float = 0.0
    xy: float = 0.0

    def with_point(self, x: float, y: float) -> "Line":
        """With one set more; of many the older ones fade."""
        keep = 0.5 if self.n >= MOST else 1.0
        return Line(
            self.n * keep + 1,
            self.x * keep + x,
            self.xx * keep + x * x,
            self.y * keep + y,
            self.xy * keep + x * y,
        )

    def total(self, sets: int, x: float) -> float:
        """Seconds of `sets` sets that have x megatexels together.

        >>> Line().with_point(1, 3).with_point(2, 5).total(2, 10)
        22.0
        """
        spread = self.n * self.xx - self.x * self.x
        slope = (self.n * self.xy - self.x * self.y) / spread if spread > 1e-9 * self.xx else -1.0
        start = (self.y - slope * self.x) / self.n if self.n else 0.0
        if slope < 0.0 or start < 0.0:  # sets of one size, or noise: in proportion to the texels
            slope, start = (self.y / self.x if self.x else 0.0), 0.0
        return start * sets + slope * x


Speeds = dict[str, dict[Stage, Line]]
"""By what they were measured with (see `key_of`): a line for each stage."""


def user_folder() -> Path:
    """The folder for what unbake keeps for this user between runs; it need not be there, nor be kept."""
    if named := os.environ.get(ENVIRONMENT):
        return Path(named)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home()) / "unbake"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "unbake"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "unbake"


def key_of(model: Path | None, preset: str, threads: int, fast: bool) -> str:
    """What a measured time depends on besides texels.

    >>> key_of(None, "skyrim", 0, fast=False)
    'model=bundled preset=skyrim threads=0 fast=False'
    """
    named = "bundled" if model is None else str(model.absolute())
    return f"model={named} preset={preset} threads={threads} fast={fast}"


def read_speeds() -> Speeds:
    """The lines that are kept; {} where there are none that can be read."""
    try:
        return decode_json((user_folder() / FILE).read_bytes(), Speeds)
    except (OSError, msgspec.DecodeError):
        return {}


def keep_speeds(key: str, measured: Iterable[Spent]) -> None:
    """Add measured sets to what is kept; nothing happens where it cannot be written."""
    points = [spent for spent in measured if spent.texels]
    if not points:
        return
    speeds = read_speeds()
    lines = speeds.get(key, {})
    for spent in points:
        lines = {
            stage: lines.get(stage, Line()).with_point(spent.texels / 1e6, getattr(spent, stage))
            for stage in STAGES
        }
    with suppress(FileError):
        write_atomic(user_folder() / FILE, msgspec.json.encode({**speeds, key: lines}), durable=False)


def seconds_for(work: Work, lines: Mapping[Stage, Line], writers: int) -> float | None:
    """Seconds that the slowest stage will take, since the others run beside it; None where nothing was measured.

    writers: sets that are written at once, one a core.
    """
    if any(stage not in lines for stage in STAGES):
        return None
    whole = (work.sets, work.texels / 1e6)
    return max(
        lines["reading"].total(*whole),
        lines["networks"].total(work.new_sets, work.new_texels / 1e6)
        / side_by_side(max(writers, 1), work.new_sets)[0],
        lines["writing"].total(*whole) / max(writers, 1),
    )


def bottleneck(measured: Sequence[Spent], writers: int) -> Stage | None:
    """The stage that the others wait for, by the latest sets; None where nothing was measured.

    >>> bottleneck([Spent(1, reading=1, networks=5, writing=4)] * 9, writers=2)
    'networks'
    """
    latest = measured[-LATEST:]
    sums: dict[Stage, float] = {stage: sum(getattr(one, stage) for one in latest) for stage in STAGES}
    sums["networks"] /= side_by_side(max(writers, 1), len(measured))[0]
    sums["writing"] /= max(writers, 1)
    slowest = max(STAGES, key=lambda stage: sums[stage])
    return slowest if sums[slowest] > 0 else None

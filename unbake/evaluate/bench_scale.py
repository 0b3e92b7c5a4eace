"""Estimates what a whole game would take, from the measured costs of single sets; the model behind docs/SCALE.md."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from unbake.batch.pipeline import side_by_side
from unbake.batch.speed import Line
from unbake.evaluate.bench_result import SetTime

GAME_SETS: Final = 40_000

Mix = Mapping[int, float]
"""Side of a square texture → its share of all sets; shares add up to 1."""

AS_SHIPPED: Final[Mix] = {256: 0.20, 512: 0.35, 1024: 0.30, 2048: 0.13, 4096: 0.02}
"""An assumption, not a count: many small things, walls and ground larger, few of 4096."""

ALL_2K: Final[Mix] = {2048: 1.0}
"""Every texture replaced by a mod's of 2048."""

READING: Final = ("read files", "decode", "inputs")
NETWORKS: Final = ("ViT, SegFormer", "UNet-Albedo", "UNet-Maps")
AROUND: Final = ("surface", "windows, codes")
"""Stages of `bench_meter` by who does them: the loader's one thread; the networks, on all cores or a card; the two
threads that feed them. All others belong to the writers, one thread a core."""

EFFICIENCY: Final = 0.9
"""Share of their time that the cores of one machine work on a batch at best: 1.8 times as fast on two."""

Limit = Literal["all cores", "the loader", "the threads that feed the networks", "the workers", "the disk"]


@dataclass(frozen=True, slots=True)
class Costs:
    """Lines over millions of texels of one set: CPU seconds by who does the work, bytes read and written."""

    reading_s: Line
    around_s: Line
    networks_s: Line
    writing_s: Line
    read_bytes: Line
    written_bytes: Line


@dataclass(frozen=True, slots=True)
class Place:
    """Where a game is converted. disk_mb_s: what IN and OUT read and write together, shared by all machines.

    card: whether a graphics card runs the networks; its own time is not known here, so that it counts as none.
    worker_cores: cores of one of Ray's workers, which has one set at a time and only its networks in several
    threads; None where one process a machine reads, infers and writes side by side.
    """

    name: str
    machines: int = 1
    cores: int = 8
    disk_mb_s: float = 500.0
    card: bool = False
    worker_cores: int | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """Hours that each limit alone would allow; the whole takes the longest of them, at least.

    core_h: hours of one core. read_gb, written_gb: through the system, what it has cached included.
    """

    hours_by: dict[Limit, float]
    core_h: float
    read_gb: float
    written_gb: float

    @property
    def limit(self) -> Limit:
        """The one that is busy all the time."""
        return max(self.hours_by, key=lambda limit: self.hours_by[limit])

    @property
    def hours(self) -> float:
        """Of the whole, since all work goes on side by side."""
        return self.hours_by[self.limit]


def costs_of(sets: Iterable[SetTime]) -> Costs | None:
    """The lines through measured sets; None where there are not two sizes of them, or the system counts no bytes."""
    timed = list(sets)
    if len({one.megatexels for one in timed}) < 2 or any(one.read_bytes is None for one in timed):
        return None

    def line(cost: Callable[[SetTime], float]) -> Line:
        made = Line()
        for one in timed:
            made = made.with_point(one.megatexels, cost(one))
        return made

    def seconds(stages: Sequence[str]) -> Callable[[SetTime], float]:
        return lambda timed: sum(one.cpu_s.low for one in timed.stages if one.stage in stages)

    known = (*READING, *AROUND, *NETWORKS)
    return Costs(
        reading_s=line(seconds(READING)),
        around_s=line(seconds(AROUND)),
        networks_s=line(seconds(NETWORKS)),
        writing_s=line(lambda one: one.whole.cpu_s.low - seconds(known)(one)),
        read_bytes=line(lambda one: one.read_bytes or 0),
        written_bytes=line(lambda one: one.output_bytes),
    )


def estimate(costs: Costs, place: Place, mix: Mix = AS_SHIPPED, sets: int = GAME_SETS) -> Estimate:
    """The hours of `sets` sets of this mix at a place.

    >>> second = Line().with_point(1, 1).with_point(2, 1)
    >>> costs = Costs(*[second] * 6)
    >>> round(estimate(costs, Place("here", cores=2), {1024: 1}, 3600).hours_by["all cores"], 2)
    2.22
    """
    megatexels = sets * sum(share * side * side / 1e6 for side, share in mix.items())
    reading, around, networks, writing, read, written = (
        line.total(sets, megatexels)
        for line in (
            costs.reading_s,
            costs.around_s,
            costs.networks_s,
            costs.writing_s,
            costs.read_bytes,
            costs.written_bytes,
        )
    )
    networks = 0.0 if place.card else networks
    core_s, cores = reading + around + networks + writing, place.machines * place.cores
    seconds: dict[Limit, float] = {"the disk": (read + written) / (place.disk_mb_s * 1e6)}
    if place.worker_cores is None:
        seconds["all cores"] = core_s / (cores * EFFICIENCY)
        seconds["the loader"] = reading / place.machines
        at_once, _ = side_by_side(place.cores, sets)
        seconds["the threads that feed the networks"] = around / at_once / place.machines + networks / cores
    else:
        of_one = core_s - networks + networks / place.worker_cores
        seconds["the workers"] = of_one / (cores // place.worker_cores) / EFFICIENCY
    return Estimate(
        {limit: total / 3600 for limit, total in seconds.items()}, core_s / 3600, read / 1e9, written / 1e9
    )


def places(cores: int) -> Sequence[Place]:
    """This machine; a laptop; a graphics card in it; sixteen machines on one shared disk, by two sizes of workers."""
    return (
        Place(f"this machine, {cores} cores", cores=cores),
        Place("a laptop of 8 cores", cores=8),
        Place("8 cores and a card (its own time not counted)", cores=8, card=True),
        Place("Ray, 16 machines of 16 cores", 16, 16, 1000.0, worker_cores=4),
        Place("the same with --threads 1", 16, 16, 1000.0, worker_cores=1),
    )

"""What a whole game would take, estimated from the measured costs of single sets; the model behind docs/SCALE.md."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from unbake.batch.speed import Line
from unbake.evaluate.bench_result import SetTime

GAME_SETS: Final = 40_000

Mix = Mapping[int, float]
"""Side of a square texture → its share of all sets; shares add up to 1."""

AS_SHIPPED: Final[Mix] = {256: 0.20, 512: 0.35, 1024: 0.30, 2048: 0.13, 4096: 0.02}
"""An assumption, not a count: many small things, walls and ground larger, few of 4096."""

ALL_2K: Final[Mix] = {2048: 1.0}
"""Every texture replaced by a mod's of 2048."""

NETWORKS: Final = ("ViT, SegFormer", "UNet-Albedo", "UNet-Maps")
"""The stages of `bench_meter` that a graphics card takes over."""

EFFICIENCY: Final = 0.9
"""Share of their time that cores of one machine work on a batch: 1.8 times as fast on two."""


@dataclass(frozen=True, slots=True)
class Costs:
    """Lines over millions of texels of one set: CPU seconds of the networks and of the rest, bytes read and written."""

    networks_s: Line
    rest_s: Line
    read_bytes: Line
    written_bytes: Line


@dataclass(frozen=True, slots=True)
class Place:
    """Where a game is converted. disk_mb_s: what IN and OUT can read and write together, shared by all machines.

    card: whether a graphics card runs the networks; its own time is not known here, so that it counts as none.
    """

    name: str
    machines: int = 1
    cores: int = 8
    disk_mb_s: float = 500.0
    card: bool = False


@dataclass(frozen=True, slots=True)
class Estimate:
    """Hours that the processors need, and the disk; the longer one is what the conversion takes at least."""

    place: Place
    cpu_h: float
    disk_h: float
    read_gb: float
    written_gb: float

    @property
    def hours(self) -> float:
        """Of the whole, since reading, networks and writing go on side by side."""
        return max(self.cpu_h, self.disk_h)

    @property
    def limit(self) -> Literal["CPU", "disk"]:
        """The one that is busy all the time."""
        return "CPU" if self.cpu_h >= self.disk_h else "disk"


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

    return Costs(
        networks_s=line(_networks_s),
        rest_s=line(lambda one: one.whole.cpu_s.low - _networks_s(one)),
        read_bytes=line(lambda one: one.read_bytes or 0),
        written_bytes=line(lambda one: one.output_bytes),
    )


def estimate(costs: Costs, place: Place, mix: Mix = AS_SHIPPED, sets: int = GAME_SETS) -> Estimate:
    """The hours of `sets` sets of this mix at a place: total CPU seconds by its cores, total bytes by its disk.

    >>> second = Line().with_point(1, 1).with_point(2, 1)
    >>> round(estimate(Costs(second, second, second, second), Place("here", cores=1), {1024: 1}, 3600).cpu_h, 2)
    2.22
    """
    megatexels = sets * sum(share * side * side / 1e6 for side, share in mix.items())
    seconds = costs.rest_s.total(sets, megatexels)
    if not place.card:
        seconds += costs.networks_s.total(sets, megatexels)
    read, written = (line.total(sets, megatexels) for line in (costs.read_bytes, costs.written_bytes))
    return Estimate(
        place=place,
        cpu_h=seconds / (place.machines * place.cores * EFFICIENCY) / 3600,
        disk_h=(read + written) / (place.disk_mb_s * 1e6) / 3600,
        read_gb=read / 1e9,
        written_gb=written / 1e9,
    )


def places(cores: int) -> Sequence[Place]:
    """This machine of so many cores; a laptop; a graphics card in it; sixteen machines on one shared disk."""
    return (
        Place("this machine", cores=cores),
        Place("a laptop of 8 cores", cores=8),
        Place("8 cores and a card, its own time left out", cores=8, card=True),
        Place("Ray: 16 machines of 16 cores, one share of 1 GB/s", machines=16, cores=16, disk_mb_s=1000.0),
    )


def _networks_s(timed: SetTime) -> float:
    return sum(one.cpu_s.low for one in timed.stages if one.stage in NETWORKS)

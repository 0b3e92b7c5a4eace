"""Two results of `unbake bench` held against each other: ratios by set and stage, and a word on each."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from unbake.evaluate.bench_result import Machine, Result, SetTime, Spread, StageTime

Verdict = Literal["faster", "slower", "same", "new", "gone"]

TOLERANCE: Final = 0.05
"""Ratios nearer to 1 than this are the same: a quiet machine repeats itself no better."""

LEAST_S: Final = 0.02
"""A stage shorter than this, both times, says nothing."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """One stage of one set, before and after: seconds, each the least of its repetitions; None where it is missing."""

    name: str
    stage: str
    old_s: float | None
    new_s: float | None
    verdict: Verdict

    @property
    def ratio(self) -> float | None:
        """New ÷ old; below 1 is faster."""
        return None if not self.old_s or self.new_s is None else self.new_s / self.old_s


@dataclass(frozen=True, slots=True)
class Count:
    """A number that no machine changes, before and after: texels through a network, bytes."""

    name: str
    what: str
    old: int
    new: int


def ratios(old: Result, new: Result, tolerance: float = TOLERANCE) -> list[Ratio]:
    """Every stage of the sets that both results have, in the order of the new one.

    CPU seconds are compared, or those of the clock where one of them ran on a graphics card, whose work no
    processor's clock sees. The least of some repetitions is the one that was disturbed least.
    """
    card = any(result.machine.device not in ("CPUExecutionProvider", "none") for result in (old, new))
    return [
        _ratio(after.name, stage, before_stages.get(stage), after_stages.get(stage), tolerance, card)
        for before, after in _pairs(old, new)
        for before_stages, after_stages in [(_stages(before), _stages(after))]
        for stage in (*after_stages, *(stage for stage in before_stages if stage not in after_stages))
    ]


def counts(old: Result, new: Result) -> list[Count]:
    """The numbers that differ, of the sets that both results have."""
    return [
        Count(after.name, what, had[what], has[what])
        for before, after in _pairs(old, new)
        for had, has in [(_counted(before), _counted(after))]
        for what in has
        if what in had and had[what] != has[what]
    ]


def differences(old: Result, new: Result) -> list[str]:
    """Reasons why ratios tell of more than the code, one sentence each; [] where there are none."""
    mine, theirs = _facts(new.machine), _facts(old.machine)
    told = [f"{what}: {theirs[what]} before, {mine[what]} now" for what in mine if mine[what] != theirs[what]]
    if old.model != new.model:
        told.append("the models differ")
    missing = {one.name for one in new.sets} ^ {one.name for one in old.sets}
    if missing:
        told.append(f"only one of the two has {', '.join(sorted(missing))}")
    return told


def _ratio(
    name: str, stage: str, before: StageTime | None, after: StageTime | None, tolerance: float, card: bool
) -> Ratio:
    old, new = (None if one is None else (one.wall_s if card else one.cpu_s) for one in (before, after))
    old_s, new_s = (None if spread is None else spread.low for spread in (old, new))
    if old is None or new is None:
        return Ratio(name, stage, old_s, new_s, "new" if old is None else "gone")
    return Ratio(name, stage, old_s, new_s, _verdict(old, new, tolerance))


def _verdict(old: Spread, new: Spread, tolerance: float) -> Verdict:
    """A word on two spreads, which differ only where neither reaches from its least to its middle into the other's."""
    if max(old.low, new.low) < LEAST_S or abs(new.low - old.low) <= tolerance * old.low:
        return "same"
    if new.median < old.low:
        return "faster"
    return "slower" if old.median < new.low else "same"


def _pairs(old: Result, new: Result) -> Iterator[tuple[SetTime, SetTime]]:
    before = {(one.name, one.width, one.height): one for one in old.sets}
    for after in new.sets:
        if found := before.get((after.name, after.width, after.height)):
            yield found, after


def _stages(timed: SetTime) -> dict[str, StageTime]:
    return {one.stage: one for one in (*timed.stages, timed.whole)}


def _counted(timed: SetTime) -> dict[str, int]:
    found = {f"texels through {network}": one.texels for network, one in timed.windows.items()}
    found |= {f"runs of {network}": one.count for network, one in timed.windows.items()}
    return found | {"bytes of the files written": timed.output_bytes}


def _facts(machine: Machine) -> dict[str, str]:
    versions = {f"version of {package}": version for package, version in machine.packages.items()}
    return {
        "processor": machine.cpu,
        "cores": str(machine.cores),
        "its flags": " ".join(machine.flags),
        "device": machine.device,
        **versions,
    }

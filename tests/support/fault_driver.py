"""Injects faults into training and conversion and compares what is left with an undisturbed run; prints JSON.

python -m support.fault_driver (train|convert) FOLDER SEED KIND=COUNT ...

KIND random: SIGKILLs at random moments. kill, ENOSPC, EIO: at COUNT of the calls that write, spread evenly (0: each).
torn: files cut at random places afterwards.
"""

import dataclasses
import json
import os
import random
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from support.faults import Faults, Kind, in_child

Contents = dict[str, Any]


class Scenario:
    """Something that leaves files: started anew or gone on with, and what it left."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def clear(self) -> None:
        """Remove all that a run left."""

    def run(self) -> None:
        """Begin, or go on with what is there."""

    def contents(self) -> Contents:
        """All that has to be equal at the end."""
        return {}

    def torn(self) -> list[Path]:
        """The files that a torn write may have cut."""
        return []


class Training(Scenario):
    """Two epochs of a phase on the tiny networks, saved after each step."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        from support.tiny_project import write_project

        write_project(folder)

    def clear(self) -> None:
        for name in ("checkpoints", "train_logs"):
            shutil.rmtree(self.folder / name, ignore_errors=True)

    def run(self) -> None:
        from support.tiny_project import start
        from unbake.train.loop import train
        from unbake.train.state_files import is_begun

        run = dataclasses.replace(start(self.folder, "A0", "data.patches=4"), save_every_s=0.0)
        train(run, lambda event: None, resume=is_begun(run.state_path))

    def contents(self) -> Contents:
        from safetensors.torch import load_file

        folder = self.folder / "checkpoints"
        states = {
            f"{name}/{key}": value.numpy().tobytes()
            for name in ("A0_last", "A0_best")
            for key, value in load_file(folder / f"{name}.safetensors").items()
        }
        metrics = (self.folder / "train_logs" / "phase_A0" / "metrics.jsonl").read_bytes()
        best = json.loads((folder / "A0_best.json").read_bytes())
        return states | {"metrics": metrics, "best": best, "drafts": drafts(self.folder)}

    def torn(self) -> list[Path]:
        folder = self.folder / "checkpoints"
        return [folder / name for name in ("A0_last.safetensors", "A0_last.json")]


class Conversion(Scenario):
    """Three of the bundled examples by the rules, at a small size."""

    def clear(self) -> None:
        shutil.rmtree(self.folder / "out", ignore_errors=True)

    def run(self) -> None:
        from support.command import EXAMPLES
        from unbake.batch.events import Options
        from unbake.batch.run import convert_folder

        options = Options(
            preset="skyrim", effort="fast", max_size=64, threads=2, include=("*chest*", "*brick*")
        )
        convert_folder(EXAMPLES, self.folder / "out", options, predictor="rules")

    def contents(self) -> Contents:
        out = self.folder / "out"
        return {
            path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()
        }

    def torn(self) -> list[Path]:
        return [self.folder / "out" / "unbake-journal.jsonl"]


SCENARIOS: dict[str, Callable[[Path], Scenario]] = {"train": Training, "convert": Conversion}


def drafts(folder: Path) -> list[str]:
    """What is left of files that were begun."""
    return sorted(path.name for path in folder.rglob(".*.tmp"))


def injections(scenario: Scenario, kind: str, count: int, chance: random.Random) -> Iterator[tuple[str, str]]:
    """Each fault's name and how the disturbed process ended; the caller goes on with the scenario after each."""
    if kind == "random":
        begun = time.monotonic()
        scenario.clear()
        in_child(scenario.run)
        whole = time.monotonic() - begun
        for number in range(count):
            if number % 3 == 0:
                scenario.clear()  # three kills of one run, then a run to its end
            after = chance.uniform(0, whole)
            yield f"SIGKILL after {after:.2f} s", in_child(scenario.run, kill_after_s=after)
        return
    if kind == "torn":
        for _ in range(count):
            scenario.clear()
            in_child(scenario.run)
            path = chance.choice(scenario.torn())
            size = chance.randrange(path.stat().st_size)
            os.truncate(path, size)
            yield f"{path.name} cut at {size}", "killed"
        return
    total = calls_of(scenario)
    places = range(1, total + 1) if not count else sorted({1 + total * i // count for i in range(count)})
    for place in places:
        scenario.clear()
        yield (
            f"{kind} at call {place} of {total}",
            in_child(lambda place=place: disturbed(scenario, kind, place)),
        )


def calls_of(scenario: Scenario) -> int:
    """How many calls of an undisturbed run write."""
    scenario.clear()
    said = scenario.folder / ".calls"

    def counted() -> None:
        faults = Faults(scenario.folder, "count")
        faults.install()
        scenario.run()
        os.write(os.open(said, os.O_WRONLY | os.O_CREAT), str(faults.calls).encode())

    assert in_child(counted) == "done"
    total = int(said.read_text())
    said.unlink()
    return total


def disturbed(scenario: Scenario, kind: Kind, at: int) -> None:
    """A run with a fault in it."""
    Faults(scenario.folder, kind, at).install()
    scenario.run()


def main(what: str, folder: Path, seed: int, kinds: dict[str, int]) -> dict[str, Any]:
    """Inject the faults; of each kind how many there were, and a sentence for each after which something was lost."""
    scenario = SCENARIOS[what](folder)
    scenario.clear()
    ended = in_child(scenario.run)
    assert ended == "done", ended
    expected, chance = scenario.contents(), random.Random(seed)
    found: dict[str, Any] = {}
    for kind, count in kinds.items():
        ends, lost = {"done": 0, "told": 0, "killed": 0}, []
        for name, ended in injections(scenario, kind, count, chance):
            if problem := lost_after(scenario, expected, ended):
                lost.append(f"{name}: {problem}")
            ends[ended if ended in ends else "done"] += 1
        found[kind] = {"injected": sum(ends.values()), "ends": ends, "lost": lost}
    return found


def lost_after(scenario: Scenario, expected: Contents, ended: str) -> str:
    """Go on after a fault; what is wrong then, or ""."""
    if ended not in ("done", "told", "killed"):
        return ended
    again = in_child(scenario.run)
    if again != "done":
        return f"{ended}, then gone on with: {again}"
    left = scenario.contents()
    differing = sorted(key for key in expected.keys() | left.keys() if expected.get(key) != left.get(key))
    return f"{ended}, then these differ: {', '.join(differing[:5])}" if differing else ""


if __name__ == "__main__":
    what, folder, seed, *kinds = sys.argv[1:]
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    import torch  # once for all forks

    torch.set_num_threads(1)
    from unbake.batch import run  # noqa: F401
    from unbake.train import setup  # noqa: F401

    asked = {kind: int(count) for kind, _, count in (text.partition("=") for text in kinds)}
    print(json.dumps(main(what, Path(folder), int(seed), asked)))

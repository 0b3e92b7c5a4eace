"""Phase after phase, each from its parents' best checkpoints, with a gate between: over `phase` and `loop`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from functools import partial
from pathlib import Path

import torch

from unbake import recipe as recipes
from unbake.errors import TrainingError, UsageError
from unbake.recipe import Recipe, as_dict
from unbake.recipe.gate import Judgement, Verdict
from unbake.train.lineage import read_lineage, read_verdict
from unbake.train.loop import Event, train
from unbake.train.parallel import Processes
from unbake.train.setup import Project, check, conclude, notices, prepare, prepare_data


@dataclass(frozen=True)
class Rung:
    """One run of the ladder: a phase, for the last phase one of its maps, and its recipe as it will be run."""

    phase: str
    map: str
    recipe: Recipe
    overrides: tuple[str, ...]

    @property
    def name(self) -> str:
        """What a person calls it.

        >>> rungs()[-1].name
        'D height'
        """
        return f"{self.phase} {self.map}".strip()


class Standing(Enum):
    """How far a rung is."""

    NEW = "to do"
    STOPPED = "stopped on the way"
    PASSED = "done"
    FAILED = "done, but its gate failed"
    FORCED = "done, its failed gate overridden"


@dataclass(frozen=True)
class Climbing:
    """A rung begins, goes on, or is passed over as it is done already."""

    rung: Rung
    standing: Standing


@dataclass(frozen=True)
class Outcome:
    """Where a climb ended: at the top, stopped by a signal, or at a gate that failed, and why."""

    verdict: Verdict
    rung: Rung
    reason: str


def rungs(overrides: Iterable[str] = (), without: Iterable[str] = ()) -> list[Rung]:
    """Every run of the ladder in order.

    overrides: "key.path=value" for all phases, "PHASE:key.path=value" for one. without: phases left out.

    >>> [rung.recipe.data.px for rung in rungs(("data.px=512", "A0:data.px=256"), without=("B", "C"))][:2]
    [256, 512]
    """
    overrides, skipped = tuple(overrides), set(without)
    unknown = sorted((skipped | {o.split(":")[0] for o in overrides if _of_phase(o)}) - set(recipes.ORDER))
    if unknown:
        raise UsageError(
            f"Expected phases among {', '.join(recipes.ORDER)}, got {', '.join(unknown)}; mend the name."
        )
    found = []
    for phase, kind in recipes.all_runs():
        if phase not in skipped:
            own = tuple(o.partition(":")[2] for o in overrides if _of_phase(o) and o.split(":")[0] == phase)
            told = (*(o for o in overrides if not _of_phase(o)), *own)
            found.append(Rung(phase, kind, recipes.load(phase, told, kind), told))
    return found


def _of_phase(override: str) -> bool:
    return ":" in override.partition("=")[0]


def standing(project: Project, rung: Rung) -> Standing:
    """How far a rung is, by its files. Raises TrainingError when it was trained by another recipe."""
    best = project.best(rung.recipe)
    verdict = read_verdict(best) if best.is_file() else None
    if verdict is None:
        return Standing.STOPPED if project.state(rung.recipe).is_file() else Standing.NEW
    before, now = as_dict(read_lineage(best).trained_by()), as_dict(rung.recipe)
    if before != now:
        differ = sorted(key for key in before | now if before.get(key) != now.get(key))
        raise TrainingError(
            f"Expected {best.name} to be trained by the recipe of this ladder, but its {', '.join(differ)} differs; "
            "give the same --set options, or another --root."
        )
    if verdict.judgement().verdict is Verdict.PASS:
        return Standing.PASSED
    return Standing.FORCED if verdict.forced else Standing.FAILED


def climb(
    project: Project,
    ladder: list[Rung],
    emit: Callable[[Rung, Event | Climbing], None],
    *,
    resume: bool = False,
    force: bool = False,
    workers: int = 2,
    processes: Processes | None = None,
    backbone: Path | None = None,
    wandb: bool = False,
    on_data: Callable[[Rung, int, int], None] | None = None,
    on_notice: Callable[[str], None] = lambda sentence: None,
) -> Outcome:
    """Run what is not done yet, rung after rung; stops at a failed gate unless `force`, which is recorded.

    resume: go on from what is there; without it nothing may be there. Stopped by a signal it is NOT_YET, and
    resumes where it was, bit for bit. What would stop a later rung for want of materials, parents or a backbone
    is raised before the first begins.
    """
    us = processes or Processes(torch.device("cpu"))
    begun = [rung for rung in ladder if standing(project, rung) is not Standing.NEW]
    if begun and not resume:
        raise UsageError(
            f"Expected an empty checkpoints folder, but {begun[0].name} has been begun in {project.checkpoints}; go on "
            "with --resume, or give another --root."
        )
    to_do = [rung.recipe for rung in ladder if standing(project, rung) in (Standing.NEW, Standing.STOPPED)]
    with us.main_first():
        check(project, to_do, backbone)
    outcome = Outcome(Verdict.PASS, ladder[-1], "nothing to do: every phase is done")
    for rung in ladder:
        where = standing(project, rung)
        emit(rung, Climbing(rung, where))
        if where in (Standing.PASSED, Standing.FORCED):
            continue
        if where is Standing.FAILED:
            verdict = read_verdict(project.best(rung.recipe))
            assert verdict is not None  # else it would not be known to have failed
            judgement = verdict.judgement()
        else:
            tell = partial(on_data, rung) if on_data else None
            with us.main_first():
                for problem in prepare_data(project, rung.recipe, workers, tell):
                    on_notice(f"left out: {problem}")
            run = prepare(project, rung.recipe, rung.overrides, workers, us, backbone, wandb)
            for sentence in notices(run):
                on_notice(sentence)
            finished = train(run, partial(emit, rung), where is Standing.STOPPED)
            if finished.verdict is Verdict.NOT_YET:
                return Outcome(Verdict.NOT_YET, rung, finished.reason)
            judgement = Judgement(finished.verdict, finished.reason)
        failed = judgement.verdict is Verdict.FAIL
        if us.is_main:
            conclude(project, rung.recipe, judgement, forced=force and failed)
        us.barrier()
        outcome = Outcome(judgement.verdict, rung, judgement.reason)
        if failed and not (force and project.best(rung.recipe).is_file()):
            return outcome
    return Outcome(Verdict.PASS, outcome.rung, outcome.reason)

"""All runs of the plan in order, each from its parents' best checkpoints, with a gate between; over `loop`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from functools import partial
from pathlib import Path

import torch

from unbake import recipe as recipes
from unbake.errors import TrainingError, UsageError
from unbake.project import Project
from unbake.recipe import Recipe, as_dict
from unbake.recipe.gate import Judgement, Verdict
from unbake.train.lineage import read_lineage, read_verdict
from unbake.train.loop import Event, Finished, train
from unbake.train.parallel import Processes
from unbake.train.setup import check, conclude, notices, prepare, prepare_data, reserved
from unbake.train.state_files import is_begun


@dataclass(frozen=True)
class PhaseRun:
    """One run of the plan: a phase, for the last phase one of its maps, and its recipe with the overrides applied."""

    phase: str
    map: str
    recipe: Recipe
    overrides: tuple[str, ...]

    @property
    def name(self) -> str:
        """Phase and map, as messages name the run.

        >>> planned_runs()[-1].name
        'D height'
        """
        return f"{self.phase} {self.map}".strip()


class RunStatus(Enum):
    """Progress of a run; the value is shown on the command line."""

    NEW = "to do"
    STOPPED = "stopped on the way"
    PASSED = "done"
    FAILED = "done, but its gate failed"
    FORCED = "done, its failed gate overridden"


@dataclass(frozen=True)
class RunStarted:
    """A run begins, goes on, or is passed over as it is done already."""

    run: PhaseRun
    status: RunStatus


@dataclass(frozen=True)
class PipelineResult:
    """The run that training ended with, and why: all are done, a signal stopped it (NOT_YET), or a gate failed."""

    verdict: Verdict
    run: PhaseRun
    reason: str


def planned_runs(overrides: Iterable[str] = (), without: Iterable[str] = ()) -> list[PhaseRun]:
    """Every run of the plan in order.

    overrides: "key.path=value" for all phases, "PHASE:key.path=value" for one. without: phases left out.

    >>> [run.recipe.data.px for run in planned_runs(("data.px=512", "A0:data.px=256"), without=("B", "C"))][:2]
    [256, 512]
    """
    overrides, skipped = tuple(overrides), set(without)
    named = {override.split(":")[0] for override in overrides if _is_of_one_phase(override)}
    if unknown := sorted((skipped | named) - set(recipes.ORDER)):
        raise UsageError(
            f"Expected phases among {', '.join(recipes.ORDER)}, got {', '.join(unknown)}; correct the name."
        )
    general = tuple(override for override in overrides if not _is_of_one_phase(override))
    runs = []
    for phase, kind in recipes.all_runs():
        if phase not in skipped:
            own = (
                override.removeprefix(f"{phase}:")
                for override in overrides
                if override.startswith(f"{phase}:")
            )
            applied = (*general, *own)
            runs.append(PhaseRun(phase, kind, recipes.load(phase, applied, kind), applied))
    return runs


def _is_of_one_phase(override: str) -> bool:
    return ":" in override.partition("=")[0]


def status_of(project: Project, run: PhaseRun) -> RunStatus:
    """Progress of a run, by its files. Raises TrainingError when it was trained by another recipe."""
    best = project.best(run.recipe)
    verdict = read_verdict(best) if best.is_file() else None
    if verdict is None:
        return RunStatus.STOPPED if is_begun(project.state(run.recipe)) else RunStatus.NEW
    before, now = as_dict(read_lineage(best).trained_by()), as_dict(run.recipe)
    if before != now:
        differ = sorted(key for key in before | now if before.get(key) != now.get(key))
        raise TrainingError(
            f"Expected {best.name} to be trained by the recipe of this run, but its {', '.join(differ)} differs; "
            "give the same --set options, or another --root."
        )
    if verdict.judgement().verdict is Verdict.PASS:
        return RunStatus.PASSED
    return RunStatus.FORCED if verdict.forced else RunStatus.FAILED


def run_all(
    project: Project,
    runs: list[PhaseRun],
    emit: Callable[[PhaseRun, Event | RunStarted], None],
    *,
    resume: bool = False,
    force: bool = False,
    workers: int = 2,
    processes: Processes | None = None,
    backbone: Path | None = None,
    wandb: bool = False,
    on_data: Callable[[PhaseRun, int, int], None] | None = None,
    on_notice: Callable[[str], None] = lambda sentence: None,
) -> PipelineResult:
    """Train what is not done yet, run after run; stops at a failed gate unless `force`, which is recorded.

    resume: go on from what is there; without it nothing may be there. Stopped by a signal it is NOT_YET, and
    resumes where it was, bit for bit. Missing materials, parents or backbones of a later run are raised before the
    first begins. on_data: run, materials cached and their number.
    """
    processes = processes or Processes(torch.device("cpu"))
    with processes.main_first():
        _check_all(project, runs, resume, backbone)
    result = PipelineResult(Verdict.PASS, runs[-1], "nothing to do: every phase is done")
    for run in runs:
        status = status_of(project, run)
        emit(run, RunStarted(run, status))
        if status in (RunStatus.PASSED, RunStatus.FORCED):
            continue
        if status is RunStatus.FAILED:
            judgement = _recorded(project, run)
        else:
            data = partial(on_data, run) if on_data else None
            finished = _train(
                project,
                run,
                partial(emit, run),
                data,
                on_notice,
                resume=status is RunStatus.STOPPED,
                workers=workers,
                processes=processes,
                backbone=backbone,
                wandb=wandb,
            )
            if finished.verdict is Verdict.NOT_YET:
                return PipelineResult(Verdict.NOT_YET, run, finished.reason)
            judgement = Judgement(finished.verdict, finished.reason)
        failed = judgement.verdict is Verdict.FAIL
        if processes.is_main:
            conclude(project, run.recipe, judgement, forced=force and failed)
        processes.barrier()
        result = PipelineResult(judgement.verdict, run, judgement.reason)
        if failed and not (force and project.best(run.recipe).is_file()):
            return result
    return PipelineResult(Verdict.PASS, result.run, result.reason)


def _check_all(project: Project, runs: list[PhaseRun], resume: bool, backbone: Path | None) -> None:
    """Raise what would stop any of the runs; UsageError where something is there and `resume` is not."""
    status = {run.name: status_of(project, run) for run in runs}
    begun = [name for name, found in status.items() if found is not RunStatus.NEW]
    if begun and not resume:
        raise UsageError(
            f"Expected an empty checkpoints folder, but {begun[0]} has been begun in {project.checkpoints}; go on "
            "with --resume, or give another --root."
        )
    to_do = (RunStatus.NEW, RunStatus.STOPPED)
    check(project, [run.recipe for run in runs if status[run.name] in to_do], backbone)


def _train(
    project: Project,
    run: PhaseRun,
    emit: Callable[[Event], None],
    on_data: Callable[[int, int], None] | None,
    on_notice: Callable[[str], None],
    *,
    resume: bool,
    workers: int,
    processes: Processes,
    backbone: Path | None,
    wandb: bool,
) -> Finished:
    """Build the caches of one run, prepare it and train it to its end or to a signal."""
    with reserved(project, run.recipe, processes):
        with processes.main_first():
            for problem in prepare_data(project, run.recipe, workers, on_data):
                on_notice(f"left out: {problem}")
        prepared = prepare(project, run.recipe, run.overrides, workers, processes, backbone, wandb)
        for sentence in notices(prepared):
            on_notice(sentence)
        return train(prepared, emit, resume)


def _recorded(project: Project, run: PhaseRun) -> Judgement:
    verdict = read_verdict(project.best(run.recipe))
    assert verdict is not None  # `status_of` has read it
    return verdict.judgement()

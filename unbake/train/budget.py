"""Stages of training that fit a budget of minutes: each is timed by a few steps, planned, then run by `pipeline`."""

import gc
import math
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec
import torch
from msgspec import structs

from unbake import recipe as recipes
from unbake.decoding import decode_json
from unbake.errors import FileError, UsageError
from unbake.files import write_atomic
from unbake.project import Project
from unbake.recipe.bundle import Bundle, Probe, Stage
from unbake.recipe.gate import Verdict
from unbake.train.environment import denormals_flushed
from unbake.train.events import Event, Progress
from unbake.train.parallel import Processes
from unbake.train.pipeline import PhaseRun, PipelineResult, RunStarted, planned_runs, run_all
from unbake.train.session import Run, start_session
from unbake.train.setup import check, prepare, prepare_data

PLAN = "bundle.json"
"""The plan's file, in a project's root."""

VALIDATED = 4
"""Samples of each domain whose validation is timed."""

WRITES = 3
"""States and checkpoints that a phase of one epoch writes at least."""


class Rate(NamedTuple):
    """Seconds of a step, and of all else in a phase: two validations, the states it writes."""

    step_s: float
    other_s: float


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """A stage as it was planned.

    steps: of its one epoch. ends_s: seconds of the budget that are then used.
    """

    phase: str
    steps: int
    step_s: float
    other_s: float
    ends_s: float


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The plan of a bundle, written to ROOT/bundle.json: a later call goes on with it.

    settings: overrides of all stages, but for the number of steps. stages: those that were planned, in order.
    released: the folder that got the model, or "".
    """

    minutes: float
    settings: tuple[str, ...]
    stages: tuple[Planned, ...] = ()
    released: str = ""


def deadline_s(minutes: float, shares: Sequence[float], number: int) -> float:
    """Seconds of the budget that are used when stage `number` ends: its share and those of the stages before it.

    >>> deadline_s(10, [0.2, 0.65], 1)
    510.0
    """
    return 60 * minutes * math.fsum(shares[: number + 1])


def steps_for(seconds: float, rate: Rate, least: int) -> int:
    """Steps that fit into some seconds, `least` at least.

    >>> steps_for(100, Rate(step_s=0.5, other_s=20), least=50), steps_for(10, Rate(0.5, 20), least=50)
    (160, 50)
    """
    return max(least, int((seconds - rate.other_s) / rate.step_s))


def fast_bfloat16(cpuinfo: str) -> bool:
    """Whether a CPU, by the text of /proc/cpuinfo, multiplies bfloat16 faster than float32.

    >>> fast_bfloat16("flags : fpu avx2 avx512_bf16"), fast_bfloat16("flags : fpu avx2")
    (True, False)
    """
    return bool({"avx512_bf16", "amx_bf16"} & set(cpuinfo.split()))


def open_plan(root: Path, minutes: float, settings: tuple[str, ...]) -> Plan:
    """The plan in ROOT, or a new one, not yet written.

    Errors: FileError for a damaged file, UsageError where that plan has another budget or other settings.
    """
    path = root / PLAN
    if not path.is_file():
        return Plan(minutes=minutes, settings=settings)
    try:
        plan = decode_json(path.read_bytes(), Plan)
    except msgspec.DecodeError as error:
        raise FileError(
            f"Expected the plan of a bundle in {path}, got {error}; move the file away."
        ) from None
    differing = sorted(set(plan.settings) ^ set(settings))
    if plan.minutes != minutes:
        differing.insert(0, f"{plan.minutes:g} minutes")
    if differing:
        raise UsageError(
            f"Expected the options that {path} was begun with, got others ({', '.join(differing[:4])}); give the same, "
            "or another --root."
        )
    return plan


def write_plan(root: Path, plan: Plan) -> None:
    """Write a plan to ROOT/bundle.json, whole or not at all. Errors: FileError."""
    write_atomic(root / PLAN, msgspec.json.format(msgspec.json.encode(plan), indent=1))


def measured_rate(run: Run, folder: Path, probe: Probe) -> Rate:
    """The rate of a run, by a few of its steps and validations; its networks are of no use afterwards.

    folder: for the state and logs that this leaves, removed in the end.
    """
    ticks: list[float] = []

    def note(event: Event) -> None:
        if isinstance(event, Progress):
            ticks.append(time.perf_counter())

    trial = replace(
        run,
        steps=probe.warm + probe.steps,
        validation={domain: items[:VALIDATED] for domain, items in run.validation.items()},
        log_folder=folder / "logs",
        state_path=folder / "state.safetensors",
        save_best=lambda networks, figures: None,
        wandb=False,
    )
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        with denormals_flushed():
            session, position = start_session(trial, note, resume=False)
            with closing(session):
                session.train_epoch(position, lambda: False)
                trained = time.perf_counter()
                session.validate()
                validated = time.perf_counter()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    items = sum(map(len, run.validation.values())) / max(1, sum(map(len, trial.validation.values())))
    step_s = (ticks[-1] - ticks[probe.warm - 1]) / probe.steps
    return Rate(step_s, 2 * items * (validated - trained) + WRITES * (trained - ticks[-1]))


@dataclass(frozen=True)
class Shown:
    """Where the course of a bundle is shown: events of training, materials cached, plans, and notices."""

    event: Callable[[PhaseRun, Event | RunStarted], None] = lambda run, event: None
    data: Callable[[PhaseRun, int, int], None] = lambda run, done, total: None
    planned: Callable[[Planned, int], None] = lambda planned, batch: None
    notice: Callable[[str], None] = lambda sentence: None


def train_stages(
    project: Project,
    bundle: Bundle,
    plan: Plan,
    processes: Processes,
    workers: int = 2,
    shown: Shown = Shown(),
) -> tuple[Plan, PipelineResult]:
    """Train the stages that are not done, each for its share of the minutes; the plan as it then is, and the result.

    A stage is planned when it begins, by its rate and the time that is left, and the plan is written: killed, a second
    call makes the very same steps. Stopped by a signal the result is NOT_YET. A budget counts from the call that
    plans a stage; of stages planned before, their planned time. Errors: as `pipeline.run_all`.
    """
    began = time.monotonic()
    for number, stage in enumerate(bundle.stages):
        known = number < len(plan.stages)
        if not known:
            planned = _planned(project, bundle, plan, number, began, processes, workers, shown)
            plan = structs.replace(plan, stages=(*plan.stages, planned))
            write_plan(project.root, plan)
        planned = plan.stages[number]
        run = _run_of(stage, plan.settings, planned.steps)
        shown.planned(planned, run.recipe.data.batch)
        result = run_all(
            project,
            [run],
            shown.event,
            resume=True,
            workers=workers,
            processes=processes,
            on_data=shown.data,
            on_notice=shown.notice,
        )
        if result.verdict is not Verdict.PASS:
            break
        if known:
            began = time.monotonic() - planned.ends_s
    return plan, result


def _planned(
    project: Project,
    bundle: Bundle,
    plan: Plan,
    number: int,
    began: float,
    processes: Processes,
    workers: int,
    shown: Shown,
) -> Planned:
    """Make a stage's data ready, time its steps, and give it what is left of its time."""
    stage = bundle.stages[number]
    probe = bundle.probe["cuda" if processes.device.type == "cuda" else "cpu"]
    run = _run_of(stage, plan.settings, probe.warm + probe.steps)
    check(project, [run.recipe])
    for problem in prepare_data(project, run.recipe, workers, partial(shown.data, run)):
        shown.notice(f"left out: {problem}")
    prepared = prepare(project, run.recipe, run.overrides, workers, processes)
    rate = measured_rate(prepared, project.root / ".probe", probe)
    del prepared
    gc.collect()
    if processes.device.type == "cuda":
        torch.cuda.empty_cache()
    used = time.monotonic() - began
    ends = deadline_s(plan.minutes, [each.share for each in bundle.stages], number)
    steps = steps_for(ends - used, rate, stage.least)
    return Planned(
        phase=stage.phase,
        steps=steps,
        step_s=rate.step_s,
        other_s=rate.other_s,
        ends_s=used + rate.other_s + steps * rate.step_s,
    )


def _run_of(stage: Stage, settings: tuple[str, ...], steps: int) -> PhaseRun:
    """The run of a stage: its phase with the settings, and one epoch of so many steps."""
    others = set(recipes.ORDER) - {stage.phase}
    (run,) = planned_runs(settings, others)
    patches = f"{stage.phase}:data.patches={steps * run.recipe.data.batch}"
    (run,) = planned_runs((*settings, patches), others)
    return run

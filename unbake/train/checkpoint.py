"""State of a run in one safetensors file: weights, optimizer, schedule, history; the two newest are kept on disk."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import torch
from msgspec import structs
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim.lr_scheduler import LRScheduler

from unbake.errors import FileError, TrainingError
from unbake.models.network import Networks
from unbake.models.weights import build_networks, load_weights
from unbake.train.lineage import Lineage, read_lineage
from unbake.train.state_files import check_sound, older, replace_state, set_aside, settle

_AVERAGE = "average."


class Position(msgspec.Struct, frozen=True):
    """Progress of a run: `step` batches of `epoch` are done; the history has one entry per finished epoch.

    history[0] is the validation before any training, history[e] the one after epoch e (counted from 1); it is empty
    in a run that was stopped inside the first validation.
    """

    epoch: int
    step: int
    history: list[dict[str, int | float]]
    train_sums: dict[str, list[float]]
    skipped: int
    """Steps left out because a loss or gradient was not finite."""
    skipped_in_a_row: int = 0
    """Of these, the ones since the last finite step."""


def save_state(
    path: Path,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    schedule: LRScheduler,
    position: Position,
    lineage: Lineage,
    average: nn.Module | None = None,
) -> None:
    """Write everything a resumed run needs; the state that was there is kept beside it (see `state_files`).

    average: the running one of the model, where there is one.
    """
    tensors = {f"model.{name}": value.contiguous() for name, value in model.state_dict().items()}
    if average is not None:
        tensors |= {f"{_AVERAGE}{name}": value.contiguous() for name, value in average.state_dict().items()}
    state = optimizer.state_dict()
    plain: dict[str, dict[str, Any]] = {}
    for index, slots in state["state"].items():
        for slot, value in slots.items():
            if isinstance(value, Tensor):
                tensors[f"optimizer.{index}.{slot}"] = value.contiguous()
            else:
                plain.setdefault(str(index), {})[slot] = value
    header = {
        "position": json.dumps(msgspec.to_builtins(position)),  # unlike msgspec's, it keeps a NaN
        "groups": json.dumps(state["param_groups"]),
        "plain": json.dumps(plain),
        "schedule": json.dumps(_schedule_state(schedule)),
        "metadata": json.dumps(lineage.as_metadata()),
    }
    about = {"epoch": position.epoch, "step": position.step}
    with replace_state(path, about) as draft:
        try:
            save_file(tensors, draft, metadata=header)
        except SafetensorError as error:
            raise FileError(f"{path} cannot be written ({error}); check space and rights.") from None


def load_state(
    path: Path,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    schedule: LRScheduler,
    lineage: Lineage,
    average: nn.Module | None = None,
    on_notice: Callable[[str], None] = lambda sentence: None,
) -> Position:
    """Load a saved run into fresh objects; returns its position.

    Where the newest state is damaged it is set aside, the one before is loaded and `on_notice` gets a sentence.
    lineage, average: as for `save_state`; the recipe in it must be the one the run was started with. Raises
    TrainingError when there is no such run, all its states are damaged, or its recipe or networks are others.
    """
    found = [place for place in (path, older(path)) if place.is_file()]
    if not found:
        raise TrainingError(
            f"Expected a stopped run to resume in {path}, but there is none; start without --resume."
        )
    problems: list[str] = []
    for place in found:
        try:
            check_sound(place, path)
            position = _load(place, model, optimizer, schedule, lineage, average)
        except FileError as error:
            problems.append(str(error))
            continue
        if place != path:
            set_aside(path)
            where = f"epoch {position.epoch}, step {position.step}"
            on_notice(
                f"{path.name} is missing or damaged; the run goes on from the state before it, of {where}"
            )
        settle(path)
        return position
    raise TrainingError(
        f"Expected a sound state to resume in {path}, but {'; '.join(problems)}; move these files away and start "
        "without --resume."
    )


def _load(
    path: Path,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    schedule: LRScheduler,
    lineage: Lineage,
    average: nn.Module | None,
) -> Position:
    """Load one file of `save_state`; FileError where it is none."""
    header, tensors = _read(path)
    try:
        begun = Lineage.from_metadata(json.loads(header["metadata"]), path.name)
        position = msgspec.convert(json.loads(header["position"]), Position)
        plain, groups, its = (json.loads(header[name]) for name in ("plain", "groups", "schedule"))
    except (KeyError, ValueError) as error:
        raise FileError(f"{path.name} is no state of a run ({error!r})") from None
    if begun.trained_by() != lineage.trained_by():  # a field that came later has its default
        raise TrainingError(
            f"Expected the recipe that {path.name} was begun with (overrides: "
            f"{' '.join(begun.overrides) or 'none'}), but this one differs; give the same --set options, "
            "or move that file away and start without --resume."
        )
    try:
        model.load_state_dict(_below(tensors, "model."))
        if average is not None:
            average.load_state_dict(_below(tensors, _AVERAGE))
    except RuntimeError:
        raise TrainingError(
            f"Expected {path.name} to hold a run of these networks, but its weights differ in name or shape; "
            "give the same recipe and overrides, or move that file away and start without --resume."
        ) from None
    slots: dict[int, dict[str, Any]] = {int(index): extra for index, extra in plain.items()}
    for name, value in _below(tensors, "optimizer.").items():
        index, slot = name.split(".")
        slots.setdefault(int(index), {})[slot] = value
    optimizer.load_state_dict({"state": slots, "param_groups": groups})
    for parameter, moments in optimizer.state.items():
        # The file has them row by row; a fused optimizer walks memory, so they must lie as their parameter does.
        for slot, value in moments.items():
            if isinstance(value, Tensor) and value.shape == parameter.shape:
                moments[slot] = torch.empty_like(parameter).copy_(value)
    schedule.load_state_dict(its)
    # The steps were made, if by another process; without it torch warns of a schedule that runs ahead of them.
    optimizer._opt_called = True  # type: ignore[attr-defined]
    return position


def _read(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    """The header and the tensors of a state, no longer tied to the file."""
    try:
        with safe_open(path, framework="pt") as handle:
            # Clones: tensors that still map the file would keep Windows from replacing it at the next save.
            tensors = {name: handle.get_tensor(name).clone() for name in handle.keys()}  # noqa: SIM118 - not a dict
            return handle.metadata() or {}, tensors
    except (OSError, SafetensorError) as error:
        raise FileError(f"{path.name} cannot be read ({error})") from None


def _below(tensors: dict[str, Tensor], start: str) -> dict[str, Tensor]:
    return {name.removeprefix(start): value for name, value in tensors.items() if name.startswith(start)}


def load_networks(path: Path) -> tuple[Networks, Lineage]:
    """The networks of a checkpoint and its lineage, be it a best one or the last state of a run.

    Of a last state ("A_last") the figures are those of its last finished epoch, and where the run has a running
    average of the weights, the networks are that. FileError where the file is missing or damaged.
    """
    if not _is_state(path):
        lineage = read_lineage(path)
        networks = build_networks(lineage.as_metadata())
        load_weights(path, networks)
        return networks, lineage
    check_sound(path, path)
    with safe_open(path, framework="pt") as handle:
        header = handle.metadata()
        lineage = Lineage.from_metadata(json.loads(header["metadata"]), path.name)
        networks = build_networks(lineage.as_metadata())
        names = list(handle.keys())
        averaged = any(name.startswith(_AVERAGE) for name in names)
        start = f"{_AVERAGE}module." if averaged else "model."
        names = [name for name in names if name.startswith(start)]
        networks.load_state_dict({name.removeprefix(start): handle.get_tensor(name) for name in names})
        figures = (json.loads(header["position"])["history"] or [{}])[-1]
        return networks, structs.replace(lineage, name=path.stem, figures=figures)


def _is_state(path: Path) -> bool:
    """True for the last state of a run; False also for a damaged file, of which `read_metadata` says why."""
    try:
        with safe_open(path, framework="pt") as handle:
            return "position" in (handle.metadata() or {})
    except (OSError, SafetensorError):
        return False


def _schedule_state(schedule: LRScheduler) -> dict[str, Any]:
    return {key: value for key, value in schedule.state_dict().items() if _is_json(value)}


def _is_json(value: object) -> bool:
    try:
        json.dumps(value)
    except TypeError:
        return False
    return True

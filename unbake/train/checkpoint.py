"""State of a run in one safetensors file, replaced in one rename: weights, optimizer, schedule, history."""

import json
from pathlib import Path
from typing import Any

import msgspec
import torch
from msgspec import structs
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim.lr_scheduler import LRScheduler

from unbake.errors import TrainingError
from unbake.files import write_file_atomic
from unbake.models.network import Networks
from unbake.models.weights import build_networks, load_weights
from unbake.train.lineage import Lineage, read_lineage

_AVERAGE = "average."


class Position(msgspec.Struct, frozen=True):
    """Progress of a run: `step` batches of `epoch` are done; the history has one entry per finished epoch.

    history[0] is the validation before any training, history[e] the one after epoch e (counted from 1).
    """

    epoch: int
    step: int
    history: list[dict[str, float]]
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
    """Write everything a resumed run needs; the file that was there stays whole until the new one is.

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
    with write_file_atomic(path) as draft:
        save_file(tensors, draft, metadata=header)


def load_state(
    path: Path,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    schedule: LRScheduler,
    lineage: Lineage,
    average: nn.Module | None = None,
) -> Position:
    """Load a saved run into fresh objects; returns its position.

    lineage, average: as for `save_state`; the recipe in it must be the one the run was started with. Raises
    TrainingError when there is no such run, or its recipe or networks are others.
    """
    if not path.is_file():
        raise TrainingError(
            f"Expected a stopped run to resume in {path}, but there is none; start without --resume."
        )
    # Clones: tensors that still map the file would keep Windows from replacing it at the next save.
    weights: dict[str, Tensor] = {}
    averaged: dict[str, Tensor] = {}
    slots: dict[int, dict[str, Any]] = {}
    with safe_open(path, framework="pt") as handle:
        header = handle.metadata()
        begun = Lineage.from_metadata(json.loads(header["metadata"]), path.name)
        if (
            begun.trained_by() != lineage.trained_by()
        ):  # what was begun before a field was there has its default
            raise TrainingError(
                f"Expected the recipe that {path.name} was begun with (overrides: "
                f"{' '.join(begun.overrides) or 'none'}), but this one differs; give the same --set options, "
                "or move that file away and start without --resume."
            )
        for name in handle.keys():  # noqa: SIM118 - not a dict
            kind, _, rest = name.partition(".")
            if kind == "model":
                weights[rest] = handle.get_tensor(name).clone()
            elif name.startswith(_AVERAGE):
                averaged[rest] = handle.get_tensor(name).clone()
            else:
                index, slot = rest.split(".")
                slots.setdefault(int(index), {})[slot] = handle.get_tensor(name).clone()
    try:
        model.load_state_dict(weights)
        if average is not None:
            average.load_state_dict(averaged)
    except RuntimeError:
        raise TrainingError(
            f"Expected {path.name} to hold a run of these networks, but its weights differ in name or shape; "
            "give the same recipe and overrides, or move that file away and start without --resume."
        ) from None
    for index, extra in json.loads(header["plain"]).items():
        slots.setdefault(int(index), {}).update(extra)
    optimizer.load_state_dict({"state": slots, "param_groups": json.loads(header["groups"])})
    for parameter, moments in optimizer.state.items():
        # The file has them row by row; a fused optimizer walks memory, so they must lie as their parameter does.
        for slot, value in moments.items():
            if isinstance(value, Tensor) and value.shape == parameter.shape:
                moments[slot] = torch.empty_like(parameter).copy_(value)
    schedule.load_state_dict(json.loads(header["schedule"]))
    return msgspec.convert(json.loads(header["position"]), Position)


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
    with safe_open(path, framework="pt") as handle:
        header = handle.metadata()
        lineage = Lineage.from_metadata(json.loads(header["metadata"]), path.name)
        networks = build_networks(lineage.as_metadata())
        names = list(handle.keys())
        averaged = any(name.startswith(_AVERAGE) for name in names)
        start = f"{_AVERAGE}module." if averaged else "model."
        names = [name for name in names if name.startswith(start)]
        networks.load_state_dict({name.removeprefix(start): handle.get_tensor(name) for name in names})
        figures = json.loads(header["position"])["history"][-1]
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

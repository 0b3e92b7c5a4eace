"""The state of a run in a file: what comes back lies in memory as it did."""

from pathlib import Path

import torch
from torch import nn

from unbake.recipe import as_dict, load
from unbake.train.checkpoint import Position, load_state, save_state
from unbake.train.lineage import Lineage

LINEAGE = Lineage(recipe=as_dict(load("A0")))


def made() -> tuple[nn.Module, torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    torch.manual_seed(0)
    layer = nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(layer.parameters(), lr=0.1, fused=True)
    return layer, optimizer, torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)


def step(layer: nn.Module, optimizer: torch.optim.Optimizer) -> torch.Tensor:
    optimizer.zero_grad()
    layer(torch.ones(1, 3, 8, 8)).square().mean().backward()
    optimizer.step()
    return layer.weight.detach().clone()


def test_moments_that_were_saved_move_channels_last_weights_as_those_that_were_not(tmp_path: Path):
    layer, optimizer, schedule = made()
    step(layer, optimizer)
    position = Position(1, 1, [], {}, 0)
    save_state(tmp_path / "last", layer, optimizer, schedule, position, LINEAGE)
    again, theirs, its = made()
    load_state(tmp_path / "last", again, theirs, its, LINEAGE)
    assert torch.equal(step(again, theirs), step(layer, optimizer))

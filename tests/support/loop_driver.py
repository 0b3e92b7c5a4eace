"""A whole phase with its norms frozen, alone or as one of several processes (torchrun): what test_parallel compares.

torchrun --nproc-per-node 2 -m support.loop_driver ROOT
"""

import dataclasses
import sys
from pathlib import Path

import torch

from support.chance import without_chance
from support.tiny_project import start
from unbake.models.parameters import parameter_info
from unbake.train.loop import train
from unbake.train.parallel import Processes, joined


def train_phase(root: Path, processes: Processes) -> None:
    run = start(root, "A0", "epochs.max=3", "ema=0.5", processes=processes)
    norms = {name for name, info in parameter_info(run.networks).items() if info.kind == "norm"}
    for name in norms:
        run.networks.get_parameter(name).requires_grad_(False)
    run.networks.train()
    with without_chance(run.networks):
        train(dataclasses.replace(run, trainable=run.trainable - norms), lambda event: None)


if __name__ == "__main__":
    with joined(torch.device("cpu")) as all_of_us:
        train_phase(Path(sys.argv[1]), all_of_us)

"""Some steps of training, alone or as one of several processes (torchrun): what test_parallel compares.

torchrun --nproc-per-node 2 -m support.parallel_driver ROOT OUT
"""

import dataclasses
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

from support.chance import without_chance
from support.tiny_project import start
from unbake.data.batch import Batch
from unbake.domain.maps import MapKind
from unbake.domain.networks import NETWORKS
from unbake.models.norm import Norm
from unbake.train.batches import Batches
from unbake.train.loop import Run
from unbake.train.optim import clip_gradients
from unbake.train.parallel import Processes, joined
from unbake.train.step import forward_networks, loss_weights, total

BATCH, STEPS, PX = 4, 3, 32
ABSENT = (MapKind.HEIGHT, MapKind.METALLIC, MapKind.METALLIC_MASK, MapKind.ALBEDO)

LIGHTS = [(0.0, 0.6, 0.8), (0.0, 0.0, 1.0)]


def without(batch: Batch, processes: Processes) -> Batch:
    """The batch with ABSENT maps and classes gone from its first half: the whole part of the first of two processes."""
    places = processes.rank * len(batch.names) + torch.arange(len(batch.names))
    kept = places >= BATCH // 2
    present = {kind: known & kept if kind in ABSENT else known for kind, known in batch.present.items()}
    return dataclasses.replace(batch, present=present, has_classes=batch.has_classes & kept)


def squared(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return (a - b).square().mean(dim=(1, 2, 3))


def train(root: Path, processes: Processes) -> dict[str, torch.Tensor]:
    """The trained parameters, and every loss term of every step."""
    torch.manual_seed(0)
    run = start(root)
    with without_chance(run.networks):
        return _trained(run, processes)


def _trained(run: Run, processes: Processes) -> dict[str, torch.Tensor]:
    for module in run.networks.modules():
        if isinstance(module, Norm):
            module.requires_grad_(False)
    run.networks.train()
    weights = dataclasses.replace(loss_weights(run.recipe.losses), perceptual=0.1, rendering=0.5)
    trained = [p for p in run.networks.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-3, eps=1e-5)
    wrapped = processes.wrap(run.networks)
    seen: dict[str, torch.Tensor] = {}
    run.sampler.set_epoch(1, STEPS * BATCH, PX, rank=processes.rank, world=processes.world, batch=BATCH)
    batches = Batches(run.train_data, run.sampler, 0, processes.device)
    for step, batch in enumerate(batches.of(BATCH // processes.world)):
        optimizer.zero_grad()
        if step == 1:
            batch = without(batch, processes)
        outputs = forward_networks(
            wrapped,
            batch,
            weights,
            NETWORKS.__contains__,
            distance=squared,
            lights=LIGHTS,
            mean=processes.mean,
        )
        for output in outputs:
            seen |= {f"{step}/{name}": value.detach().clone() for name, value in output.terms.items()}
            total(output.terms).backward()
        seen[f"{step}/norm"] = torch.tensor(clip_gradients(trained, 1.0))
        optimizer.step()
    return seen | {name: p.detach().clone() for name, p in run.networks.named_parameters()}


def main(root: Path, out: Path) -> None:
    with joined(torch.device("cpu")) as processes:
        result = train(root, processes)
        result["agreed"] = torch.tensor([processes.agree(processes.rank == 1), processes.agree(False)])
        rows = processes.collect([10 * item for item in processes.share(range(5))])
        result["collected"] = torch.tensor(rows)
        processes.barrier()
        save_file(result, out / f"{processes.rank}.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

"""One step over the four networks: order, conditioning, and that they learn."""

from pathlib import Path

import torch
from tiny_project import start

from unbake.data.dataset import collate
from unbake.train.step import forward_networks, loss_weights, total


def test_the_four_networks_come_in_order_and_their_outputs_are_detached(root: Path):
    run = start(root)
    batch = collate([run.val_data[0], run.val_data[1]])
    outputs = list(forward_networks(run.networks, batch, loss_weights(run.recipe.losses), lambda _: True))
    assert [output.network for output in outputs] == ["vit", "segformer", "unet_albedo", "unet_maps"]
    assert not any(image.requires_grad for output in outputs for image in output.maps.values())
    assert all(total(output.terms).requires_grad for output in outputs)


def test_a_network_that_is_not_trained_runs_without_gradients(root: Path):
    run = start(root)
    batch = collate([run.val_data[0]])
    outputs = forward_networks(run.networks, batch, loss_weights(run.recipe.losses), "vit".__eq__)
    assert [total(output.terms).requires_grad for output in outputs] == [True, False, False, False]


def test_one_batch_can_be_learned_by_heart(root: Path):
    torch.manual_seed(0)
    run = start(root)
    networks, weights = run.networks, loss_weights(run.recipe.losses)
    batch = collate([run.train_data[0, 0, 0], run.train_data[0, 1, 3]])
    optimizer = torch.optim.AdamW(networks.parameters(), lr=1e-2)

    def step() -> float:
        optimizer.zero_grad()
        loss = 0.0
        for output in forward_networks(networks, batch, weights, lambda _: True):
            total(output.terms).backward()
            loss += float(total(output.terms).detach())
        optimizer.step()
        return loss

    losses = [step() for _ in range(80)]
    assert losses[-1] < 0.4 * losses[0]

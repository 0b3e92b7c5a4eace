"""One step over the four networks: order, conditioning, and that they learn."""

import dataclasses
from pathlib import Path

import pytest
import torch
from msgspec import structs
from support.samples import batch_of
from support.tiny_project import start

from unbake.data.batch import Batch
from unbake.domain.maps import OUTPUTS, MapKind
from unbake.domain.materials import CLASSES
from unbake.domain.networks import network_of
from unbake.losses.rendering import rendering_l1
from unbake.train.step import COARSE_MASK, TRUE_MASK, _told, forward_networks, loss_weights, total


def test_the_four_networks_come_in_order_and_their_outputs_are_detached(root: Path):
    run = start(root)
    batch = batch_of(run.val_data[0], run.val_data[1])
    outputs = list(forward_networks(run.networks, batch, loss_weights(run.recipe.losses), lambda _: True))
    assert [output.network for output in outputs] == ["vit", "segformer", "unet_albedo", "unet_maps"]
    assert not any(image.requires_grad for output in outputs for image in output.maps.values())
    assert all(total(output.terms).requires_grad for output in outputs)


def test_a_network_that_is_not_trained_runs_without_gradients(root: Path):
    run = start(root)
    batch = batch_of(run.val_data[0])
    outputs = forward_networks(run.networks, batch, loss_weights(run.recipe.losses), "vit".__eq__)
    assert [total(output.terms).requires_grad for output in outputs] == [True, False, False, False]


def test_only_the_wanted_networks_and_those_they_read_from_run(root: Path):
    run = start(root)
    batch = batch_of(run.val_data[0])
    weights = loss_weights(run.recipe.losses)

    def ran(*wanted: str) -> list[str]:
        outputs = forward_networks(run.networks, batch, weights, lambda _: False, wanted=wanted)
        return [output.network for output in outputs]

    assert ran("vit") == ["vit"]
    assert ran("segformer") == ["vit", "segformer"]
    assert ran("unet_albedo") == ["vit", "segformer", "unet_albedo"]
    assert ran("unet_maps") == ["vit", "segformer", "unet_albedo", "unet_maps"]


def test_a_network_that_runs_with_fewer_beside_it_gives_the_same(root: Path):
    run = start(root)
    run.networks.eval()
    batch = batch_of(run.val_data[0])
    weights = loss_weights(run.recipe.losses)
    alone = list(forward_networks(run.networks, batch, weights, lambda _: False, wanted=("unet_albedo",)))
    together = list(forward_networks(run.networks, batch, weights, lambda _: False))
    assert torch.equal(alone[-1].maps[MapKind.ALBEDO], together[2].maps[MapKind.ALBEDO])


def test_the_perceptual_distance_is_a_term_of_the_albedo_alone(root: Path):
    run = start(root)
    batch = batch_of(run.val_data[0], run.val_data[1])
    weights = dataclasses.replace(loss_weights(run.recipe.losses), perceptual=0.1)

    def distance(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return (a - b).square().mean(dim=(1, 2, 3))

    outputs = list(forward_networks(run.networks, batch, weights, lambda _: True, distance=distance))
    terms = {
        name: value for output in outputs for name, value in output.terms.items() if "perceptual" in name
    }
    albedo, truth = outputs[2].maps[MapKind.ALBEDO], batch.maps[MapKind.ALBEDO]
    torch.testing.assert_close(terms, {"albedo/perceptual": 0.1 * distance(albedo, truth).mean()})
    outputs = list(
        forward_networks(
            run.networks, batch, weights, lambda _: False, wanted=("unet_maps",), distance=distance
        )
    )
    assert [name for output in outputs for name in output.terms if "perceptual" in name] == []


def test_albedo_and_the_maps_of_n4_are_looked_at_under_the_lights_among_true_other_maps(root: Path):
    run = start(root)
    batch, lights = batch_of(run.val_data[0], run.val_data[1]), [(0.0, 0.6, 0.8)]
    weights = dataclasses.replace(loss_weights(run.recipe.losses), rendering=0.5)
    outputs = list(forward_networks(run.networks, batch, weights, lambda _: True, lights=lights))
    terms = {name: value for output in outputs for name, value in output.terms.items() if "rendering" in name}
    looks = [rendering_l1(output.maps, batch.maps, batch.present, lights) for output in outputs[2:]]
    expected = {"unet_albedo/rendering": 0.5 * looks[0], "unet_maps/rendering": 0.5 * looks[1]}
    torch.testing.assert_close(expected, {name: value.detach() for name, value in terms.items()})
    assert all(value.requires_grad for value in terms.values())


def test_the_perceptual_weight_of_a_recipe_is_that_of_the_loss(root: Path):
    recipe = start(root).recipe
    losses = structs.replace(recipe.losses, perceptual="lpips", perceptual_weight=0.25)
    assert loss_weights(losses).perceptual == 0.25


def test_every_map_has_the_network_that_gives_it(root: Path):
    run = start(root)
    batch = batch_of(run.val_data[0])
    outputs = forward_networks(run.networks, batch, loss_weights(run.recipe.losses), lambda _: False)
    given_by = {kind: output.network for output in outputs for kind in output.maps}
    assert {kind: network_of(kind) for kind in OUTPUTS} == given_by


def test_the_classifiers_terms_are_those_of_its_labels_and_patches(root: Path):
    run = start(root)
    batch = batch_of(run.val_data[0])
    outputs = forward_networks(run.networks, batch, loss_weights(run.recipe.losses), lambda _: True)
    assert set(next(iter(outputs)).terms) == {"classes/bce", "patches/bce"}


def masks(fold: int, count: int = 400) -> tuple[torch.Tensor, torch.Tensor, Batch]:
    """SegFormer's mask, all 0.25, the classifier's word, 0.5, and samples whose true mask is 1."""
    mask, coarse = torch.full((count, 1, 2, 2), 0.25), torch.full((count, 3, 2, 2), 0.5)
    one = torch.ones(count, dtype=torch.bool)
    truth = {MapKind.METALLIC_MASK: torch.ones(count, 1, 2, 2)}
    batch = Batch(
        truth,
        {MapKind.METALLIC_MASK: one},
        torch.zeros(count, len(CLASSES)),
        ~one,
        torch.full((count,), fold),
        ("a",) * count,
        ("matsynth",) * count,
    )
    return mask, coarse, batch


def test_the_unets_are_told_the_very_mask_of_materials_that_no_head_saw():
    mask, coarse, batch = masks(fold=-1)
    assert torch.equal(_told(mask, coarse, batch), mask)


def test_of_training_materials_the_unets_are_told_three_masks_in_their_shares():
    torch.manual_seed(0)
    told = _told(*masks(fold=2))
    assert all(len(sample.unique()) == 1 for sample in told)
    shares = {value: float((told[:, 0, 0, 0] == value).float().mean()) for value in (1, 0.5, 0.25)}
    expected = {1: TRUE_MASK, 0.5: COARSE_MASK, 0.25: 1 - TRUE_MASK - COARSE_MASK}
    assert shares == pytest.approx(expected, abs=0.08)


def test_a_mask_that_is_not_known_is_never_told_as_the_truth():
    mask, coarse, batch = masks(fold=2)
    unknown = dataclasses.replace(
        batch, present={kind: torch.zeros_like(known) for kind, known in batch.present.items()}
    )
    assert set(_told(mask, coarse, unknown).unique().tolist()) == {0.25, 0.5}


def test_one_batch_can_be_learned_by_heart(root: Path):
    torch.manual_seed(0)
    run = start(root)
    networks, weights = run.networks, loss_weights(run.recipe.losses)
    batch = batch_of(run.train_data[0, 0, 0, 32], run.train_data[0, 1, 3, 32])
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

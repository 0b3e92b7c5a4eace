"""Targets of the classifier for a batch, and whose losses count for which of its heads."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from unbake.data.batch import BATCH_KINDS, Batch
from unbake.domain.maps import MapKind, spec
from unbake.domain.materials import CLASSES, LABELS, PROPERTIES
from unbake.domain.networks import FOLDS
from unbake.losses.total import LossWeights
from unbake.train.labels import classifier_losses, label_targets, patch_targets

SIDE, GRID = 8, 4
FOUND = dict(zip(PROPERTIES, range(len(CLASSES), len(LABELS)), strict=True))


def batch(folds: tuple[int, ...] = (0, 1), lacking: tuple[MapKind, ...] = (), classes: bool = True) -> Batch:
    """Samples whose left half is metal, roughness 0.25 above and 0.75 below, and an albedo of 0.5."""
    count = len(folds)
    maps = {
        kind: torch.tensor(spec(kind).neutral)[None, :, None, None].repeat(count, 1, SIDE, SIDE)
        for kind in BATCH_KINDS
    }
    maps[MapKind.METALLIC_MASK][..., : SIDE // 2] = 1
    maps[MapKind.ROUGHNESS][..., : SIDE // 2, :] = 0.25
    maps[MapKind.ROUGHNESS][..., SIDE // 2 :, :] = 0.75
    present = {kind: torch.full((count,), kind not in lacking) for kind in BATCH_KINDS}
    labels = torch.zeros(count, len(CLASSES))
    labels[:, CLASSES.index("metal")] = 1
    known = torch.full((count,), classes)
    return Batch(maps, present, labels, known, torch.tensor(folds), ("a",) * count, ("matsynth",) * count)


def logits(count: int = 2) -> tuple[Tensor, Tensor]:
    torch.manual_seed(0)
    labels, patches = torch.randn(count, FOLDS, len(LABELS)), torch.randn(count, FOLDS, 3, GRID, GRID)
    return labels.requires_grad_(), patches.requires_grad_()


def test_labels_are_the_classes_and_the_means_of_the_crop():
    targets, known = label_targets(batch())
    assert known.all()
    assert targets[0, : len(CLASSES)].tolist() == [float(name == "metal") for name in CLASSES]
    properties = {name: round(float(targets[0, place]), 4) for name, place in FOUND.items()}
    assert properties == {"has metal": 1, "metal share": 0.5, "roughness": 0.5, "brightness": 0.5}


def test_a_sample_with_hardly_any_metal_has_none():
    given = batch()
    given.maps[MapKind.METALLIC_MASK][:] = 0
    given.maps[MapKind.METALLIC_MASK][..., 0, 0] = 0.5  # under METAL_SHARE
    targets, _ = label_targets(given)
    assert targets[:, FOUND["has metal"]].tolist() == [0, 0]
    assert (targets[:, FOUND["metal share"]] > 0).all()


@pytest.mark.parametrize(
    ("map", "unknown"),
    [
        (MapKind.METALLIC_MASK, {"has metal", "metal share"}),
        (MapKind.ROUGHNESS, {"roughness"}),
        (MapKind.ALBEDO, {"brightness"}),
    ],
)
def test_what_a_sample_has_no_map_of_is_not_known(map: MapKind, unknown: set[str]):
    _, known = label_targets(batch(lacking=(map,)))
    assert {name for name, place in FOUND.items() if not known[0, place]} == unknown
    assert known[:, : len(CLASSES)].all()


def test_without_a_label_the_properties_are_known_all_the_same():
    _, known = label_targets(batch(classes=False))
    assert not known[:, : len(CLASSES)].any()
    assert known[:, len(CLASSES) :].all()


def test_patches_are_means_of_the_maps_in_their_places():
    targets, known = patch_targets(batch(), GRID)
    assert targets.shape == (2, 3, GRID, GRID)
    assert known.all()
    metal, rough, bright = targets[0]
    assert metal[0].tolist() == [1, 1, 0, 0]
    assert rough[:, 0].tolist() == [0.25, 0.25, 0.75, 0.75]
    torch.testing.assert_close(bright, torch.full((GRID, GRID), 0.5))


def test_a_channel_of_patches_is_not_known_where_its_map_is_absent():
    _, known = patch_targets(batch(lacking=(MapKind.ROUGHNESS,)), GRID)
    assert known[..., 0, 0].tolist() == [[True, False, True]] * 2


def test_a_head_learns_nothing_from_samples_of_its_own_fold():
    labels, patches = logits(FOLDS)
    terms = classifier_losses(labels, patches, batch(tuple(range(FOLDS))), LossWeights())
    torch.stack(list(terms.values())).sum().backward()
    for sample in range(FOLDS):
        for gradient in (labels.grad, patches.grad):
            learned = gradient[sample].flatten(1).abs().sum(1) > 0
            assert learned.tolist() == [fold != sample for fold in range(FOLDS)]


def test_what_every_other_head_learns_of_a_sample_is_the_same():
    labels, patches = logits(1)
    same = [said.detach()[:, :1].expand_as(said).clone().requires_grad_() for said in (labels, patches)]
    terms = classifier_losses(*same, batch((2,)), LossWeights())
    torch.stack(list(terms.values())).sum().backward()
    for said in same:
        assert all(torch.equal(said.grad[0, fold], said.grad[0, 0]) for fold in (1, 3))


def test_of_samples_of_no_fold_every_head_is_judged():
    labels, patches = logits(1)
    terms = classifier_losses(labels, patches, batch((-1,)), LossWeights())
    torch.stack(list(terms.values())).sum().backward()
    assert all((said.grad[0].flatten(1).abs().sum(1) > 0).all() for said in (labels, patches))


def test_what_is_not_known_moves_nothing():
    labels, patches = logits(1)
    given = batch((-1,), lacking=(MapKind.ROUGHNESS,), classes=False)
    terms = classifier_losses(labels, patches, given, LossWeights())
    torch.stack(list(terms.values())).sum().backward()
    moved = labels.grad[0].abs().sum(0) > 0
    assert {LABELS[place] for place in moved.nonzero()[:, 0]} == {"has metal", "metal share", "brightness"}
    assert (patches.grad[0].abs().sum((0, 2, 3)) > 0).tolist() == [True, False, True]


def test_saying_what_is_true_costs_less_than_its_opposite():
    given = batch((-1,))
    targets, _ = label_targets(given)
    small, _ = patch_targets(given, GRID)
    right = [torch.logit(x, eps=1e-3)[:, None].expand(-1, FOLDS, *x.shape[1:]) for x in (targets, small)]
    good, bad = (classifier_losses(*(sign * x for x in right), given, LossWeights()) for sign in (1, -1))
    assert set(good) == {"classes/bce", "patches/bce"}
    assert all(good[term] < bad[term] for term in good)


def atlas(ground: float) -> Batch:
    """The samples of `batch`, whose right half is the ground of an atlas, with another value in all maps."""
    given = batch((-1, -1))
    valid = torch.ones(2, 1, SIDE, SIDE, dtype=torch.bool)
    valid[..., SIDE // 2 :] = False
    for image in given.maps.values():
        image[..., SIDE // 2 :] = ground
    return replace(given, valid=valid)


def test_labels_are_means_over_the_islands_of_an_atlas():
    targets, _ = label_targets(atlas(0.9))
    properties = {name: round(float(targets[0, place]), 4) for name, place in FOUND.items()}
    assert properties == {"has metal": 1, "metal share": 1, "roughness": 0.5, "brightness": 0.5}


def test_patches_of_ground_are_not_known():
    targets, known = patch_targets(atlas(0.9), GRID)
    assert known[0, 0].tolist() == [[True, True, False, False]] * GRID
    metal, rough, _ = targets[0]
    assert metal[0, :2].tolist() == [1, 1]
    assert rough[:, 0].tolist() == [0.25, 0.25, 0.75, 0.75]


def test_a_patch_is_the_mean_of_the_little_surface_it_shows():
    given = atlas(0.9)
    given.valid[..., 0] = False
    targets, known = patch_targets(given, GRID)
    assert known[0, 0, :, 0].all() and targets[0, 0, :, 0].tolist() == [1] * GRID


def test_nothing_of_the_ground_reaches_the_classifiers_loss():
    black, white = (classifier_losses(*logits(), atlas(value), LossWeights()) for value in (0.0, 1.0))
    assert all(torch.equal(value, white[term]) for term, value in black.items())

"""Rows of validation: a term has one on a sample where it has something to compare, and is then what training has."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from support.batches import batch_of

from unbake.data.batch import Batch
from unbake.domain.maps import MapKind
from unbake.losses.total import LossWeights
from unbake.models.config import CONFIGS
from unbake.models.network import Networks
from unbake.train.validate import means, measured

MASK, HEIGHT = MapKind.METALLIC_MASK, MapKind.HEIGHT


def losses(batches: Sequence[Batch]) -> dict[str, float]:
    torch.manual_seed(0)
    return means(measured(Networks(CONFIGS["tiny"]), batches, LossWeights()))


def given(kind: MapKind, values: torch.Tensor) -> Batch:
    """A sample that has a map of these values, and no class."""
    batch = batch_of(32)
    present = batch.present | {kind: torch.tensor([True])}
    return replace(batch, maps=batch.maps | {kind: values.expand(1, 1, 32, 32)}, present=present)


@pytest.mark.parametrize(
    ("kind", "term"),
    [(MASK, "loss/metallic_mask/dice"), (HEIGHT, "loss/height/l1"), (HEIGHT, "loss/height/gradient")],
)
def test_a_sample_without_anything_to_compare_leaves_the_mean_as_it_is(kind: MapKind, term: str):
    some = given(kind, torch.linspace(0, 1, 32).round(decimals=int(kind is HEIGHT)))
    nothing = given(kind, torch.zeros(1))
    assert losses([some, nothing])[term] == losses([some])[term] > 0


def test_a_sample_of_no_class_counts_in_the_classifiers_loss_by_its_maps():
    with_roughness = given(MapKind.ROUGHNESS, torch.full((1,), 0.9))
    assert {"loss/classes/bce", "loss/patches/bce"} <= losses([with_roughness]).keys()


def test_the_classifier_is_not_validated_on_the_game_which_has_no_labels():
    of_the_game = replace(given(MapKind.ROUGHNESS, torch.full((1,), 0.9)), domains=("skyrim",))
    assert not any("classes" in name or "patches" in name for name in losses([of_the_game]))


def test_a_loss_that_is_not_a_number_is_told():
    broken = given(MapKind.ROUGHNESS, torch.full((1,), torch.nan))
    assert losses([broken])["loss/roughness/l1"] != losses([broken])["loss/roughness/l1"]

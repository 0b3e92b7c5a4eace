"""Training and validation data of a run, opened from the caches as its recipe shows them; asked by `setup`."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from unbake.data.augment import Augmentation
from unbake.data.dataset import PatchDataset
from unbake.data.photometric import SkyrimPhotometric
from unbake.data.sampler import MixSampler, shares
from unbake.domain.materials import Domain
from unbake.errors import TrainingError
from unbake.recipe import Augment, Recipe


class RunData(NamedTuple):
    """Data of a run; steps: batches an epoch."""

    train: PatchDataset
    val: PatchDataset
    sampler: MixSampler
    steps: int


def open_data(recipe: Recipe, caches: Mapping[Domain, Path]) -> RunData:
    """The caches opened as the recipe shows them, augmented for training.

    caches: folder of each domain the recipe draws from. Raises TrainingError for an empty pool or an epoch without a
    whole batch.
    """
    data = recipe.data
    train = PatchDataset(
        caches,
        "train",
        data.px,
        seed=recipe.seed,
        augment=_augmentation(recipe.augment),
        scales=data.scales,
        resize_to=data.px if data.crop and data.crop.feed == "resized" else None,
    )
    val = PatchDataset(caches, "val", data.px, seed=recipe.seed, val_crops=data.val_crops)
    sizes = {pool: len(items) for pool, items in train.pools.items()}
    chances = shares(data.mix.matsynth, data.mix.skyrim, data.pairs.real, data.pairs.synthetic, sizes)
    patches = data.patches or sum(sizes[pool] for pool, share in chances.items() if share > 0)
    if patches < data.batch:
        raise TrainingError(
            f"Expected at least one batch of {data.batch} patches an epoch, got {patches}; "
            "add materials, or lower data.batch (--set data.batch=1)."
        )
    return RunData(train, val, MixSampler(train.pools, chances, recipe.seed), patches // data.batch)


def _augmentation(choice: Augment) -> Augmentation | None:
    """The recipe's augmentation table as the data package takes it; None where nothing is done."""
    if choice == Augment(spatial=False, colour_jitter=0.0, composite2=0.0, composite4=0.0):
        return None
    light = choice.photometric
    return Augmentation(
        spatial=choice.spatial,
        brightness=choice.colour_jitter,
        contrast=choice.colour_jitter,
        saturation=choice.colour_jitter,
        hue=40.0 * choice.colour_jitter,
        recolour=choice.recolour,
        two_crop=choice.composite2,
        four_crop=choice.composite4,
        blend=choice.blend,
        atlas=choice.atlas,
        photometric=SkyrimPhotometric(light.p, light.strength) if light else None,
    )

"""Crop size and batch size of each epoch, by the recipe's curriculum; asked by the session."""

from unbake.data.curriculum import batch_for, compute_crop_size
from unbake.recipe import Recipe


def crop_of(recipe: Recipe, epoch: int) -> int:
    """Side of the crops of an epoch (counted from 1), texels: the recipe's px, or as its curriculum says."""
    crop = recipe.data.crop
    if crop is None:
        return recipe.data.px
    return compute_crop_size((epoch - 1) / max(1, recipe.epochs.max - 1), crop.start, crop.end)


def batch_of(recipe: Recipe, crop: int) -> int:
    """Samples a step at that side: as many pixels as the recipe's batch has at its px, unless crops are resized."""
    data = recipe.data
    return data.batch if data.crop and data.crop.feed == "resized" else batch_for(data.batch, data.px, crop)

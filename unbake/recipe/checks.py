"""Rules that hold between the fields of a recipe, which their types cannot say; asked by `loader`."""

from unbake.domain.maps import OUTPUTS
from unbake.errors import RecipeError
from unbake.recipe.gate import MAT, SKY
from unbake.recipe.tables import MAP, Gate, Recipe


def check(recipe: Recipe, where: str) -> None:
    """Raise RecipeError for values that are possible one by one, but not together; where: named in the sentence."""
    mix = recipe.data.mix
    if abs(mix.matsynth + mix.skyrim - 1.0) > 1e-6:
        raise RecipeError(
            f"{where}: data.mix must sum to 1, got {mix.matsynth} + {mix.skyrim}; correct one of the two."
        )
    if mix.matsynth > 0 and recipe.data.pairs.real + recipe.data.pairs.synthetic == 0:
        raise RecipeError(
            f"{where}: data.mix.matsynth is {mix.matsynth}, but data.pairs gives neither real nor synthetic pairs a "
            "weight; raise one of the two."
        )
    if recipe.epochs.min > recipe.epochs.max:
        raise RecipeError(
            f"{where}: epochs.min ({recipe.epochs.min}) is above epochs.max ({recipe.epochs.max}); swap them."
        )
    crop = recipe.data.crop
    if crop and not crop.start <= crop.end <= recipe.data.px:
        raise RecipeError(
            f"{where}: expected data.crop to grow towards data.px ({recipe.data.px}) at most, got {crop.start} to "
            f"{crop.end}; set data.crop.start and data.crop.end too."
        )
    fold = recipe.data.fold
    if fold and not 1 < fold[1] >= fold[0]:
        raise RecipeError(
            f"{where}: expected data.fold to be the k-th of two or more folds, as [1, 5], got [{fold[0]}, {fold[1]}]; "
            "correct it."
        )
    share = {MAT: mix.matsynth, SKY: mix.skyrim}
    needed = {recipe.best} | (set(share) if isinstance(recipe.advance, Gate) else set())
    for figure in sorted(needed & share.keys()):
        if share[figure] == 0:
            raise RecipeError(
                f"{where}: `best` or `advance` looks at {figure}, which there is only with that domain in data.mix; "
                "give it a share, or set both of them otherwise."
            )
    if recipe.best == "head_loss" and not recipe.map:
        raise RecipeError(
            f"{where}: `best` is head_loss, but no `map` says of which head; set one of the two."
        )
    if recipe.losses.perceptual != "none" and recipe.losses.perceptual_weight == 0:
        raise RecipeError(
            f"{where}: losses.perceptual is {recipe.losses.perceptual}, but losses.perceptual_weight is 0; "
            "raise the weight (the plan's is 0.1), or name none."
        )
    if recipe.map not in ("", MAP, *OUTPUTS):
        raise RecipeError(f"{where}: expected a map ({', '.join(OUTPUTS)}), got {recipe.map!r}; name one.")
    if (recipe.model is None) == (not recipe.starts_from):
        raise RecipeError(
            f"{where}: exactly one of `model` and `starts_from` must say where the networks come from."
        )

"""What a phase of training is: strict structs, read from `phases/*.toml` before anything is loaded."""

import tomllib
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from unbake.errors import RecipeError

Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Positive = Annotated[float, msgspec.Meta(gt=0.0)]
NotNegative = Annotated[float, msgspec.Meta(ge=0.0)]
Count = Annotated[int, msgspec.Meta(ge=1)]


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of a recipe: immutable, and an unknown key in the file is an error."""


class Epochs(Strict, frozen=True, kw_only=True):
    """How many epochs the phase may take; a one-cycle schedule is laid out over `max`."""

    min: Count
    max: Count


class Mix(Strict, frozen=True, kw_only=True):
    """Shares of the pools a sample is drawn from (plan: phase overview, "Mix"); they sum to 1."""

    matsynth: Share
    skyrim: Share


class Data(Strict, frozen=True, kw_only=True):
    """What is read, and how much of it."""

    mix: Mix
    px: Annotated[int, msgspec.Meta(ge=32, multiple_of=32)]
    """Side of a training patch, texels; a multiple of the networks' strides."""
    batch: Count
    """Samples a step."""
    patches: Annotated[int, msgspec.Meta(ge=0)]
    """Patches an epoch; 0 = every training material once."""
    variants: Count = 3
    """Painted diffuse variants of each material in the cache."""
    held_out: tuple[str, ...] = ()
    """Sources (metadata `source`, without its commit) kept for measuring only."""


class Augment(Strict, frozen=True, kw_only=True):
    """Probabilities and strengths of what is done to a training sample (plan: "Augmentations")."""

    spatial: bool
    """Flips and quarter turns; normals are turned with the image."""
    colour_jitter: NotNegative
    """Strength, on the diffuse only; 0.1 = ten per cent each of brightness, contrast, saturation; 4 degrees of hue."""
    composite2: Share
    """Probability that a sample is two crops side by side."""
    composite4: Share
    """Probability that a sample is four crops."""


class AdamW(Strict, frozen=True, kw_only=True, tag="adamw"):
    """torch.optim.AdamW; no weight decay on norms and biases."""

    lr: Positive
    weight_decay: NotNegative
    betas: tuple[Share, Share] = (0.9, 0.999)


class Adam(Strict, frozen=True, kw_only=True, tag="adam"):
    """torch.optim.Adam, without weight decay."""

    lr: Positive
    betas: tuple[Share, Share] = (0.9, 0.999)


class Cosine(Strict, frozen=True, kw_only=True, tag="cosine"):
    """CosineAnnealingLR, stepped once an epoch."""

    t_max: Count
    """Epochs to the lowest learning rate."""


class OneCycle(Strict, frozen=True, kw_only=True, tag="onecycle"):
    """OneCycleLR, stepped every batch over `epochs.max` epochs, momentum not cycled."""

    max_lr: Positive
    pct_start: Share
    final_lr: Positive


class Settled(Strict, frozen=True, kw_only=True, tag="settled"):
    """Stop, from `epochs.min` on, when validation fell by `fall` and varies by `within` over `window`."""

    fall: Share
    window: Count
    within: Share


class Plateau(Strict, frozen=True, kw_only=True, tag="plateau"):
    """Stop from `epochs.min` on when the best value is `patience` epochs old."""

    patience: Count


class Losses(Strict, frozen=True, kw_only=True):
    """Weights of the loss terms; 0 leaves a term out."""

    w_fg: NotNegative
    """Weight of foreground pixels (those relevant to the map's material) in the masked L1; others weigh 1."""
    l1: NotNegative
    gradient: NotNegative
    """L1 of image gradients: edges, and the shape of height."""
    bce: NotNegative
    """Of the metallic mask and of the material classes."""
    dice: NotNegative
    perceptual: Literal["none"]
    """Which perceptual distance; named here because it is never swapped silently. So far there is none."""


class Recipe(Strict, frozen=True, kw_only=True):
    """One phase, whole."""

    tag: str
    """Grep for it: in logs, checkpoints and the plan."""
    checkpoint_tag: str
    writes: str
    """Name of the best checkpoint."""
    starts_from: dict[str, str]
    """Network selection ("all" or one network) → checkpoint; empty = from scratch."""
    trains: tuple[str, ...]
    """Selections over parameter leaves: "all", "heads", "head.<map>", a network's name, ..."""
    epochs: Epochs
    data: Data
    augment: Augment
    optimizer: AdamW | Adam
    schedule: Cosine | OneCycle
    advance: Settled | Plateau
    best: Literal["mat_val_loss"]
    """The validation figure whose lowest value is `writes`."""
    losses: Losses
    clip: Positive
    """Largest norm of the gradient."""
    model: Literal["tiny", "small", "full"] | None = None
    """Size of the networks; only where `starts_from` is empty, else it is the parent's."""
    warm_start: str = ""
    """Folder with a DINOv2 backbone in transformers' layout for the classifier; "" = none."""
    seed: int = 0


def names() -> list[str]:
    """The phases that ship with the package, in the plan's order."""
    order = ["A0", "A", "A_albedo_syn", "B", "C", "Cp", "D"]
    present = {p.name.removesuffix(".toml") for p in resources.files("unbake.phases").iterdir()}
    return [name for name in order if name in present]


def load(phase: str, overrides: tuple[str, ...] = ()) -> Recipe:
    """The recipe of a shipped phase ("A0", also "phase_A0") or a TOML file, with `key.path=value` overrides.

    Raises RecipeError naming the path inside the file for unknown keys, wrong types and impossible values.

    >>> load("A0", ("data.px=256",)).data.px
    256
    """
    path = Path(phase)
    if path.suffix == ".toml":
        if not path.is_file():
            raise RecipeError(f"Expected a recipe file, but there is none at {path}; check the path.")
        text, where = path.read_text(encoding="utf-8"), str(path)
    else:
        name = phase.removeprefix("phase_")
        if name not in names():
            raise RecipeError(
                f"Expected a phase ({', '.join(names())}) or a .toml file, got {phase!r}; name one."
            )
        where = f"phases/{name}.toml"
        text = resources.files("unbake.phases").joinpath(f"{name}.toml").read_text(encoding="utf-8")
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"Expected TOML in {where}, but {error}; mend the file.") from None
    for override in overrides:
        _override(table, override)
    try:
        recipe = msgspec.convert(table, Recipe)
    except msgspec.ValidationError as error:
        raise RecipeError(
            f"The recipe {where} is wrong: {error}; mend the file or the --set option."
        ) from None
    _check(recipe, where)
    return recipe


def as_dict(recipe: Recipe) -> dict[str, object]:
    """The recipe as plain JSON values, for a checkpoint's lineage."""
    plain: dict[str, object] = msgspec.to_builtins(recipe)
    return plain


def _override(table: dict[str, object], override: str) -> None:
    key, sign, text = override.partition("=")
    if not sign or not key:
        raise RecipeError(f"Expected --set key.path=value, got {override!r}; for example --set data.px=256.")
    try:
        value: object = tomllib.loads(f"v = {text}")["v"]
    except tomllib.TOMLDecodeError:
        value = text
    *parents, last = key.split(".")
    for parent in parents:
        child = table.setdefault(parent, {})
        if not isinstance(child, dict):
            raise RecipeError(
                f"--set {key}: {parent!r} is a value, not a table; check the key against the recipe."
            )
        table = child
    table[last] = value


def _check(recipe: Recipe, where: str) -> None:
    mix = recipe.data.mix
    if abs(mix.matsynth + mix.skyrim - 1.0) > 1e-6:
        raise RecipeError(
            f"{where}: data.mix must sum to 1, got {mix.matsynth} + {mix.skyrim}; mend one of the two."
        )
    if mix.skyrim > 0:
        raise RecipeError(
            f"{where}: data.mix.skyrim is {mix.skyrim}, but only MatSynth can be read so far; set it to 0."
        )
    if recipe.epochs.min > recipe.epochs.max:
        raise RecipeError(
            f"{where}: epochs.min ({recipe.epochs.min}) is above epochs.max ({recipe.epochs.max}); swap them."
        )
    if (recipe.model is None) == (not recipe.starts_from):
        raise RecipeError(
            f"{where}: exactly one of `model` and `starts_from` must say where the networks come from."
        )

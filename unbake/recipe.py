"""What a phase of training is: strict structs, read from `phases/*.toml` before anything is loaded."""

import copy
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from unbake.domain.maps import OUTPUTS
from unbake.errors import RecipeError
from unbake.gate import MAT, SKY

Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Positive = Annotated[float, msgspec.Meta(gt=0.0)]
NotNegative = Annotated[float, msgspec.Meta(ge=0.0)]
Count = Annotated[int, msgspec.Meta(ge=1)]
Side = Annotated[int, msgspec.Meta(ge=32, multiple_of=32)]

MAP = "<map>"
"""What stands for the output's name in a recipe that is one for each output."""


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


class Pairs(Strict, frozen=True, kw_only=True):
    """How much a MatSynth pair weighs in the draw, by where its diffuse is from (plan: "Sample Weight").

    P(synthetic | MatSynth) = synthetic · n_synthetic / (real · n_real + synthetic · n_synthetic).
    """

    real: NotNegative
    """Pairs with a diffuse file of their own."""
    synthetic: NotNegative
    """Pairs whose diffuse is painted from their maps."""


class Crop(Strict, frozen=True, kw_only=True):
    """The curriculum crop (plan: `compute_crop_size`): its side goes from `start` to `end` over the epochs."""

    start: Side
    end: Side
    feed: Literal["native", "resized"]
    """"native": as cut, with more samples a batch, so that pixels stay equal; "resized": brought to `px`."""


class Data(Strict, frozen=True, kw_only=True):
    """What is read, and how much of it."""

    mix: Mix
    pairs: Pairs
    px: Side
    """Side of a training patch, texels; a multiple of the networks' strides."""
    batch: Count
    """Samples a step, over all processes, at `px`."""
    patches: Annotated[int, msgspec.Meta(ge=0)]
    """Patches of `px` an epoch; 0 = as many as there are training pairs."""
    scales: tuple[Positive, ...]
    """Sizes a texture is shown at, against its own; (1.0,) = no spatial scaling."""
    crop: Crop | None = None
    """None: crops of `px` throughout."""
    variants: Count = 3
    """Painted diffuse variants of each material in the cache."""
    val_crops: Count = 4
    """Fixed crops of each validation pair."""
    held_out: tuple[str, ...] = ()
    """Sources (metadata `source`, without its commit) kept for measuring only."""


class Photometric(Strict, frozen=True, kw_only=True):
    """SkyrimPhotometric: ambient-occlusion tint, cold white balance, vignette; on Skyrim's diffuse only."""

    p: Share
    """Probability that a Skyrim sample gets it."""
    strength: Share
    """1 = in full."""


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
    photometric: Photometric | None = None


class AdamW(Strict, frozen=True, kw_only=True, tag="adamw"):
    """torch.optim.AdamW; no weight decay on norms and biases."""

    lr: Positive
    weight_decay: NotNegative
    betas: tuple[Share, Share] = (0.9, 0.999)


class Adam(Strict, frozen=True, kw_only=True, tag="adam"):
    """torch.optim.Adam, without weight decay."""

    lr: Positive
    betas: tuple[Share, Share] = (0.9, 0.999)


class Lion(Strict, frozen=True, kw_only=True, tag="lion"):
    """Lion (Chen et al. 2023) as lion-pytorch has it; no weight decay on norms and biases."""

    lr: Positive
    weight_decay: NotNegative
    betas: tuple[Share, Share] = (0.9, 0.99)


class Cosine(Strict, frozen=True, kw_only=True, tag="cosine"):
    """CosineAnnealingLR, stepped once an epoch."""

    t_max: Count
    """Epochs to the lowest learning rate."""


class OneCycle(Strict, frozen=True, kw_only=True, tag="onecycle"):
    """OneCycleLR, stepped every batch over `epochs.max` epochs, momentum not cycled."""

    max_lr: Positive
    pct_start: Share
    final_lr: Positive


class Step(Strict, frozen=True, kw_only=True, tag="step"):
    """StepLR, counted in epochs."""

    step_size: Count
    gamma: Positive


class WarmRestarts(Strict, frozen=True, kw_only=True, tag="warm_restarts"):
    """CosineAnnealingWarmRestarts, stepped every batch, a restart every `t_0` epochs."""

    t_0: Count


class Exponential(Strict, frozen=True, kw_only=True, tag="exponential"):
    """ExponentialLR, stepped once an epoch."""

    gamma: Positive


class Settled(Strict, frozen=True, kw_only=True, tag="settled"):
    """Stop, from `epochs.min` on, when validation fell by `fall` and varies by `within` over `window`."""

    fall: Share
    window: Count
    within: Share


class Plateau(Strict, frozen=True, kw_only=True, tag="plateau"):
    """Stop from `epochs.min` on when the best value is `patience` epochs old."""

    patience: Count


class Lower(Strict, frozen=True, kw_only=True, tag="lower"):
    """Run all epochs; the phase is good when the albedo's L1, and its perceptual distance where there is one,
    end lower than they began."""


class Gate(Strict, frozen=True, kw_only=True, tag="gate"):
    """Stop, from `epochs.min` on, at the first epoch that passes; no pass by `epochs.max` stops the ladder."""

    sky: Positive
    """sky_val_loss must be at most this share of its value `back` epochs earlier."""
    mat: Positive
    """mat_val_loss must be at most this share of its value `back` epochs earlier."""
    back: Count


class Always(Strict, frozen=True, kw_only=True, tag="always"):
    """Run all epochs, and go on whatever they gave."""


class Lora(Strict, frozen=True, kw_only=True):
    """Low-rank adapters on the attention of N1 and N2 (Hu et al. 2021)."""

    rank: Count
    alpha: Positive


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
    perceptual: Literal["lpips", "dino_distance", "none"]
    """Which perceptual distance of the albedo; named here because it is never swapped silently."""
    perceptual_weight: NotNegative


class Recipe(Strict, frozen=True, kw_only=True):
    """One phase, whole."""

    tag: str
    """Grep for it: in logs, checkpoints and the plan."""
    checkpoint_tag: str
    writes: str
    """Name of the best checkpoint."""
    starts_from: dict[str, str | tuple[str, ...]]
    """Network selection ("all" or one network) → checkpoint, or several of which the first there is counts;
    empty = from scratch."""
    trains: tuple[str, ...]
    """Selections over parameter leaves: "all", "heads", "head.<map>", a network's name, ..."""
    epochs: Epochs
    data: Data
    augment: Augment
    optimizer: AdamW | Adam | Lion
    schedule: Cosine | OneCycle | Step | WarmRestarts | Exponential
    advance: Settled | Plateau | Lower | Gate | Always
    best: Literal["mat_val_loss", "sky_val_loss", "head_loss"]
    """The validation figure whose lowest value is `writes`; "sky_val_loss" puts epochs that keep the MatSynth
    rule first; "head_loss" is that of the map of a recipe for one head."""
    lora: Lora | None = None
    """None: as the parents have it."""
    losses: Losses
    clip: Positive
    """Largest norm of the gradient."""
    model: Literal["tiny", "small", "full"] | None = None
    """Size of the networks; only where `starts_from` is empty, else it is the parent's."""
    warm_start: str = ""
    """Folder with a DINOv2 backbone in transformers' layout for the classifier; "" = none."""
    seed: int = 0
    map: str = ""
    """The output this run trains, where the recipe is one for each output; it fills "<map>" in the file."""


ORDER = ("A0", "A", "A_albedo_syn", "B", "C", "Cp", "D")
"""The phases that ship with the package, in the order they are run."""


def names() -> list[str]:
    """The phases that ship with the package, in the plan's order."""
    return list(ORDER)


def each() -> list[tuple[str, str]]:
    """Every run of the plan in order, as (phase, map): the last phase has one for each output.

    >>> each()[0], each()[-1]
    (('A0', ''), ('D', 'height'))
    """
    return [(phase, str(kind)) for phase in ORDER for kind in (OUTPUTS if MAP in _text(phase) else ("",))]


def load(phase: str, overrides: tuple[str, ...] = (), map: str = "") -> Recipe:
    """The recipe of a shipped phase ("A0", also by its tag, "phase_A0") or a TOML file, with overrides.

    overrides: "key.path=value". map: the output to train, for a recipe that is one for each; without it the
    names in the recipe keep their "<map>", which is good for reading but not for training.
    Raises RecipeError naming the path inside the file for unknown keys, wrong types and impossible values.

    >>> load("A0", ("data.px=256",)).data.px, load("D", map="ao").writes
    (256, 'D_ao_best')
    """
    path = Path(phase)
    if path.suffix == ".toml":
        if not path.is_file():
            raise RecipeError(f"Expected a recipe file, but there is none at {path}; check the path.")
        text, where = path.read_text(encoding="utf-8"), str(path)
    else:
        name = _named(phase)
        text, where = _text(name), f"phases/{name}.toml"
    if map and MAP not in text:
        raise RecipeError(
            f"Expected no map for {phase}, which trains all it trains at once, got {map!r}; leave it out."
        )
    if map and map not in OUTPUTS:
        raise RecipeError(f"Expected a map ({', '.join(OUTPUTS)}), got {map!r}; name one.")
    try:
        table = tomllib.loads(text.replace(MAP, map or MAP))
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"Expected TOML in {where}, but {error}; mend the file.") from None
    return _built(table, overrides, where)


def told(story: Mapping[str, Any], overrides: tuple[str, ...] = ()) -> Recipe:
    """The recipe that a checkpoint's story holds under "recipe" (`as_dict`), with overrides; errors as of `load`.

    >>> told({"recipe": as_dict(load("B"))}, ("data.batch=1",)).data.batch
    1
    """
    return _built(copy.deepcopy(story["recipe"]), overrides, f"of {story.get('name', 'a checkpoint')}")


def _built(table: dict[str, object], overrides: tuple[str, ...], where: str) -> Recipe:
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


def _named(phase: str) -> str:
    """A phase by its file's name or its tag, in any spelling of case, - and _ (also the plan's "Sync")."""

    def plain(word: str) -> str:
        return word.lower().replace("-", "_").removeprefix("phase_").replace("sync", "syn")

    for name in ORDER:
        if plain(name) == plain(phase):
            return name
    raise RecipeError(f"Expected a phase ({', '.join(ORDER)}) or a .toml file, got {phase!r}; name one.")


def written(phase: str) -> str:
    """The recipe of a shipped phase as its file has it, comments and all; to read, or to start one's own from."""
    return _text(_named(phase))


def _text(name: str) -> str:
    return resources.files("unbake.phases").joinpath(f"{name}.toml").read_text(encoding="utf-8")


def as_dict(recipe: Recipe) -> dict[str, object]:
    """The recipe as plain JSON values (no tuples), for a checkpoint's lineage and for comparing with one."""
    plain: dict[str, object] = msgspec.json.decode(msgspec.json.encode(recipe))
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

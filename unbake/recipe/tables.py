"""The tables of a recipe: strict structs, every field with its unit, range and where the plan says it."""

from typing import Annotated, Literal

import msgspec

MAP = "<map>"
"""Stands for the output's name in a recipe that is one for each output."""

PERCEPTUAL = "<perceptual>"
"""Stands for the name of the recipe's perceptual distance in the name of a figure."""

Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Decay = Annotated[float, msgspec.Meta(ge=0.0, lt=1.0)]
Positive = Annotated[float, msgspec.Meta(gt=0.0, le=1e9)]
NotNegative = Annotated[float, msgspec.Meta(ge=0.0, le=1e9)]
Count = Annotated[int, msgspec.Meta(ge=1)]
Name = Annotated[str, msgspec.Meta(pattern=r"^[\w<>+-][\w<>+. -]*$")]
"""Of a file or folder, so that nothing is written elsewhere than in its own folder."""

Side = Annotated[int, msgspec.Meta(ge=32, multiple_of=32)]


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of a recipe: immutable, and an unknown key in the file is an error."""


class Epochs(Strict, frozen=True, kw_only=True):
    """Fewest and most epochs of the phase; a one-cycle schedule is laid out over `max`."""

    min: Count
    max: Count


class Mix(Strict, frozen=True, kw_only=True):
    """Shares of the pools a sample is drawn from (plan: phase overview, "Mix"); they sum to 1."""

    matsynth: Share
    skyrim: Share


class Pairs(Strict, frozen=True, kw_only=True):
    """Weights of MatSynth pairs in the sampler, by the origin of their diffuse (plan: "Sample Weight").

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
    """Training data: domains, sizes and amounts."""

    mix: Mix
    pairs: Pairs
    px: Side
    """Side of a training patch, texels; a multiple of the networks' strides."""
    batch: Count
    """Samples a step, over all processes, at `px`."""
    patches: Annotated[int, msgspec.Meta(ge=0)]
    """Patches of `px` an epoch; 0 = as many as there are training pairs."""
    scales: Annotated[tuple[Positive, ...], msgspec.Meta(min_length=1)]
    """Sizes a texture is shown at, against its own; (1.0,) = no spatial scaling."""
    crop: Crop | None = None
    """None: crops of `px` throughout."""
    variants: Count = 3
    """Painted diffuse variants of each material in the cache."""
    bc7: Share = 0.0
    """Of the paintings that are block-compressed as a game's, the share that is so by BC7, not BC1."""
    val_crops: Count = 4
    """Fixed crops of each validation pair."""
    held_out: tuple[str, ...] = ()
    """Sources (metadata `source`, without its commit) held out for evaluation."""
    fold: tuple[Count, Count] | None = None
    """[k, n]: the k-th of n folds of the real materials is held out for evaluation, too; families are never split."""


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
    recolour: NotNegative = 0.0
    """Deviation, in stops, of the material's own brightness, in diffuse and albedo alike; its colour varies with it."""
    composite2: Share
    """Probability that a sample is two crops side by side."""
    composite4: Share
    """Probability that a sample is four crops."""
    blend: Share = 0.0
    """Probability that a sample is two materials grown into one another, as MatSynth's blends."""
    atlas: Share = 0.0
    """Probability that a sample is a UV atlas: islands of one to four materials on ground that no loss counts."""
    photometric: Photometric | None = None


class AdamW(Strict, frozen=True, kw_only=True, tag="adamw"):
    """torch.optim.AdamW; no weight decay on norms and biases."""

    lr: Positive
    weight_decay: NotNegative
    betas: tuple[Decay, Decay] = (0.9, 0.999)


class Adam(Strict, frozen=True, kw_only=True, tag="adam"):
    """torch.optim.Adam, without weight decay."""

    lr: Positive
    betas: tuple[Decay, Decay] = (0.9, 0.999)


class Lion(Strict, frozen=True, kw_only=True, tag="lion"):
    """Lion (Chen et al. 2023) as lion-pytorch has it; no weight decay on norms and biases."""

    lr: Positive
    weight_decay: NotNegative
    betas: tuple[Decay, Decay] = (0.9, 0.99)


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
    """Run all epochs; the phase is good when each of `figures` ends lower than it was before training."""

    figures: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    """Validation figures, as in metrics.jsonl. "<perceptual>" stands for the recipe's perceptual distance; where that
    is "none" such a figure is left out."""


class Gate(Strict, frozen=True, kw_only=True, tag="gate"):
    """Stop, from `epochs.min` on, at the first epoch that passes; no pass by `epochs.max` stops the pipeline."""

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
    """Perceptual distance of the albedo; another one is never used silently."""
    perceptual_weight: NotNegative
    rendering: NotNegative = 0.0
    """Of how albedo, and roughness, metallic and AO, look under random lights among the true other maps; a term of
    training alone, so that validation losses with and without it compare."""


class Recipe(Strict, frozen=True, kw_only=True):
    """Everything about one phase."""

    tag: Name
    """The phase's name in logs, checkpoints and the plan; unique, to be searched for."""
    checkpoint_tag: str
    writes: Name
    """Name of the best checkpoint."""
    starts_from: dict[str, str | tuple[str, ...]]
    """Network selection ("all" or one network) → checkpoint, or several of which the first there is counts;
    empty = from scratch."""
    trains: tuple[str, ...]
    """Selections over the parameters: "all", "heads", "head.<map>", a network's name, ..."""
    epochs: Epochs
    data: Data
    augment: Augment
    optimizer: AdamW | Adam | Lion
    schedule: Cosine | OneCycle | Step | WarmRestarts | Exponential
    advance: Settled | Plateau | Lower | Gate | Always
    best: Literal["mat_val_loss", "sky_val_loss", "head_loss"]
    """The validation figure whose lowest value is `writes`; "sky_val_loss" puts epochs that keep the MatSynth
    rule first; "head_loss" is that of the map of a recipe for one head. Of such a recipe the state before training is
    a candidate, too: where no epoch is better, the head stays as it was."""
    lora: Lora | None = None
    """None: as the parents have it."""
    losses: Losses
    clip: Positive
    """Largest norm of the gradient."""
    ema: Decay = 0.0
    """Share of itself that a running average of the weights keeps at each step, less in the first ones; that average is
    then what is validated, and what the phase leaves. 0 = no average; 0.999 looks a thousand steps back."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Of the forward and backward pass in training; weights and validation stay float32. "auto" is bfloat16 on a GPU,
    float32 on a CPU. A CPU with AMX is about twice as fast with bfloat16, others are slower."""
    model: Literal["tiny", "small", "full"] | None = None
    """Size of the networks; only where `starts_from` is empty, else it is the parent's."""
    warm_start: str = ""
    """Folder with a DINOv2 backbone in transformers' layout for the classifier; "" = none."""
    seed: Annotated[int, msgspec.Meta(ge=0)] = 0
    map: str = ""
    """The output this run trains, where the recipe is one for each output; it fills "<map>" in the file."""

"""The card of a model bundle: `evaluate.release` writes it and the converter reads it, with one type for both."""

import math
from typing import Annotated, Any, Final, Literal

import msgspec

from unbake.decoding import decode_json
from unbake.domain.layout import NETWORK_LEVEL
from unbake.domain.maps import MapKind

CARD: Final = "card.json"
"""The card's file name in a bundle."""

FORMAT: Final = 5
"""Version of the card and of the networks' inputs and outputs; 5: the classifier gives properties and a word on each
patch, SegFormer reads environment masks, and a diffuse comes at the networks' level."""

Use = Literal["network", "baseline"]
Positive = Annotated[int, msgspec.Meta(ge=1)]


class HeldOut(msgspec.Struct, frozen=True, kw_only=True):
    """The materials that a model never saw in training, and how it was measured on them.

    fold: (k, n) of a cross-validation. sources: whole data sources held out. px: longest side, texels. painter:
    version of the evaluation painter. styles: number of painted styles for each material.
    """

    fold: tuple[int, int] | None = None
    sources: tuple[str, ...] = ()
    materials: tuple[str, ...] = ()
    px: int = 0
    painter: int = 0
    styles: int = 0


class Credit(msgspec.Struct, frozen=True, kw_only=True):
    """A data source that the weights were trained on."""

    source: str
    licence: str
    materials: int


class RoughnessFit(msgspec.Struct, frozen=True, kw_only=True):
    """What the networks' roughness of a texture means, fitted on validation materials.

    Its mean should be offset + slope × the networks' mean + word × the logit of the classifier's mean roughness,
    and its deviations from it spread × the networks'.
    """

    offset: float
    slope: float
    word: float
    spread: float

    def level(self, mean: float, word: float) -> float:
        """The mean roughness. mean: the networks'. word: the classifier's, in [0, 1]."""
        logit = math.log(max(word, 1e-4) / max(1 - word, 1e-4))
        return min(max(self.offset + self.slope * mean + self.word * logit, 0.0), 1.0)


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A bundle's description of its networks. Unknown keys are ignored: people may add their own.

    stride: sides of a UNet's input are multiples of it. halo: texels a UNet's output depends on around it.
    segformer_px: longest side of SegFormer's reduced input. classes: names of the ViT's logits, "metal" among them.
    mask_threshold, mask_softness: where a metal probability turns to metal, and over what width.
    metal_weights: of the logits of metal by SegFormer, by the classifier for each patch, and for the whole texture;
    presence_weight: of the upper tenth of SegFormer's, which says of the whole texture whether there is metal. Their
    sum, scaled and shifted by mask_calibration, is the mask's.
    head_weight: of the logits of UNet-Maps' metallic map less their mean, which say where there is metal, not whether;
    evidence reads them, the UNets' mask has them not.
    mask_calibration, class_calibration: scale and shift of the logits (Platt scaling), fitted on validation materials.
    The UNets receive the calibrated mask, since they over-trust an overconfident one.
    roughness_fit: of the roughness, where the specular mask holds gloss and where it does not; None leaves it.
    level: the painted level, as a share of albedo, that the networks read a diffuse at.
    level_albedo: whether the albedo of a diffuse of a known level comes from the network or from the rules.
    use: for each output map, whether it comes from the network or from the rule-based baseline.
    The rest the converter does not read. roughness_constants: category → the best constant, for the figures.
    figures: group ("held_out", "validation", "folds") → rows of `evaluate.figures`. parameters: number of weights.
    measured_on: kind of materials that were measured. provenance: metadata of the checkpoint. data: credits.
    """

    format: int
    size: str
    stride: Positive
    halo: Positive
    segformer_px: Annotated[int, msgspec.Meta(ge=32)]
    geometry_version: int
    classes: tuple[str, ...]
    mask_threshold: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.5
    mask_softness: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.2
    use: dict[MapKind, Use]
    metal_weights: tuple[float, float, float] = (1.0, 0.0, 0.0)
    presence_weight: float = 0.0
    head_weight: float = 0.0
    mask_calibration: tuple[float, float] = (1.0, 0.0)
    class_calibration: tuple[float, float] = (1.0, 0.0)
    roughness_fit: tuple[RoughnessFit, RoughnessFit] | None = None
    level: Annotated[float, msgspec.Meta(gt=0, le=1)] = NETWORK_LEVEL
    level_albedo: Use = "baseline"
    roughness_constants: dict[str, float] = {}
    figures: dict[str, Any] = {}
    parameters: int = 0
    measured_on: str = ""
    held_out: HeldOut | None = None
    provenance: dict[str, Any] = {}
    data: tuple[Credit, ...] = ()


def encode_card(card: Card) -> bytes:
    """The file of a card: JSON, indented for people."""
    return msgspec.json.format(msgspec.json.encode(card), indent=1)


def decode_card(data: bytes) -> Card:
    """The card in a file's bytes; msgspec.DecodeError where it is none.

    >>> decode_card(b"[]")
    Traceback (most recent call last):
    msgspec.ValidationError: Expected `object`, got `array`
    """
    return decode_json(data, Card)

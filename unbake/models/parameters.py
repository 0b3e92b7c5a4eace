"""Parameter groups: network, part and kind of every parameter, and the selections that recipes name; for `train`."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from torch import nn

from unbake.errors import TrainingError, UsageError
from unbake.models.lora import canonical, is_lora
from unbake.models.network import Networks

LORA = "lora"


class ParameterInfo(NamedTuple):
    """The place of a parameter in the networks.

    network: "vit", "segformer", "unet_albedo" or "unet_maps".
    part: "encoder.lower", "encoder.upper", "decoder", "head.<map>" ("head.classes" for N1) or "lora".
    kind: "norm" for scales and shifts of Batch- and LayerNorm.
    """

    network: str
    part: str
    kind: Literal["norm", "other"]


def parameter_info(networks: Networks) -> dict[str, ParameterInfo]:
    """Every parameter's name → its place; a weight that LoRA adapts stays in its encoder.

    Raises TrainingError for a parameter that no part of its network claims: the parts partition the model.

    >>> from unbake.models.config import CONFIGS
    >>> parameter_info(Networks(CONFIGS["tiny"]))["vit.classifier.bias"].part
    'head.classes'
    """
    norms = {
        f"{path}.{name}"
        for path, module in networks.named_modules()
        if isinstance(module, nn.BatchNorm2d | nn.LayerNorm)
        for name, _ in module.named_parameters(recurse=False)
    }
    found: dict[str, ParameterInfo] = {}
    for name, _ in networks.named_parameters():
        network = name.partition(".")[0]
        kind: Literal["norm", "other"] = "norm" if name in norms else "other"
        found[name] = ParameterInfo(network, part_of(networks, name), kind)
    return found


def part_of(networks: Networks, name: str) -> str:
    """The part that a parameter or buffer belongs to; names as in the live module or as in a file.

    Raises TrainingError when its network claims no such thing.
    """
    if is_lora(name):
        return LORA
    network, _, inner = canonical(name).partition(".")
    part: str | None = getattr(networks, network).part(inner)
    if part is None:
        raise TrainingError(
            f"Expected every parameter to belong to a part of its network, but {name} belongs to none; "
            f"name its part in models/{network.partition('_')[0]}.py."
        )
    return part


def select(parameters: dict[str, ParameterInfo], names: Iterable[str]) -> set[str]:
    """Names of the parameters that recipe names choose: the union of their selections.

    A name is "all", "heads", "head.<map>", "decoders", "encoders", "encoders.lower", "encoders.upper",
    "norms", "lora" or a network. Raises UsageError for any other, listing what there is.
    """
    return {parameter for name in names for parameter in _selection(parameters, name)}


def freeze(networks: Networks, trained: Iterable[str]) -> None:
    """Leave only the selected parameters trainable; the rest stays bit-equal and its BatchNorms still.

    A later `.train()` does not thaw them: `models.norm.Norm` asks its own weight.
    """
    chosen = select(parameter_info(networks), trained)
    for name, parameter in networks.named_parameters():
        parameter.requires_grad_(name in chosen)
    networks.train(networks.training)


def _selection(parameters: dict[str, ParameterInfo], name: str) -> list[str]:
    networks = sorted({info.network for info in parameters.values()})
    heads = sorted({info.part for info in parameters.values() if info.part.startswith("head.")})

    def chosen(info: ParameterInfo) -> bool:
        match name:
            case "all":
                return True
            case "heads":
                return info.part in heads
            case "decoders":
                return info.part == "decoder"
            case "encoders":
                return info.part.startswith("encoder.")
            case "encoders.lower" | "encoders.upper":
                return info.part == name.replace("encoders", "encoder")
            case "norms":
                return info.kind == "norm"
            case "lora":
                return info.part == LORA
        return name in (info.network, info.part)

    words = [
        "all",
        "heads",
        *heads,
        "decoders",
        "encoders",
        "encoders.lower",
        "encoders.upper",
        "norms",
        "lora",
    ]
    if name not in (*words, *networks):
        raise UsageError(
            f"Expected one of {', '.join(words + networks)}, got {name!r}; correct the selection."
        )
    return [parameter for parameter, info in parameters.items() if chosen(info)]

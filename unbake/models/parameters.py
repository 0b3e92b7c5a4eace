"""Parameters as leaves (network, part, kind), and recipe names as selections over them; used by `train`."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from torch import nn

from unbake.errors import TrainingError, UsageError
from unbake.models.lora import canonical, is_lora
from unbake.models.network import Networks

LORA = "lora"


class Leaf(NamedTuple):
    """Where a parameter stands.

    network: "vit", "segformer", "unet_albedo" or "unet_maps".
    part: "encoder.lower", "encoder.upper", "decoder", "head.<map>" ("head.classes" for N1) or "lora".
    kind: "norm" for scales and shifts of Batch- and LayerNorm.
    """

    network: str
    part: str
    kind: Literal["norm", "other"]


def leaves(networks: Networks) -> dict[str, Leaf]:
    """Every parameter's name → its one leaf; a weight that LoRA adapts stays in its encoder.

    Raises TrainingError for a parameter that no part of its network claims: the leaves partition the model.

    >>> from unbake.models.config import CONFIGS
    >>> leaves(Networks(CONFIGS["tiny"]))["vit.classifier.bias"].part
    'head.classes'
    """
    norms = {
        f"{path}.{name}"
        for path, module in networks.named_modules()
        if isinstance(module, nn.BatchNorm2d | nn.LayerNorm)
        for name, _ in module.named_parameters(recurse=False)
    }
    found: dict[str, Leaf] = {}
    for name, _ in networks.named_parameters():
        network = name.partition(".")[0]
        found[name] = Leaf(network, part_of(networks, name), "norm" if name in norms else "other")
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


def select(leaves: dict[str, Leaf], names: Iterable[str]) -> set[str]:
    """Names of the parameters that recipe names choose: the union of their selections.

    A name is "all", "heads", "head.<map>", "decoders", "encoders", "encoders.lower", "encoders.upper",
    "norms", "lora" or a network. Raises UsageError for any other, listing what there is.
    """
    return {parameter for name in names for parameter in _selection(leaves, name)}


def freeze(networks: Networks, trained: Iterable[str]) -> None:
    """Leave only the selected parameters trainable; the rest stays bit-equal and its BatchNorms still.

    A later `.train()` does not thaw them: `models.norm.Norm` asks its own weight.
    """
    chosen = select(leaves(networks), trained)
    for name, parameter in networks.named_parameters():
        parameter.requires_grad_(name in chosen)
    networks.train(networks.training)


def _selection(leaves: dict[str, Leaf], name: str) -> list[str]:
    networks = sorted({leaf.network for leaf in leaves.values()})
    heads = sorted({leaf.part for leaf in leaves.values() if leaf.part.startswith("head.")})

    def chosen(leaf: Leaf) -> bool:
        match name:
            case "all":
                return True
            case "heads":
                return leaf.part in heads
            case "decoders":
                return leaf.part == "decoder"
            case "encoders":
                return leaf.part.startswith("encoder.")
            case "encoders.lower" | "encoders.upper":
                return leaf.part == name.replace("encoders", "encoder")
            case "norms":
                return leaf.kind == "norm"
            case "lora":
                return leaf.part == LORA
        return name in (leaf.network, leaf.part)

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
        raise UsageError(f"Expected one of {', '.join(words + networks)}, got {name!r}; mend the selection.")
    return [parameter for parameter, leaf in leaves.items() if chosen(leaf)]

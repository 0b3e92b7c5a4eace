"""Low-rank adapters in the attention of N1 and N2: `train` adds them, recipes name them, a release merges them."""

from peft import LoraConfig, inject_adapter_in_model
from peft.tuners.lora import LoraLayer

from unbake.errors import UsageError
from unbake.models.network import Networks

TARGETS = ("q_proj", "v_proj")
"""The projections of an attention that get an adapter, as the paper found enough for their count."""

_ADAPTER = "default"


def add_lora(networks: Networks, rank: int, alpha: float) -> None:
    """Give every attention of N1 and N2 adapters of `rank`, scaled by alpha / rank; in place.

    Outputs stay what they were (B starts at zero; A is drawn from torch's generator). What could be trained
    before still can. Raises UsageError where there are adapters already.
    Source: Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models" (2021); plan, phase B.

    >>> from unbake.models.config import CONFIGS
    >>> networks = Networks(CONFIGS["tiny"]); add_lora(networks, rank=4, alpha=8.0); lora_of(networks)
    {'rank': 4, 'alpha': 8.0}
    """
    if has_lora(networks):
        raise UsageError("Expected networks without LoRA, but these have it already; add it once.")
    frozen = {name for name, parameter in networks.named_parameters() if not parameter.requires_grad}
    config = LoraConfig(r=rank, lora_alpha=alpha, lora_dropout=0.0, target_modules=list(TARGETS))  # type: ignore[arg-type]
    for network in (networks.vit.backbone, networks.segformer):
        inject_adapter_in_model(config, network, adapter_name=_ADAPTER)
    for name, parameter in networks.named_parameters():  # peft froze all but its own
        parameter.requires_grad_(canonical(name) not in frozen)
    networks.train(networks.training)


def has_lora(networks: Networks) -> bool:
    """True for networks with adapters."""
    return lora_of(networks) is not None


def lora_of(networks: Networks) -> dict[str, float] | None:
    """Rank and alpha of the adapters, as a checkpoint's metadata have them under "lora"; None without any."""
    for layer in networks.modules():
        if isinstance(layer, LoraLayer):
            return {"rank": layer.r[_ADAPTER], "alpha": layer.lora_alpha[_ADAPTER]}
    return None


def merge_lora(networks: Networks) -> None:
    """Fold the adapters into the weights they adapt; in place: plain networks again, with the same outputs."""
    adapted = [(path, layer) for path, layer in networks.named_modules() if isinstance(layer, LoraLayer)]
    for path, layer in adapted:
        layer.merge()
        networks.set_submodule(path, layer.get_base_layer())
    for network in (networks.vit.backbone, networks.segformer):
        if hasattr(network, "peft_config"):
            del network.peft_config


def canonical(name: str) -> str:
    """A parameter's name as networks without adapters have it; names of the adapters' own stay as they are.

    >>> canonical("vit.backbone.encoder.layer.0.attention.q_proj.base_layer.weight")
    'vit.backbone.encoder.layer.0.attention.q_proj.weight'
    """
    return name.replace(".base_layer.", ".")


def is_lora(name: str) -> bool:
    """True for the name of an adapter's own parameter."""
    return ".lora_" in name

"""Averages one network of two checkpoints, weight by weight; for `scripts/average_checkpoints.py`."""

from pathlib import Path

import torch
from msgspec import structs

from unbake.domain.networks import NETWORKS
from unbake.errors import UsageError
from unbake.evaluate.merge_heads import load_merged
from unbake.models.weights import save_weights
from unbake.train.lineage import Lineage, write_lineage


def average_checkpoints(first: Path, second: Path, out: Path, network: str, share: float) -> Lineage:
    """Write to `out` the networks of `first`, one of them mixed with that of `second`; the new checkpoint's lineage.

    A network that was trained on from another and is averaged with it may keep much of what it learned and forget less
    of what it knew. share: of `second`, in [0, 1]. LoRA is merged before. The recipe in the lineage, and what it held
    out, are those of `first`. Errors: UsageError for an unknown network, a share outside, networks of two sizes, or an
    `out` that exists; FileError for a file that is missing or damaged.
    Source: Wortsman et al., "Robust fine-tuning of zero-shot models" (CVPR 2022).
    """
    if network not in NETWORKS or not 0 <= share <= 1:
        raise UsageError(
            f"Expected a network of {', '.join(NETWORKS)} and a share from 0 to 1, got {network!r} and {share:g}."
        )
    if out.exists():
        raise UsageError(f"Expected a new file to write to, got {out}, which exists; name another.")
    (networks, ours), (others, theirs) = load_merged(first), load_merged(second)
    if networks.config != others.config:
        raise UsageError(
            f"Expected checkpoints of one size, got {networks.config.name} and {others.config.name}; "
            "average those of one model."
        )
    second_state = others.get_submodule(network).state_dict()
    with torch.no_grad():
        for name, value in networks.get_submodule(network).state_dict().items():
            if value.is_floating_point():
                value.lerp_(second_state[name], share)
    lineage = structs.replace(
        ours,
        name=out.stem,
        phase=f"average: {1 - share:g} {ours.name}, {share:g} {theirs.name}",
        parents={"all": ours, network: theirs},
        warm_starts={},
        figures={},
        sha256="",
        verdict=None,
        lora=None,
        sources=None
        if ours.sources is None or theirs.sources is None
        else sorted({*ours.sources, *theirs.sources}),
    )
    save_weights(out, networks, lineage.as_metadata())
    write_lineage(out, lineage)
    return lineage

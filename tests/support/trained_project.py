"""Projects with the checkpoints that training leaves, untrained: what a release is made from."""

import json
from pathlib import Path
from typing import Any

import torch

from unbake import recipe as recipes
from unbake.domain.maps import OUTPUTS
from unbake.models.config import CONFIGS
from unbake.models.lora import add_lora
from unbake.models.network import Networks
from unbake.models.weights import save_head, save_weights, sha256_of
from unbake.project import Project

HEAD_PHASE = next(phase for phase, kind in recipes.all_runs() if kind)
BASES = recipes.load(HEAD_PHASE, map="ao").starts_from["all"]
LORA = (2, 4.0)


def stirred(seed: int, lora: tuple[int, float] | None = LORA) -> Networks:
    """Networks whose every parameter was moved."""
    torch.manual_seed(seed)
    networks = Networks(CONFIGS["tiny"])
    if lora:
        add_lora(networks, *lora)
    with torch.no_grad():
        for parameter in networks.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return networks.eval()


def metadata(recipe: recipes.Recipe, parents: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Metadata of a checkpoint, as a run writes it."""
    written: dict[str, Any] = {
        "name": recipe.writes,
        "tag": recipe.checkpoint_tag,
        "overrides": ["epochs.max=9"],
    }
    return (
        written
        | {"recipe": recipes.as_dict(recipe), "parents": parents, "figures": {"mat_val_loss": 0.5}}
        | more
    )


def write_base(root: Path, name: str = BASES[0], seed: int = 0) -> Path:
    """The whole networks that heads are trained on, after one parent with a warm start."""
    folder = Project(root).checkpoints
    folder.mkdir(parents=True, exist_ok=True)
    credit = {"network": "vit", "parent": "DINOv2 ViT backbone, Meta", "licence": "Apache-2.0"}
    first = metadata(recipes.load(recipes.ORDER[0]), {"vit": credit})
    recipe = next(r for r in map(recipes.load, recipes.ORDER) if r.writes == name)
    path = folder / f"{name}.safetensors"
    save_weights(path, stirred(seed), metadata(recipe, {"all": first}))
    verdict = {"verdict": "fail", "reason": "it did not fall", "forced": True}
    path.with_suffix(".json").write_text(json.dumps({"verdict": verdict}))
    return path


def write_head(root: Path, kind: str, base: Path, seed: int = 0) -> Path:
    """One output's head, trained on `base` as it is now."""
    recipe = recipes.load(HEAD_PHASE, map=kind)
    path = Project(root).checkpoints / f"{recipe.writes}.safetensors"
    head = metadata(recipe, {}, base={"name": base.stem, "sha256": sha256_of(base)})
    save_head(path, stirred(seed), kind, head)
    return path


def write_checkpoints(root: Path) -> dict[str, Networks]:
    """A base and the six heads, each head of networks of its own; returns map → those networks."""
    base = write_base(root)
    for seed, kind in enumerate(OUTPUTS, start=1):
        write_head(root, kind, base, seed)
    return {kind: stirred(seed) for seed, kind in enumerate(OUTPUTS, start=1)}

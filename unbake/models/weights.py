"""Weights in and out: whole networks, or one head; safetensors with JSON metadata; N1's warm start from DINOv2."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor
from torch.nn import functional as F
from transformers import Dinov2Model
from transformers.utils import logging

from unbake.errors import FileError, UsageError
from unbake.files import write_atomic
from unbake.models.config import CONFIGS
from unbake.models.lora import add_lora, canonical, is_lora, lora_of
from unbake.models.network import Networks
from unbake.models.parameters import part_of

_KEY = "unbake"
_LAYER = re.compile(r"^encoder\.layer\.(\d+)\.")
# Rows of query, key and value, and columns of what reads them, are laid out head by head.
_HEADWISE = (re.compile(r"\.[qkv]_proj\."), re.compile(r"\.o_proj\.weight$"))


def architecture(networks: Networks) -> dict[str, Any]:
    """Metadata that `build_networks` needs: "model", the networks' size, and "lora", rank and alpha.

    >>> from unbake.models.config import CONFIGS
    >>> architecture(Networks(CONFIGS["tiny"]))
    {'model': 'tiny', 'lora': None}
    """
    return {"model": networks.config.name, "lora": lora_of(networks)}


def build_networks(metadata: dict[str, Any]) -> Networks:
    """Fresh networks of the size and with the LoRA that a checkpoint's metadata name."""
    networks = Networks(CONFIGS[metadata["model"]])
    if lora := metadata.get("lora"):
        add_lora(networks, int(lora["rank"]), float(lora["alpha"]))
    return networks


def save_weights(path: Path, networks: Networks, metadata: dict[str, Any]) -> None:
    """Write parameters and buffers to a .safetensors file, whole or not at all.

    Names are those of plain networks; LoRA's own come on top. metadata: JSON values kept in the file's header;
    the networks' `architecture` is added. Raises FileError when the file cannot be written.
    """
    _save(path, _canonical_state(networks), metadata | architecture(networks))


def _save(path: Path, tensors: dict[str, Tensor], metadata: dict[str, Any]) -> None:
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    write_atomic(path, save(tensors, {_KEY: json.dumps(metadata)}))


def read_metadata(path: Path) -> dict[str, Any]:
    """The metadata `save_weights` was given, and the `architecture` of the networks in the file.

    Raises FileError when the file is missing or damaged, or was not written by `save_weights`.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata: dict[str, Any] = json.loads((file.metadata() or {})[_KEY])
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise FileError(
            f"Expected weights written by unbake in {path}, but {error!r}; check the path."
        ) from None
    return metadata


def load_weights(path: Path, networks: Networks) -> dict[str, Any]:
    """Fill the networks from a file and return its metadata; nothing changes unless everything fits.

    LoRA's tensors may be missing from the file, and only those: adapters that the networks have then stay as they
    are. Raises FileError for a missing or damaged file, UsageError when names or shapes differ from the networks',
    or when the file's LoRA is not theirs.
    """
    metadata = read_metadata(path)
    if "head" in metadata:
        raise UsageError(
            f"Expected weights of whole networks, but {path} holds the head of {metadata['head']} alone; "
            "name the checkpoint it is based on."
        )
    theirs, lora = load_file(path), metadata.get("lora")
    if lora and lora != lora_of(networks):
        raise UsageError(
            f"Expected networks with the LoRA of {path} ({_describe(lora)}), but these have "
            f"{_describe(lora_of(networks))}; build them from the file's metadata."
        )
    ours = _canonical_state(networks)
    if not lora:
        ours = {name: tensor for name, tensor in ours.items() if not is_lora(name)}
    _fill(path, ours, theirs, f"the {networks.config.name} networks", f"{metadata['model']} ones")
    return metadata


def save_head(path: Path, networks: Networks, map: str, metadata: dict[str, Any]) -> None:
    """Write one output's head alone, parameters and buffers, as `save_weights` writes whole networks.

    map: the output ("albedo", ...), added to the metadata as "head". metadata: as for `save_weights`, with "base",
    the checkpoint that all else is from: {"name", "sha256"}.
    """
    _save(path, _head_state(networks, map), metadata | architecture(networks) | {"head": map})


def load_head(path: Path, networks: Networks) -> dict[str, Any]:
    """Put a head from `save_head` into networks of its size, leave the rest alone, and return its metadata.

    Raises FileError for a missing or damaged file, UsageError when it holds no head or one of another size.
    """
    metadata = read_metadata(path)
    if "head" not in metadata:
        raise UsageError(
            f"Expected the head of one map, but {path} holds whole networks; name a checkpoint of one head."
        )
    ours, theirs = _head_state(networks, metadata["head"]), load_file(path)
    _fill(
        path,
        ours,
        theirs,
        f"a head of the {networks.config.name} networks",
        f"one of {metadata['model']} ones",
    )
    return metadata


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, hexadecimal: which base a head was trained on. Raises FileError."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise FileError(f"Expected to read {path}, but {error}; check the path.") from None


def _canonical_state(networks: Networks) -> dict[str, Tensor]:
    # The tensors are the live ones: what is copied into them is in the networks.
    return {canonical(name): tensor for name, tensor in networks.state_dict().items()}


def _head_state(networks: Networks, map: str) -> dict[str, Tensor]:
    state = _canonical_state(networks)
    return {name: tensor for name, tensor in state.items() if part_of(networks, name) == f"head.{map}"}


def _fill(path: Path, ours: dict[str, Tensor], theirs: dict[str, Tensor], wanted: str, holds: str) -> None:
    wrong = sorted(ours.keys() ^ theirs.keys())
    wrong += [name for name in ours if name in theirs and ours[name].shape != theirs[name].shape]
    if wrong:
        raise UsageError(
            f"Expected weights for {wanted}, but {path} holds {holds} ({len(wrong)} tensors differ, first "
            f"{wrong[0]}); build that size or name another file."
        )
    with torch.no_grad():
        for name, tensor in ours.items():
            tensor.copy_(theirs[name])


def _describe(lora: dict[str, float] | None) -> str:
    return f"rank {lora['rank']}, alpha {lora['alpha']}" if lora else "none"


def warm_vit(networks: Networks, folder: Path) -> dict[str, str]:
    """Start N1's backbone from a DINOv2 folder in transformers' layout; returns the credit for the card.

    A smaller backbone takes evenly spaced channels of the larger one, the same along the whole residual
    stream, whole heads with evenly spaced channels inside, and evenly spaced layers (Xu et al., ICLR 2024,
    "Initializing Models with Larger Ones"). Position embeddings are resized to our grid as transformers does.
    Raises FileError when the folder holds no such weights, UsageError when they are smaller than N1.
    """
    bar = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # only the command line prints
    try:
        larger = Dinov2Model.from_pretrained(folder, local_files_only=True, dtype=torch.float32)
    except (OSError, SafetensorError, ValueError) as error:
        raise FileError(
            f"Expected a DINOv2 backbone (config.json, model.safetensors) in {folder}, but {error!r}; "
            "check the warm start's path."
        ) from None
    finally:
        if bar:
            logging.enable_progress_bar()
    theirs, ours, config = larger.state_dict(), networks.vit.backbone.state_dict(), networks.config.vit
    which_layer = _spread(larger.config.num_hidden_layers, config.layers).tolist()
    filled: dict[str, Tensor] = {}
    for name, target in ours.items():
        source = _LAYER.sub(lambda match: f"encoder.layer.{which_layer[int(match[1])]}.", name)
        tensor = theirs[source]
        if name == "embeddings.position_embeddings":
            tensor = _resized_positions(tensor, target.shape[1] - 1)
        for axis, size in enumerate(target.shape):
            have = tensor.shape[axis]
            headwise = axis < 2 and _HEADWISE[axis].search(name)
            groups = (larger.config.num_attention_heads, config.heads) if headwise else (1, 1)
            tensor = tensor.index_select(axis, _spread(have, size, *groups))
        filled[name] = tensor
    networks.vit.backbone.load_state_dict(filled)
    return {"network": "vit", "parent": "DINOv2 ViT backbone, Meta", "licence": "Apache-2.0"}


def _spread(have: int, want: int, groups: int = 1, wanted_groups: int = 1) -> Tensor:
    # Evenly spaced indices; with groups (attention heads), evenly spaced inside evenly spaced groups.
    if want > have or wanted_groups > groups:
        raise UsageError(
            f"Expected a backbone at least as large as N1's, got {have} where N1 has {want}; name a larger one."
        )
    inside = torch.arange(want // wanted_groups) * (have // groups) // (want // wanted_groups)
    starts = torch.arange(wanted_groups) * groups // wanted_groups * (have // groups)
    return (starts[:, None] + inside).flatten()


def _resized_positions(positions: Tensor, tokens: int) -> Tensor:
    have, want = round((positions.shape[1] - 1) ** 0.5), round(tokens**0.5)
    grid = positions[:, 1:].reshape(1, have, have, -1).permute(0, 3, 1, 2)
    grid = F.interpolate(grid, size=(want, want), mode="bicubic", align_corners=False)
    return torch.cat([positions[:, :1], grid.permute(0, 2, 3, 1).flatten(1, 2)], dim=1)

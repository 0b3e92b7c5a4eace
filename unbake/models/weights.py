"""Weights in and out: safetensors with JSON metadata, and N1's warm start from a larger DINOv2."""

import json
import os
import re
import tempfile
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional as F
from transformers import Dinov2Model
from transformers.utils import logging

from unbake.errors import FileError, UsageError
from unbake.models.network import Networks

_KEY = "unbake"
_LAYER = re.compile(r"^encoder\.layer\.(\d+)\.")
# Rows of query, key and value, and columns of what reads them, are laid out head by head.
_HEADWISE = (re.compile(r"\.[qkv]_proj\."), re.compile(r"\.o_proj\.weight$"))


def save_weights(path: Path, networks: Networks, metadata: dict[str, Any]) -> None:
    """Write parameters and buffers to a .safetensors file, whole or not at all.

    metadata: JSON values kept in the file's header; the size of the networks is added as "model".
    Raises FileError when the file cannot be written.
    """
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in networks.state_dict().items()}
    header = {_KEY: json.dumps(metadata | {"model": networks.config.name})}
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
            whole = Path(folder) / path.name
            save_file(tensors, whole, header)
            with whole.open("rb+") as file:  # Windows flushes only what is open for writing
                os.fsync(file.fileno())
            whole.replace(path)
    except (OSError, SafetensorError) as error:
        raise FileError(f"Expected to write weights to {path}, but {error}; check the folder.") from None


def read_metadata(path: Path) -> dict[str, Any]:
    """The metadata `save_weights` was given, and "model", the size of the networks in the file.

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

    Raises FileError for a missing or damaged file, UsageError when names or shapes differ from the networks'.
    """
    metadata = read_metadata(path)
    ours, theirs = networks.state_dict(), load_file(path)
    wrong = sorted(ours.keys() ^ theirs.keys())
    wrong += [name for name in ours if name in theirs and ours[name].shape != theirs[name].shape]
    if wrong:
        raise UsageError(
            f"Expected weights for the {networks.config.name} networks, but {path} holds "
            f"{metadata['model']} ones ({len(wrong)} tensors differ, first {wrong[0]}); "
            "build that size or name another file."
        )
    networks.load_state_dict(theirs)
    return metadata


def warm_vit(networks: Networks, folder: Path) -> dict[str, str]:
    """Start N1's backbone from a DINOv2 folder in transformers' layout; returns the credit for the card.

    A smaller backbone takes evenly spaced channels of the larger one, the same along the whole residual
    stream, whole heads with evenly spaced channels inside, and evenly spaced layers (Xu et al., ICLR 2024,
    "Initializing Models with Larger Ones"). Position embeddings are resized to our grid as transformers does.
    Raises FileError when the folder holds no such weights, UsageError when they are smaller than N1.
    """
    bar = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # only the door prints
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

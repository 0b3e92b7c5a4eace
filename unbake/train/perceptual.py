"""The perceptual distance a recipe names, made ready for the losses and for validation."""

from pathlib import Path
from typing import Literal, get_args

import torch

from unbake.errors import UsageError
from unbake.losses.total import Distance
from unbake.metrics.dino import DinoDistance
from unbake.metrics.lpips import FILES, SOURCE, Lpips, Net, fetch_backbone, hub_file

Perceptual = tuple[str, Distance]
"""The name a distance is recorded under ("lpips" or "dino_distance"), and the distance."""

_OTHERWISE = "or choose another: --set losses.perceptual=dino_distance (or none)"


def perceptual(
    choice: Literal["lpips", "dino_distance", "none"], backbone: Path | None, device: torch.device
) -> Perceptual | None:
    """Name and distance of the choice, frozen, on `device`; None for "none". Never another than the one asked for.

    backbone: for "lpips" torchvision's AlexNet, VGG16 or SqueezeNet 1.1 (.pth or .safetensors), or a bare "alex",
    "vgg" or "squeeze" to fetch it; None takes AlexNet where torch has downloaded it already. For
    "dino_distance" a folder with a DINOv2. Raises UsageError where it is missing, FileError where it is another's.

    >>> perceptual("none", None, torch.device("cpu")) is None
    True
    """
    match choice:
        case "none":
            return None
        case "lpips":
            return choice, Lpips(_lpips_file(backbone)).to(device)
        case "dino_distance":
            if backbone is None or not backbone.is_dir():
                raise UsageError(
                    "Expected --backbone with a folder that holds DINOv2 (facebook/dinov2-small: config.json, "
                    f"model.safetensors) for dino_distance, got {backbone or 'nothing'}; give one, or choose none: "
                    "--set losses.perceptual=none."
                )
            return choice, DinoDistance(backbone).to(device)


def _lpips_file(backbone: Path | None) -> Path:
    if backbone is not None and backbone.is_file():
        return backbone
    for net in get_args(Net):
        if str(backbone) == net:
            return fetch_backbone(net)
    if backbone is None and hub_file("alex").is_file():
        return hub_file("alex")
    raise UsageError(
        f"Expected --backbone with one of torchvision's files {', '.join(FILES.values())} (from {SOURCE}; a bare "
        f"alex, vgg or squeeze fetches it) for lpips, got {backbone or 'nothing'}; give one, {_OTHERWISE}."
    )

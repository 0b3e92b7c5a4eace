"""Distance of two images in DINOv2's features: an alternative where LPIPS's backbones are missing, under its own name.

`train.perceptual` hands it to the losses and to validation. It has not been fitted to what people see.
"""

from pathlib import Path
from typing import Any, cast

import torch
from safetensors import SafetensorError
from torch import Tensor, nn
from torch.nn import functional
from transformers import Dinov2Model
from transformers.utils import logging

from unbake.errors import FileError

LARGEST_PX = 518
"""Longest side that is looked at, texels: what DINOv2's position embeddings were trained for."""

_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class DinoDistance(nn.Module):
    """Mean over patches of 1 − the cosine of both images' last DINOv2 tokens: in [0, 2], 0 for equal images.

    folder: a DINOv2 backbone in transformers' layout (config.json, model.safetensors), e.g. a copy of
    facebook/dinov2-small. Frozen; gradients reach the images. Raises FileError where there is none.
    Source of the features: Oquab et al., "DINOv2" (2023).

    >>> DinoDistance(Path("dinov2-small"))(torch.rand(2, 3, 64, 64), torch.rand(2, 3, 64, 64)).shape  # doctest: +SKIP
    torch.Size([2])
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.backbone = _backbone(folder)
        self.patch: int = self.backbone.config.patch_size  # type: ignore[assignment]
        self.register_buffer("mean", torch.tensor(_MEAN)[:, None, None], persistent=False)
        self.register_buffer("std", torch.tensor(_STD)[:, None, None], persistent=False)
        self.requires_grad_(False).eval()

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Distance (B,) of each pair. a, b: (B, 3, H, W) sRGB in [0, 1], any size."""
        with torch.autocast(a.device.type, enabled=False):
            cosines = functional.cosine_similarity(self._tokens(a.float()), self._tokens(b.float()), dim=-1)
            return 1.0 - cosines.mean(dim=1)

    def _tokens(self, image: Tensor) -> Tensor:
        """Patch tokens (B, N, C); the sides become the nearest multiples of the patch, the longest at most 518."""
        patch = self.patch
        height, width = image.shape[-2:]
        shrink = min(1.0, LARGEST_PX / max(height, width))
        size = [max(1, round(side * shrink / patch)) * patch for side in (height, width)]
        if size != [height, width]:
            image = functional.interpolate(image, size, mode="bilinear", antialias=True, align_corners=False)
        scaled = (image - self.get_buffer("mean")) / self.get_buffer("std")
        tokens: Tensor = self.backbone(scaled).last_hidden_state[:, 1:]
        return tokens


def _backbone(folder: Path) -> Dinov2Model:
    bar = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # only the command line prints
    try:
        loaded: Any = Dinov2Model.from_pretrained(
            folder, local_files_only=True, dtype=torch.float32, output_loading_info=True
        )
        model, info = loaded
    except (OSError, SafetensorError, ValueError) as error:
        raise FileError(
            f"Expected a DINOv2 backbone (config.json, model.safetensors) in {folder}, but {type(error).__name__}; "
            "give a copy of facebook/dinov2-small."
        ) from error
    finally:
        if bar:
            logging.enable_progress_bar()
    missing = set(info["missing_keys"]) - {"embeddings.mask_token"}  # which is for training DINOv2 itself
    if missing:
        raise FileError(
            f"Expected a whole DINOv2 backbone in {folder}, but {len(missing)} tensors are missing ({min(missing)}); "
            "give a copy of facebook/dinov2-small."
        )
    return cast(Dinov2Model, model)

"""Perceptual distances of albedo for an evaluation, where a backbone is at hand; needs the train extra."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from unbake.metrics.pixel import Metric
from unbake.train.perceptual import perceptual

Choice = Literal["lpips", "dino_distance"]


def perceptual_metric(backbone: Path) -> Metric:
    """The distance that a backbone gives: `dino_distance` of a folder with a DINOv2, else `lpips`.

    backbone: as `train.perceptual.perceptual` takes it. The metric takes arrays (H, W, 3), sRGB in [0, 1], and can be
    sent to a process, which loads the backbone itself. Errors: of `perceptual`, at once.
    """
    choice: Choice = "dino_distance" if backbone.is_dir() else "lpips"
    _distance(choice, backbone)
    return Metric(choice, "lower", _Perceived(choice, backbone))


@dataclass(frozen=True, slots=True)
class _Perceived:
    choice: Choice
    backbone: Path

    def __call__(self, pred: np.ndarray, truth: np.ndarray) -> float:
        first, second = (
            torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)[None], np.float32))
            for image in (pred, truth)
        )
        with torch.inference_mode():
            return float(_distance(self.choice, self.backbone)(first, second).mean())


@cache
def _distance(choice: Choice, backbone: Path) -> Any:
    found = perceptual(choice, backbone, torch.device("cpu"))
    assert found is not None
    return found[1]

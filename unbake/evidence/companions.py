"""Reads metal out of a set's companion files, environment masks and complex material; pixels in, a cue out."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

Kind = Literal["mask", "complex", "black"]

TOP_PERCENTILE: Final = 98
"""A mask says how strongly, dim on some metals: it is read relative to this percentile of its own."""

BLACK: Final = 8 / 255
"""A mask whose brightest texels lie below says that nothing reflects."""

COLOURED: Final = 8 / 255
"""Mean difference of red and blue from which a mask is complex material (R reflection, G gloss, B metal)."""


@dataclass(frozen=True, slots=True, eq=False)
class MetalCue:
    """A companion's word on metal.

    kind: "mask" an environment mask, "complex" a complex material's blue, which is metal itself, "black" a mask
    that marks nothing. values: codes (H, W, 1) as stored. top: what counts as full strength, in [0, 1].
    """

    kind: Kind
    values: np.ndarray
    top: float


def metal_cue(pixels: np.ndarray) -> MetalCue:
    """The cue in a companion's pixels, uint8 or uint16 (H, W, C) with C = 1, 3 or 4.

    >>> metal_cue(np.zeros((4, 4, 1), np.uint8)).kind
    'black'
    """
    whole = float(np.iinfo(pixels.dtype).max)
    complex_material = pixels.shape[2] >= 3 and (
        float(np.abs(pixels[..., 0].astype(np.int32) - pixels[..., 2]).mean()) >= COLOURED * whole
    )
    plane = pixels[..., 2:3] if complex_material else pixels[..., :1]
    plane = np.ascontiguousarray(plane)
    if complex_material:
        return MetalCue("complex", plane, 1.0)
    step = max(1, round((plane.size / (1 << 20)) ** 0.5))
    top = float(np.percentile(plane[::step, ::step], TOP_PERCENTILE)) / whole
    return MetalCue("black" if top < BLACK else "mask", plane, top)


def strength(values: np.ndarray, top: float) -> np.ndarray:
    """A cue's values relative to its full strength: float32 in [0, 1] of codes, or of floats in [0, 1].

    >>> strength(np.uint8([[[10]], [[200]]]), 20 / 255).ravel().tolist()
    [0.5, 1.0]
    """
    unit = values.astype(np.float32)
    if values.dtype.kind != "f":
        unit /= np.float32(np.iinfo(values.dtype).max)
    return np.clip(unit / np.float32(max(top, BLACK)), 0, 1)

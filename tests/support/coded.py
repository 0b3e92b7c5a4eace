"""Floats of a test as the codes that the converter reads."""

from collections.abc import Mapping
from typing import Literal

import numpy as np

from unbake.domain.maps import MapKind
from unbake.image.arrays import CodedMaps, quantise


def coded(maps: Mapping[MapKind, np.ndarray], bits: Literal[8, 16] = 16) -> CodedMaps:
    """Maps (H, W, C) in the range of their specs as codes of so many bits."""
    return CodedMaps({kind: quantise(kind, image, bits) for kind, image in maps.items()})

"""Small files of TruePBR texture sets."""

import numpy as np

from unbake.image.dds.encode import write_dds
from unbake.image.dds.formats import DxgiFormat


def place(out, *names, size=(4, 4), dxgi=DxgiFormat.BC7_UNORM_SRGB):
    """Small DDS files below textures/pbr."""
    for name in names:
        write_dds(out / "textures/pbr" / f"{name}.dds", [np.zeros((*size, 3), np.uint8)], dxgi)

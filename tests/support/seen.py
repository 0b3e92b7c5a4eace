"""A stand-in for the two networks that see a texture as a whole."""

import numpy as np

from unbake.convert.predict import Seen
from unbake.domain.materials import LABELS


def seen(size: tuple[int, ...], classes: tuple[float, ...], mask: float = 0.0, logit: float = 0.0) -> Seen:
    """One probability of metal at every texel of (H, W, ...), and nothing known of labels and patches."""
    return Seen(
        labels=np.full(len(LABELS), 0.5, np.float32),
        classes=np.array(classes, np.float32),
        coarse=np.full((18, 18, 3), 0.5, np.float32),
        mask=np.full((*size[:2], 1), mask, np.float32),
        metal_logits=np.full((8, 8, 1), logit, np.float32),
    )

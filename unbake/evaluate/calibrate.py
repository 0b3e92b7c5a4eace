"""Fits what a card's probabilities and roughness mean on validation materials, and weighs the witnesses of metal."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from unbake.convert.predict import Predictor
from unbake.data.sources import MaterialSource
from unbake.domain.materials import class_of
from unbake.errors import UnbakeError
from unbake.evaluate.calibrate_roughness import fit_roughness
from unbake.evaluate.painter import PAINTERS, paint_legacy
from unbake.evaluate.run import truth_of
from unbake.image.delight import relevelled
from unbake.image.tiling import tileable_axes
from unbake.metrics.calibration import fit_calibration

METAL_WEIGHTS: Final = (0.0, 1.5, 0.3)
"""Of SegFormer's, the classifier's patches' and its whole logits of metal: weights fitted to one painter's validation
paintings trust SegFormer, which knows that painter; by others it orders texels worse than patches (docs/LAB.md)."""

PRESENCE_WEIGHT: Final = 0.5
"""Of SegFormer's upper tenth: by painters it never met it still knows a little of whether there is metal at all."""

HEAD_WEIGHT: Final = 0.2
"""Of UNet-Maps' own word on where metal is, beside the classifier's 1.5 (docs/LAB.md)."""

METAL_SHIFT: Final = 0.75
"""Of their sum: about 2 % of what is no metal then comes out as metal where nothing else is known."""


def calibrate(
    folder: Path, sources: Sequence[MaterialSource], size: int, on_progress: Callable[[int, int], None]
) -> dict[str, Any]:
    """`class_calibration` and `roughness_fit` of a card.

    folder: of a bundle whose card has neither yet, but weighs the witnesses of metal. sources: materials it was not
    trained on; each is painted in every style of evaluation, its longest side `size` texels at most. on_progress: told
    how many of how many are done.
    See `domain.card.Card`.
    """
    predictor = Predictor(folder)
    predicted, labels = [], []
    for done, source in enumerate(sources, 1):
        try:
            truth = truth_of(source, size)
        except UnbakeError:
            continue  # `evaluate` says why it is left out
        for style in PAINTERS:
            legacy = paint_legacy(source.id, source.category, truth, style)
            wrap = tileable_axes(legacy.diffuse)
            diffuse = relevelled(legacy.diffuse, predictor.card.level / legacy.level.rest)
            seen = predictor.predict_global(diffuse, legacy.normal, legacy.specular, None, wrap)
            if (label := class_of(source.category)) is not None:
                predicted.append(seen.classes)
                labels.append([float(name == label) for name in predictor.card.classes])
        on_progress(done, 2 * len(sources))
    true = np.ravel(labels)
    return {
        "roughness_fit": fit_roughness(
            predictor, sources, lambda done, total: on_progress(total + done, 2 * total)
        ),
        "class_calibration": fit_calibration(np.ravel(predicted), true, np.ones_like(true)),
    }

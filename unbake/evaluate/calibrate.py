"""Platt scaling of a card's probabilities, fitted on validation materials."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from unbake.convert.predict import Predictor
from unbake.data.sources import MaterialSource
from unbake.domain.maps import METAL_THRESHOLD, MapKind
from unbake.domain.materials import class_of
from unbake.errors import UnbakeError
from unbake.evaluate.painter import PAINTERS, paint_legacy
from unbake.evaluate.run import truth_of
from unbake.image.delight import relevelled
from unbake.image.resample import smoothly
from unbake.image.tiling import tileable_axes
from unbake.metrics.calibration import fit_calibration, fit_weights

_Mask = tuple[np.ndarray, np.ndarray]


def fit_probabilities(
    folder: Path, sources: Sequence[MaterialSource], size: int, on_progress: Callable[[int, int], None]
) -> dict[str, tuple[float, ...]]:
    """`metal_weights`, `mask_calibration` (by texel, paintings alike) and `class_calibration` (by label) of a card.

    folder: of a bundle whose card calibrates nothing yet. sources: materials it was not trained on; each is painted in
    every style of evaluation, its longest side `size` texels at most. on_progress: told how many of how many are done.
    See `domain.card.Card`.
    """
    predictor = Predictor(folder)
    masks: list[_Mask] = []
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
            if MapKind.METALLIC in truth:
                masks.append(_mask(seen.witnesses, truth[MapKind.METALLIC]))
            if (label := class_of(source.category)) is not None:
                predicted.append(seen.classes)
                labels.append([float(name == label) for name in predictor.card.classes])
        on_progress(done, len(sources))
    true = np.ravel(labels)
    *weights, shift = _fitted(masks)
    return {
        "metal_weights": tuple(weights),
        "mask_calibration": (1.0, shift),
        "class_calibration": fit_calibration(np.ravel(predicted), true, np.ones_like(true)),
    }


_SIDE = 32
"""Texels a side of the copy that a mask's weights are fitted on."""


def _mask(witnesses: np.ndarray, metallic: np.ndarray) -> _Mask:
    """The witnesses' logits and the true share of metal on a small copy, texel by texel."""
    small = smoothly(np.ascontiguousarray(witnesses), _SIDE, _SIDE).reshape(-1, witnesses.shape[2])
    true = (metallic > METAL_THRESHOLD).astype(np.float32)
    return small, smoothly(true, _SIDE, _SIDE).ravel()


def _fitted(masks: Sequence[_Mask]) -> tuple[float, ...]:
    """Weights of the witnesses, none below 0, and a shift; SegFormer's word as it is where there are no masks."""
    prior = np.array([1.0, 0.0, 0.0, 0.0])
    if not masks:
        return tuple(prior)
    columns = np.concatenate([said for said, _ in masks]).astype(np.float64)
    columns = np.concatenate([columns, np.ones((len(columns), 1))], -1)
    true = np.concatenate([share for _, share in masks])
    each = np.full(len(true), 1 / _SIDE**2)
    kept = list(range(len(prior)))
    while True:  # a witness that speaks against itself is left out
        weights = fit_weights(columns[:, kept], true, each, prior[kept])
        wrong = [place for place, value in zip(kept[:-1], weights, strict=False) if value < 0]
        if not wrong:
            break
        kept = [place for place in kept if place not in wrong]
    full = dict(zip(kept, weights, strict=True))
    return tuple(round(full.get(place, 0.0), 4) for place in range(len(prior)))

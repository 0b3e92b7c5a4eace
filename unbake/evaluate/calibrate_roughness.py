"""Fits what the networks' roughness means (`domain.card.RoughnessFit`) on validation materials; used by `calibrate`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from unbake.convert.convert import convert_set
from unbake.convert.predict import Predictor
from unbake.data.sources import MaterialSource
from unbake.domain.card import RoughnessFit
from unbake.domain.maps import MapKind
from unbake.errors import UnbakeError
from unbake.evaluate.conversion import inputs_of, level_of
from unbake.evaluate.declared import DARKNESSES, paint_declared
from unbake.evaluate.painter import PAINTERS, paint_legacy
from unbake.evaluate.run import truth_of
from unbake.evidence.level import Level
from unbake.image.arrays import Maps
from unbake.image.delight import relevelled
from unbake.image.specular import mask_tells

SIDE: Final = 256
"""Longest side of the paintings, texels."""

LEAST: Final = 24
"""Paintings that a fit wants at least: with fewer the card leaves the roughness as it is."""

_HOLD: Final = 0.02
"""Of the ridge that keeps slopes and spreads near 1 and the word's weight near 0, for each painting."""

_SPREADS: Final = (0.7, 2.0)
"""Of a fit: where nothing tells, a pattern is kept that a person would rather see than none."""


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """A painting: what conversion knows of it (means, the word's logit, how far its mask tells), and the truth.

    along, within: sums over texels of the predicted deviations times the true ones, and times themselves, per texel.
    """

    mean: float
    logit: float
    tells: float
    true: float
    along: float
    within: float


def fit_roughness(
    predictor: Predictor, sources: Sequence[MaterialSource], on_progress: Callable[[int, int], None]
) -> tuple[RoughnessFit, RoughnessFit] | None:
    """`roughness_fit` of a card, by paintings of evaluation's styles and of declared darkness; None with too few.

    predictor: of a card that fits nothing yet. sources: materials it was not trained on.
    """
    examples: list[Example] = []
    for done, source in enumerate(sources, 1):
        try:
            truth = truth_of(source, SIDE)
        except UnbakeError:
            truth = {}  # `evaluate` says why it is left out
        if MapKind.ROUGHNESS in truth:
            examples += [_example(predictor, truth, *painting) for painting in _paintings(source, truth)]
        on_progress(done, len(sources))
    return fitted(examples) if len(examples) >= LEAST else None


def fitted(examples: Sequence[Example]) -> tuple[RoughnessFit, RoughnessFit]:
    """The fits where the mask tells and where it does not, by least squares with a ridge."""
    mean, logit, tells, true, along, within = (
        np.array([getattr(example, name) for example in examples], np.float64)
        for name in ("mean", "logit", "tells", "true", "along", "within")
    )
    held = _HOLD * within.sum()
    fits = []
    for weight in (tells, 1 - tells):
        columns = np.stack([np.ones_like(mean), mean, logit], -1)
        prior = np.array([0.0, 1.0, 0.0])
        ridge = _HOLD * len(examples) * np.diag([1e-3, mean.var(), logit.var()])
        gram = (columns * weight[:, None]).T @ columns + ridge
        offset, slope, word = np.linalg.solve(gram, (columns * weight[:, None]).T @ true + ridge @ prior)
        spread = float(np.clip((weight @ along + held) / (weight @ within + held), *_SPREADS))
        values = [round(float(value), 3) for value in (offset, slope, word, spread)]
        fits.append(RoughnessFit(offset=values[0], slope=values[1], word=values[2], spread=values[3]))
    return fits[0], fits[1]


def _paintings(source: MaterialSource, truth: Maps) -> Iterator[tuple[Mapping[str, bytes], Level]]:
    """The files of each painting of a material, and the level of its mod."""
    for style in PAINTERS:
        legacy = paint_legacy(source.id, source.category, truth, style)
        yield legacy.files, level_of(legacy)
    for darkness in DARKNESSES:
        painted = paint_declared(source.id, truth, darkness)
        yield painted.files, Level(darkness.rest, darkness.metal / darkness.rest, 0.0)


def _example(predictor: Predictor, truth: Maps, files: Mapping[str, bytes], level: Level) -> Example:
    inputs = inputs_of(files, "a painting")
    made = convert_set(inputs, predictor, level=level)
    maps = inputs.maps
    diffuse = relevelled(maps[MapKind.DIFFUSE], predictor.card.level / level.gain)
    specular = maps[MapKind.SPECULAR] if MapKind.SPECULAR in maps.codes else None
    seen = predictor.predict_global(diffuse, maps[MapKind.NORMAL], specular, None, inputs.wrap)
    predicted, true = made.maps[MapKind.ROUGHNESS], truth[MapKind.ROUGHNESS]
    ours, theirs = predicted - predicted.mean(), true - true.mean()
    return Example(
        mean=float(predicted.mean()),
        logit=float(np.log(seen.roughness / (1 - seen.roughness))),
        tells=mask_tells(maps[MapKind.DIFFUSE], specular, inputs.wrap),
        true=float(true.mean()),
        along=float((ours * theirs).mean()),
        within=float((ours * ours).mean()),
    )

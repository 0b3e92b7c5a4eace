"""Scores one converted painting and the baselines against its truth; between `conversion` and `gather`."""

from collections.abc import Mapping, Sequence

import numpy as np

from unbake.domain.maps import METAL_THRESHOLD, MapKind, spec
from unbake.domain.materials import class_of
from unbake.evaluate.baselines import Baselines, baselines_of, level_free_rmse
from unbake.evaluate.conversion import Prediction
from unbake.evaluate.figures import OURS, Score, Scored, Table
from unbake.evaluate.painter import Legacy
from unbake.image.arrays import Maps, Wrap
from unbake.image.resample import at_size, reduced
from unbake.metrics.calibration import reliability
from unbake.metrics.mask import F1, FALSE_METAL, IOU, Confusion, confusion, has_metal
from unbake.metrics.pixel import L1, RMSE, SHAPE_RMSE, Metric, gradient_error, ssim
from unbake.metrics.relight import NEEDED, relight_rmse
from unbake.metrics.seam import seam_ratio

_SSIM = Metric("ssim", "higher", lambda pred, truth: ssim(pred, truth, (0, 1)))
_MAE = Metric("mae", L1.better, L1.fn)
_LEVEL_FREE = Metric("level_free_rmse", "lower", level_free_rmse)
_GRADIENT = Metric("gradient", "lower", lambda pred, truth: gradient_error(pred, truth, (0, 1)))
_METRICS: dict[MapKind, tuple[Metric, ...]] = {
    MapKind.ALBEDO: (RMSE, _MAE, _SSIM, _LEVEL_FREE),
    MapKind.ROUGHNESS: (RMSE, _MAE),
    MapKind.METALLIC: (F1, IOU, FALSE_METAL, RMSE),
    MapKind.AO: (_MAE, RMSE),
    MapKind.HEIGHT: (SHAPE_RMSE, _GRADIENT),
}
_ON_METAL: tuple[Metric, ...] = (F1, IOU)
_OFF_METAL: tuple[Metric, ...] = (FALSE_METAL,)

_SEAMS = (MapKind.ALBEDO, MapKind.ROUGHNESS, MapKind.AO, MapKind.HEIGHT)


def score(
    legacy: Legacy,
    truth: Maps,
    made: Prediction,
    roughness: Mapping[str, float],
    perceptual: Sequence[Metric] = (),
    side: int | None = None,
    tiles: bool = True,
) -> Scored:
    """All scores of one converted set against its truth.

    truth: maps (H, W, C) of the size of `legacy`. roughness: best constants by category, see `ELSEWHERE`.
    perceptual: more metrics of albedo, of two (H, W, 3) sRGB arrays. side: what is compared, ours, truth and
    baselines alike, is reduced to this longest side, texels, and neither seams nor slopes are scored: saved predictions
    have a compression that changes both. tiles: whether the truth can tile; where it cannot there is no seam to judge.
    """
    baselines = baselines_of(legacy, made.wrap, roughness)
    maps = made.maps
    if side is not None:
        truth, maps = reduced(truth, side), reduced(maps, side)
        height, width = truth[MapKind.ALBEDO].shape[:2]
        baselines = {
            kind: {name: at_size({kind: image}, height, width)[kind] for name, image in named.items()}
            for kind, named in baselines.items()
        }
    scores = []
    for kind, metrics in _METRICS.items():
        if kind not in truth:
            continue
        left = _OFF_METAL if has_metal(truth[kind]) else _ON_METAL
        left = left if side is None else (*left, _GRADIENT)
        for metric in (*metrics, *(perceptual if spec(kind).colour == "srgb" else ())):
            if metric not in left:
                scores.append(_compare(kind, metric, maps[kind], truth[kind], baselines[kind]))
        if kind in _SEAMS and tiles and any(made.wrap) and side is None:
            scores.append(_seam(kind, made.wrap, legacy.diffuse, maps[kind], truth[kind]))
    if all(kind in truth for kind in NEEDED):
        rules = {kind: next(iter(named.values())) for kind, named in baselines.items()}
        relit, ruled = relight_rmse(maps, truth), relight_rmse(rules, truth)
        scores.append(Score("all", "relight_rmse", "lower", relit, {"rules": ruled}))
    metal, tables = _metal(maps, truth, baselines), _reliability(legacy.category, made, maps, truth)
    return Scored(legacy.id, legacy.category, legacy.style, tuple(scores), made.confidence, metal, tables)


def _compare(
    kind: MapKind, metric: Metric, ours: np.ndarray, truth: np.ndarray, baselines: Mapping[str, np.ndarray]
) -> Score:
    exact = truth.astype(np.float64)
    values = {name: float(metric.fn(image.astype(np.float64), exact)) for name, image in baselines.items()}
    return Score(
        kind.value, metric.name, metric.better, float(metric.fn(ours.astype(np.float64), exact)), values
    )


def _seam(kind: MapKind, wrap: Wrap, diffuse: np.ndarray, ours: np.ndarray, truth: np.ndarray) -> Score:
    """Visibility of the border, held against the truth's own, and for a colour the painted one's."""
    images = {"truth": truth} | ({"diffuse": diffuse} if spec(kind).colour == "srgb" else {})
    baselines = {name: seam_ratio(image, wrap) for name, image in images.items()}
    return Score(kind.value, "seam_ratio", "lower", seam_ratio(ours, wrap), baselines)


def _metal(maps: Maps, truth: Maps, baselines: Baselines) -> dict[str, Confusion]:
    """The counts of metal pixels, ours and each baseline's."""
    if MapKind.METALLIC not in truth:
        return {}
    given = {OURS: maps[MapKind.METALLIC]} | baselines[MapKind.METALLIC]
    return {name: confusion(image, truth[MapKind.METALLIC]) for name, image in given.items()}


def _reliability(category: str, made: Prediction, maps: Maps, truth: Maps) -> dict[str, Table]:
    """Reliability tables: of the metal mask by pixel, of the classes by label.

    Each table holds 1 in all, so that every painting counts alike.
    """
    tables = {}
    if MapKind.METALLIC in truth:
        mask = truth[MapKind.METALLIC] > METAL_THRESHOLD
        tables[MapKind.METALLIC_MASK.value] = reliability(maps[MapKind.METALLIC_MASK], mask)
    label = class_of(category)
    if made.classes and label is not None:
        names = list(made.classes)
        probabilities = np.array([made.classes[name] for name in names])
        tables["classes"] = reliability(probabilities, np.array([name == label for name in names]))
    return {
        name: tuple(tuple(row) for row in (table / table[:, 0].sum()).round(8).tolist())
        for name, table in tables.items()
    }

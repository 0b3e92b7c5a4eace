"""Ground truth, painted as a game would have shipped it, converted as users do, compared to truth and floors.

`data.sources` lists → `data.truth` reads → `measure.painter` paints → `convert` → scores → `measure.figures`.
"""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import numpy as np

from unbake.convert.convert import Inputs, convert_set
from unbake.convert.floors import ROUGHNESS, rule_based
from unbake.convert.predict import Predictor
from unbake.data.sources import MaterialSource, list_materials
from unbake.data.truth import at_size, read_material
from unbake.domain.maps import METAL_THRESHOLD, MapKind, spec
from unbake.errors import UnbakeError, UsageError
from unbake.image.colour import luminance, srgb_to_linear
from unbake.image.files import read_picture
from unbake.image.geometry import geometry_channels
from unbake.image.tiling import tileable_axes
from unbake.measure.figures import Evaluation, Score, Scored, gather
from unbake.measure.painter import Legacy, paint_legacy
from unbake.metrics.mask import F1, FALSE_METAL, IOU, has_metal
from unbake.metrics.pixel import L1, RMSE, SHAPE_RMSE, Metric, ssim
from unbake.metrics.relight import NEEDED, relight_rmse
from unbake.metrics.seam import seam_ratio

Maps = dict[MapKind, np.ndarray]
Convert = Callable[[Legacy], Maps]
"""A legacy set → the maps it became, all of its size."""

ELSEWHERE = "*"
"""Key of the constant for categories that the other data does not have."""

_SSIM = Metric("ssim", "higher", lambda pred, truth: ssim(pred, truth, (0, 1)))
_MAE = Metric("mae", L1.better, L1.fn)
_METRICS: dict[MapKind, tuple[Metric, ...]] = {
    MapKind.ALBEDO: (RMSE, _MAE, _SSIM),
    MapKind.ROUGHNESS: (RMSE, _MAE),
    MapKind.METALLIC: (F1, IOU, FALSE_METAL, RMSE),
    MapKind.AO: (_MAE, RMSE),
    MapKind.HEIGHT: (SHAPE_RMSE,),
}
_ON_METAL, _OFF_METAL = (F1, IOU), (FALSE_METAL,)


def evaluate(
    folder: Path,
    convert: Convert,
    *,
    ids: Collection[str] | None = None,
    size: int = 512,
    roughness: Mapping[str, float] | None = None,
    perceptual: Metric | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Every figure of SPEC 6, Q1, on a folder of ground truth.

    folder: MatSynth's layout. convert: `converting(predictor)`, or anything else to be measured.
    ids: which materials ("<category>/<name>"), None for all. size: longest side, texels; larger materials
    are reduced first. roughness: best constants by category from `fit_roughness` on OTHER materials, with
    `ELSEWHERE` for the rest. perceptual: one more metric of albedo, of two (H, W, 3) sRGB arrays.
    Only truth that was given counts. A material that cannot be read is left out with its reason.
    Errors: UsageError when the folder has none of the materials asked for.
    """
    sources = [s for s in list_materials(folder) if ids is None or s.id in ids]
    if not sources:
        raise UsageError(
            f"Expected some of the {len(ids or ())} materials asked for in {folder}, found none; "
            "check the names (<category>/<name>)."
        )
    scored, left_out = [], []
    for done, source in enumerate(sources, 1):
        try:
            known = read_material(source)
            truth = reduced({kind: known[kind] for kind in known if kind not in source.derived}, size)
        except UnbakeError as error:
            left_out.append(f"{source.id}: {error}")
        else:
            legacy = paint_legacy(source.id, source.category, truth)
            scored.append(score(legacy, truth, convert(legacy), roughness or {}, perceptual))
        if on_progress:
            on_progress(done, len(sources))
    return gather(scored, left_out)


def converting(predictor: Predictor | None) -> Convert:
    """The path users run, from decoded pixels on; None converts by rules alone."""

    def convert(legacy: Legacy) -> Maps:
        maps = {MapKind.DIFFUSE: legacy.diffuse, MapKind.NORMAL: legacy.normal}
        if legacy.specular is not None:
            maps[MapKind.SPECULAR] = legacy.specular
        return dict(convert_set(Inputs(maps, None, tileable_axes(legacy.diffuse)), predictor).maps)

    return convert


def score(
    legacy: Legacy,
    truth: Maps,
    maps: Maps,
    roughness: Mapping[str, float],
    perceptual: Metric | None = None,
) -> Scored:
    """All scores of one converted set against its truth, maps (H, W, C) of one size."""
    wrap = tileable_axes(legacy.diffuse)
    rules = rule_based({MapKind.DIFFUSE: legacy.diffuse} | geometry_channels(legacy.normal, wrap))
    floors = _floors(legacy, rules, roughness)
    scores = []
    for kind, metrics in _METRICS.items():
        if kind not in truth:
            continue
        extra = (perceptual,) if perceptual is not None and spec(kind).colour == "srgb" else ()
        left = _OFF_METAL if has_metal(truth[kind]) else _ON_METAL
        for metric in (*metrics, *extra):
            if metric not in left:
                scores.append(_compare(kind, metric, maps[kind], truth[kind], floors[kind]))
    if all(kind in truth for kind in NEEDED):
        relit, ruled = relight_rmse(maps, truth), relight_rmse(rules, truth)
        scores.append(Score("all", "relight_rmse", "lower", relit, {"rules": ruled}))
    if any(wrap):
        seams = {
            name: seam_ratio(image, wrap)
            for name, image in (("diffuse", legacy.diffuse), ("truth", truth[MapKind.ALBEDO]))
        }
        ours = seam_ratio(maps[MapKind.ALBEDO], wrap)
        scores.append(Score(MapKind.ALBEDO.value, "seam_ratio", "lower", ours, seams))
    return Scored(legacy.id, legacy.category, legacy.style, tuple(scores))


def fit_roughness(folder: Path, ids: Collection[str]) -> dict[str, float]:
    """The best constant roughness (in squared error) of each category, and of all under `ELSEWHERE`.

    ids: materials other than those evaluated, each of which counts alike.
    """
    sources = [s for s in list_materials(folder) if s.id in ids and MapKind.ROUGHNESS in s.paths]
    means: dict[str, list[float]] = {}
    for source in sources:
        try:
            mean = _mean_roughness(source)
        except UnbakeError:
            continue  # `evaluate` says why such a material is left out
        for key in (source.category, ELSEWHERE):
            means.setdefault(key, []).append(mean)
    return {key: float(np.mean(values)) for key, values in means.items()}


def brightness_metal(legacy: Legacy) -> np.ndarray:
    """Metal by brightness, (H, W, 1) of 0 and 1: where the specular mask, or else the diffuse, is over half."""
    painted = luminance(srgb_to_linear(legacy.diffuse))
    bright = painted if legacy.specular is None else legacy.specular
    return (bright > METAL_THRESHOLD).astype(np.float32)


def _floors(
    legacy: Legacy, rules: Maps, roughness: Mapping[str, float]
) -> dict[MapKind, dict[str, np.ndarray]]:
    constants = {f"{ROUGHNESS}": rules[MapKind.ROUGHNESS]}
    best = roughness.get(legacy.category, roughness.get(ELSEWHERE))
    if best is not None:
        constants["per class"] = np.full_like(rules[MapKind.ROUGHNESS], best)
    return {
        MapKind.ALBEDO: {"identity": rules[MapKind.ALBEDO]},
        MapKind.ROUGHNESS: constants,
        MapKind.METALLIC: {"none": rules[MapKind.METALLIC], "brightness": brightness_metal(legacy)},
        MapKind.AO: {"geometry": rules[MapKind.AO], "white": np.ones_like(rules[MapKind.AO])},
        MapKind.HEIGHT: {"FFT": rules[MapKind.HEIGHT]},
    }


def _compare(
    kind: MapKind, metric: Metric, ours: np.ndarray, truth: np.ndarray, floors: Mapping[str, np.ndarray]
) -> Score:
    exact = truth.astype(np.float64)
    values = {name: float(metric.fn(image.astype(np.float64), exact)) for name, image in floors.items()}
    return Score(
        kind.value, metric.name, metric.better, float(metric.fn(ours.astype(np.float64), exact)), values
    )


def _mean_roughness(source: MaterialSource) -> float:
    return float(read_picture(source.paths[MapKind.ROUGHNESS]).unit()[..., 0].mean())


def reduced(truth: Maps, size: int) -> Maps:
    """The maps with their longest side at most `size` texels."""
    height, width = truth[MapKind.ALBEDO].shape[:2]
    scale = min(1.0, size / max(height, width))
    return at_size(truth, max(4, round(height * scale)), max(4, round(width * scale)))

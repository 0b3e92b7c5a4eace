"""Runs an evaluation: ground truth is painted, converted as users do, and compared to truth and baselines.

`data.sources` lists → `data.truth` reads → `painter` paints → `conversion` → `scores` → `gather`.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from unbake.data.parallel import in_processes
from unbake.data.sources import MaterialSource, list_materials
from unbake.data.truth import read_material
from unbake.domain.maps import MapKind
from unbake.errors import UnbakeError, UsageError
from unbake.evaluate.baselines import ELSEWHERE
from unbake.evaluate.conversion import Convert, Maps
from unbake.evaluate.figures import Evaluation, Scored
from unbake.evaluate.gather import gather
from unbake.evaluate.painter import PAINTERS, STYLES_EACH, paint_legacy, styles_of
from unbake.evaluate.scores import score
from unbake.image.files import read_picture
from unbake.image.resample import reduced
from unbake.metrics.pixel import Metric

SIZE = 512
"""Longest side of a measured material, texels."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Settings of a measurement.

    size: longest side, texels; larger materials are reduced first. styles: paintings of each material, the first
    of `painter.styles_of`. side: what is compared is reduced to this longest side, None leaves it. perceptual:
    more metrics of albedo.
    """

    size: int = SIZE
    styles: int = STYLES_EACH
    side: int | None = None
    perceptual: tuple[Metric, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """One material, what converts its paintings, and the best constant roughness by category on OTHER materials."""

    source: MaterialSource
    convert: Convert
    roughness: Mapping[str, float] = field(default_factory=dict)


def evaluate(
    folder: Path,
    convert: Convert,
    *,
    ids: Collection[str] | None = None,
    setting: Setting = Setting(),
    roughness: Mapping[str, float] | None = None,
    workers: int = 1,
    on_progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Every figure of SPEC 6, Q1, on a folder of ground truth.

    folder: MatSynth's layout. convert: `conversion.bundle(model)`, or anything else to be measured.
    ids: which materials ("<category>/<name>"), None for all. roughness: best constants by category from
    `fit_roughness` on OTHER materials, with `ELSEWHERE` for the rest. workers: processes; with more than one
    `convert` must be picklable. Only truth that was given counts. A material that cannot be read is left out
    with its reason. Errors: UsageError when the folder has none of the materials asked for.
    """
    sources = [s for s in list_materials(folder) if ids is None or s.id in ids]
    if not sources:
        raise UsageError(
            f"Expected some of the {len(ids or ())} materials asked for in {folder}, found none; "
            "check the names (<category>/<name>)."
        )
    return measure(
        [Job(source, convert, roughness or {}) for source in sources], setting, workers, on_progress
    )


def measure(
    jobs: Sequence[Job],
    setting: Setting,
    workers: int = 1,
    on_progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """The figures of these materials, in any number of processes; the order of `jobs` does not matter."""
    scored: list[Scored] = []
    left_out: list[str] = []
    for done, (_, result) in enumerate(in_processes(partial(examine, setting), jobs, workers), 1):
        if isinstance(result, str):
            left_out.append(result)
        else:
            scored += result
        if on_progress:
            on_progress(done, len(jobs))
    order = {style: place for place, style in enumerate(PAINTERS)}
    return gather(sorted(scored, key=lambda row: (row.id, order[row.style])), sorted(left_out))


def examine(setting: Setting, job: Job) -> list[Scored] | str:
    """The scores of a material's paintings, or why there are none."""
    try:
        truth = truth_of(job.source, setting.size)
    except UnbakeError as error:
        return f"{job.source.id}: {error}"
    tiles = job.source.tileable is not False
    scored = []
    for style in styles_of(job.source.id, setting.styles):
        legacy = paint_legacy(job.source.id, job.source.category, truth, style)
        made = job.convert(legacy)
        scored.append(score(legacy, truth, made, job.roughness, setting.perceptual, setting.side, tiles))
    return scored


def truth_of(source: MaterialSource, size: int) -> Maps:
    """The maps of a material that somebody made or measured, reduced to a longest side of `size` texels."""
    known = read_material(source)
    return reduced({kind: known[kind] for kind in known if kind not in source.derived}, size)


def fit_roughness(sources: Iterable[MaterialSource]) -> dict[str, float]:
    """The best constant roughness (in squared error) of each category, and of all under `ELSEWHERE`.

    sources: materials other than those evaluated, each of which counts alike.
    """
    means: dict[str, list[float]] = {}
    for source in sources:
        if MapKind.ROUGHNESS not in source.paths:
            continue
        try:
            mean = _mean_roughness(source)
        except UnbakeError:
            continue  # `examine` says why such a material is left out
        for key in (source.category, ELSEWHERE):
            means.setdefault(key, []).append(mean)
    return {key: float(np.mean(values)) for key, values in means.items()}


def _mean_roughness(source: MaterialSource) -> float:
    return float(read_picture(source.paths[MapKind.ROUGHNESS]).unit()[..., 0].mean())

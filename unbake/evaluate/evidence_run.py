"""Runs `unbake eval --evidence`: materials become mods of declared darkness, are converted with and without evidence.

`unseen` chooses → `declared` paints → `mods` lays out → conversion as users run it → `evidence_scores` →
`evidence_figures`. The networks run three times for each painting, without its mod's level and at the one estimated
with and without names; masks, names and a person's words are only applied to what they gave.
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Final

import numpy as np

from unbake.convert.apply_evidence import apply_evidence
from unbake.convert.baselines import ROUGHNESS
from unbake.convert.convert import Converted, convert_set
from unbake.convert.inputs import Inputs, load_inputs
from unbake.convert.predict import Predictor, load_predictor
from unbake.data.parallel import in_processes
from unbake.data.sources import MaterialSource
from unbake.domain.hints import Hint
from unbake.domain.maps import OUTPUTS, MapKind
from unbake.errors import UsageError
from unbake.evaluate.baselines import ELSEWHERE
from unbake.evaluate.conversion import Bundle
from unbake.evaluate.declared import is_shiny, metal_share
from unbake.evaluate.evidence_scores import (
    BOTH,
    FINISH,
    MASKS,
    NAMES,
    NONE,
    OFF,
    PERSON,
    RULES,
    Made,
    Record,
    values_of,
)  # fmt: skip
from unbake.evaluate.mods import Layout, Mod, Painting, lay_out, read_mods
from unbake.evaluate.run import truth_of
from unbake.evaluate.simulated import finish_word, metal_word
from unbake.evidence.evidence import Evidence, gather
from unbake.evidence.names import name_evidence
from unbake.image.arrays import CodedMaps, Maps
from unbake.image.resample import reduced

SIZE: Final = 256
"""Longest side of a material, texels."""

MATERIALS: Final = 60
"""Materials that are drawn where nothing else is asked for."""

_FEW = 8


@dataclass(frozen=True, slots=True)
class EvidenceSetting:
    """How evidence is measured.

    size: longest side, texels. at_most: materials drawn. seed: of all that is drawn. traced: the cache of path-traced
    light to paint with, None for the declared painter's own.
    """

    size: int = SIZE
    at_most: int = MATERIALS
    seed: int = 0
    traced: Path | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """One material and what converts it. constant: the roughness that "diffuse + constants" gives everything."""

    source: MaterialSource
    model: Bundle | None
    constant: float = ROUGHNESS


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured: records of paintings, the estimated levels by mod, materials left out with the reason."""

    records: tuple[Record, ...]
    levels: dict[str, dict[str, float]]
    left_out: tuple[str, ...]


def drawn(sources: Sequence[MaterialSource], at_most: int, seed: int) -> list[MaterialSource]:
    """At most so many of the materials, drawn by seed, in the order of their ids."""
    ordered = sorted(sources, key=lambda source: source.id)
    order = np.random.default_rng(seed).permutation(len(ordered))[:at_most]
    return [ordered[place] for place in sorted(order)]


def measure_evidence(
    subjects: Sequence[Subject],
    setting: EvidenceSetting,
    workers: int = 1,
    on_progress: Callable[[int, int], None] | None = None,
) -> Measured:
    """The scores of all paintings of these materials. Errors: UsageError where none can be read."""
    tell = on_progress or (lambda done, of: None)
    with tempfile.TemporaryDirectory() as folder:
        layout = Layout(Path(folder), setting.size, setting.seed, setting.traced)
        numbered = [(number, subject.source) for number, subject in enumerate(subjects)]
        paintings: dict[int, list[Painting]] = {}
        left_out = []
        for done, ((number, _), result) in enumerate(
            in_processes(partial(lay_out, layout), numbered, workers), 1
        ):
            if isinstance(result, str):
                left_out.append(result)
            else:
                paintings[number] = result
            tell(done, 2 * len(subjects))
        if not paintings:
            raise UsageError(
                f"Expected materials that can be read, got {len(left_out)} that cannot ({left_out[0]}); mend them."
            )
        mods = read_mods(layout, sorted(paintings))
        jobs = [_job(subjects[number], paintings[number], mods) for number in sorted(paintings)]
        records: list[Record] = []
        for done, (_, scored) in enumerate(in_processes(partial(examine_subject, setting), jobs, workers), 1):
            records += scored
            tell(len(subjects) + done, len(subjects) + len(jobs))
    places = {subject.source.id: place for place, subject in enumerate(subjects)}
    ordered = sorted(records, key=lambda record: places[record.id])
    return Measured(tuple(ordered), _levels(mods, paintings), tuple(sorted(left_out)))


@dataclass(frozen=True, slots=True)
class _Job:
    subject: Subject
    paintings: list[Painting]
    mods: dict[str, Mod]


def _job(subject: Subject, paintings: list[Painting], mods: dict[str, Mod]) -> _Job:
    """A material's paintings with its own sets of each mod alone."""

    def only(mod: Mod, number: int) -> Mod:
        return replace(mod, neutral={number: mod.neutral[number]}, named={number: mod.named[number]})

    return _Job(subject, paintings, {p.darkness: only(mods[p.darkness], p.number) for p in paintings})


def _levels(mods: dict[str, Mod], paintings: dict[int, list[Painting]]) -> dict[str, dict[str, float]]:
    """Estimated and declared levels of each mod; the declared are geometric means over its sets."""
    table = {}
    for name, mod in mods.items():
        told = [painting for ones in paintings.values() for painting in ones if painting.darkness == name]
        table[name] = {
            "declared": float(np.exp(np.mean(np.log([painting.rest for painting in told])))),
            "names off": mod.level.gain,
            "names": mod.named_level.gain,
            "declared, metal": float(np.exp(np.mean(np.log([painting.metal for painting in told])))),
            "names off, metal": mod.level.gain * mod.level.metal_gain,
            "names, metal": mod.named_level.gain * mod.named_level.metal_gain,
        }
    return table


def examine_subject(setting: EvidenceSetting, job: _Job) -> list[Record]:
    """The records of a material's paintings."""
    source = job.subject.source
    truth = truth_of(source, setting.size)
    predictor = None if job.subject.model is None else _predictor(job.subject.model)
    records = []
    for painting in job.paintings:
        mod = job.mods[painting.darkness]
        made = convert_painting(mod, painting.number, truth, predictor, job.subject.constant)
        rough = truth.get(MapKind.ROUGHNESS)
        records.append(
            Record(
                id=source.id,
                category=source.category,
                darkness=painting.darkness,
                alpha=painting.alpha,
                companion=painting.companion,
                metal=metal_share(truth),
                shiny=is_shiny(truth),
                tiles=source.tileable is not False,
                clipped=painting.clipped,
                roughness=(np.nan, np.nan)
                if rough is None
                else (float(rough.mean()), float((rough**2).mean())),
                values=values_of(made, truth),
            )
        )
    return records


def convert_painting(
    mod: Mod, number: int, truth: Maps, predictor: Predictor | None, constant: float = ROUGHNESS
) -> Made:
    """A painting's maps in every variant, as `unbake convert` makes them of its files."""
    inputs = load_inputs(mod.neutral[number])
    bare = replace(inputs, cue=None)
    level = mod.level
    plain = convert_set(bare, predictor)
    ruled = plain if predictor is None else convert_set(inputs, None, level=level)
    levelled = convert_set(bare, predictor, level=level)
    named_level = convert_set(bare, predictor, level=mod.named_level)
    unnamed = gather(None, Hint(), level)
    named = gather(name_evidence(mod.named[number].texture), Hint(), mod.named_level)
    applied = {
        OFF: _applied(levelled, bare, unnamed, predictor),
        MASKS: _applied(levelled, inputs, unnamed, predictor),
        NAMES: _applied(named_level, bare, named, predictor),
        BOTH: _applied(named_level, inputs, named, predictor),
        RULES: _applied(ruled, inputs, unnamed, None),
    }
    share = metal_share(truth)
    word = Hint() if share is None else Hint(metal=metal_word(share))
    finish = Hint(finish=finish_word(truth)) if MapKind.ROUGHNESS in truth else Hint()
    applied[PERSON] = _applied(levelled, bare, gather(None, word, level), predictor)
    applied[FINISH] = _applied(levelled, bare, gather(None, finish, level), predictor)
    size = truth[MapKind.ALBEDO].shape[:2]
    logits = levelled.metal_logits
    return Made(
        diffuse=inputs.maps[MapKind.DIFFUSE],
        maps={name: _outputs(made.maps, size) for name, made in ({NONE: plain} | applied).items()},
        ao=ruled.maps[MapKind.AO],
        height=ruled.maps[MapKind.HEIGHT],
        cue=inputs.cue,
        level=level,
        presence=0.0 if logits is None else float(np.quantile(logits, 0.9)),
        constant=constant,
    )


def _applied(made: Converted, inputs: Inputs, evidence: Evidence, predictor: Predictor | None) -> Converted:
    by_rule = predictor is None or predictor.card.level_albedo == "baseline"
    return apply_evidence(made, inputs, evidence, by_rule=by_rule)


def _outputs(maps: CodedMaps, size: tuple[int, int]) -> Maps:
    """The six outputs as floats, of the truth's size."""
    made = {kind: maps[kind] for kind in OUTPUTS}
    return made if maps.size == size else reduced(made, max(size))


def roughness_constant(constants: Mapping[str, float]) -> float:
    """The one constant of "diffuse + constants": the best of all materials a model was trained on, if its card says."""
    return constants.get(ELSEWHERE, ROUGHNESS)


@lru_cache(maxsize=_FEW)
def _predictor(of: Bundle) -> Predictor | None:
    return load_predictor(of.folder, of.threads)

"""Makes a release of trained checkpoints: ONNX, safetensors, and cards with figures on held-out materials."""

import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from unbake.data.sources import MaterialSource
from unbake.domain import card as cards
from unbake.domain.card import CARD, FORMAT, Card, Credit, Use, encode_card
from unbake.domain.maps import MAPS_HEADS, OUTPUTS, MapKind
from unbake.domain.materials import CLASSES
from unbake.evaluate.calibrate import HEAD_WEIGHT, METAL_SHIFT, METAL_WEIGHTS, PRESENCE_WEIGHT, calibrate
from unbake.evaluate.conversion import bundle
from unbake.evaluate.figures import HEADLINES, Evaluation, Row, as_dict, rows_from
from unbake.evaluate.held_out import HeldOut, held_out
from unbake.evaluate.merge_heads import load_merged, merge_heads
from unbake.evaluate.model_card import model_card
from unbake.evaluate.painter import PAINTER_VERSION, STYLES_EACH
from unbake.evaluate.run import Setting, evaluate, fit_roughness
from unbake.export.bundle import export_onnx, shrink
from unbake.export.graph import keep, slim
from unbake.files import check_writable, write_atomic
from unbake.image.files import read_bytes
from unbake.image.geometry import GEOMETRY_VERSION
from unbake.models.network import Networks, receptive_field
from unbake.models.weights import save_weights
from unbake.project import Project
from unbake.train.lineage import Lineage, ancestry

DECIDES: dict[MapKind, tuple[MapKind, ...]] = {
    MapKind.ALBEDO: (MapKind.ALBEDO,),
    MapKind.ROUGHNESS: (MapKind.ROUGHNESS,),
    MapKind.METALLIC: (MapKind.METALLIC, MapKind.METALLIC_MASK),
    MapKind.AO: (MapKind.AO,),
    MapKind.HEIGHT: (MapKind.HEIGHT,),
}
"""For each measured map the outputs that its headline decides between network and rule."""

THRESHOLD = 0.3
"""Calibrated probability from which a texel may be metal, if UNet-Maps says so, too. From 0.1 to 0.4 it hardly changes
the metallic map of materials no network saw (docs/LAB.md), and a dozen validation materials would fit any of it."""

WORTH = 0.98
"""A network is used from this share of its rule's error on: a rule takes next to no time, and errs alike everywhere."""

SURELY = MapKind.AO, MapKind.HEIGHT
"""Maps whose rule reads the normal map, as their network does: it must be beaten for sure, by the whole interval."""

WEIGHTS = "model.safetensors"
MODEL_CARD = "MODEL_CARD.md"


def release(
    project: Project,
    out: Path,
    checkpoint: str | None = None,
    *,
    setting: Setting = Setting(),  # noqa: B008  (frozen)
    at_most: int | None = None,
    folds: Path | None = None,
    workers: int = 1,
    on_progress: Callable[[str, int, int], None] = lambda name, done, total: None,
) -> Evaluation:
    """Write a model to `out` and measure it; returns the figures on the held-out materials.

    checkpoint: the name of one to release as it is, a best one or a run's last; None merges the six heads with the
    checkpoint they were trained on. The materials are the project's, split as `held_out` says. On the validation
    materials the probabilities of the classes and the roughness are calibrated.
    The figures that count are those of the held-out sources, or the held-out fold, the networks used for every map;
    where nothing is held out the card has none, and the validation figures are returned. A map whose network does
    not beat the rule on validation is left to the rule (`use` in the card), except in the model of a fold, which is
    made to be measured on that fold.
    at_most: materials of each split that are measured, see `spread_over`, None for all; all calibrate. folds: the
    JSON of `unbake eval --folds`, whose figures then go into the card and decide instead. workers: processes that
    measure.
    UNet-Maps' file has the heads that the card uses.
    `out` gets four ONNX files, model.safetensors, card.json and MODEL_CARD.md, and only when all is measured.
    Errors: TrainingError for a missing or unfit checkpoint, UsageError where there is nothing to measure on.
    """
    if out.exists():
        check_writable(out)  # before hours of measuring
    networks, lineage = load_merged(project.checkpoint(checkpoint)) if checkpoint else merge_heads(project)
    materials = held_out(project, ancestry(lineage))
    crossed = _cross_validated(folds)
    check_writable(out)
    with tempfile.TemporaryDirectory(dir=out, prefix=".making-") as folder:
        making = Path(folder)
        files = export_onnx(networks, making)
        for path in files.values():
            slim(path)
            shrink(path)
        save_weights(making / WEIGHTS, networks, lineage.as_metadata())
        measure = partial(_evaluated, materials.folder, making, setting, workers, at_most, on_progress)
        card, evaluation = _measured(making, networks, materials, setting.size, measure, on_progress)
        if crossed is not None:
            figures = card.figures | {"folds": msgspec.to_builtins(crossed)}
            card = replace(card, use=use_of(crossed), figures=figures)
        elif materials.fold is not None:
            card = replace(card, use=dict.fromkeys(OUTPUTS, "network"))
        card = replace(card, **_origin(networks, lineage, materials, setting))
        _write_card(making, card)
        keep(files["unet_maps"], heads_of(card))
        command = _command(checkpoint, setting, at_most, folds)
        write_atomic(making / MODEL_CARD, model_card(msgspec.to_builtins(card), evaluation, command).encode())
        for path in sorted(making.iterdir()):
            path.replace(out / path.name)
    return evaluation


def _command(checkpoint: str | None, setting: Setting, at_most: int | None, folds: Path | None) -> str:
    """The command that makes a release again, on one's own paths."""
    words = ["unbake release OUT --root ROOT"]
    words += [f"--checkpoint {checkpoint}"] if checkpoint else []
    words += ["--folds FILE"] if folds else []
    words += [f"--styles {setting.styles}"] if setting.styles != STYLES_EACH else []
    words += [f"--at-most {at_most}"] if at_most else []
    return " ".join(words)


def _origin(networks: Networks, lineage: Lineage, materials: HeldOut, setting: Setting) -> dict[str, Any]:
    """The entries of a card that say what a model is, was made from and was measured on."""
    return {
        "parameters": sum(parameter.numel() for parameter in networks.parameters()),
        "measured_on": "procedural materials" if materials.procedural else "materials",
        "held_out": cards.HeldOut(
            fold=materials.fold,
            sources=materials.sources,
            materials=tuple(sorted(materials.groups["test"])),
            px=setting.size,
            painter=PAINTER_VERSION,
            styles=setting.styles,
        ),
        "provenance": lineage.as_metadata(),
        "data": credits(materials.learnt),
    }


def _cross_validated(folds: Path | None) -> tuple[Row, ...] | None:
    """The rows of a cross-validation; UsageError where the file is no evaluation's."""
    if folds is None:
        return None
    try:
        figures = msgspec.json.decode(read_bytes(folds), type=dict[str, Any])
    except msgspec.DecodeError:
        figures = {}
    return rows_from(figures.get("rows"))


Measure = Callable[[str, set[str], dict[str, float]], Evaluation]


def _evaluated(
    materials: Path,
    making: Path,
    setting: Setting,
    workers: int,
    at_most: int | None,
    on_progress: Callable[[str, int, int], None],
    name: str,
    ids: set[str],
    roughness: dict[str, float],
) -> Evaluation:
    """The figures of the model in `making` on a group of materials, or on `at_most` of it."""
    return evaluate(
        materials,
        bundle(making, workers),
        ids=spread_over(ids, at_most),
        setting=setting,
        roughness=roughness,
        workers=workers,
        on_progress=partial(on_progress, name),
    )


def spread_over(ids: Collection[str], at_most: int | None) -> set[str]:
    """At most so many of the materials "<category>/<name>", None for all, in even steps over all categories.

    >>> sorted(spread_over({"metal/a", "metal/b", "stone/c", "wood/d"}, 2))
    ['metal/a', 'stone/c']
    """
    ordered = sorted(ids)
    count = min(len(ordered), at_most or len(ordered))
    return {ordered[place * len(ordered) // count] for place in range(count)}


def _measured(
    making: Path,
    networks: Networks,
    materials: HeldOut,
    size: int,
    evaluated: Measure,
    on_progress: Callable[[str, int, int], None],
) -> tuple[Card, Evaluation]:
    """The card of the exported networks in `making`, with its decisions and figures, and the figures to show."""
    card = Card(
        format=FORMAT,
        size=networks.config.name,
        stride=networks.config.stride,
        halo=receptive_field(networks.config) // 2,
        segformer_px=networks.config.segformer_px,
        geometry_version=GEOMETRY_VERSION,
        classes=CLASSES,
        mask_threshold=THRESHOLD,
        mask_softness=0.2,
        metal_weights=METAL_WEIGHTS,
        presence_weight=PRESENCE_WEIGHT,
        head_weight=HEAD_WEIGHT,
        mask_calibration=(1.0, METAL_SHIFT),
        level_albedo="network",
        use=dict.fromkeys(OUTPUTS, "network"),
    )
    roughness = fit_roughness(materials.of("train"))
    _write_card(making, card)
    calibrations = calibrate(making, materials.of("val"), size, partial(on_progress, "calibration"))
    card = replace(card, **calibrations, roughness_constants=roughness)
    _write_card(making, card)
    groups = materials.groups
    validation = evaluated("val", groups["val"], roughness)
    test = evaluated("test", groups["test"], roughness) if groups["test"] else None
    figures = {"held_out": _rows(test) if test else [], "validation": _rows(validation)}
    card = replace(
        card, use=use_of(validation.rows), figures=figures
    )  # the figures that count decide nothing
    return card, test or validation


def use_of(rows: Sequence[Row]) -> dict[MapKind, Use]:
    """The outputs that the converter takes from the networks: those that beat the rule's (the first baseline) by WORTH.

    Those of SURELY need the upper end of the ratio's interval below 1, too.
    >>> use_of([])["albedo"]
    'baseline'
    """
    use: dict[MapKind, Use] = dict.fromkeys(OUTPUTS, "baseline")
    for row in rows:
        for measured, outputs in DECIDES.items():
            if (row.map, row.metric) != (measured.value, HEADLINES[measured.value]):
                continue
            rule = row.baselines[0]
            sure = measured not in SURELY or rule.interval[1] < 1
            if sure and row.ours < WORTH * rule.value:
                use |= dict.fromkeys(outputs, "network")
    return use


def heads_of(card: Card) -> list[str]:
    """The outputs of UNet-Maps that its file keeps: those the card uses, or one, since a file without is none."""
    used = [kind.value for kind in MAPS_HEADS if card.use[kind] == "network"]
    return used or [MAPS_HEADS[0].value]


def credits(sources: Iterable[MaterialSource]) -> tuple[Credit, ...]:
    """The training data by source: licence and number of materials, most first."""
    counts = Counter((s.source, s.licence) for s in sources)
    return tuple(
        Credit(source=source, licence=licence, materials=n)
        for (source, licence), n in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    )


def _rows(evaluation: Evaluation) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = as_dict(evaluation)["rows"]
    return rows


def _write_card(folder: Path, card: Card) -> None:
    write_atomic(folder / CARD, encode_card(card))

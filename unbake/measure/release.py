"""What was trained becomes a model: ONNX, safetensors, and cards with what was measured on materials held apart."""

import json
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from unbake.convert.predict import CARD, FORMAT, Predictor
from unbake.data.sources import MaterialSource, list_materials
from unbake.data.split import split
from unbake.data.truth import read_material
from unbake.domain.maps import OUTPUTS, MapKind
from unbake.domain.materials import CLASSES
from unbake.errors import UnbakeError, UsageError
from unbake.export.bundle import export_onnx, halve
from unbake.image.files import write_atomic
from unbake.image.geometry import GEOMETRY_VERSION
from unbake.image.tiling import tileable_axes
from unbake.measure.evaluate import converting, evaluate, fit_roughness, reduced
from unbake.measure.figures import Evaluation, as_dict
from unbake.measure.joined import join_heads, lineage, load_single
from unbake.measure.model_card import model_card
from unbake.measure.painter import paint_legacy
from unbake.metrics.mask import calibrate_threshold
from unbake.models.network import Networks, receptive_field
from unbake.models.weights import save_weights
from unbake.synth.library import SOURCE as PROCEDURAL
from unbake.train.phase import Project

DECIDES: dict[MapKind, tuple[str, tuple[MapKind, ...]]] = {
    MapKind.ALBEDO: ("rmse", (MapKind.ALBEDO,)),
    MapKind.ROUGHNESS: ("rmse", (MapKind.ROUGHNESS,)),
    MapKind.METALLIC: ("rmse", (MapKind.METALLIC, MapKind.METALLIC_MASK)),
    MapKind.AO: ("mae", (MapKind.AO,)),
    MapKind.HEIGHT: ("shape_rmse", (MapKind.HEIGHT,)),
}
"""For each measured map: the metric that says whether its network beats the rule, and the outputs it speaks for."""

SIZE = 512
"""Longest side of a measured material, texels."""

WEIGHTS = "model.safetensors"
MODEL_CARD = "MODEL_CARD.md"


def release(
    project: Project,
    out: Path,
    checkpoint: str | None = None,
    *,
    size: int = SIZE,
    at_most: int | None = None,
    on_progress: Callable[[str, int, int], None] | None = None,
) -> Evaluation:
    """Write a model to `out` and measure it; returns the figures on the held-out materials.

    checkpoint: the name of one to release as it is, a best one or a run's last; None joins the six heads with the
    checkpoint they were trained on. The materials are the project's; the split is made again from the recipes. On
    the validation materials the mask's threshold is calibrated. The figures that count are those of the held-out
    sources, the networks used for every map; where no source is held out the card has none, and what is returned
    are the validation figures. A map whose network does not beat the rule there is left to the rule: the card's
    `use` says so. Procedural materials are measured on only where there are no others; the card says so.
    size: longest side of a measured material, texels. at_most: materials of each split, None for all.
    `out` gets four ONNX files, model.safetensors, card.json and MODEL_CARD.md, and only when all is measured.
    Errors: TrainingError for a missing or unfit checkpoint, UsageError where there is nothing to measure on.
    """
    networks, story = load_single(project.checkpoint(checkpoint)) if checkpoint else join_heads(project)
    stories = lineage(story)
    held_out = tuple(sorted(set.intersection(*(set(one["recipe"]["data"]["held_out"]) for one in stories))))
    materials = project.materials("matsynth")
    sources = list_materials(materials)
    splits = split(sources, held_out)
    real = [s for s in sources if s.source != PROCEDURAL]
    measured = real or sources
    groups = {
        name: set(sorted(s.id for s in measured if splits[s.id] == name)[:at_most])
        for name in ("train", "val", "test")
    }
    if not groups["val"]:
        raise UsageError(
            f"Expected validation materials in {materials}, found none; give the folder the checkpoint was trained on."
        )
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix=".making-") as folder:
        making = Path(folder)
        for path in export_onnx(networks, making).values():
            halve(path)
        save_weights(making / WEIGHTS, networks, story)
        card, evaluation = _measured(making, networks, materials, measured, groups, size, on_progress)
        card["parameters"] = sum(parameter.numel() for parameter in networks.parameters())
        card["measured_on"] = "materials" if real else "procedural materials"
        card["held_out"] = {"sources": held_out, "materials": sorted(groups["test"]), "px": size}
        card["provenance"] = story
        used = [s for s in sources if splits[s.id] != "test"]
        if any(one["recipe"]["data"]["mix"]["skyrim"] > 0 for one in stories):
            used += list_materials(project.materials("skyrim"), "skyrim")
        card["data"] = credits(used)
        _write_card(making, card)
        command = "unbake release OUT --root ROOT" + (f" --checkpoint {checkpoint}" if checkpoint else "")
        write_atomic(making / MODEL_CARD, model_card(card, evaluation, command).encode())
        for path in sorted(making.iterdir()):
            path.replace(out / path.name)
    return evaluation


def _measured(
    making: Path,
    networks: Networks,
    materials: Path,
    measured: list[MaterialSource],
    groups: dict[str, set[str]],
    size: int,
    on_progress: Callable[[str, int, int], None] | None,
) -> tuple[dict[str, Any], Evaluation]:
    """The card of the exported networks in `making`, with its decisions and figures, and the figures to show."""
    card: dict[str, Any] = {
        "format": FORMAT,
        "size": networks.config.name,
        "stride": networks.config.stride,
        "halo": receptive_field(networks.config) // 2,
        "segformer_px": networks.config.segformer_px,
        "geometry_version": GEOMETRY_VERSION,
        "classes": CLASSES,
        "mask_threshold": 0.5,
        "mask_softness": 0.2,
        "use": {str(kind): "network" for kind in OUTPUTS},
    }

    roughness = fit_roughness(materials, groups["train"])

    def measure(group: str) -> Evaluation:
        _write_card(making, card)
        return evaluate(
            materials,
            converting(Predictor(making)),
            ids=groups[group],
            size=size,
            roughness=roughness,
            on_progress=lambda done, total: on_progress(group, done, total) if on_progress else None,
        )

    _write_card(making, card)
    card["mask_threshold"] = min(0.9, max(0.1, _calibrated(making, measured, groups["val"], size)))
    card["roughness_constants"] = roughness
    validation = measure("val")
    test = measure("test") if groups["test"] else None
    card["use"] = use_of(test or validation)
    card["figures"] = {"held_out": _rows(test) if test else [], "validation": _rows(validation)}
    return card, test or validation


def use_of(figures: Evaluation) -> dict[str, str]:
    """Which outputs the converter takes from the networks: those that beat the rule's (the first floor).

    >>> use_of(Evaluation((), (), ()))["albedo"]
    'floor'
    """
    use = {str(kind): "floor" for kind in OUTPUTS}
    for row in figures.rows:
        for measured, (metric, outputs) in DECIDES.items():
            if (row.map, row.metric) == (measured.value, metric) and row.ours < row.floors[0].value:
                use |= {str(kind): "network" for kind in outputs}
    return use


def credits(sources: Any) -> list[dict[str, Any]]:
    """What the weights were made from: source, licence and number of materials, most first."""
    counts = Counter((s.source, s.licence) for s in sources)
    return [
        {"source": source, "licence": licence, "materials": n}
        for (source, licence), n in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]


def _calibrated(bundle: Path, sources: list[MaterialSource], ids: set[str], size: int) -> float:
    predictor = Predictor(bundle)
    probabilities, truths = [], []
    for source in sources:
        if source.id not in ids:
            continue
        try:
            truth = read_material(source)
        except UnbakeError:
            continue  # `evaluate` says why it is left out
        if MapKind.METALLIC not in truth:
            continue
        truth = reduced(truth, size)
        legacy = paint_legacy(source.id, source.category, truth)
        wrap = tileable_axes(legacy.diffuse)
        probabilities.append(
            predictor.metal_probability(legacy.diffuse, legacy.normal, legacy.specular, wrap)
        )
        truths.append(truth[MapKind.METALLIC])
    return calibrate_threshold(probabilities, truths)


def _rows(evaluation: Evaluation) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = as_dict(evaluation)["rows"]
    return rows


def _write_card(folder: Path, card: dict[str, Any]) -> None:
    write_atomic(folder / CARD, json.dumps(card, indent=1).encode())

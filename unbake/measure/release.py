"""A checkpoint becomes a bundle: ONNX files, and a card with what was measured on materials held apart."""

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
from unbake.measure.painter import paint_legacy
from unbake.metrics.mask import calibrate_threshold
from unbake.models.network import Networks, receptive_field
from unbake.synth.library import SOURCE as PROCEDURAL
from unbake.train.checkpoint import load_networks

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


def release(
    checkpoint: Path, materials: Path, out: Path, on_progress: Callable[[str, int, int], None] | None = None
) -> Evaluation:
    """Export a checkpoint to `out` and measure it; returns the figures on the held-out materials.

    checkpoint: a .safetensors file of `train`, a best one or a run's last. materials: the folder it was trained on;
    the split is made again from its recipe. On the validation materials the mask's threshold is calibrated. The
    figures that count are those of the held-out sources, the networks used for every map; where no source is held
    out the card has none, and what is returned are the validation figures. A map whose network does not beat the
    rule there is left to the rule: the card's `use` says so. `out` changes only when all is measured.
    """
    networks, story = load_networks(checkpoint)
    held_out = tuple(story["recipe"]["data"]["held_out"])
    sources = list_materials(materials)
    splits = split(sources, held_out)
    measured = [s for s in sources if s.source != PROCEDURAL]
    groups = {name: {s.id for s in measured if splits[s.id] == name} for name in ("train", "val", "test")}
    if not groups["val"]:
        raise UsageError(
            f"Expected validation materials in {materials}, found none; give the folder the checkpoint was trained on."
        )
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix=".making-") as folder:
        making = Path(folder)
        for path in export_onnx(networks, making).values():
            halve(path)
        card, evaluation = _measured(making, networks, materials, measured, groups, on_progress)
        card["held_out"] = {"sources": held_out, "materials": sorted(groups["test"]), "px": SIZE}
        card["provenance"] = story
        card["data"] = credits(s for s in sources if splits[s.id] != "test")
        _write_card(making, card)
        for path in sorted(making.iterdir()):
            path.replace(out / path.name)
    return evaluation


def _measured(
    making: Path,
    networks: Networks,
    materials: Path,
    measured: list[MaterialSource],
    groups: dict[str, set[str]],
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
            size=SIZE,
            roughness=roughness,
            on_progress=lambda done, total: on_progress(group, done, total) if on_progress else None,
        )

    _write_card(making, card)
    card["mask_threshold"] = min(0.9, max(0.1, _calibrated(making, measured, groups["val"])))
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


def _calibrated(bundle: Path, sources: list[MaterialSource], ids: set[str]) -> float:
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
        truth = reduced(truth, SIZE)
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

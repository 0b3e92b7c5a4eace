"""Validation figures of one epoch: per domain and map the mean over the samples that have it, then the sum."""

import math
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Final

import torch
from torch.utils.data import DataLoader

from unbake.data.batch import Batch, collate
from unbake.data.dataset import PatchDataset
from unbake.data.on_device import decoded
from unbake.domain.maps import METAL_THRESHOLD, OUTPUTS, MapKind, spec
from unbake.domain.materials import Domain
from unbake.domain.networks import NETWORKS, network_of
from unbake.losses.total import LossWeights
from unbake.metrics.mask import IOU
from unbake.metrics.pixel import ACCURACY, metrics_of
from unbake.models.network import Networks
from unbake.report.samples import Sample
from unbake.train.parallel import Processes
from unbake.train.perceptual import Perceptual
from unbake.train.samples import SAMPLES, sample_of, spread
from unbake.train.step import forward_networks

SHORT: dict[Domain, str] = {"matsynth": "mat", "skyrim": "sky"}
"""Names of the domains in figures: "mat_val_loss", "sky/l1/albedo"."""

Row = tuple[str, float]
"""A figure of one sample: its name and value."""

_NOTHING: Final = -math.inf
"""In place of a term that has nothing to compare on a sample; no loss is negative."""


def validation_figures(
    networks: Networks,
    data: PatchDataset,
    items: Mapping[Domain, Sequence[int]],
    weights: LossWeights,
    processes: Processes,
    head: str = "",
    perceptual: Perceptual | None = None,
    stopped: Callable[[], bool] = lambda: False,
    shown: list[Sample] | None = None,
) -> dict[str, float]:
    """All figures of an epoch: "<mat|sky>_val_loss" for each domain in `items`, and its parts "<mat|sky>/...".

    items: the items of `data` that validate each domain; processes share them. head: where only one output is
    trained, its name; then "head_loss" is the loss of that map alone, over the domains there are, and only what it
    needs is run. stopped: asked before each sample; once it says so the rest is left out, and the figures are of no
    use. shown: a list that gets a few of the samples that this process runs, for people to look at. A part is the
    mean over the samples that have it, a loss the sum of its terms ("<..>/loss/...").
    """
    figures: dict[str, float] = {}
    for domain, which in items.items():
        share = list(processes.share(which))
        loader = DataLoader(data, batch_size=1, collate_fn=collate, sampler=share)
        samples = (decoded(batch, processes.device) for batch in takewhile(lambda _: not stopped(), loader))
        places = spread(len(share), SAMPLES // len(items)) if shown is not None else set()
        rows = processes.collect(measured(networks, samples, weights, head, perceptual, shown, places))
        parts = means(rows)
        short = SHORT[domain]
        figures[f"{short}_val_loss"] = sum(v for name, v in parts.items() if name.startswith("loss/"))
        figures |= {f"{short}/{name}": value for name, value in parts.items()}
    if head:
        figures["head_loss"] = sum(
            value for name, value in figures.items() if name.split("/")[1:3] == ["loss", head]
        )
    return figures


def means(rows: Iterable[Row]) -> dict[str, float]:
    """The mean of each figure over its rows.

    >>> means([("loss/ao/l1", 1.0), ("l1/ao", 3.0), ("loss/ao/l1", 2.0)])
    {'l1/ao': 3.0, 'loss/ao/l1': 1.5}
    """
    found: dict[str, list[float]] = defaultdict(list)
    for name, value in rows:
        found[name].append(value)
    return {name: sum(values) / len(values) for name, values in sorted(found.items())}


@torch.no_grad()
def measured(
    networks: Networks,
    samples: Iterable[Batch],
    weights: LossWeights,
    head: str = "",
    perceptual: Perceptual | None = None,
    shown: list[Sample] | None = None,
    places: Container[int] = (),
) -> list[Row]:
    """Rows of figures: the networks run in eval mode over batches of one sample each, a row a figure and sample.

    Rows are the loss terms ("loss/albedo/l1", ...) and plain figures by `metrics.pixel.metrics_of`: "l1/<map>",
    "ssim/<map>", ..., "iou/metallic_mask", "accuracy/classes", "<perceptual distance>/albedo"; what a sample has
    no truth for has no row. With `head` only that map's. shown: gets the samples at these places.
    """
    was_training = networks.training
    networks.eval()
    wanted = {network_of(MapKind(head))} if head else set(NETWORKS)
    name, distance = perceptual or ("none", None)
    rows: list[Row] = []
    for place, batch in enumerate(samples):
        before = len(rows)
        predicted: dict[MapKind, torch.Tensor] = {}
        outputs = forward_networks(
            networks, batch, weights, lambda _: False, wanted=wanted, distance=distance, mean=_counted
        )
        for output in outputs:
            given = {
                term: float(value) for term, value in output.terms.items() if _is_asked(term, batch, head)
            }
            terms = {term: value for term, value in given.items() if value != _NOTHING}
            rows += [(f"loss/{term}", value) for term, value in terms.items()]
            predicted |= output.maps
            for kind, prediction in output.maps.items():
                if bool(batch.present[kind][0]) and head in ("", kind):
                    rows += _figures(kind, prediction, batch.maps[kind])
                if (term := f"{kind}/perceptual") in terms:
                    rows.append((f"{name}/{kind}", terms[term] / weights.perceptual))
            if output.label_probs is not None and bool(batch.has_classes[0]) and not head:
                said = output.label_probs[:, : batch.classes.shape[1]].logit()
                figure = float(ACCURACY.fn(said, batch.classes))
                rows.append((f"{ACCURACY.name}/classes", figure))
        if shown is not None and place in places:
            shown.append(sample_of(batch, predicted, rows[before:], head))
    networks.train(was_training)
    return rows


def _counted(total: torch.Tensor, count: torch.Tensor) -> torch.Tensor:
    """sum ÷ count as training has it; _NOTHING where nothing was counted, so that it is no 0 in a mean over samples.

    A mask without metal has no Dice, a flat height no shape.
    """
    return torch.where(count > 0, total / count, _NOTHING)


def _is_asked(term: str, batch: Batch, head: str) -> bool:
    """True where a term is of the head that is trained, or of the classifier on MatSynth: the game has no labels."""
    owner = term.split("/")[0]
    return head in ("", owner) and (owner in set(OUTPUTS) or batch.domains[0] == "matsynth")


def _figures(kind: MapKind, prediction: torch.Tensor, truth: torch.Tensor) -> Iterator[Row]:
    for metric in metrics_of(kind):
        yield f"{metric.name}/{kind}", float(metric.fn(prediction.float(), truth))
    if spec(kind).binary and bool((truth > METAL_THRESHOLD).any()):
        yield f"{IOU.name}/{kind}", float(IOU.fn(prediction, truth))

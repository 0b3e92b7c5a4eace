"""Validation figures of one epoch: per map the mean over the samples that have it, then the sum."""

from collections import defaultdict
from collections.abc import Iterable

import torch

from unbake.data.dataset import Batch
from unbake.domain.maps import METAL_THRESHOLD, OUTPUTS, MapKind, spec
from unbake.losses.total import LossWeights
from unbake.metrics.mask import IOU
from unbake.metrics.pixel import ACCURACY, metrics_of
from unbake.models.network import Networks
from unbake.train.step import forward_networks


@torch.no_grad()
def validate(networks: Networks, samples: Iterable[Batch], weights: LossWeights) -> dict[str, float]:
    """Run the networks in eval mode over batches of one sample each.

    Returns "loss" (the sum over maps, and over classes where labelled, of mean loss terms), every term's mean
    ("loss/albedo/l1", ...), and plain figures by `metrics.pixel.metrics_of`: "l1/<map>", "ssim/<map>", ...,
    "iou/metallic_mask", "accuracy/classes".
    """
    was_training = networks.training
    networks.eval()
    terms: dict[str, list[float]] = defaultdict(list)
    figures: dict[str, list[float]] = defaultdict(list)
    for batch in samples:
        for output in forward_networks(networks, batch, weights, lambda _: False):
            _collect_terms(terms, output.terms, batch)
            for kind, prediction in output.maps.items():
                if bool(batch.given[kind][0]):
                    _collect_figures(figures, kind, prediction, batch.maps[kind])
            if output.class_probs is not None and bool(batch.classes_given[0]):
                figures[f"{ACCURACY.name}/classes"].append(
                    float(ACCURACY.fn(output.class_probs.logit(), batch.classes))
                )
    networks.train(was_training)
    means = {f"loss/{name}": sum(values) / len(values) for name, values in sorted(terms.items())}
    result = {"loss": sum(means.values())} | means
    return result | {name: sum(values) / len(values) for name, values in sorted(figures.items())}


def _collect_terms(into: dict[str, list[float]], terms: dict[str, torch.Tensor], batch: Batch) -> None:
    for name, value in terms.items():
        owner = name.split("/")[0]
        known = (
            batch.given[MapKind(owner)][0] if owner in {str(k) for k in OUTPUTS} else batch.classes_given[0]
        )
        if bool(known):
            into[name].append(float(value))


def _collect_figures(
    into: dict[str, list[float]], kind: MapKind, prediction: torch.Tensor, truth: torch.Tensor
) -> None:
    for metric in metrics_of(kind):
        into[f"{metric.name}/{kind}"].append(float(metric.fn(prediction.float(), truth)))
    if spec(kind).binary and bool((truth > METAL_THRESHOLD).any()):
        into[f"{IOU.name}/{kind}"].append(float(IOU.fn(prediction, truth)))

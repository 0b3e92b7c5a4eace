"""Validation figures of one epoch: per domain and map the mean over the samples that have it, then the sum."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import torch
from torch.utils.data import DataLoader

from unbake.data.dataset import Batch, PatchDataset, collate
from unbake.data.sources import Domain
from unbake.domain.maps import METAL_THRESHOLD, OUTPUTS, MapKind, spec
from unbake.losses.total import LossWeights
from unbake.metrics.mask import IOU
from unbake.metrics.pixel import ACCURACY, metrics_of
from unbake.models.network import Networks
from unbake.train.perceptual import Perceptual
from unbake.train.step import READS, forward_networks, network_of

SHORT: dict[Domain, str] = {"matsynth": "mat", "skyrim": "sky"}
"""How figures name a domain: "mat_val_loss", "sky/l1/albedo"."""


def validated(
    networks: Networks,
    data: PatchDataset,
    items: Mapping[Domain, Sequence[int]],
    weights: LossWeights,
    device: torch.device,
    head: str = "",
    perceptual: Perceptual | None = None,
) -> dict[str, float]:
    """All figures of an epoch: "<mat|sky>_val_loss" for each domain in `items`, and its parts "<mat|sky>/...".

    items: the items of `data` that validate each domain. head: where only one output is trained, its name; then
    "head_loss" is the loss of that map alone, over the domains there are, and only what it needs is run.
    """
    figures: dict[str, float] = {}
    for domain, which in items.items():
        loader = DataLoader(data, batch_size=1, collate_fn=collate, sampler=list(which))
        parts = validate(networks, (batch.to(device) for batch in loader), weights, head, perceptual)
        short = SHORT[domain]
        figures[f"{short}_val_loss"] = parts.pop("loss")
        figures |= {f"{short}/{name}": value for name, value in parts.items()}
    if head:
        figures["head_loss"] = sum(
            value for name, value in figures.items() if name.split("/")[1:3] == ["loss", head]
        )
    return figures


@torch.no_grad()
def validate(
    networks: Networks,
    samples: Iterable[Batch],
    weights: LossWeights,
    head: str = "",
    perceptual: Perceptual | None = None,
) -> dict[str, float]:
    """Run the networks in eval mode over batches of one sample each.

    Returns "loss" (the sum over maps, and over classes where labelled, of mean loss terms), every term's mean
    ("loss/albedo/l1", ...), and plain figures by `metrics.pixel.metrics_of`: "l1/<map>", "ssim/<map>", ...,
    "iou/metallic_mask", "accuracy/classes", "<perceptual distance>/albedo". With `head` only that map's figures.
    """
    was_training = networks.training
    networks.eval()
    wanted = {network_of(MapKind(head))} if head else set(READS)
    name, distance = perceptual or ("none", None)
    terms: dict[str, list[float]] = defaultdict(list)
    figures: dict[str, list[float]] = defaultdict(list)
    for batch in samples:
        outputs = forward_networks(
            networks, batch, weights, lambda _: False, wanted=wanted, distance=distance
        )
        for output in outputs:
            _collect_terms(terms, output.terms, batch, head)
            for kind, prediction in output.maps.items():
                if bool(batch.given[kind][0]) and head in ("", kind):
                    _collect_figures(figures, kind, prediction, batch.maps[kind])
                    if f"{kind}/perceptual" in output.terms:
                        term = float(output.terms[f"{kind}/perceptual"])
                        figures[f"{name}/{kind}"].append(term / weights.perceptual)
            if output.class_probs is not None and bool(batch.classes_given[0]) and not head:
                figures[f"{ACCURACY.name}/classes"].append(
                    float(ACCURACY.fn(output.class_probs.logit(), batch.classes))
                )
    networks.train(was_training)
    means = {f"loss/{name}": sum(values) / len(values) for name, values in sorted(terms.items())}
    result = {"loss": sum(means.values())} | means
    return result | {name: sum(values) / len(values) for name, values in sorted(figures.items())}


def _collect_terms(
    into: dict[str, list[float]], terms: dict[str, torch.Tensor], batch: Batch, head: str
) -> None:
    for name, value in terms.items():
        owner = name.split("/")[0]
        known = (
            batch.given[MapKind(owner)][0] if owner in {str(k) for k in OUTPUTS} else batch.classes_given[0]
        )
        if bool(known) and head in ("", owner):
            into[name].append(float(value))


def _collect_figures(
    into: dict[str, list[float]],
    kind: MapKind,
    prediction: torch.Tensor,
    truth: torch.Tensor,
) -> None:
    for metric in metrics_of(kind):
        into[f"{metric.name}/{kind}"].append(float(metric.fn(prediction.float(), truth)))
    if spec(kind).binary and bool((truth > METAL_THRESHOLD).any()):
        into[f"{IOU.name}/{kind}"].append(float(IOU.fn(prediction, truth)))

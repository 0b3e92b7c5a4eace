"""One training step over the four networks: one backward each, so that peak memory is the largest network's."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from unbake.data.batch import Batch
from unbake.domain.maps import GEOMETRY, MAPS_HEADS, MapKind, spec
from unbake.domain.networks import NETWORKS
from unbake.losses.masked import Mean, ratio
from unbake.losses.rendering import Light
from unbake.losses.total import (
    Distance,
    LossWeights,
    map_losses,
    mask_losses,
    rendering_losses,
)
from unbake.models.config import ModelConfig
from unbake.models.network import Networks
from unbake.models.vit import out_of_fold
from unbake.recipe import Losses
from unbake.train.labels import classifier_losses

Terms = dict[str, Tensor]

TRUE_MASK = 0.3
COARSE_MASK = 0.4
"""Shares of the training samples whose UNets read another mask than SegFormer's, see `_told`."""


@dataclass(frozen=True)
class Wrapped:
    """The networks, each in a wrapper of its own that several processes share; called as `Networks` are."""

    config: ModelConfig
    vit: nn.Module
    segformer: nn.Module
    unet_albedo: nn.Module
    unet_maps: nn.Module


@dataclass(frozen=True)
class Output:
    """Outputs of one network for a batch: its maps (detached, in their ranges) and its named loss terms."""

    network: str
    maps: dict[MapKind, Tensor]
    label_probs: Tensor | None
    terms: Terms


def loss_weights(losses: Losses) -> LossWeights:
    """The recipe's loss table as the losses package takes it."""
    return LossWeights(
        w_fg=losses.w_fg,
        l1=losses.l1,
        gradient=losses.gradient,
        bce=losses.bce,
        dice=losses.dice,
        perceptual=losses.perceptual_weight,
        rendering=losses.rendering,
    )


def forward_networks(
    networks: Networks | Wrapped,
    batch: Batch,
    weights: LossWeights,
    trained: Callable[[str], bool],
    *,
    wanted: Collection[str] = tuple(NETWORKS),
    distance: Distance | None = None,
    lights: Sequence[Light] = (),
    mean: Mean = ratio,
) -> Iterator[Output]:
    """Run N1 to N4 in order, each conditioned on the detached outputs of those before it.

    Yields after each network, so that the caller can run its backward and let its activations go before the next.
    A network for which `trained` is false runs without gradients. wanted: the networks whose outputs the caller
    needs; they and those they read from are run. distance: the perceptual one, for the loss of colour maps of
    wanted networks. lights: those of their rendering loss, where its weight is not 0. mean: divides a loss's sum by
    its count, over all processes where there are several.
    """
    maps, present = batch.maps, batch.present
    diffuse, normal = maps[MapKind.DIFFUSE], maps[MapKind.NORMAL]
    specular, environment = (
        (maps[kind], present[kind].to(diffuse.dtype)[:, None])
        for kind in (MapKind.SPECULAR, MapKind.ENVIRONMENT)
    )
    objective = _Objective(batch, weights, wanted, distance, lights, mean)
    needed = set(wanted).union(*(NETWORKS[network].conditioned_on for network in wanted))

    if "vit" in needed:
        with torch.set_grad_enabled(trained("vit")):
            labels, patches = (logits.float() for logits in networks.vit(diffuse))
            terms = classifier_losses(labels, patches, batch, weights, mean)
        probs = out_of_fold(labels.detach(), batch.folds).sigmoid()
        coarse = out_of_fold(patches.detach(), batch.folds).sigmoid()
        coarse = functional.interpolate(coarse, diffuse.shape[-2:], mode="bilinear", align_corners=False)
        yield Output("vit", {}, probs, terms)

    if "segformer" in needed:
        with torch.set_grad_enabled(trained("segformer")):
            logits = _mask_logits(networks, (diffuse, normal, *specular, *environment, coarse))
            mask_truth = MapKind.METALLIC_MASK
            terms = mask_losses(logits, maps[mask_truth], batch.counted(mask_truth), weights, mean)
        mask = logits.detach().sigmoid()
        yield Output("segformer", {MapKind.METALLIC_MASK: mask}, None, terms)
        mask = _told(mask, coarse, batch)

    if "unet_albedo" in needed:
        with torch.set_grad_enabled(trained("unet_albedo")):
            albedo = networks.unet_albedo(diffuse, normal, *specular, mask, coarse, probs)
            terms = objective.terms("unet_albedo", {MapKind.ALBEDO: albedo})
        albedo = albedo.detach()
        yield Output("unet_albedo", {MapKind.ALBEDO: albedo}, None, terms)

    if "unet_maps" in needed:
        geometry = torch.cat([maps[kind] for kind in GEOMETRY], dim=1)
        with torch.set_grad_enabled(trained("unet_maps")):
            heads = networks.unet_maps(albedo, normal, *specular, mask, coarse, geometry, probs)
            terms = objective.terms("unet_maps", {kind: heads[kind] for kind in MAPS_HEADS})
        yield Output("unet_maps", {kind: heads[kind].detach() for kind in MAPS_HEADS}, None, terms)


@dataclass(frozen=True)
class _Objective:
    """The loss of a batch's predicted maps; fields as the arguments of `forward_networks`."""

    batch: Batch
    weights: LossWeights
    wanted: Collection[str]
    distance: Distance | None
    lights: Sequence[Light]
    mean: Mean

    def terms(self, network: str, predictions: dict[MapKind, Tensor]) -> Terms:
        """Terms of each map a UNet predicts, and for a wanted one of what they look like together."""
        wanted = network in self.wanted
        terms: Terms = {}
        for kind, prediction in predictions.items():
            terms |= self._map_terms(kind, prediction, self.distance if wanted else None)
        if wanted:
            maps = self.batch.maps
            counted = {kind: self.batch.counted(kind) for kind in maps}
            terms |= rendering_losses(
                network, predictions, maps, counted, self.lights, self.weights, self.mean
            )
        return terms

    def _map_terms(self, kind: MapKind, prediction: Tensor, distance: Distance | None) -> Terms:
        maps, present = self.batch.maps, self.batch.present
        foreground = spec(kind).foreground
        return map_losses(
            kind,
            prediction.float(),
            maps[kind],
            self.batch.counted(kind),
            maps[foreground] * present[foreground].view(-1, 1, 1, 1) if foreground else None,
            self.weights,
            distance,
            self.mean,
        )


def _told(mask: Tensor, coarse: Tensor, batch: Batch) -> Tensor:
    """The mask that the UNets read in training: of samples in a fold often not SegFormer's own, which knows them.

    TRUE_MASK of them get the truth, as evidence has it, and COARSE_MASK the word of a classifier that never saw them.
    """
    chance = torch.rand(len(mask)).to(mask.device)[:, None, None, None]
    trained = (batch.folds >= 0)[:, None, None, None]
    known = batch.present[MapKind.METALLIC_MASK][:, None, None, None] & trained
    told = torch.where(trained & (chance > 1 - COARSE_MASK), coarse[:, :1], mask)
    return torch.where(known & (chance < TRUE_MASK), batch.maps[MapKind.METALLIC_MASK], told)


def _mask_logits(networks: Networks | Wrapped, inputs: Sequence[Tensor]) -> Tensor:
    """N2 on a copy reduced to the size it is made for, its logits brought back to the texture's size."""
    height, width = inputs[0].shape[-2:]
    scale = networks.config.segformer_px / max(height, width)
    if scale >= 1:
        return networks.segformer(*inputs).float()
    size = [round(height * scale), round(width * scale)]
    reduced = (functional.interpolate(x, size, mode="area") if x.ndim == 4 else x for x in inputs)
    logits = networks.segformer(*reduced).float()
    return functional.interpolate(logits, (height, width), mode="bilinear", align_corners=False)


def total(terms: Terms) -> Tensor:
    """The sum of weighted terms: what a network's backward starts from."""
    return torch.stack(list(terms.values())).sum()

"""One training step over the four networks: one backward each, so that peak memory is the largest network's."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from unbake.data.dataset import Batch
from unbake.domain.maps import GEOMETRY, MAPS_HEADS, MapKind, spec
from unbake.domain.networks import NETWORKS, network_of
from unbake.losses.masked import Mean, ratio
from unbake.losses.rendering import Light
from unbake.losses.total import (
    Distance,
    LossWeights,
    class_losses,
    map_losses,
    mask_losses,
    rendering_losses,
)
from unbake.models.config import ModelConfig
from unbake.models.network import Networks
from unbake.recipe import Losses

Terms = dict[str, Tensor]


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
    """What one network gave for a batch: its maps (detached, in their ranges) and its named loss terms."""

    network: str
    maps: dict[MapKind, Tensor]
    class_probs: Tensor | None
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
    maps, given = batch.maps, batch.given
    diffuse, normal = maps[MapKind.DIFFUSE], maps[MapKind.NORMAL]
    specular = maps[MapKind.SPECULAR]
    specular_given = given[MapKind.SPECULAR].to(diffuse.dtype)[:, None]
    geometry = torch.cat([maps[kind] for kind in GEOMETRY], dim=1)
    foreground = maps[MapKind.METALLIC_MASK]
    needed = set(wanted).union(*(NETWORKS[network].conditioned_on for network in wanted))

    def map_terms(kind: MapKind, prediction: Tensor) -> Terms:
        known_foreground = foreground * given[MapKind.METALLIC_MASK].view(-1, 1, 1, 1)
        return map_losses(
            kind,
            prediction.float(),
            maps[kind],
            given[kind],
            known_foreground if spec(kind).foreground else None,
            weights,
            distance if network_of(kind) in wanted else None,
            mean,
        )

    def look_terms(network: str, predictions: dict[MapKind, Tensor]) -> Terms:
        if network not in wanted:
            return {}
        return rendering_losses(network, predictions, maps, given, lights, weights, mean)

    if "vit" in needed:
        with torch.set_grad_enabled(trained("vit")):
            logits = networks.vit(diffuse).float()
            terms = class_losses(logits, batch.classes, batch.classes_given, weights, mean=mean)
        probs = logits.detach().sigmoid()
        yield Output("vit", {}, probs, terms)

    if "segformer" in needed:
        with torch.set_grad_enabled(trained("segformer")):
            logits = _mask_logits(networks, diffuse, normal, specular, specular_given)
            terms = mask_losses(logits, foreground, given[MapKind.METALLIC_MASK], weights, mean)
        mask = logits.detach().sigmoid()
        yield Output("segformer", {MapKind.METALLIC_MASK: mask}, None, terms)

    if "unet_albedo" in needed:
        with torch.set_grad_enabled(trained("unet_albedo")):
            albedo = networks.unet_albedo(diffuse, normal, specular, specular_given, mask)
            terms = map_terms(MapKind.ALBEDO, albedo) | look_terms("unet_albedo", {MapKind.ALBEDO: albedo})
        albedo = albedo.detach()
        yield Output("unet_albedo", {MapKind.ALBEDO: albedo}, None, terms)

    if "unet_maps" in needed:
        with torch.set_grad_enabled(trained("unet_maps")):
            heads = networks.unet_maps(albedo, normal, specular, specular_given, mask, geometry, probs)
            terms = {}
            for kind in MAPS_HEADS:
                terms |= map_terms(kind, heads[kind])
            terms |= look_terms("unet_maps", heads)
        yield Output("unet_maps", {kind: heads[kind].detach() for kind in MAPS_HEADS}, None, terms)


def _mask_logits(
    networks: Networks | Wrapped, diffuse: Tensor, normal: Tensor, specular: Tensor, specular_given: Tensor
) -> Tensor:
    """N2 on a copy reduced to the size it is made for, its logits brought back to the texture's size."""
    height, width = diffuse.shape[-2:]
    scale = networks.config.segformer_px / max(height, width)
    if scale >= 1:
        return networks.segformer(diffuse, normal, specular, specular_given).float()
    size = [round(height * scale), round(width * scale)]
    reduced = (functional.interpolate(x, size, mode="area") for x in (diffuse, normal, specular))
    logits = networks.segformer(*reduced, specular_given).float()
    return functional.interpolate(logits, (height, width), mode="bilinear", align_corners=False)


def total(terms: Terms) -> Tensor:
    """The sum of weighted terms: what a network's backward starts from."""
    return torch.stack(list(terms.values())).sum()

"""The four networks as one module; `train` calls them one by one, `export` writes a file for each."""

import torch
from torch import Tensor, nn

from unbake.domain.maps import GEOMETRY, MAPS_HEADS, MapKind, spec
from unbake.domain.materials import LABELS
from unbake.domain.networks import NETWORKS, Network
from unbake.models.config import ModelConfig
from unbake.models.inputs import centred, corrected, optional_channels
from unbake.models.segformer import Segformer
from unbake.models.unet import Unet, half_receptive_field
from unbake.models.vit import Vit


class UnetAlbedo(nn.Module):
    """N3: the diffuse without its painted light; the identity before training (SPEC section 1)."""

    def __init__(self, config: ModelConfig, labels: int) -> None:
        super().__init__()
        wiring = NETWORKS["unet_albedo"]
        heads = {str(kind): spec(kind).channels for kind in wiring.gives}
        self.body = Unet(wiring.planes, heads, config.unet, labels, config.checkpoint)
        _start_uncorrected(self.body, wiring)

    def forward(
        self,
        diffuse: Tensor,
        normal: Tensor,
        specular: Tensor,
        specular_given: Tensor,
        mask_prob: Tensor,
        coarse: Tensor,
        label_probs: Tensor,
    ) -> Tensor:
        """Albedo (B, 3, H, W), sRGB in [0, 1].

        diffuse: (B, 3, H, W) sRGB in [0, 1]. normal: (B, 3, H, W) unit vectors, OpenGL.
        specular, mask_prob: (B, 1, H, W) in [0, 1]; the caller detaches the mask.
        specular_given: (B, 1), 0 or 1. coarse: (B, 3, H, W) and label_probs: (B, K), in [0, 1], detached as well.
        """
        planes = [
            centred(diffuse),
            normal,
            *optional_channels(specular, specular_given),
            centred(mask_prob),
            centred(coarse),
        ]
        return corrected(diffuse, self.body(torch.cat(planes, dim=1), label_probs)[MapKind.ALBEDO])

    def part(self, name: str) -> str | None:
        """The part of the network a parameter (named relative to this module) belongs to; None: not of ours."""
        return self.body.part(name.removeprefix("body."))


class UnetMaps(nn.Module):
    """N4: roughness, metallic, AO and height; the last two start as the geometry channels they correct."""

    def __init__(self, config: ModelConfig, labels: int) -> None:
        super().__init__()
        wiring = NETWORKS["unet_maps"]
        heads = {str(kind): spec(kind).channels for kind in wiring.gives}
        self.body = Unet(wiring.planes, heads, config.unet, labels, config.checkpoint)
        _start_uncorrected(self.body, wiring)

    def forward(
        self,
        albedo: Tensor,
        normal: Tensor,
        specular: Tensor,
        specular_given: Tensor,
        mask_prob: Tensor,
        coarse: Tensor,
        geometry: Tensor,
        label_probs: Tensor,
    ) -> dict[MapKind, Tensor]:
        """The four maps, each (B, 1, H, W) in [0, 1].

        albedo: (B, 3, H, W) sRGB in [0, 1]. normal: (B, 3, H, W) unit vectors, OpenGL. specular, mask_prob:
        (B, 1, H, W) in [0, 1]. specular_given: (B, 1), 0 or 1. coarse, geometry: (B, 3, H, W) in [0, 1], channels in
        the order of `GEOMETRY`. label_probs: (B, K) in [0, 1]. The caller detaches what other networks gave.
        """
        planes = [
            centred(albedo),
            normal,
            *optional_channels(specular, specular_given),
            centred(mask_prob),
            centred(coarse),
            centred(geometry),
        ]
        raw = self.body(torch.cat(planes, dim=1), label_probs)
        starts = dict(zip(GEOMETRY, geometry.split(1, dim=1), strict=True))
        return {kind: _finished(kind, raw[kind], starts) for kind in MAPS_HEADS}

    def part(self, name: str) -> str | None:
        """The part of the network a parameter (named relative to this module) belongs to; None: not of ours."""
        return self.body.part(name.removeprefix("body."))


class Networks(nn.Module):
    """N1 to N4 with the conditioning between them left to the caller, who detaches it.

    labels: how many things N1 says, which N3 and N4 are conditioned on.

    >>> from unbake.models.config import CONFIGS
    >>> sum(p.numel() for p in Networks(CONFIGS["tiny"]).parameters()) < 200_000
    True
    """

    def __init__(self, config: ModelConfig, labels: int = len(LABELS)) -> None:
        super().__init__()
        self.config = config
        self.vit = Vit(config.vit, labels)
        self.segformer = Segformer(config.segformer)
        self.unet_albedo = UnetAlbedo(config, labels)
        self.unet_maps = UnetMaps(config, labels)


def receptive_field(config: ModelConfig) -> int:
    """Side, in texels, of the square of input that one output texel of N3 or N4 can depend on; odd.

    A tile needs a halo of at least half of it (SPEC section 4, C3).
    """
    return 2 * half_receptive_field(config.unet) + 1


def _start_uncorrected(body: Unet, wiring: Network) -> None:
    """Heads that correct an input begin with no correction."""
    for kind in wiring.gives:
        if spec(kind).start is not None:
            for parameter in body.get_submodule(f"heads.{kind}.out").parameters():
                nn.init.zeros_(parameter)


def _finished(kind: MapKind, raw: Tensor, starts: dict[MapKind, Tensor]) -> Tensor:
    start = spec(kind).start
    return torch.sigmoid(raw.float()) if start is None else corrected(starts[start], raw)

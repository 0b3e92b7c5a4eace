"""N2: where the texture is metal; runs once on a reduced copy of diffuse, normal and specular mask."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import SegformerConfig as HfSegformerConfig
from transformers import SegformerForSemanticSegmentation

from unbake.domain.maps import MapKind
from unbake.domain.networks import NETWORKS
from unbake.models.config import SegformerConfig
from unbake.models.inputs import centred, optional_channels
from unbake.models.norm import Norm


class Segformer(nn.Module):
    """Metallic-mask segmentation (Xie et al. 2021), from scratch: NVIDIA's own weights are non-commercial.

    >>> from unbake.models.config import CONFIGS
    >>> image = torch.rand(1, 3, 64, 64)
    >>> mask, given = image[:, :1], torch.ones(1, 1)
    >>> tuple(Segformer(CONFIGS["tiny"].segformer)(image, image, mask, given, mask, given, image).shape)
    (1, 1, 64, 64)
    """

    def __init__(self, config: SegformerConfig) -> None:
        super().__init__()
        self.model = SegformerForSemanticSegmentation(
            HfSegformerConfig(  # type: ignore[call-arg]  # its parents' keywords are not in its stub
                num_channels=NETWORKS["segformer"].planes,
                num_labels=1,
                hidden_sizes=config.hidden,
                depths=config.depths,
                num_attention_heads=config.heads,
                decoder_hidden_size=config.decoder,
                classifier_dropout_prob=0.0,
                drop_path_rate=0.0,
                attn_implementation="sdpa",
            )
        )
        self.model.decode_head.batch_norm = Norm(config.decoder)

    def forward(
        self,
        diffuse: Tensor,
        normal: Tensor,
        specular: Tensor,
        specular_given: Tensor,
        environment: Tensor,
        environment_given: Tensor,
        coarse: Tensor,
    ) -> Tensor:
        """Logits of metallic > 0.5, (B, 1, H, W).

        diffuse: (B, 3, H, W) sRGB in [0, 1]. normal: (B, 3, H, W) unit vectors, OpenGL.
        specular, environment: (B, 1, H, W) in [0, 1]. specular_given, environment_given: (B, 1), 0 or 1. coarse:
        (B, 3, H, W) in [0, 1], detached. Sides are multiples of 32.
        """
        planes = [
            centred(diffuse),
            normal,
            *optional_channels(specular, specular_given),
            *optional_channels(environment, environment_given),
            centred(coarse),
        ]
        logits = self.model(torch.cat(planes, dim=1)).logits
        return F.interpolate(logits, scale_factor=4.0, mode="bilinear", align_corners=False)

    def part(self, name: str) -> str | None:
        """The part of the network a parameter (named relative to this module) belongs to; None: not of ours."""
        match name.split("."):
            case ["model", "segformer", "stages", index, *_]:
                return "encoder.lower" if int(index) < 2 else "encoder.upper"
            case ["model", "decode_head", *_]:
                return f"head.{MapKind.METALLIC_MASK}"
        return None

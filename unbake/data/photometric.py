"""Skyrim's light on textures: tinted occlusion, a cold white balance, a vignette; drawn by `augment`, for `on_device`.

Source: the plan, phases B to D (`SkyrimPhotometric`). All three work in linear light, on the painted diffuse alone:
what the networks are to give does not change.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from unbake.domain.materials import Domain
from unbake.image.colour import linear_to_srgb, luminance, srgb_to_linear

_SHADOW = (0.55, 0.65, 0.85)
"""Colour of the light that still reaches occluded places, at full strength."""

_COLD = (-0.20, -0.02, 0.20)
"""Relative change of each channel of a cold white balance, at full strength."""

_CORNER = 0.35
"""Share of the light that the corners lose, at full strength."""


class Light(NamedTuple):
    """How much of each effect there is, 0 to 1; centre: (down, right) of the vignette's, in halves of the sides."""

    tint: float
    cold: float
    dark: float
    centre: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class SkyrimPhotometric:
    """Draws the light on Skyrim's samples, with the chance p; `lit` gives it to their pictures.

    strength: upper bound of how much of each effect is drawn, 1 for all of it (plan: half in phase D).

    >>> SkyrimPhotometric(p=0.6, strength=1.0).p
    0.6
    """

    p: float = 0.6
    strength: float = 1.0

    def drawn(self, domain: Domain, rng: np.random.Generator) -> Light | None:
        """The light of one sample, None for its own: one of another domain always keeps it."""
        if domain != "skyrim" or rng.random() >= self.p:
            return None
        tint, cold, dark = rng.uniform(0, self.strength, 3).tolist()
        down, right = rng.uniform(-0.2, 0.2, 2).tolist()
        return Light(tint, cold, dark, (down, right))


def lit(pictures: Tensor, occlusion: Tensor, lights: Sequence[Light]) -> Tensor:
    """Pictures (N, 3, H, W), sRGB in [0, 1], each in its own light. occlusion: AO (N, 1, H, W), 1 where all is open."""
    tint, cold, dark = (_amounts(part, pictures) for part in list(zip(*lights, strict=True))[:3])
    centres = torch.tensor([light.centre for light in lights], device=pictures.device)
    light = ao_tinted(srgb_to_linear(pictures), occlusion, tint)
    light = vignetted(cold_balanced(light, cold), dark, centres)
    encoded: Tensor = linear_to_srgb(light.clamp_(0, 1))
    return encoded


def ao_tinted(light: Tensor, ao: Tensor, amount: Tensor) -> Tensor:
    """Linear RGB (N, 3, H, W) darker and bluer by `amount` (N, 1, 1, 1) where `ao` (N, 1, H, W) is low.

    Open places stay.

    >>> ao_tinted(torch.ones(1, 3, 1, 1), torch.ones(1, 1, 1, 1), torch.ones(1, 1, 1, 1)).flatten().tolist()
    [1.0, 1.0, 1.0]
    """
    return light * (1 - amount * (1 - ao) * (1 - _colour(_SHADOW, light)))


def cold_balanced(light: Tensor, amount: Tensor) -> Tensor:
    """Linear RGB (N, 3, H, W) as under colder light by `amount` (N, 1, 1, 1); a grey keeps its luminance.

    >>> red, green, blue = cold_balanced(torch.ones(1, 3, 1, 1), torch.full((1, 1, 1, 1), 0.5)).flatten().tolist()
    >>> red < green < blue
    True
    """
    gains = 1 + amount * _colour(_COLD, light)
    return light * (gains / luminance(gains, 1))


def vignetted(light: Tensor, amount: Tensor, centres: Tensor) -> Tensor:
    """Linear RGB (N, 3, H, W) that falls off by `amount` (N, 1, 1, 1) with the square of the distance from its centre.

    centres: (N, 2), (down, right) of the middle, in halves of the picture's sides.

    >>> middle = vignetted(torch.ones(1, 3, 3, 3), torch.ones(1, 1, 1, 1), torch.zeros(1, 2))[0, :, 1, 1]
    >>> middle.tolist()
    [1.0, 1.0, 1.0]
    """
    y, x = (
        (torch.arange(size, dtype=torch.float32, device=light.device) + 0.5) * (2 / size)
        - 1
        - centres[:, axis, None]
        for axis, size in enumerate(light.shape[2:])
    )
    distance = (y[:, :, None] ** 2 + x[:, None, :] ** 2) / 2
    return light * (1 - amount * _CORNER * distance.clamp(max=1)[:, None])


def _amounts(values: Sequence[float], like: Tensor) -> Tensor:
    return torch.tensor(values, dtype=torch.float32, device=like.device)[:, None, None, None]


def _colour(rgb: tuple[float, ...], like: Tensor) -> Tensor:
    return torch.tensor(rgb, dtype=torch.float32, device=like.device)[:, None, None]

"""Skyrim's light on a texture: tinted occlusion, a cold white balance, a vignette; called by `augment`.

Source: the plan, phases B to D (`SkyrimPhotometric`). All three work in linear light, on the painted diffuse alone:
what the networks are to give does not change.
"""

from dataclasses import dataclass, replace

import numpy as np

from unbake.data.dataset import Sample
from unbake.domain.maps import MapKind
from unbake.image.colour import linear_to_srgb, luminance, srgb_to_linear

_SHADOW = np.array([0.55, 0.65, 0.85], np.float32)
"""Colour of the light that still reaches occluded places, at full strength."""

_COLD = np.array([-0.20, -0.02, 0.20], np.float32)
"""Relative change of each channel of a cold white balance, at full strength."""

_CORNER = 0.35
"""Share of the light that the corners lose, at full strength."""


@dataclass(frozen=True, slots=True)
class SkyrimPhotometric:
    """Varies the input of Skyrim's samples, with the chance p; see the functions below.

    strength: upper bound of how much of each effect is drawn, 1 for all of it (plan: half in phase D).

    >>> SkyrimPhotometric(p=0.6, strength=1.0).p
    0.6
    """

    p: float = 0.6
    strength: float = 1.0

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """The sample with another DIFFUSE, or as it is: one of another domain always stays."""
        if sample.domain != "skyrim" or rng.random() >= self.p:
            return sample
        tint, cold, dark = (float(amount) for amount in rng.uniform(0, self.strength, 3))
        light = srgb_to_linear(sample.maps[MapKind.DIFFUSE])
        ao = sample.maps.get(MapKind.AO, sample.maps.get(MapKind.GEO_AO))
        if ao is not None:
            light = ao_tinted(light, ao, tint)
        light = vignetted(cold_balanced(light, cold), dark, rng.uniform(-0.2, 0.2, 2))
        diffuse = np.asarray(linear_to_srgb(np.clip(light, 0, 1)), np.float32)
        return replace(sample, maps={**sample.maps, MapKind.DIFFUSE: diffuse})


def ao_tinted(light: np.ndarray, ao: np.ndarray, amount: float) -> np.ndarray:
    """Linear RGB (H, W, 3) darker and bluer by `amount` (0 to 1) where `ao` (H, W, 1) is low; open places stay.

    >>> ao_tinted(np.ones((1, 1, 3)), np.ones((1, 1, 1)), 1.0).tolist()
    [[[1.0, 1.0, 1.0]]]
    """
    return light * (1 - np.float32(amount) * (1 - ao) * (1 - _SHADOW))


def cold_balanced(light: np.ndarray, amount: float) -> np.ndarray:
    """Linear RGB (H, W, 3) as under colder light by `amount` (0 to 1); a grey keeps its luminance.

    >>> red, green, blue = cold_balanced(np.ones((1, 1, 3), np.float32), 0.5)[0, 0]
    >>> bool(red < green < blue)
    True
    """
    gains = (1 + np.float32(amount) * _COLD)[None, None]
    return light * (gains / luminance(gains))


def vignetted(light: np.ndarray, amount: float, centre: np.ndarray) -> np.ndarray:
    """Linear RGB (H, W, 3) that falls off by `amount` (0 to 1) with the square of the distance from `centre`.

    centre: (down, right) of the middle, in halves of the picture's sides.

    >>> vignetted(np.ones((3, 3, 3), np.float32), 1.0, np.zeros(2))[1, 1].tolist()
    [1.0, 1.0, 1.0]
    """
    y, x = (
        (np.arange(size, dtype=np.float32) + 0.5) * (2 / size) - 1 - np.float32(middle)
        for size, middle in zip(light.shape[:2], centre, strict=True)
    )
    distance = (y[:, None] ** 2 + x[None, :] ** 2) / 2
    return light * (1 - np.float32(amount * _CORNER) * np.minimum(distance, 1))[..., None]

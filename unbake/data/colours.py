"""Other colours for a training sample: another grading of its picture, another paint on its surface; for `augment`."""

from dataclasses import replace

import numpy as np

from unbake.data.dataset import Sample
from unbake.domain.maps import MapKind
from unbake.image.colour import linear_to_srgb, luma, srgb_to_linear

# Rec. 601 luma and two chroma axes, in which a turn of hue is a plane rotation.
_TO_YIQ = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]], np.float32)
_FROM_YIQ = np.linalg.inv(_TO_YIQ).astype(np.float32)

_BRIGHTEST = 0.85
"""Linear; fresh snow."""


def jittered(sample: Sample, brightness: float, contrast: float, saturation: float, hue: float) -> Sample:
    """The sample with other colours in its DIFFUSE alone; targets stay (plan, phase A: input only).

    brightness, contrast, saturation: relative changes, 0 for none; hue: degrees. Worked on display values.

    >>> grey = Sample({MapKind.DIFFUSE: np.full((1, 1, 3), 0.5, np.float32)}, None, "", "")
    >>> jittered(grey, 0.5, 0.0, 0.0, 0.0).maps[MapKind.DIFFUSE].round(2).ravel().tolist()
    [0.75, 0.75, 0.75]
    """
    image = sample.maps[MapKind.DIFFUSE] * np.float32(1 + brightness)
    middle = image.mean(dtype=np.float64).astype(np.float32)
    image = middle + np.float32(1 + contrast) * (image - middle)
    grey = luma(image)
    image = grey + np.float32(1 + saturation) * (image - grey)
    image = np.clip(image @ _hue_turn(hue, 1.0).T, 0, 1)
    return replace(sample, maps={**sample.maps, MapKind.DIFFUSE: image})


def recoloured(sample: Sample, gain: np.ndarray, saturation: float, hue: float) -> Sample:
    """The same surface of another paint: DIFFUSE and ALBEDO change alike, in linear light, so that the light stays.

    No material can then be known by its colour. gain: of each channel (3,), lowered where the albedo would pass 0.85;
    saturation: relative change; hue: degrees. Metal keeps its colour, which tells it. A sample without ALBEDO stays as
    it is.

    >>> grey = np.full((1, 1, 3), 0.5, np.float32)
    >>> plain = Sample({MapKind.DIFFUSE: grey, MapKind.ALBEDO: grey}, None, "", "")
    >>> maps = recoloured(plain, np.full(3, 0.25), 0.0, 0.0).maps
    >>> [round(float(maps[kind].mean()), 2) for kind in (MapKind.DIFFUSE, MapKind.ALBEDO)]
    [0.26, 0.26]
    """
    if MapKind.ALBEDO not in sample.maps:
        return sample
    change = np.diag(gain).astype(np.float32) @ _hue_turn(hue, 1 + saturation)
    albedo = srgb_to_linear(sample.maps[MapKind.ALBEDO])
    brightest = float(np.quantile(albedo @ change.T, 0.98))
    change *= np.float32(min(1.0, _BRIGHTEST / max(brightest, 1e-6)))
    metallic = sample.maps.get(MapKind.METALLIC, np.zeros((1, 1, 1), np.float32))

    def painted_anew(linear: np.ndarray) -> np.ndarray:
        changed = np.clip(linear @ change.T, 0, 1)
        return np.clip(linear_to_srgb(changed + (linear - changed) * metallic), 0, 1)

    diffuse = srgb_to_linear(sample.maps[MapKind.DIFFUSE])
    colours = {MapKind.DIFFUSE: painted_anew(diffuse), MapKind.ALBEDO: painted_anew(albedo)}
    return replace(sample, maps={**sample.maps, **colours})


def _hue_turn(degrees: float, saturation: float) -> np.ndarray:
    """Matrix (3, 3) that turns hues by so many degrees and scales their distance from grey."""
    cos, sin = (saturation * part for part in (np.cos(np.radians(degrees)), np.sin(np.radians(degrees))))
    turn = np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]], np.float32)
    return (_FROM_YIQ @ turn @ _TO_YIQ).astype(np.float32)

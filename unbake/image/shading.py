"""A small renderer of one texel under one light, for numpy arrays and torch tensors: losses, errors, pictures."""

import math
from typing import Any

from unbake.image.colour import namespace

DIELECTRIC_F0 = 0.04
"""Reflectance at normal incidence of everything that is not a metal."""

LEAST_ROUGHNESS = 0.04
"""Smoother surfaces are shaded as if they had this roughness: their highlight would be smaller than a texel."""

_GRAZING = 1e-4


def shade(
    albedo_linear: Any,
    normal: Any,
    roughness: Any,
    metallic: Any,
    ao: Any,
    light_dir: Any,
    view_dir: Any = (0.0, 0.0, 1.0),
    light: float = 3.0,
    ambient: float = 0.3,
    axis: int = -1,
) -> Any:
    """Linear RGB radiance of a surface under one far light and an even sky, seen from far away.

    albedo_linear (..., 3) in linear light, normal (..., 3) unit vectors (OpenGL), roughness (perceptual: alpha is its
    square), metallic and ao (..., 1) in [0, 1]; all numpy arrays or all tensors, channels on `axis`.
    light_dir, view_dir: (x, y, z) from the surface towards light and eye, of any length; each component a number,
    or an array that broadcasts against (..., 1).
    light: irradiance on a surface that faces the light; pi makes white Lambert paper there 1. ambient: radiance of
    the sky, which alone is dimmed by `ao`. Returns (..., 3), from 0 up without an upper bound.

    Lambert for what enters the surface, GGX with height-correlated Smith shadowing and Schlick's Fresnel for
    what does not. Sources: Walter et al. 2007; Heitz 2014; Schlick 1994; metallic as in Burley 2012.

    >>> import numpy as np
    >>> white = np.ones((1, 1, 1), np.float32)
    >>> up = np.array([[[0, 0, 1]]], np.float32)
    >>> shade(white * [1, 1, 1], up, white, 0 * white, white, (0, 0, 1), light=0.0, ambient=0.5).round(3).tolist()
    [[[0.5, 0.5, 0.5]]]
    """
    xp = namespace(normal)
    albedo, normal, roughness, metallic, ao = (
        xp.moveaxis(array, axis, -1) for array in (albedo_linear, normal, roughness, metallic, ao)
    )
    to_light, to_eye = _unit(light_dir), _unit(view_dir)
    # Opposite light and eye have no half vector; none of their light is reflected either.
    half = _unit([a + b for a, b in zip(to_light, to_eye, strict=True)])
    f0 = DIELECTRIC_F0 + (albedo - DIELECTRIC_F0) * metallic
    fresnel = _fresnel(f0, _dot(to_eye, half))
    facing_light = xp.clip(_along(normal, to_light), 0, None)
    facing_eye = xp.clip(_along(normal, to_eye), _GRAZING, None)

    alpha2 = xp.clip(roughness, LEAST_ROUGHNESS, 1) ** 4
    reflected = (
        fresnel * _distribution(xp, normal, half, alpha2) * _visibility(facing_light, facing_eye, alpha2)
    )
    # Light crosses the surface on its way in and on its way out; 1 - fresnel alone would make light at grazing.
    crossed = (1 - _fresnel(DIELECTRIC_F0, facing_light)) * (1 - _fresnel(DIELECTRIC_F0, facing_eye))
    entered = crossed * (1 - metallic) * albedo / math.pi
    direct = (entered + reflected) * facing_light * light
    sky = ((1 - DIELECTRIC_F0) * (1 - metallic) * albedo + f0) * ao * ambient
    return xp.moveaxis(direct + sky, -1, axis)


LEGACY_POWER = 30.0
"""Exponent of the old games' highlight, as the viewer's page has it."""


def shade_legacy(
    diffuse_linear: Any,
    normal: Any,
    specular: Any,
    light_dir: Any,
    view_dir: Any = (0.0, 0.0, 1.0),
    light: float = 3.0,
    ambient: float = 0.3,
) -> Any:
    """Linear RGB radiance of a painted surface as the old games light it: Lambert, and Blinn-Phong by its mask.

    diffuse_linear (..., 3) in linear light, normal (..., 3) unit vectors (OpenGL), specular (..., 1) in [0, 1]; the
    others as `shade`. Returns (..., 3).

    >>> import numpy as np
    >>> up, half = np.float32([[[0, 0, 1]]]), np.full((1, 1, 3), 0.5, np.float32)
    >>> shade_legacy(half, up, 0 * up[..., :1], (0, 0, 1), light=math.pi, ambient=0.0).round(3).tolist()
    [[[0.5, 0.5, 0.5]]]
    """
    xp = namespace(normal)
    to_light, to_eye = _unit(light_dir), _unit(view_dir)
    half = _unit([a + b for a, b in zip(to_light, to_eye, strict=True)])
    facing = xp.clip(_along(normal, to_light), 0, None)
    shine = xp.clip(_along(normal, half), 0, None) ** LEGACY_POWER * (facing > 0)
    return diffuse_linear * (facing * light / math.pi + ambient) + specular * shine * light / math.pi


def _fresnel(f0: Any, cosine: Any) -> Any:
    return f0 + (1 - f0) * (1 - cosine) ** 5


def _distribution(xp: Any, normal: Any, half: list[Any], alpha2: Any) -> Any:
    """GGX density of microfacets that face `half`, per steradian.

    1 - cos² comes from the cross product: near the highlight's centre the difference would drown in rounding.
    """
    x, y, z = (normal[..., i : i + 1] for i in range(3))
    a, b, c = half
    sine2 = (y * c - z * b) ** 2 + (z * a - x * c) ** 2 + (x * b - y * a) ** 2
    cosine = xp.clip(x * a + y * b + z * c, 0, None)
    return alpha2 / (math.pi * (sine2 + cosine**2 * alpha2) ** 2)


def _visibility(facing_light: Any, facing_eye: Any, alpha2: Any) -> Any:
    """Height-correlated Smith shadowing and masking over 4 cos(light) cos(eye)."""
    of_light = facing_eye * (facing_light**2 * (1 - alpha2) + alpha2) ** 0.5
    of_eye = facing_light * (facing_eye**2 * (1 - alpha2) + alpha2) ** 0.5
    return 0.5 / (of_light + of_eye)


def _unit(direction: Any) -> list[Any]:
    x, y, z = direction
    length = (x * x + y * y + z * z + 1e-20) ** 0.5
    return [x / length, y / length, z / length]


def _dot(a: list[Any], b: list[Any]) -> Any:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _along(vectors: Any, direction: list[Any]) -> Any:
    return _dot([vectors[..., i : i + 1] for i in range(3)], direction)

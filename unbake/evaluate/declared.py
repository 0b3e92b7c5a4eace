"""Paints a material at a declared darkness: the evaluation painter of `unbake eval --evidence`, in place of `painter`.

It shares no code with `synth.painter`, by which training paints. The light is normalised, so that the mean of painted
to true colour is exactly the declared factor, of metal and of the rest apart. One darkness makes one mod.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal
from zlib import crc32

import numpy as np

from unbake.domain.maps import METAL_THRESHOLD, MapKind
from unbake.evaluate.painter import legacy_dds
from unbake.image.arrays import Maps
from unbake.image.colour import linear_to_srgb, luminance, srgb_to_linear
from unbake.image.dds.formats import DxgiFormat
from unbake.image.geometry import horizon_ao, integrate
from unbake.image.noise import blur, rough_noise, smooth_noise, smoothstep
from unbake.image.normals import encode_normal
from unbake.image.tiling import tileable_axes
from unbake.metrics.mask import has_metal

DECLARED_VERSION: Final = 1
"""Changes when a material is painted otherwise: figures of two versions do not compare."""

JITTER: Final = 0.12
"""Standard deviation of the log of a material's factor around its mod's."""

SHINY: Final = 0.4
"""Mean roughness below which a material without metal counts as shiny."""

Alpha = Literal["gloss", "artist", "constant"]
ALPHAS: Final[tuple[Alpha, ...]] = ("gloss", "artist", "constant")
"""What the normal's alpha is made from; each third of the paintings has one, and each material all in turn."""

Companion = Literal["metal", "dim", "shiny", "black", "none"]


@dataclass(frozen=True, slots=True)
class Darkness:
    """One mod: the factors of light on metal and on the rest, as shares of the true colour in linear light."""

    name: str
    rest: float
    metal: float


LightFrom = Callable[[Maps, Darkness, np.random.Generator], tuple[np.ndarray, float, float]]
"""A light as `light_of` gives it: of the truth, a mod and a generator."""

DARKNESSES: Final = (
    Darkness("dark", 0.45, 0.2),
    Darkness("middle", 0.70, 0.5),
    Darkness("bright", 1.05, 1.0),
)


@dataclass(frozen=True, slots=True)
class Painted:
    """A painted texture set.

    files: "", "_n" and, with a companion, "_m" (what follows the set's name) → the bytes of a DDS file. rest, metal:
    the declared factors with the material's jitter. clipped: share of the diffuse's values cut at 1.
    """

    files: dict[str, bytes]
    darkness: str
    rest: float
    metal: float
    alpha: Alpha
    companion: Companion
    clipped: float


def paint_declared(
    material_id: str, truth: Maps, darkness: Darkness, seed: int = 0, light_from: LightFrom | None = None
) -> Painted:
    """The set of a material in one mod, the same on every machine.

    light_from: where the light comes from, None for `light_of`; everything else of the set stays the same.
    truth: ALBEDO and NORMAL, and whatever else there is, (H, W, C) in the ranges of their specs; METALLIC and
    ROUGHNESS missing from it are painted as none and as 0.6. The diffuse is BC1, the normal BC3 with green pointing
    down, the environment mask BC1; with mips where the sides are powers of two.
    """
    place = [one.name for one in DARKNESSES].index(darkness.name)
    rng = np.random.default_rng([crc32(material_id.encode()), seed, place])
    light, rest, metal = (light_from or light_of)(truth, darkness, rng)
    lit = srgb_to_linear(truth[MapKind.ALBEDO]) * light
    diffuse = linear_to_srgb(np.clip(lit, 0, 1)).astype(np.float32)
    alpha = ALPHAS[(crc32(f"alpha:{seed}:{material_id}".encode()) + place) % len(ALPHAS)]
    stored = np.concatenate(
        [encode_normal(truth[MapKind.NORMAL], "directx"), _alpha(alpha, truth, diffuse, rng)], -1
    )
    files = {
        "": legacy_dds(diffuse, "srgb", DxgiFormat.BC1_UNORM),
        "_n": legacy_dds(stored, "normal", DxgiFormat.BC3_UNORM),
    }
    companion = companion_of(material_id, truth, seed)
    if companion != "none":
        mask = environment_mask(companion, truth, rng)
        files["_m"] = legacy_dds(np.repeat(mask, 3, -1), "linear", DxgiFormat.BC1_UNORM)
    return Painted(files, darkness.name, rest, metal, alpha, companion, float((lit > 1).mean()))


def light_of(truth: Maps, darkness: Darkness, rng: np.random.Generator) -> tuple[np.ndarray, float, float]:
    """The painted light (H, W, 3), linear, and the jittered factors of the rest and of metal that it averages to.

    Sun with cast shadows, sky, occlusion and mottling on the rest; a mirrored sky on metal.
    """
    normal = truth[MapKind.NORMAL]
    rest, metal = factors_of(darkness, rng)
    wrap = tileable_axes(truth[MapKind.ALBEDO])
    height = integrate(normal, wrap)
    mottled = np.exp(np.float32(rng.uniform(0.08, 0.22)) * smooth_noise(rng, height.shape, 8))[..., None]
    open_sky = horizon_ao(height, wrap)[..., None] ** np.float32(rng.uniform(0.5, 1.5))
    if MapKind.AO in truth:
        open_sky = open_sky * truth[MapKind.AO] ** np.float32(rng.uniform(0.3, 1.0))
    on_rest = _sunlit(normal, height, open_sky, rng) * mottled
    on_metal = _mirrored(normal, _map(truth, MapKind.ROUGHNESS, 0.6), rng) * open_sky * mottled
    return as_declared(truth, on_rest, on_metal, rest, metal), rest, metal


def factors_of(darkness: Darkness, rng: np.random.Generator) -> tuple[float, float]:
    """The factors of the rest and of metal of one material in a mod, with its jitter."""
    rest, metal = (
        factor * float(np.exp(np.clip(rng.normal(0, JITTER), -2 * JITTER, 2 * JITTER)))
        for factor in (darkness.rest, darkness.metal)
    )
    return rest, metal


def as_declared(
    truth: Maps, on_rest: np.ndarray, on_metal: np.ndarray, rest: float, metal: float
) -> np.ndarray:
    """The light (H, W, 3) on a material, of two lights (H, W, 3) of any scale, that averages to these factors."""
    metallic = _map(truth, MapKind.METALLIC, 0.0)
    light = rest * (1 - metallic) * _averaging_one(on_rest, 1 - metallic)
    light = light + metal * metallic * _averaging_one(on_metal, metallic)
    return light.astype(np.float32)


def companion_of(material_id: str, truth: Maps, seed: int = 0) -> Companion:
    """Which environment mask a material comes with, alike in all mods.

    Half of the materials with metal have one, a third of these dim; half of the shiny ones without metal, too; of the
    rest one in five has a black one.
    """
    rng = np.random.default_rng([crc32(f"companion:{material_id}".encode()), seed])
    drawn, further = rng.random(2)
    if MapKind.METALLIC not in truth:
        return "none"
    if has_metal(truth[MapKind.METALLIC]):
        return "none" if drawn >= 0.5 else "dim" if further < 1 / 3 else "metal"
    if is_shiny(truth):
        return "shiny" if drawn < 0.5 else "none"
    return "black" if drawn < 0.2 else "none"


def is_shiny(truth: Maps) -> bool:
    """Whether a material without metal mirrors: an artist may give it an environment mask as well."""
    if MapKind.ROUGHNESS not in truth or MapKind.METALLIC not in truth:
        return False
    return not has_metal(truth[MapKind.METALLIC]) and float(truth[MapKind.ROUGHNESS].mean()) < SHINY


def environment_mask(kind: Companion, truth: Maps, rng: np.random.Generator) -> np.ndarray:
    """An environment mask (H, W, 1) in [0, 1]: what mirrors, somewhat blurred, brighter at edges and smooth places.

    "dim" reaches 0.05 to 0.3, the others 0.5 to 1.
    """
    shape = truth[MapKind.NORMAL].shape[:2]
    if kind == "black":
        return np.zeros((*shape, 1), np.float32)
    gloss = 1 - _map(truth, MapKind.ROUGHNESS, 0.6)
    height = integrate(truth[MapKind.NORMAL], (True, True))
    edges = np.clip(height - blur(height, 3.0), 0, None)
    edges = np.clip(edges / max(float(np.percentile(edges, 99)), 1e-3), 0, 1)[..., None]
    covered = gloss if kind == "shiny" else _map(truth, MapKind.METALLIC, 0.0)
    covered = covered * (0.75 + 0.25 * gloss) + np.float32(rng.uniform(0.0, 0.15)) * edges
    covered = blur(covered.astype(np.float32), rng.uniform(0.3, 1.5))
    strength = rng.uniform(0.05, 0.3) if kind == "dim" else rng.uniform(0.5, 1.0)
    return np.clip(np.float32(strength) * covered, 0, 1).astype(np.float32)


def _sunlit(
    normal: np.ndarray, height: np.ndarray, open_sky: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Sun and sky on a matt surface, (H, W, 3), unnormalised."""
    turn, elevation = rng.uniform(0, 2 * np.pi), np.radians(rng.uniform(25, 65))
    towards = np.array(
        [np.cos(turn) * np.cos(elevation), np.sin(turn) * np.cos(elevation), np.sin(elevation)]
    )
    facing = np.clip(normal @ towards.astype(np.float32), 0, None)[..., None]
    lit = 1 - np.float32(rng.uniform(0.3, 0.9)) * _shadow(height, turn, float(np.tan(elevation)))[..., None]
    warm, cool = np.array([1.06, 1.0, 0.9], np.float32), np.array([0.94, 1.0, 1.08], np.float32)
    sun = np.float32(rng.uniform(0.4, 1.8))
    return sun * warm * facing * lit + cool * (0.5 + 0.5 * normal[..., 2:]) * open_sky


def _shadow(height: np.ndarray, turn: float, slope: float) -> np.ndarray:
    """How deep each texel lies in cast shadow, (H, W) in [0, 1], soft by the height that covers it.

    height: in texels. turn: of the sun, from x towards y, which points up. slope: tangent of its elevation.
    """
    over = np.zeros_like(height)
    for distance in (1, 2, 3, 4, 6, 8, 11, 16, 23, 32):
        rows, columns = round(np.sin(turn) * distance), round(np.cos(turn) * distance)
        if distance < min(height.shape) // 2:
            there = np.roll(height, (rows, -columns), (0, 1))
            np.maximum(over, there - height - np.float32(slope * distance), out=over)
    return smoothstep(over, 0.0, 1.5)


def _mirrored(normal: np.ndarray, roughness: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What metal mirrors from straight above, (H, W, 3): a sky over dark ground, the border blurred by roughness."""
    up = normal[..., 1:2] * np.float32(0.9) + normal[..., :1] * np.float32(rng.uniform(-0.4, 0.4))
    seen = 2 * normal[..., 2:] * up + np.float32(0.15) * rough_noise(rng, normal.shape[:2], 1.2)[..., None]
    width = 0.15 + 0.85 * roughness
    ground = np.float32(rng.uniform(0.15, 0.5))
    sky = np.array([0.95, 1.0, 1.06], np.float32)
    return ground + (1 - ground) * sky * smoothstep(seen / width, -0.6, 0.9)


def _averaging_one(light: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Light (H, W, 3) whose mean over a weight (H, W, 1) and the channels is 1."""
    total = float(weight.sum())
    if total <= 0:
        return light
    return light / np.float32((light * weight).sum() / (total * light.shape[2]))


def _alpha(kind: Alpha, truth: Maps, diffuse: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The specular mask of a kind, (H, W, 1) in [0, 1]; none holds metal."""
    height, width = diffuse.shape[:2]
    grain = np.float32(0.03) * rough_noise(rng, (height, width), 0.8)[..., None]
    match kind:
        case "gloss":
            gloss = (1 - _map(truth, MapKind.ROUGHNESS, 0.6)) ** np.float32(rng.uniform(0.8, 1.6))
            made = np.float32(rng.uniform(0.6, 1.0)) * gloss + grain
        case "artist":
            light = luminance(srgb_to_linear(diffuse)) ** np.float32(0.45)
            low, high = np.percentile(light, [2, 98])
            made = 0.1 + 0.8 * (light - low) / max(float(high - low), 0.05) + grain
        case "constant":
            made = np.full((height, width, 1), rng.uniform(0.1, 0.9))
    return np.clip(made, 0, 1).astype(np.float32)


def _map(truth: Maps, kind: MapKind, otherwise: float) -> np.ndarray:
    if kind in truth:
        return truth[kind]
    return np.full((*truth[MapKind.NORMAL].shape[:2], 1), otherwise, np.float32)


def metal_share(truth: Maps) -> float | None:
    """Share of the surface that is metal, None where that is not known."""
    if MapKind.METALLIC not in truth:
        return None
    return float((truth[MapKind.METALLIC] > METAL_THRESHOLD).mean())

"""Plausibility of a material from its maps alone: warnings for the report (FORMATS.md, "Plausibility")."""

import numpy as np

from unbake.domain.maps import METAL_THRESHOLD, MapKind
from unbake.image.arrays import Maps
from unbake.image.normals import seems_flipped, slopes

DIELECTRIC_SRGB = (30 / 255, 240 / 255)
METAL_SRGB = 155 / 255
"""Tolerated ranges; the strict ranges only have figures (`figures`)."""

STRICT_DIELECTRIC_SRGB = (50 / 255, 243 / 255)
STRICT_METAL_SRGB = 180 / 255
TOLERATED = 0.1
"""Share of the pixels concerned that may lie outside a range before it is worth a warning."""


def plausibility(maps: Maps) -> list[str]:
    """Every warning about a material, one sentence each; [] when nothing looks wrong.

    maps: float32 (H, W, C) in the range of their spec, in any number: absent maps are not judged. Height's
    mean is not judged either, since `export.packs` moves it to 127 where that matters.

    >>> plausibility({MapKind.AO: np.full((4, 4, 1), 0.2, np.float32)})
    ['AO is dark: its mean is 0.20, and below 0.50 it is rather shading than occlusion.']
    """
    checks = (sizes, albedo, metallic, roughness, ao, normal)
    return [warning for check in checks for warning in check(maps)]


def figures(maps: Maps) -> dict[str, float]:
    """The numbers behind the checks, by name, of the maps that are present: shares of texels, means, deviations.

    non_metal_outside, metal_dark: share of the base colour outside the tolerated range, with _strict of the
    narrower one. metal_between: share of metallic from 0.2 to 0.8.

    >>> figures({MapKind.AO: np.full((4, 4, 1), 0.5, np.float32)})
    {'ao_mean': 0.5}
    """
    found: dict[str, float] = {}
    if MapKind.ALBEDO in maps:
        brightest, metal = _brightest_and_metal(maps)
        darkest = maps[MapKind.ALBEDO].min(axis=-1)
        for ending, (low, high), bare in (
            ("", DIELECTRIC_SRGB, METAL_SRGB),
            ("_strict", STRICT_DIELECTRIC_SRGB, STRICT_METAL_SRGB),
        ):
            found["non_metal_outside" + ending] = _share((brightest < low) | (darkest > high), ~metal)
            found["metal_dark" + ending] = _share(brightest < bare, metal)
    if MapKind.METALLIC in maps:
        found["metal_between"] = _between(maps[MapKind.METALLIC])
    if MapKind.ROUGHNESS in maps:
        values = maps[MapKind.ROUGHNESS]
        found |= {"roughness_mean": float(values.mean()), "roughness_deviation": float(values.std())}
    for kind in (MapKind.AO, MapKind.HEIGHT):
        if kind in maps:
            found[f"{kind}_mean"] = float(maps[kind].mean())
    return found


def sizes(maps: Maps) -> list[str]:
    """Sides are equal across the set; `export.pgpatcher_faults.validate` looks at those of the files."""
    found = sorted({image.shape[:2] for image in maps.values()})
    return [f"The maps differ in size: {', '.join(f'{w}×{h}' for h, w in found)}."] if len(found) > 1 else []


def albedo(maps: Maps) -> list[str]:
    """Base colours that real dielectrics and metals have; a pixel is judged by its brightest channel."""
    if MapKind.ALBEDO not in maps:
        return []
    brightest, metal = _brightest_and_metal(maps)
    low, high = DIELECTRIC_SRGB
    return [
        f"{share:.0%} of the {what} base colour is {fault}."
        for what, where, wrong, fault in (
            ("non-metal", ~metal, brightest < low, f"darker than {low * 255:.0f}, blacker than coal"),
            ("non-metal", ~metal, maps[MapKind.ALBEDO].min(axis=-1) > high, "whiter than snow (240)"),
            ("metal", metal, brightest < METAL_SRGB, "darker than 155, too dark for bare metal"),
        )
        if (share := _share(wrong, where)) > TOLERATED
    ]


def metallic(maps: Maps) -> list[str]:
    """Surfaces are metal or not; few texels are in between."""
    if MapKind.METALLIC not in maps:
        return []
    share = _between(maps[MapKind.METALLIC])
    return (
        [f"{share:.0%} of metallic is neither metal nor not (0.2 to 0.8)."] if share > 2 * TOLERATED else []
    )


def roughness(maps: Maps) -> list[str]:
    """Roughness varies, and is not stuck at an end."""
    if MapKind.ROUGHNESS not in maps:
        return []
    values = maps[MapKind.ROUGHNESS]
    warnings = []
    if values.std() < 0.01:
        warnings.append(f"Roughness is constant ({values.mean():.2f}).")
    for end, stuck in (("0", values <= 2 / 255), ("1", values >= 253 / 255)):
        if stuck.mean() > 0.95:
            warnings.append(f"{stuck.mean():.0%} of roughness is {end}.")
    return warnings


def ao(maps: Maps) -> list[str]:
    """Occlusion leaves most of a surface open."""
    if MapKind.AO not in maps or (mean := float(maps[MapKind.AO].mean())) >= 0.5:
        return []
    return [f"AO is dark: its mean is {mean:.2f}, and below 0.50 it is rather shading than occlusion."]


def normal(maps: Maps) -> list[str]:
    """Vectors are unit length, and their green agrees with the other channels and with the height.

    Slopes of a real surface have no curl. Where turning green over leaves less than half of it, the file was
    read in the wrong convention (DirectX as OpenGL or the other way). Of 264 normal maps of real materials
    and games this doubts 2 %, and finds 65 % of them when they are turned over.
    """
    if MapKind.NORMAL not in maps:
        return []
    vectors = maps[MapKind.NORMAL]
    warnings = []
    off = float(np.abs(np.linalg.norm(vectors, axis=-1) - 1).mean())
    if off > 0.05:
        warnings.append(f"The normals are not unit vectors: their lengths are off by {off:.2f} on average.")
    if min(vectors.shape[:2]) < 4:
        return warnings
    dx, dy = slopes(vectors)
    across, along = np.gradient(dx, axis=0), np.gradient(dy, axis=1)  # rows grow downwards: -d(dx)/dy
    curl, turned = (float(np.mean((across + sign * along) ** 2)) for sign in (1, -1))
    flipped = turned < 0.5 * curl
    relief = maps.get(MapKind.HEIGHT)
    if relief is not None and relief.shape[:2] == vectors.shape[:2]:
        flipped = flipped or seems_flipped(vectors, relief) is True
    if flipped:
        warnings.append("The green of the normal map seems to point the other way (DirectX or OpenGL).")
    return warnings


def _brightest_and_metal(maps: Maps) -> tuple[np.ndarray, np.ndarray]:
    """Of each texel its brightest channel, and whether it is metal: (H, W) each."""
    brightest = maps[MapKind.ALBEDO].max(axis=-1)
    if MapKind.METALLIC in maps and maps[MapKind.METALLIC].shape[:2] == brightest.shape:
        return brightest, maps[MapKind.METALLIC][..., 0] > METAL_THRESHOLD
    return brightest, np.zeros(brightest.shape, bool)


def _between(metallic: np.ndarray) -> float:
    return float(np.mean((metallic > 0.2) & (metallic < 0.8)))


def _share(wrong: np.ndarray, where: np.ndarray) -> float:
    """Share of `where` that is wrong; 0 where too little is concerned to say (under 1 % of the image)."""
    return float(wrong[where].mean()) if where.mean() > 0.01 else 0.0

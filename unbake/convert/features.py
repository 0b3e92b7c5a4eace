"""Decides TruePBR's features of a set: what is wished, where the picture bears it out; after `apply_evidence`."""

from typing import Final

import numpy as np

from unbake.domain.features import Features, Wishes
from unbake.domain.maps import MapKind
from unbake.image.arrays import CodedMaps, unit
from unbake.image.colour import luma
from unbake.image.mips import is_cut_out

SAMPLED: Final = 512
"""Longest side of what is looked at."""

HOLES: Final = 0.02
"""Share of texels cut out from which an alpha cuts leaves, rather than a few stray texels."""

NO_METAL: Final = 0.02
"""Mean metallic up to which a surface has no metal: fuzz would lie on its buckles too."""

SNOW_BRIGHT: Final = 0.55
"""Mean sRGB brightness of the albedo from which it may be snow."""

SNOW_GREY: Final = 0.15
"""Mean of max - min over the channels up to which it may be snow."""

CLOTH_SHEEN: Final = 0.04
FUR_SHEEN: Final = 0.08
"""Linear grey of the fibres' sheen, without a texture of its own: the range that TruePBR's guide recommends."""

GLOWS: Final = 8 / 255
"""Brightest code of a glow map from which it glows at all."""


def features_of(maps: CodedMaps, wishes: Wishes, material: str | None = None) -> Features:
    """The features of a set with their reasons.

    maps: as they are written, with OPACITY and EMISSIVE where the set has them. wishes: of its name and of a person;
    a person's word asks no picture. material: the fine material, which tells fur from cloth.
    """
    because: list[str] = []
    through = _subsurface(maps, wishes, because)
    glint = _glint(maps, wishes, because)
    fuzz = _fuzz(maps, wishes, glint, because)
    emissive = _emissive(maps, wishes, because)
    scale = wishes.emissive
    return Features(
        subsurface=through,
        fuzz=fuzz,
        fuzz_colour=(FUR_SHEEN if material == "fur" else CLOTH_SHEEN) if fuzz else 0.0,
        glint=glint,
        emissive=emissive,
        emissive_scale=float(scale)
        if emissive and scale is not None and not isinstance(scale, bool)
        else None,
        because=tuple(because),
    )


def _subsurface(maps: CodedMaps, wishes: Wishes, because: list[str]) -> float:
    wish = wishes.subsurface
    if wish.amount <= 0:
        return 0.0
    if not wish.said and not _leaves_cut_out(maps):
        because.append(f"No light comes through, though {wish.because}: its alpha cuts no leaves out.")
        return 0.0
    cut = "" if wish.said else ", and its alpha cuts the leaves out"
    because.append(f"Light shines through it ({wish.amount:.0%}), as through leaves: {wish.because}{cut}.")
    return wish.amount


def _glint(maps: CodedMaps, wishes: Wishes, because: list[str]) -> bool:
    wish = wishes.glint
    if wish.amount <= 0:
        return False
    if not wish.said and not _white_as_snow(maps):
        because.append(f"No glints, though {wish.because}: it is not white as snow.")
        return False
    because.append(f"It glints: {wish.because}{'' if wish.said else ', and it is white as snow'}.")
    return True


def _fuzz(maps: CodedMaps, wishes: Wishes, glint: bool, because: list[str]) -> float:
    wish = wishes.fuzz
    if wish.amount <= 0:
        return 0.0
    if glint:
        because.append("No fuzz: TruePBR draws either glints or fuzz.")
        return 0.0
    if not wish.said and (metal := _metal(maps)) > NO_METAL:
        because.append(
            f"No fuzz, though {wish.because}: {metal:.0%} of it is metal, which would be soft too."
        )
        return 0.0
    because.append(f"Soft fibres at its edges (fuzz): {wish.because}.")
    return wish.amount


def _emissive(maps: CodedMaps, wishes: Wishes, because: list[str]) -> bool:
    codes = maps.codes.get(MapKind.EMISSIVE)
    if codes is None or wishes.emissive is False or wishes.emissive == 0:
        if codes is not None:
            because.append("It does not glow: you said so.")
        return False
    if wishes.emissive is None and float(unit(codes.max()[None])[0]) < GLOWS:
        because.append("It does not glow: its glow map is black.")
        return False
    because.append("It glows where its glow map (_g) says.")
    return True


def _metal(maps: CodedMaps) -> float:
    return float(unit(_sampled(maps.codes[MapKind.METALLIC])).mean())


def _leaves_cut_out(maps: CodedMaps) -> bool:
    codes = maps.codes.get(MapKind.OPACITY)
    if codes is None:
        return False
    alpha = unit(_sampled(codes))
    return is_cut_out(alpha) and float((alpha < 0.5).mean()) >= HOLES


def _white_as_snow(maps: CodedMaps) -> bool:
    rgb = unit(_sampled(maps.codes[MapKind.ALBEDO]))
    grey = float((rgb.max(axis=-1) - rgb.min(axis=-1)).mean())
    return float(luma(rgb).mean()) >= SNOW_BRIGHT and grey <= SNOW_GREY


def _sampled(codes: np.ndarray) -> np.ndarray:
    step = max(1, max(codes.shape[:2]) // SAMPLED)
    return codes[::step, ::step]

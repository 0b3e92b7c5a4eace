"""Checks of a material by its pixels alone; the steps `matsynth`, `skyrim`, `duplicates` and `audit` ask them.

Pictures are float32 (H, W, C) in [0, 1] as stored. The figures are those of FORMATS.md, "Hygiene".
"""

from typing import Literal

import numpy as np

from unbake.data.truth import is_black, same_picture
from unbake.domain.layout import CONSTANT_RANGE, LEAST_NORMAL_BLUE
from unbake.image.resample import by_area

Mark = Literal["own", "basecolor", "black"]
"""Kind of a diffuse beside a base colour: painted by someone, the base colour once more, or nothing."""

LENGTH_TOLERANCE = 0.30
"""Largest difference from 1 of the mean length of stored normals."""

LITTLE_COLOUR, MUCH_RELIEF = 5 / 255, 50 / 255
"""Deviations that do not go together: a plain colour over a wild normal map is a wrong file."""

BLACK_SHARE = 0.99
BLACK_VALUE = 4 / 255
COMPARED_AT = 256
"""Long side at most at which two pictures are compared; at most a quarter of theirs, so that block compression and
grain average out.
"""

HASH_DISTANCE = 10
"""Near-copies differ in at most so many of the 64 bits of their perceptual hashes.

Of 121 real materials the five pairs within it are near-copies, the next one, at 12, is not; a copy of half the size,
darkened, is at 2 at most.
"""

_PLAIN = 2 / 255


def mark_of(diffuse: np.ndarray, basecolor: np.ndarray, metallic: np.ndarray | None = None) -> Mark:
    """The kind of a diffuse (H, W, 3) beside the base colour (h, w, 3) of the same material.

    "basecolor": equal to it wherever there is no metal (metallic, (h, w, 1), above one half), as
    basecolor · (1 - metallic) is; black on metal all over is "black".

    >>> grey = np.full((8, 8, 3), 0.5, np.float32)
    >>> mark_of(grey, grey), mark_of(0 * grey, grey), mark_of(0.5 * grey, grey)
    ('basecolor', 'black', 'own')
    """
    if mostly_black(diffuse):
        return "black"
    height, width = _reduced(*basecolor.shape[:2])
    painted, base = (by_area(image, height, width, colour="srgb") for image in (diffuse, basecolor))
    if metallic is not None:
        # Texels that are partly metal belong to neither.
        dielectric = by_area(metallic, height, width)[..., 0] < 0.01
        if dielectric.mean() > 0.01:
            painted, base = painted[dielectric], base[dielectric]
    return "basecolor" if same_picture(painted, base) else "own"


def mostly_black(picture: np.ndarray) -> bool:
    """Whether nearly all of a picture (H, W, C) is black: an empty file, or the diffuse of a metal.

    >>> mostly_black(np.zeros((2, 2, 3), np.float32))
    True
    """
    return is_black(picture) or float((picture.max(-1) <= BLACK_VALUE).mean()) >= BLACK_SHARE


def is_normal_map(stored: np.ndarray) -> bool:
    """Whether a picture (H, W, 3) leans to blue, as tangent normal maps do; one of grey, (H, W, 1), does not.

    >>> is_normal_map(np.full((2, 2, 3), 0.5, np.float32)), is_normal_map(np.ones((2, 2, 1), np.float32))
    (False, False)
    """
    return stored.shape[-1] >= 3 and float(stored[..., 2].mean()) >= LEAST_NORMAL_BLUE


def normal_length(stored: np.ndarray) -> float:
    """Mean length of the vectors of a stored normal map (H, W, 3): 1, or less where filtering shortened them.

    >>> normal_length(np.ones((2, 2, 3)) * np.array([0.5, 0.5, 1.0]))
    1.0
    """
    return float(np.linalg.norm(stored[..., :3] * 2 - 1, axis=-1).mean())


def normal_problem(stored: np.ndarray, length: float | None = None) -> str | None:
    """The doubt about a normal map (H, W, 3) in words, or None. length: of its vectors before they were normalised.

    >>> normal_problem(np.full((2, 2, 3), 0.5, np.float32))
    'blue is 128 in the mean, 160 or more was expected'
    """
    if not is_normal_map(stored):
        if stored.shape[-1] < 3:
            return "it is grey, a colour picture that leans to blue was expected"
        blue = float(stored[..., 2].mean())
        return f"blue is {blue * 255:.0f} in the mean, {LEAST_NORMAL_BLUE * 255:.0f} or more was expected"
    length = normal_length(stored) if length is None else length
    if abs(length - 1) > LENGTH_TOLERANCE:
        return f"its vectors are {length:.2f} long in the mean, 1 was expected within {LENGTH_TOLERANCE}"
    return None


def is_constant(picture: np.ndarray) -> bool:
    """Whether every channel of a picture has one value all over, rounding and compression aside.

    >>> is_constant(np.ones((2, 2, 1), np.float32))
    True
    """
    return float((picture.max((0, 1)) - picture.min((0, 1))).max()) <= CONSTANT_RANGE


def suspicious_relief(basecolor: np.ndarray, stored_normal: np.ndarray) -> bool:
    """Whether a plain base colour lies over a wild normal map: one of the two is another material's.

    >>> suspicious_relief(np.ones((2, 2, 3)), np.ones((2, 2, 3)))
    False
    """
    colour, relief = basecolor.std((0, 1)).mean(), stored_normal[..., :2].std((0, 1)).mean()
    return bool(colour < LITTLE_COLOUR and relief > MUCH_RELIEF)


def perceptual_hash(picture: np.ndarray) -> int | None:
    """64 bits that near-copies share, of a picture (H, W, 3); None where it is too plain to be told apart.

    The signs, against their median, of the 8 × 8 lowest frequencies (cosine transform) of the grey picture at
    32 × 32, the mean left out. Source: Zauner, "Implementation and benchmarking of perceptual image hash
    functions", 2010.

    >>> perceptual_hash(np.ones((8, 8, 3), np.float32)) is None
    True
    """
    grey = by_area(np.ascontiguousarray(picture[..., :3].mean(-1, keepdims=True), np.float32), 32, 32)[..., 0]
    if float(grey.std()) < _PLAIN:
        return None
    at = np.arange(32)
    cosines = np.cos(np.pi / 32 * (at[None, :] + 0.5) * at[1:9, None])
    lowest = cosines @ grey @ cosines.T
    return int.from_bytes(np.packbits(lowest > np.median(lowest)).tobytes(), "big")


def near_copies(hashes: dict[str, int]) -> list[tuple[str, str]]:
    """The pairs of names whose hashes are within HASH_DISTANCE bits of each other, sorted.

    >>> near_copies({"a": 15, "b": 14, "c": 2**64 - 1})
    [('a', 'b')]
    """
    names = sorted(hashes)
    codes = np.array([hashes[name] for name in names], np.uint64)
    pairs = []
    for i, code in enumerate(codes):
        near = np.flatnonzero(np.bitwise_count(codes[i + 1 :] ^ code) <= HASH_DISTANCE)
        pairs += [(names[i], names[i + 1 + int(j)]) for j in near]
    return pairs


def _reduced(height: int, width: int) -> tuple[int, int]:
    factor = min(0.25, COMPARED_AT / max(height, width))
    return max(1, round(height * factor)), max(1, round(width * factor))

"""Varies training samples: flips, quarter turns, colour of the input, composites, blends; called by `dataset`.

Pure functions of a sample and a generator, numpy only. Colour comes before compositing, so that the parts of
a composite keep their own light, and after blending: a blend is one material, graded once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from unbake.data.colours import jittered, recoloured
from unbake.data.dataset import DrawSample, Sample
from unbake.data.photometric import SkyrimPhotometric
from unbake.domain.maps import METAL_THRESHOLD, SPECS, MapKind, spec
from unbake.image.colour import linear_to_srgb, srgb_to_linear
from unbake.image.noise import normalised, smooth_noise, smoothstep
from unbake.image.normals import from_slopes, slopes, turn


@dataclass(frozen=True, slots=True)
class Augmentation:
    """The augmentation of training samples, as data; calling it makes one sample (see `dataset.Augment`).

    spatial: flips and quarter turns. brightness, contrast, saturation: largest relative change of the input's
    colours; hue: largest turn in degrees. recolour: deviation, in stops, of the material's own brightness (see
    `recoloured`); its tint, saturation and hue vary with it. two_crop, four_crop: chances of a composite (plan,
    phase A: 0.30 and 0.15). blend: chance that two materials grow into one another. photometric: what is done to
    Skyrim's samples besides, or None.

    >>> Augmentation(two_crop=0.3, four_crop=0.15).spatial
    True
    """

    spatial: bool = True
    brightness: float = 0.1
    contrast: float = 0.1
    saturation: float = 0.1
    hue: float = 4.0
    recolour: float = 0.0
    two_crop: float = 0.0
    four_crop: float = 0.0
    blend: float = 0.0
    photometric: SkyrimPhotometric | None = None

    def __call__(self, this: DrawSample, another: DrawSample, rng: np.random.Generator) -> Sample:
        """One sample: this material alone, blended with another, or in a composite with one or three others."""
        chance = rng.random()
        if chance < self.two_crop:
            return two_crop([self._varied(draw(rng), rng) for draw in (this, another)], rng)
        if chance < self.two_crop + self.four_crop:
            return four_crop(
                [self._varied(draw(rng), rng) for draw in (this, another, another, another)], rng
            )
        if chance < self.two_crop + self.four_crop + self.blend:
            return self._varied(blend([this(rng), another(rng)], rng), rng)
        return self._varied(this(rng), rng)

    def _varied(self, sample: Sample, rng: np.random.Generator) -> Sample:
        if self.spatial:
            sample = turned(sample, int(rng.integers(4)), bool(rng.integers(2)))
        if self.photometric is not None:
            sample = self.photometric(sample, rng)
        if self.recolour:
            gain = np.exp2(self.recolour * (rng.normal(0, 1) + rng.normal(0, 0.25, 3)))
            saturation, hue = self.recolour * rng.uniform(-1, 1, 2) * (0.7, 50.0)
            sample = recoloured(sample, gain, float(saturation), float(hue))
        factors = rng.uniform(-1, 1, 4) * (self.brightness, self.contrast, self.saturation, self.hue)
        return jittered(sample, *(float(factor) for factor in factors))


def turned(sample: Sample, quarter_turns: int, mirror: bool) -> Sample:
    """The sample mirrored left to right if `mirror`, then turned counter-clockwise; normals turn with it.

    >>> grey = Sample({MapKind.AO: np.float32([[[0], [1]]])}, None, "", "")
    >>> turned(grey, 0, True).maps[MapKind.AO].ravel().tolist()
    [1.0, 0.0]
    """

    def as_a_whole(kind: MapKind, image: np.ndarray) -> np.ndarray:
        if spec(kind).vector:
            return turn(image, quarter_turns, mirror)
        return np.ascontiguousarray(np.rot90(image[:, ::-1] if mirror else image, quarter_turns))

    maps = {kind: as_a_whole(kind, image) for kind, image in sample.maps.items()}
    return replace(sample, maps=maps)


def two_crop(parts: Sequence[Sample], rng: np.random.Generator) -> Sample:
    """Two samples of one size on the two sides of a line of any direction, straight or wavy.

    >>> grey = Sample({MapKind.AO: np.ones((8, 8, 1), np.float32)}, None, "a", "a")
    >>> two_crop([grey, grey], np.random.default_rng(0)).name
    'a+a'
    """
    y, x = _unit_grid(parts[0])
    angle = rng.uniform(0, 2 * np.pi)
    across = np.cos(angle) * x + np.sin(angle) * y
    along = np.cos(angle) * y - np.sin(angle) * x
    waves = rng.uniform(0, 0.06) * np.sin(2 * np.pi * (rng.uniform(1, 5) * along + rng.random()))
    straight = rng.random() < 0.5
    side = across + (0 if straight else waves) > rng.uniform(-0.25, 0.25)
    return composite(parts, side.astype(np.intp))


def four_crop(parts: Sequence[Sample], rng: np.random.Generator) -> Sample:
    """Four samples of one size in the quadrants around a random centre.

    >>> grey = Sample({MapKind.AO: np.ones((8, 8, 1), np.float32)}, None, "a", "a")
    >>> four_crop([grey] * 4, np.random.default_rng(0)).name
    'a+a+a+a'
    """
    y, x = _unit_grid(parts[0])
    centre_y, centre_x = rng.uniform(-0.2, 0.2, 2)
    return composite(parts, (2 * (y > centre_y) + (x > centre_x)).astype(np.intp))


def composite(parts: Sequence[Sample], which: np.ndarray) -> Sample:
    """One sample that shows parts[which[y, x]] at every texel, without blending; the parts are of one domain.

    A map is given only where every part has it. Classes are the union of the parts', or None when one of them
    is unknown: its material is in the picture too.

    >>> a, b = (Sample({MapKind.AO: np.full((1, 2, 1), v, np.float32)}, None, "", "") for v in (0, 1))
    >>> composite([a, b], np.array([[1, 0]])).maps[MapKind.AO].ravel().tolist()
    [1.0, 0.0]
    """
    maps = {}
    for kind, image in parts[0].maps.items():
        if all(kind in part.maps for part in parts):
            maps[kind] = image.copy()
            for i, part in enumerate(parts[1:], 1):
                np.copyto(maps[kind], part.maps[kind], where=(which == i)[..., None])
    return _combined(parts, maps)


def blend(parts: Sequence[Sample], rng: np.random.Generator) -> Sample:
    """Two samples of one size as one material: the second grows in the hollows of the first, or lies on its heights.

    Where is a noise of drawn size, moved by the difference of the heights where both have them (HEIGHT, else
    GEO_HEIGHT); the second gets a fifth to four fifths of the picture, with a border from hard to soft.

    >>> grey = Sample({MapKind.AO: np.ones((8, 8, 1), np.float32)}, None, "a", "a")
    >>> blend([grey, grey], np.random.default_rng(0)).name
    'a+a'
    """
    first, second = (part.maps for part in parts)
    shape = next(iter(first.values())).shape[:2]
    where = smooth_noise(rng, shape, rng.uniform(2, 12), rng.uniform(0.6, 1.4))
    for kind, about in SPECS.items():
        if about.affine_free and kind in first and kind in second:
            rise = normalised(second[kind][..., 0]) - normalised(first[kind][..., 0])
            where = where + rng.choice([-1, 1]) * rng.uniform(0.2, 1.2) * rise
            break
    level, soft = (
        np.quantile(where, rng.uniform(0.2, 0.8)),
        0.5 * np.exp(rng.uniform(np.log(0.02), np.log(0.6))),
    )
    return blended(parts, smoothstep(where, level - soft, level + soft).astype(np.float32))


def blended(parts: Sequence[Sample], share: np.ndarray) -> Sample:
    """Two samples of one domain mixed texel by texel: the first where share (H, W) is 0, the second where it is 1.

    Colours mix in linear light, normals by their slopes, the rest as it is; the diffuses by the same share, which
    keeps each part's painted light, as a composite does. What is metal is asked of the mixed METALLIC. A map is
    given only where both have it; classes as of a composite.

    >>> a, b = (Sample({MapKind.AO: np.full((1, 1, 1), v, np.float32)}, None, "", "") for v in (0, 1))
    >>> blended([a, b], np.float32([[0.25]])).maps[MapKind.AO].ravel().tolist()
    [0.25]
    """
    share = share[..., None]

    def mixed(kind: MapKind, image: np.ndarray, over: np.ndarray) -> np.ndarray:
        if spec(kind).vector:
            inclined = (a + (b - a) * share[..., 0] for a, b in zip(slopes(image), slopes(over), strict=True))
            return from_slopes(*inclined)
        if spec(kind).colour == "srgb":
            light = srgb_to_linear(image) + (srgb_to_linear(over) - srgb_to_linear(image)) * share
            # Rounding must not leave the range, and a part's own texels stay what they were.
            return np.where(
                share == 0, image, np.where(share == 1, over, np.clip(linear_to_srgb(light), 0, 1))
            )
        return image + (over - image) * share

    first, second = (part.maps for part in parts)
    maps = {kind: mixed(kind, image, second[kind]) for kind, image in first.items() if kind in second}
    if MapKind.METALLIC in maps and MapKind.METALLIC_MASK in maps:
        maps[MapKind.METALLIC_MASK] = (maps[MapKind.METALLIC] > METAL_THRESHOLD).astype(np.float32)
    return _combined(parts, maps)


def _combined(parts: Sequence[Sample], maps: dict[MapKind, np.ndarray]) -> Sample:
    """These maps as one sample with the names and the classes of its parts."""
    known = [part.classes for part in parts if part.classes is not None]
    classes = np.maximum.reduce(known) if len(known) == len(parts) else None
    names, keys = ("+".join(words) for words in zip(*((p.name, p.key) for p in parts), strict=True))
    return Sample(maps, classes, names, keys, parts[0].domain, parts[0].fold)


def _unit_grid(sample: Sample) -> tuple[np.ndarray, np.ndarray]:
    """Rows (H, 1) and columns (1, W) of a sample, from -0.5 to 0.5."""
    height, width = next(iter(sample.maps.values())).shape[:2]
    y = (np.arange(height, dtype=np.float32) + 0.5) / height - 0.5
    x = (np.arange(width, dtype=np.float32) + 0.5) / width - 0.5
    return y[:, None], x[None, :]

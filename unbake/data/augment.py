"""Draws how training samples vary: flips, turns, colours of the input, composites, atlases; called by `dataset`.

Numbers only: `on_device` does to the pixels what they say. Colour comes before compositing, so that the parts of a
composite keep their own light, and after blending: a blend is one material, graded once.
"""

from dataclasses import dataclass, replace

import numpy as np

from unbake.data.atlas import draw_atlas, draw_materials
from unbake.data.colours import Jitter, Paint
from unbake.data.composite import draw_blend, draw_line, draw_quadrants
from unbake.data.levels import draw_doubt
from unbake.data.photometric import SkyrimPhotometric
from unbake.data.sample import DrawSample, Sample, blended, composite
from unbake.data.turn import Turn

_TRIES = 4
"""Materials that are drawn for an island until one has all maps that the first has."""


@dataclass(frozen=True, slots=True)
class Augmentation:
    """The augmentation of training samples, as data; calling it makes one sample (see `sample.Augment`).

    spatial: flips and quarter turns. brightness, contrast, saturation: largest relative change of the input's
    colours; hue: largest turn in degrees. recolour: deviation, in stops, of the material's own brightness (see
    `colours.recoloured`); its tint, saturation and hue vary with it. two_crop, four_crop: chances of a composite
    (plan, phase A: 0.30 and 0.15). blend: chance that two materials grow into one another. atlas: chance of an atlas of
    one to four materials. photometric: what is done to Skyrim's samples besides, or None.

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
    atlas: float = 0.0
    photometric: SkyrimPhotometric | None = None

    def __call__(self, this: DrawSample, another: DrawSample, rng: np.random.Generator) -> Sample:
        """One sample: this material alone, blended with another, in a composite or an atlas with up to three others."""
        chance = rng.random()
        if chance < self.two_crop:
            parts = [self._varied(draw(rng), rng) for draw in (this, another)]
            return composite(parts, draw_line(rng))
        if chance < self.two_crop + self.four_crop:
            parts = [self._varied(draw(rng), rng) for draw in (this, another, another, another)]
            return composite(parts, draw_quadrants(rng))
        if chance < self.two_crop + self.four_crop + self.blend:
            parts = [this(rng), another(rng)]
            return self._varied(blended(parts, draw_blend(rng, parts[0].side)), rng)
        if chance < self.two_crop + self.four_crop + self.blend + self.atlas:
            return self._atlas(this, another, rng)
        return self._varied(this(rng), rng)

    def _atlas(self, this: DrawSample, another: DrawSample, rng: np.random.Generator) -> Sample:
        """An atlas of this material and others: one file, so of one level, as well known for all, and graded once."""
        doubt = draw_doubt(rng)
        drawn = [this(rng, doubt)]
        for _ in range(draw_materials(rng) - 1):
            mate = another(rng, doubt)
            for _ in range(_TRIES - 1):
                if drawn[0].kinds <= mate.kinds:
                    break
                mate = another(rng, doubt)
            drawn.append(mate)
        parts = [self._varied(sample, rng) for sample in drawn]
        sample = composite(parts, draw_atlas(rng, parts[0].side, len(parts)))
        jitter = sample.layers[0].jitter
        return replace(sample, layers=tuple(replace(layer, jitter=jitter) for layer in sample.layers))

    def _varied(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """A sample of one layer with that layer's changes drawn."""
        [layer] = sample.layers
        if self.spatial:
            layer = replace(layer, turn=Turn(int(rng.integers(4)), bool(rng.integers(2))))
        if self.photometric is not None:
            layer = replace(layer, light=self.photometric.drawn(sample.domain, rng))
        if self.recolour:
            gain = np.exp2(self.recolour * (rng.normal(0, 1) + rng.normal(0, 0.25, 3)))
            saturation, hue = (self.recolour * rng.uniform(-1, 1, 2) * (0.7, 50.0)).tolist()
            layer = replace(layer, paint=Paint(tuple(gain.tolist()), saturation, hue))
        factors = rng.uniform(-1, 1, 4) * (self.brightness, self.contrast, self.saturation, self.hue)
        jitter = Jitter(*factors.tolist())
        return replace(sample, layers=(replace(layer, jitter=jitter if any(jitter) else None),))

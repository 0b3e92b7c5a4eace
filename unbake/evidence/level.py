"""Estimates how dark a mod's painter worked: one level from all its textures, before the networks run.

A painted diffuse is albedo times painted light. The light's mean level is a property of the painter, not of the
picture: within a mod it is much alike, between mods it differs by two octaves and more. So it is estimated once,
as the offset of the mod's mean log brightness from the one that albedos of such materials have.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Annotated, Final

import msgspec

from unbake.domain.layout import MEAN_LOG_ALBEDO

MEAN_LOG: Final = MEAN_LOG_ALBEDO

DEVIATION: Final = 0.9
"""Standard deviation of that log between materials: what one picture's brightness says little beside."""

FAMILY_MEAN_LOG: Final[Mapping[str, float]] = {
    "ceramic": -1.5, "stone": -2.1, "cloth": -2.4, "ground": -1.7, "leather": -2.9, "wood": -2.2,
    "plaster": -0.9, "ice": -0.8, "bone": -1.3, "paper": -1.2, "fur": -2.4, "bark": -2.3, "plant": -2.3,
}  # fmt: skip
"""The same mean of some families, by the lexicon's names."""

METAL_TEXELS_MEAN_LOG: Final = -1.75
"""The same mean of the metal texels of real materials."""

BESIDE_METAL_MEAN_LOG: Final = -2.2
"""The same mean of what is not metal on materials with metal."""

PRIOR_MEAN: Final = -0.7
PRIOR_DEVIATION: Final = 0.6
"""Of the log of the level before any texture is seen: packs average 0.17 to 0.50 in sRGB."""

METAL_PRIOR_MEAN: Final = -0.7
METAL_PRIOR_DEVIATION: Final = 0.5
"""Of the log of what metal is darkened by besides: painters hold it between 0.2 and 1.1 of its albedo."""

METAL_PART: Final = 0.6
"""Share of the surface that is metal on sets that their names call metal: beside it they show wood, leather, rust."""

METAL_FOLLOWS: Final = 0.7
"""Share of the painter's darkness, in log light, by which metal is darkened once more where no companion shows it:
who paints dark, paints metal darker still."""

NAMED_DOUBT: Final = 0.1
"""Difference in log light, between the materials of a mod by its names and those of any mod, that is half believed:
smaller ones are families' means and the names' own errors, larger ones a mod of cloth, wood or snow."""

_ROUNDS: Final = 30
"""Level and what metal is darkened by are found in turn; each round leaves less than half of the difference."""

LEAST, MOST = 0.1, 1.2
"""Bounds of a level, and of metal's."""

Share = Annotated[float, msgspec.Meta(ge=LEAST, le=MOST)]


class PaintedSet(msgspec.Struct, frozen=True):
    """What is known of one texture's brightness.

    log_mean: log of its mean linear brightness; where `metal_log_mean` is given without its metal, None if nearly
    all is metal. metal_log_mean: the same of the texels that a companion marks as metal. families: probabilities
    by the lexicon's names, {} if unknown.
    """

    log_mean: float | None
    families: dict[str, float] = {}
    metal_log_mean: float | None = None


class Level(msgspec.Struct, frozen=True):
    """A mod's painted level.

    gain: painted brightness as a share of albedo, linear. metal_gain: what metal is darkened by besides.
    deviation: standard deviation of the estimate of log gain. sets: how many textures it rests on.
    """

    gain: Share = 1.0
    metal_gain: Share = 1.0
    deviation: float = PRIOR_DEVIATION
    sets: int = 0

    @property
    def stops(self) -> float:
        """The level in stops: -1 is painted half as bright as the materials are."""
        return math.log2(self.gain)

    def sentence(self) -> str:
        """For a person: "painted 1.1 stops dark (from 45 textures)"."""
        word = "dark" if self.gain < 1 else "bright"
        source = f"from {self.sets} texture{'s' * (self.sets != 1)}" if self.sets else "as told"
        return f"painted {abs(self.stops):.1f} stops {word} ({source})"


def estimate_level(sets: Iterable[PaintedSet]) -> Level:
    """The level of a mod from all its sets, in any order.

    A Gaussian estimate in log light: each set's offset from its family's mean is an observation with the spread
    of real materials, and the prior stands for what packs were seen to do, so a lone texture moves little.

    >>> dark = [PaintedSet(MEAN_LOG + math.log(0.3))] * 100
    >>> round(estimate_level(dark).gain, 2)
    0.3
    """
    known = list(sets)
    shown = [painted for painted in known if painted.log_mean is not None]
    logs = math.fsum(painted.log_mean for painted in shown if painted.log_mean is not None)
    usual = math.fsum(_usual(painted) for painted in shown)
    rest = math.fsum(_expected(painted) for painted in shown)
    share = math.fsum(_metal_share(painted) for painted in shown)
    log_gain = PRIOR_MEAN
    for _ in range(_ROUNDS):
        named = rest + share * _metal_mean(METAL_FOLLOWS * min(log_gain, 0.0))
        offsets = logs - usual - _believed(named - usual, len(shown))
        log_gain, deviation = _posterior(offsets, len(shown), PRIOR_MEAN, PRIOR_DEVIATION)
    metal = [
        painted.metal_log_mean - METAL_TEXELS_MEAN_LOG - log_gain
        for painted in known
        if painted.metal_log_mean is not None
    ]
    log_metal, _ = _posterior(math.fsum(metal), len(metal), METAL_PRIOR_MEAN, METAL_PRIOR_DEVIATION)
    return Level(_bounded(log_gain), _bounded(min(log_metal, 0.0)), deviation, len(known))


def told_level(stops: float, estimated: Level) -> Level:
    """The level a person gives, in stops; the metal's darkness stays as estimated."""
    return Level(_bounded(stops * math.log(2)), estimated.metal_gain, 0.0, 0)


def _metal_mean(darkened: float) -> float:
    """The mean log brightness at level 1 of sets called metal, their metal darkened by so much in log light."""
    metal, rest = METAL_TEXELS_MEAN_LOG + darkened, BESIDE_METAL_MEAN_LOG
    return math.log(METAL_PART * math.exp(metal) + (1 - METAL_PART) * math.exp(rest))


def _metal_share(painted: PaintedSet) -> float:
    """How likely a set is metal whose darkness no companion shows."""
    return 0.0 if painted.metal_log_mean is not None else painted.families.get("metal", 0.0)


def _usual(painted: PaintedSet) -> float:
    """The mean log brightness such a set would have at level 1 if its name said nothing."""
    return MEAN_LOG if painted.metal_log_mean is None else BESIDE_METAL_MEAN_LOG


def _believed(difference: float, sets: int) -> float:
    """What is believed of what the names of so many sets add up to: the square of it beside NAMED_DOUBT's."""
    square = difference**2
    return difference * square / (square + (NAMED_DOUBT * max(sets, 1)) ** 2)


def _expected(painted: PaintedSet) -> float:
    """The mean log brightness such a set would have at level 1, but for the part that metal has in it."""
    if painted.metal_log_mean is not None:
        return BESIDE_METAL_MEAN_LOG
    named = sum(
        share * FAMILY_MEAN_LOG.get(family, MEAN_LOG)
        for family, share in painted.families.items()
        if family != "metal"
    )
    return named + (1.0 - sum(painted.families.values())) * MEAN_LOG


def _posterior(offsets: float, count: int, mean: float, deviation: float) -> tuple[float, float]:
    """Mean and standard deviation after observations of this sum, each with DEVIATION, of a Gaussian before them."""
    precision = deviation**-2 + count * DEVIATION**-2
    weighted = mean * deviation**-2 + offsets * DEVIATION**-2
    return weighted / precision, precision**-0.5


def _bounded(log_gain: float) -> float:
    """A level within its bounds, rounded so that equal mods get equal bytes on every machine."""
    return round(min(max(math.exp(log_gain), LEAST), MOST), 3)

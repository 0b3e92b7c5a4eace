"""Decides where a texture is metal: the networks' logits, a companion's mask and what is known, in log-odds.

`plan` looks at a small copy and says how each texel is to be read; `metal_probability` reads rows of any size by it.
So a decision about the whole texture is made once, and tiles cannot differ.
"""

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from unbake.evidence.companions import MetalCue, strength
from unbake.evidence.evidence import Evidence

MASK_SLOPE: Final = 14.0
"""Log-odds by which full strength of a mask lies above none: half strength is undecided."""

PRESENCE_WITH_MASK: Final = 1.5
"""Log-odds that a shiny texture has metal, all else unknown: 41 of 55 sets with a mask had, 26 of 100 without, and
beside a mask the networks say too little."""

NETWORK_PRESENCE: Final = 0.5
"""Weight of the networks' own log-odds of metal anywhere, beside a mask."""

NAME_PRESENCE: Final = 6.0
"""Weight of the name, from -1/2 (shiny without metal) to 1/2 (metal), beside a mask."""

MOSTLY: Final = 0.7
"""Probability of mostly metal from which a name's share is taken at its word."""

MOSTLY_SHARE: Final = 0.85
"""Least mean probability of metal there: bare metal is painted in every shade, so the networks see too little."""

SURE: Final = 0.95
"""Probability of mostly metal below which a name may as well be a tool's, half wood: there the picture wins sooner."""

PARTED, PARTED_UNSURE = 0.4, 0.2
"""Standard deviation of the networks' log-odds of metal from which they tell one part of a picture from another:
beside a name that is sure, and one that is not."""

PARTED_COLOURS: Final = 0.2
"""Standard deviation of the log-odds that follow the picture's colours, below which it has no parts: a sheet of one
colour would be cut into speckles of its grain."""

LEAST_PART: Final = 0.3
"""Least share of metal that a picture parts off where the name says mostly metal."""

HARDLY: Final = 0.10
"""Expected share below which a name speaks against metal."""

LEAST_WEIGHT: Final = 0.15
"""Weight of a name's word below which it says nothing of metal."""

LARGEST_OFFSET: Final = 12.0
"""Log-odds by which a name alone may move the networks' word: then the picture wins."""

UNKNOWN_PRESENCE: Final = 0.2
"""Log-odds of metal anywhere from which the networks are believed where nothing else is known: at this point 2 % of
other materials' texels come out as metal."""

SOME_PRESENCE: Final = -1.0
"""Log-odds of metal anywhere below which a name that allows some metal is not believed, from SOME_LIKELY on; more must
be seen where the name expects less."""

SOME_LIKELY: Final = 0.15

SOME_LEAST: Final = 0.05
"""Expected share below which no picture finds the fittings that a name allows."""

SOME_MOST: Final = 2.0
"""Such a name's expected share times this is the most metal that is found."""

TYPICAL_PRESENCE: Final = -1.25
"""Log-odds of metal anywhere that metals and other materials show about equally often: the networks' are too low."""

COVERED: Final = 0.6
"""Share of a surface from which a mask marks all of it: what is called no metal shines, then, as a whole."""

SHINES: Final = 0.2
"""Expected share of metal below which a mask that marks all of it speaks of glaze or varnish."""

WHOLE: Final = 0.9
COLOURFUL: Final = 0.65
"""Share of a surface that a mask marks and chroma (`refine.chroma`) from which, without a name, it is no metal: metals
are grey but for gold and copper, which their names tell."""

SAID_LEAST, SAID_MOST = 0.7, 1.3
"""The picture's own edge is taken where it finds so much of the share that a person said; nearest to it, else."""

SHARP: Final = 12.0
"""Log-odds from one side to the other of a standard deviation: metal is near binary, so few texels stay between."""

Mode = Literal["none", "fill", "mask", "complex", "threshold"]


@dataclass(frozen=True, slots=True)
class Plan:
    """How each texel is read.

    mode: "none" no metal; "fill" all metal; "complex" the companion's value itself; "mask" the companion's
    strength against a half; "threshold" the sum of it and of the ordered log-odds against `offset`, sharply.
    because: the sentence that tells it.
    """

    mode: Mode
    offset: float = 0.0
    slope: float = 1.0
    because: str = ""


def plan(
    logits: np.ndarray,
    cue: MetalCue | None,
    small_cue: np.ndarray | None,
    evidence: Evidence,
    ordered: np.ndarray | None = None,
    marked_chroma: float = 0.0,
) -> Plan:
    """How to read a texture's metal.

    logits: the networks' log-odds (h, w, 1) on a small copy: whether there is metal. ordered: where it is, (h, w, 1)
    at any size (`refine.refined`), by which `metal_probability` reads; None for `logits`. cue: the companion's, with
    `small_cue`, its strength (h, w, 1) in [0, 1] at the size of `ordered`. marked_chroma: of the colour that it marks
    (`refine.chroma`). A person's word beats every other source.
    """
    score = logits if ordered is None else ordered
    if evidence.coverage is not None:
        return _told(score, small_cue, evidence.coverage)
    if cue is not None and cue.kind == "complex":
        return Plan("complex", because="the complex material's blue channel is its metal")
    if cue is not None and cue.kind == "black":
        return Plan("none", because="its environment mask is black: nothing reflects")
    if cue is not None and small_cue is not None:
        return _marked(logits, small_cue, evidence, marked_chroma)
    return _named(logits, score, evidence)


def metal_probability(
    logits: np.ndarray, cue: MetalCue | None, cue_rows: np.ndarray | None, how: Plan
) -> np.ndarray:
    """Probability of metal, float32 in [0, 1], of texels (H, W, 1).

    logits: as `plan` took them to order the texels. cue_rows: the companion's values of the same texels.
    """
    match how.mode:
        case "none":
            return np.zeros(logits.shape, np.float32)
        case "fill":
            return np.ones(logits.shape, np.float32)
    marked = np.zeros(logits.shape, np.float32)
    if cue is not None and cue_rows is not None:
        marked = strength(cue_rows, cue.top)
    match how.mode:
        case "complex":
            return marked
        case "mask":
            return _sigmoid(np.float32(MASK_SLOPE) * (marked - np.float32(0.5)))
        case _:
            score = logits + np.float32(MASK_SLOPE) * marked
            return _sigmoid(np.float32(how.slope) * (score - np.float32(how.offset)))


def _marked(logits: np.ndarray, small_cue: np.ndarray, evidence: Evidence, chroma: float) -> Plan:
    """With an environment mask: whether what it marks is metal. Fittings are marked in part, varnish as a whole."""
    covered = float((small_cue > 0.5).mean())
    if evidence.metal_weight >= LEAST_WEIGHT:
        if covered >= COVERED and evidence.metal_share < SHINES:
            return Plan(
                "none", because="its environment mask marks all of it, and its name speaks of no metal"
            )
    elif covered >= WHOLE and chroma > COLOURFUL:
        return Plan("none", because="its environment mask marks all of it, and its colour is no metal's")
    presence = (
        PRESENCE_WITH_MASK
        + NAME_PRESENCE * (evidence.mask_gate - 0.5)
        + NETWORK_PRESENCE * (_presence(logits) - TYPICAL_PRESENCE)
    )
    if presence > 0:
        return Plan("mask", because="its environment mask marks the metal")
    return Plan("none", because="its environment mask marks something shiny that is no metal")


def _told(score: np.ndarray, small_cue: np.ndarray | None, coverage: float) -> Plan:
    """A person's share of metal: none empties, all fills, else the upper share of the best order of texels."""
    said = f"you said {coverage:.0%} of it is metal"
    if coverage <= 0:
        return Plan("none", because=said)
    if coverage >= 1:
        return Plan("fill", because=said)
    if small_cue is not None:
        score = score + np.float32(MASK_SLOPE) * small_cue
    return _parted(score, SAID_LEAST * coverage, min(SAID_MOST * coverage, (1 + coverage) / 2), said)


def _named(logits: np.ndarray, score: np.ndarray, evidence: Evidence) -> Plan:
    """Without companions: the networks say whether there is metal, the name how much, the picture's own edge where."""
    weight, expected = evidence.metal_weight, evidence.metal_share
    if weight < LEAST_WEIGHT:
        if _presence(logits) < UNKNOWN_PRESENCE:
            return Plan("none", because="the picture alone decides, and is not sure of any metal")
        return _parted(score, 0.0, 1.0, "the picture alone decides")
    if evidence.mostly_metal >= MOSTLY:
        return _mostly(logits, score, evidence)
    if expected < SOME_LEAST:
        offset = min(max(matched_offset(score, max(expected, 0.002)), -LARGEST_OFFSET), 0.0)
        return Plan("threshold", -offset, _slope(score), "its name says little of metal")
    doubt = max(0.0, float(np.log(SOME_LIKELY / expected)))
    if _presence(logits) < SOME_PRESENCE + doubt:
        return Plan("none", because="its name allows some metal, its picture shows none")
    # Where the picture parts best, for little is half metal; but no more of it than the name's twofold.
    because = f"its name speaks of some metal ({expected:.0%}), its picture shows where"
    return _parted(score, 0.0, min(SOME_MOST * expected, 0.95), because)


def _mostly(logits: np.ndarray, score: np.ndarray, evidence: Evidence) -> Plan:
    """A name says mostly metal: all of it, or what the picture parts off; none where that is surer than the name."""
    because = "its name says that it is mostly metal"
    sure = evidence.mostly_metal >= SURE
    share = max(MOSTLY_SHARE, evidence.metal_share)
    if not sure:
        odds = math.log(evidence.mostly_metal / (1 - evidence.mostly_metal))
        if odds + _presence(logits) - TYPICAL_PRESENCE < 0:
            return Plan("none", because="its name may speak of metal, its picture shows none")
    if float(logits.std()) >= (PARTED if sure else PARTED_UNSURE) and float(score.std()) >= PARTED_COLOURS:
        # The picture tells metal from rust, wood or leather by itself: it parts them, sharply, within bounds.
        return _parted(score, LEAST_PART, share, because)
    offset = min(max(matched_offset(logits, share), 0.0), LARGEST_OFFSET)
    return Plan("fill" if float(logits.mean()) + offset > 0 else "none", because=because)


def _parted(score: np.ndarray, least: float, most: float, because: str) -> Plan:
    """The picture parted where it parts best, sharply, with a share of metal between `least` and `most`."""
    low, high = (float(np.quantile(score, 1 - share)) for share in (most, least))
    return Plan("threshold", min(max(otsu(score), low), high), _slope(score), because)


def _slope(score: np.ndarray) -> float:
    """Log-odds for a step of the score, by which half its spread reaches from hardly any to nearly all."""
    return SHARP / max(float(score.std()), 1e-3)


def matched_offset(logits: np.ndarray, share: float) -> float:
    """The offset of log-odds at which their mean probability is `share` in (0, 1), by bisection.

    >>> abs(matched_offset(np.zeros((2, 2, 1), np.float32), 0.5)) < 1e-3
    True
    """
    low, high = -20.0, 20.0
    for _ in range(40):
        middle = (low + high) / 2
        if float(_sigmoid(logits + np.float32(middle)).mean()) < share:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def otsu(values: np.ndarray, bins: int = 64) -> float:
    """The threshold that parts values into two groups of least variance (Otsu 1979); any shape."""
    low, high = float(values.min()), float(values.max())
    if high - low < 1e-6:
        return low
    counts, edges = np.histogram(values, bins, (low, high))
    centres = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    sums = np.cumsum(counts * centres)
    above = below[-1] - below
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    return float(edges[1 + int(np.nanargmax(between[:-1]))])


def _presence(logits: np.ndarray) -> float:
    """The networks' log-odds that there is metal at all: their upper tenth's mean, bounded."""
    return float(np.clip(np.quantile(logits, 0.9), -7, 1))


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return (1 / (1 + np.exp(-np.clip(x, -60, 60)))).astype(np.float32)

"""A person's word on a texture, as rules and `--hint` say it; evidence takes it before every other source."""

from typing import Annotated, Final, Literal

import msgspec

MetalWord = Literal["none", "little", "some", "most", "all"]
Finish = Literal["polished", "glossy", "satin", "matt", "rough"]
PaintedWord = Literal["dark", "normal", "bright"]

METAL_SHARES: Final[dict[str, float]] = {"none": 0.0, "little": 0.1, "some": 0.35, "most": 0.75, "all": 1.0}
"""The words for metal as shares of the surface."""

FINISH_ROUGHNESS: Final[dict[str, float]] = {
    "polished": 0.12, "glossy": 0.28, "satin": 0.45, "matt": 0.65, "rough": 0.85,
}  # fmt: skip
"""Mean roughness of each finish."""

PAINTED_STOPS: Final[dict[str, float]] = {"dark": -1.5, "normal": -0.6, "bright": 0.0}
"""The words for a painter's level in stops: how much brighter the painting is than the material, if negative darker."""

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Stops = Annotated[float, msgspec.Meta(ge=-6, le=3)]
Brighter = Annotated[float, msgspec.Meta(ge=0, le=10)]


class Hint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A person's word on a texture; None where nothing is said.

    metal: a word or a share of the surface. finish: of the whole surface. material: a word of the lexicon ("iron"),
    which sets what the others leave open. painted: a word, or stops (-1: half as bright as the material is).
    subsurface: whether light comes through, or which share of it. fuzz: soft fibres, or their weight. glint: sparkles.
    emissive: whether its glow map is used, or how much brighter.
    """

    metal: MetalWord | Share | None = None
    finish: Finish | None = None
    material: str | None = None
    painted: PaintedWord | Stops | None = None
    subsurface: bool | Share | None = None
    fuzz: bool | Share | None = None
    glint: bool | None = None
    emissive: bool | Brighter | None = None

    @property
    def coverage(self) -> float | None:
        """Metal's share of the surface; None where nothing is said.

        >>> Hint(metal="some").coverage
        0.35
        """
        return METAL_SHARES[self.metal] if isinstance(self.metal, str) else self.metal

    @property
    def stops(self) -> float | None:
        """The painter's level in stops; None where nothing is said."""
        return PAINTED_STOPS[self.painted] if isinstance(self.painted, str) else self.painted


def merged(hints: "list[Hint]") -> Hint:
    """One hint of several, the later ones first.

    >>> both = merged([Hint(metal="all", finish="rough"), Hint(metal="none")])
    >>> both.metal, both.finish
    ('none', 'rough')
    """
    said: dict[str, object] = {}
    for hint in hints:
        said |= {name: value for name in hint.__struct_fields__ if (value := getattr(hint, name)) is not None}
    return msgspec.convert(said, Hint)

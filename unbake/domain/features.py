"""TruePBR's features besides the maps: what is wished of a surface, and what it gets; decided in `batch.stages`."""

import msgspec


class Wish(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whether a surface should have a feature.

    amount: [0, 1], 0 for not at all. said: by a person, so that the picture is not asked. because: a clause.
    """

    amount: float = 0.0
    said: bool = False
    because: str = ""


class Wishes(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What names and a person wish of a surface, before its picture is asked.

    emissive: what a person says of its glow map; None where nothing is said.
    """

    subsurface: Wish = Wish()
    fuzz: Wish = Wish()
    glint: Wish = Wish()
    emissive: bool | float | None = None


class Features(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The features of a set, all off by default.

    subsurface: share of the light that comes through, [0, 1]. fuzz: weight of soft fibres, [0, 1], with fuzz_colour,
    their linear grey. glint: sparkles. emissive: whether its glow map is used, at emissive_scale times its brightness
    (None: as the mesh says). because: sentences for a person, what was left off for a reason among them.
    """

    subsurface: float = 0.0
    fuzz: float = 0.0
    fuzz_colour: float = 0.0
    glint: bool = False
    emissive: bool = False
    emissive_scale: float | None = None
    because: tuple[str, ...] = ()

    def words(self) -> list[str]:
        """Those that are on, for a headline.

        >>> Features(fuzz=1.0, emissive=True).words()
        ['soft fibres', 'glows']
        """
        named = {
            "light shines through": self.subsurface > 0,
            "soft fibres": self.fuzz > 0,
            "glints": self.glint,
            "glows": self.emissive,
        }
        return [word for word, on in named.items() if on]

"""Explains textures without any network and without their pictures: names, rules, and a conversion's level."""

from collections.abc import Iterable

import msgspec

from unbake.domain.decision import Decision
from unbake.domain.hints import Finish, Hint
from unbake.domain.naming import split_stem
from unbake.domain.texture_paths import is_texture
from unbake.evidence.evidence import FAMILY_SHARE, gather
from unbake.evidence.features import told
from unbake.evidence.level import Level
from unbake.evidence.names import name_evidence

_LEAST_FAMILY = 0.1
"""Probability from which a family is named."""

_LEAST_ROUGHER = 0.01


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one texture.

    families: the likeliest families of material with their probabilities, likeliest first. metal: its expected share
    of the surface, [0, 1], a person's where one is said. mask_gate: how far an environment mask of it would mark
    metal, [0, 1]. because: clauses for a person, the weightiest first. rougher: by how much its family is rougher than
    materials of all kinds. features: TruePBR's that it would get, if its picture bears it out. level: the painter's, ""
    where it is not known. decided: what a conversion made of it, None where there is none.
    """

    name: str
    families: dict[str, float]
    metal: float
    finish: Finish | None
    material: str | None
    mask_gate: float
    because: tuple[str, ...]
    rougher: float = 0.0
    features: tuple[str, ...] = ()
    level: str = ""
    decided: Decision | None = None

    def lines(self) -> list[str]:
        """For a terminal, the name first.

        >>> explained("weapons/iron/longsword", Hint(), None).lines()[2]
        '  metal: about 81 % expected'
        """
        rows = {
            "family": ", ".join(f"{family} {_percent(share)}" for family, share in self.families.items()),
            "metal": f"about {_percent(self.metal)} expected",
            "finish": self.finish or "",
            "roughness": "" if self.finish else _told_rougher(self.rougher),
            "material": self.material or "",
            "environment mask": _told_gate(self.mask_gate),
            "because": "; ".join(self.because),
            "TruePBR, if its picture bears it out": "; ".join(self.features),
            "brightness": self.level,
            "converted": "" if self.decided is None else self.decided.sentences()[0],
        }
        return [self.name, *(f"  {title}: {told}" for title, told in rows.items() if told)]


def explained(name: str, hint: Hint, level: Level | None, decided: Decision | None = None) -> Explained:
    """What is known of the texture of this name (see `game_name`).

    hint: a person's word on it. level: the painter's, None where it is not known. decided: of a conversion.
    """
    named = name_evidence(name)
    known = name_evidence(f"clutter/{hint.material}") if hint.material else named
    found = gather(named, hint, level or Level())
    likely = sorted(known.families.items(), key=lambda item: (-item[1], item[0]))
    shown = [item for item in likely if item[1] >= _LEAST_FAMILY] or likely[:1]
    return Explained(
        name=name,
        families={family: round(share, 3) for family, share in shown},
        metal=round(found.metal_share if found.coverage is None else found.coverage, 3),
        finish=found.finish,
        material=found.material,
        mask_gate=round(found.mask_gate, 3),
        because=found.because,
        rougher=round(found.rougher, 3),
        features=tuple(told(found.wishes)),
        level="" if level is None and hint.stops is None else found.level.sentence(),
        decided=decided,
    )


def matching(names: Iterable[str], wanted: str) -> list[str]:
    """Those of a conversion's names that a path of the game means: itself, or all below it.

    >>> matching(["clutter/pot", "clutter/pan"], "textures/Clutter")
    ['clutter/pot', 'clutter/pan']
    """
    asked = game_name(wanted).lower()
    return [name for name in names if name.lower() == asked or name.lower().startswith(f"{asked}/")]


def game_name(path: str) -> str:
    """A path in the game as rules and reports name it: below `textures`, without suffix and extension.

    >>> game_name("Data/textures/weapons/Sword_d.dds")
    'weapons/Sword'
    """
    parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".")]
    lower = [part.lower() for part in parts]
    if "textures" in lower:
        parts = parts[len(lower) - lower[::-1].index("textures") :]
    if parts and is_texture(parts[-1]):
        parts[-1] = split_stem(parts[-1].rpartition(".")[0])[0]
    return "/".join(parts)


def _told_rougher(rougher: float) -> str:
    most = FAMILY_SHARE[1] * abs(rougher)
    if most < _LEAST_ROUGHER:
        return ""
    return (
        f"up to {most:.2f} {'more' if rougher > 0 else 'less'} than its picture shows, as its family has it"
    )


def _told_gate(gate: float) -> str:
    if 0.4 < gate < 0.6:
        return "its name does not say whether one would mark metal"
    return f"would mark {'metal' if gate > 0.5 else 'something shiny that is no metal'} ({_percent(gate)})"


def _percent(share: float) -> str:
    return f"{round(100 * share)} %"

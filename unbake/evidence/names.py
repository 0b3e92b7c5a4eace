"""Guesses a texture's material from its path: words, folders and their fusion, without a look at a pixel."""

import math
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from unbake.domain.naming import split_stem
from unbake.evidence.cutting import covers, words_of
from unbake.evidence.lexicon import Lexicon, Meaning, bundled

FOLDER = 0.6
"""Weight of a folder's word beside the same word in the name."""

BESIDE_MATERIAL = 0.45
"""Weight of things, sets and folders where a word says the material outright: an iron door."""

BESIDE_SETTLED = 0.15
"""Weight of everything else where a thing settles its own material: a book about iron."""

BEFORE_LAST = 0.6
"""Weight of a material that another follows in the name, as the last says what it is: daedricgem, snowstone."""

OUTSIDE = 0.3
"""Factor of all log-odds without a folder of the game above: a "floor" in a space ship is no stone."""

OUTSIDE_WEIGHT = 0.1
"""Factor of the weight there."""

FITTINGS = 0.10
"""Expected share of metal from which an environment mask may well mark it, whatever the rest is made of: studs."""

TYPICAL_ROUGHNESS = 0.53
"""Mean roughness of materials of all kinds: the best constant for the 237 that the model was trained on."""

_LEAST_FAMILY = 0.03
_LEAST_MATERIAL = 0.05


class NameEvidence(msgspec.Struct, frozen=True):
    """What a path says of the material, and how far to believe it.

    families: probability of each family of the lexicon being the dominant one, adding up to 1.
    metal_share: expected share of the surface that is bare metal, 0 to 1, calibrated; mostly_metal: probability
    that it is at least half of it. rougher: by how much its families are rougher than materials of all kinds, already
    weighted. weight: 0 (the name says nothing) to 1, for fusing with other sources.
    material: the fine material ("iron"), where words say it. finish: polished, glossy, satin, matt or rough.
    mask_gate: how far an environment mask of this texture marks metal, 0 (shiny without metal) to 1; 0.5 unknown.
    because: sentences for a person, the weightiest first.
    """

    families: dict[str, float]
    metal_share: float
    mostly_metal: float
    weight: float
    material: str | None
    finish: str | None
    mask_gate: float
    because: tuple[str, ...]
    rougher: float = 0.0

    @property
    def family(self) -> str:
        """The most probable family."""
        return max(self.families, key=lambda name: self.families[name])


class _Hit(NamedTuple):
    """A word that says something, where it stands, and the factor of its weight."""

    word: str
    meaning: Meaning
    place: str
    factor: float


def name_evidence(path: str, lexicon: Lexicon | None = None) -> NameEvidence:
    r"""The evidence in a texture's path, with or without `textures/`, extension and suffix, either slash.

    >>> evidence = name_evidence(r"textures\\weapons\\iron\\IronSword_d.dds")
    >>> evidence.family, evidence.material, evidence.mask_gate > 0.8
    ('metal', 'iron', True)
    """
    lexicon = lexicon or bundled()
    folders, stem = _parts(path)
    start = next((i for i, name in enumerate(folders) if _of_game(name, lexicon)), None)
    below = folders if start is None else folders[start:]
    hits, finish = _hits(below, stem, lexicon)

    scale = OUTSIDE if start is None else 1.0
    families = _families(hits, lexicon, scale / lexicon.calibration.temperature)
    materials = _materials(hits, families, lexicon)
    raw = sum(part * lexicon.metal_share[material] for material, part in materials.items())
    weight = 1.0 - math.exp(-sum(hit.factor * hit.meaning.weight for hit in hits))
    weight *= OUTSIDE_WEIGHT if start is None else 1.0
    gate = sum(part * lexicon.families[name].mask for name, part in families.items())
    fit = lexicon.calibration
    share = _platt(raw, fit.share_slope, fit.share_offset)
    if share >= FITTINGS:
        gate = max(gate, 0.5)
    return NameEvidence(
        families=families,
        metal_share=share,
        mostly_metal=_platt(raw, fit.mostly_slope, fit.mostly_offset),
        weight=weight,
        material=_said_material(hits, families, materials, lexicon),
        finish=finish,
        mask_gate=0.5 + weight * (gate - 0.5),
        because=_because(hits, finish, start is None),
        rougher=weight
        * sum(part * (lexicon.families[name].rough - TYPICAL_ROUGHNESS) for name, part in families.items()),
    )


def _roughness(families: dict[str, float], lexicon: Lexicon) -> float:
    """The mean roughness that is expected of a surface of these families."""
    return sum(part * lexicon.families[name].rough for name, part in families.items())


def _parts(path: str) -> tuple[list[str], str]:
    """The folders below `textures`, and the stem without the suffix of its role."""
    parts = [part for part in re.split(r"[/\\]+", path.strip()) if part not in ("", ".")] or [""]
    lower = [part.lower() for part in parts[:-1]]
    if "textures" in lower:
        parts = parts[len(lower) - lower[::-1].index("textures") :]
    return parts[:-1], split_stem(re.sub(r"\.[A-Za-z]{3,4}$", "", parts[-1]))[0]


def _of_game(folder: str, lexicon: Lexicon) -> bool:
    """Whether a folder is the game's, or a mod's named after one (`armor_replacer`)."""
    return not lexicon.game_folders.isdisjoint(re.split(r"[^a-z0-9]+", folder.lower()))


def _hits(folders: list[str], stem: str, lexicon: Lexicon) -> tuple[list[_Hit], str | None]:
    """All that says something, weights settled among them; and the finish of the last word that says one."""
    cut = {name: words_of(name, lexicon.known) for name in folders if covers(name, lexicon.known)}
    above = frozenset(name.lower() for name in folders) | {f.word for found in cut.values() for f in found}
    in_name = words_of(stem, lexicon.known)

    hits: dict[str, _Hit] = {}
    for word, trust in in_name:
        meaning = lexicon.meaning(word, above)
        if meaning and meaning.weight:
            hits[word] = _Hit(word, meaning, "name", trust)
    outright = [word for word, hit in hits.items() if hit.meaning.outright]
    for word in outright[:-1]:
        hits[word] = hits[word]._replace(factor=hits[word].factor * BEFORE_LAST)
    named = bool(hits)
    for name in folders:
        whole = lexicon.folders.get(name.lower())
        if whole:
            factor = 1.0 if whole.settles or not named else FOLDER
            hits[f"{name.lower()}/"] = _Hit(name.lower(), whole, "folder", factor)
            continue
        for word, _ in cut.get(name, ()):
            meaning = lexicon.meaning(word, above - {word})
            if meaning and meaning.weight and word not in hits and f"{word}/" not in hits:
                hits[word] = _Hit(word, meaning, "folder", FOLDER)

    said = [lexicon.finishes[word] for word, _ in in_name if word in lexicon.finishes]
    return _weighed(list(hits.values())), said[-1] if said else None


def _weighed(hits: list[_Hit]) -> list[_Hit]:
    """The hits with less weight for what a settled thing or an outright material makes doubtful."""
    settled = any(hit.meaning.settles for hit in hits)
    outright = any(hit.meaning.outright and hit.factor * hit.meaning.weight >= 1 for hit in hits)
    weighed = []
    for hit in hits:
        factor = hit.factor
        if settled and not hit.meaning.settles:
            factor *= BESIDE_SETTLED
        elif outright and not settled and not hit.meaning.outright:
            factor *= BESIDE_MATERIAL
        weighed.append(hit._replace(factor=factor))
    return weighed


def _families(hits: Iterable[_Hit], lexicon: Lexicon, scale: float) -> dict[str, float]:
    """Log-linear fusion: each hit adds its weight times the log of what it says of the family."""
    odds = {name: math.log(family.prior) for name, family in lexicon.families.items()}
    for hit in hits:
        weight = hit.factor * hit.meaning.weight
        for name in odds:
            odds[name] += weight * math.log(hit.meaning.families.get(name, 0.0) + _LEAST_FAMILY)
    return _softmax({name: value * scale for name, value in odds.items()})


def _materials(hits: Iterable[_Hit], families: Mapping[str, float], lexicon: Lexicon) -> dict[str, float]:
    """Each family's probability shared among its materials by the hits that speak of that family."""
    odds = dict.fromkeys(lexicon.family_of, 0.0)
    for hit in hits:
        weight = hit.factor * hit.meaning.weight
        for material in odds:
            share = hit.meaning.families.get(lexicon.family_of[material])
            if share:
                part = hit.meaning.materials.get(material, 0.0) / share
                odds[material] += weight * math.log(part + _LEAST_MATERIAL)
    shares: dict[str, float] = {}
    for name, probability in families.items():
        inside = _softmax({m: odds[m] for m in lexicon.families[name].materials.split()})
        shares |= {material: probability * part for material, part in inside.items()}
    return shares


def _said_material(
    hits: Iterable[_Hit], families: Mapping[str, float], materials: Mapping[str, float], lexicon: Lexicon
) -> str | None:
    """The likeliest material of the likeliest family, if a word of weight says it."""
    family = max(families, key=lambda name: families[name])
    best = max(lexicon.families[family].materials.split(), key=lambda material: materials[material])
    said = any(
        hit.meaning.materials.get(best, 0.0) >= 0.4 and hit.factor * hit.meaning.weight >= 0.5 for hit in hits
    )
    return best if said else None


def _because(hits: list[_Hit], finish: str | None, outside: bool) -> tuple[str, ...]:
    ordered = sorted(hits, key=lambda hit: -hit.factor * hit.meaning.weight)
    sentences = [_sentence(hit) for hit in ordered if hit.factor * hit.meaning.weight >= 0.1]
    if not sentences:
        sentences = ["the name says nothing of its material"]
    if finish:
        sentences.append(f"the name says {finish}")
    if outside:
        sentences.insert(0, "no folder of the game above it, so its name hardly counts")
    return tuple(sentences)


def _sentence(hit: _Hit) -> str:
    said = hit.meaning.families
    family = max(said, key=lambda name: said[name])
    if hit.meaning.settles:
        return f"{hit.place} {hit.word!r} is {family}, whatever it is called after"
    certainty = "says" if hit.meaning.outright else "is mostly" if said[family] >= 0.7 else "is often"
    return f"{hit.place} {hit.word!r} {certainty} {family}"


def _softmax(odds: Mapping[str, float]) -> dict[str, float]:
    top = max(odds.values())
    raised = {name: math.exp(value - top) for name, value in odds.items()}
    total = sum(raised.values())
    return {name: value / total for name, value in raised.items()}


def _platt(share: float, slope: float, offset: float) -> float:
    """A share corrected in log-odds, from fits on labelled paths."""
    share = min(max(share, 0.005), 0.995)
    return 1.0 / (1.0 + math.exp(-(slope * math.log(share / (1.0 - share)) + offset)))

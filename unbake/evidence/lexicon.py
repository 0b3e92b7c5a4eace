"""Reads `domain/lexicon.toml`: words of texture paths and the materials they speak of; asked by `names`."""

import difflib
import hashlib
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

import msgspec

from unbake.decoding import decode_toml
from unbake.errors import UsageError

FINISHES: tuple[str, ...] = ("polished", "glossy", "satin", "matt", "rough")
"""How a surface shines, from mirror to rough."""


class Family(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Materials that an artist calls by one name.

    prior: share of all surfaces. rough: mean roughness. mask: whether an environment mask marks metal on it, 0 to 1.
    category: one of `domain.materials.CLASSES`, or None where the classifier has no class for it.
    """

    prior: float
    rough: float
    mask: float
    materials: str
    category: str | None = None


class Calibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Measured corrections: of the families' log-odds (divided) and of the metal's (slope, then offset)."""

    temperature: float
    share_slope: float
    share_offset: float
    mostly_slope: float
    mostly_offset: float


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One block of the file: words that say the same. `lexicon.toml` explains the keys."""

    words: str
    is_: dict[str, float] = msgspec.field(name="is")
    weight: float
    below: tuple[str, ...] = ()
    settles: bool = False


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`lexicon.toml` as it is written."""

    version: int
    game_folders: str
    families: dict[str, Family]
    metal_share: dict[str, float]
    calibration: Calibration
    material: tuple[Words, ...]
    thing: tuple[Words, ...]
    set: tuple[Words, ...]
    folder: tuple[Words, ...]
    finishes: dict[str, str]
    ignored: dict[str, str]


class Meaning(msgspec.Struct, frozen=True):
    """What a word says: shares of materials that add up to 1, and of their families.

    outright: it names a material (`iron`), not a thing that is made of one (`sword`).
    """

    materials: Mapping[str, float]
    families: Mapping[str, float]
    weight: float
    outright: bool
    settles: bool
    below: frozenset[str]


class Lexicon(msgspec.Struct, frozen=True):
    """The lexicon, ready to be asked.

    version: number and content hash, for journals and caches. words: meanings of a word, those that hold only
    below some folder first. known: every word that may be cut out of a name.
    """

    version: str
    game_folders: frozenset[str]
    families: Mapping[str, Family]
    family_of: Mapping[str, str]
    metal_share: Mapping[str, float]
    calibration: Calibration
    words: Mapping[str, tuple[Meaning, ...]]
    folders: Mapping[str, Meaning]
    finishes: Mapping[str, str]
    known: frozenset[str]

    def meaning(self, word: str, above: frozenset[str]) -> Meaning | None:
        """What a word says below folders that say `above`, or None where it says nothing of a material."""
        for meaning in self.words.get(word, ()):
            if not meaning.below or meaning.below & above:
                return meaning
        return None

    def material_of(self, word: str) -> str | None:
        """The material that a word names outright, as a person's rule may say it: "brass" is bronze."""
        if word in self.family_of:
            return word
        meaning = self.meaning(word, frozenset())
        if meaning is None or not meaning.outright:
            return None
        return max(meaning.materials, key=lambda material: meaning.materials[material])

    def says(self, word: str) -> bool:
        """Whether a person may name a material by this word."""
        return word in self.family_of or word in self.words

    def near(self, word: str) -> list[str]:
        """The words for materials that are written most like this one, or some materials where none is; sorted."""
        outright = {name for name, told in self.words.items() if any(meaning.outright for meaning in told)}
        words = sorted(
            (set(self.family_of) | outright) - {_plural(name) for name in outright if name[-1] != "s"}
        )
        return sorted(difflib.get_close_matches(word, words, n=4, cutoff=0.5)) or sorted(self.family_of)[:8]


@cache
def bundled() -> Lexicon:
    """The lexicon that comes with the package, read once.

    >>> bundled().family_of["ebony"]
    'metal'
    """
    return parsed(resources.files("unbake.domain").joinpath("lexicon.toml").read_text(encoding="utf-8"))


def parsed(text: str) -> Lexicon:
    """A lexicon from the text of a TOML file like `domain/lexicon.toml`.

    Raises UsageError where it is no TOML, has an unknown key, or names a material or finish that is not declared.
    """
    try:
        file = msgspec.convert(decode_toml(text), File)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise UsageError(f"Expected a lexicon, got a fault: {error}; mend lexicon.toml.") from None
    family_of = {m: name for name, family in file.families.items() for m in family.materials.split()}
    _refuse_unknown(file.metal_share, family_of, "a material of [families]", "metal_share")
    _refuse_unknown(file.finishes, FINISHES, f"one of {', '.join(FINISHES)}", "finishes")

    words = _meanings(file, family_of)
    finishes = {word: finish for finish, listed in file.finishes.items() for word in listed.split()}
    ignored = {form for listed in file.ignored.values() for w in listed.split() for form in (w, _plural(w))}
    folders = {w: _meaning(block, family_of, False) for block in file.folder for w in block.words.split()}
    return Lexicon(
        version=f"{file.version}-{hashlib.sha256(text.encode()).hexdigest()[:8]}",
        game_folders=frozenset(file.game_folders.split()),
        families=file.families,
        family_of=family_of,
        metal_share={m: file.metal_share.get(m, float(f == "metal")) for m, f in family_of.items()},
        calibration=file.calibration,
        words=words,
        folders=folders,
        finishes=finishes,
        known=frozenset(words) | ignored | set(finishes) | {w for w in folders if w.isalpha()},
    )


def _meanings(file: File, family_of: Mapping[str, str]) -> dict[str, tuple[Meaning, ...]]:
    """What each word and its plural say, by the folders below which they do; a plural of its own comes first."""
    said: dict[str, dict[frozenset[str], Meaning]] = {}
    for block, outright in [(b, True) for b in file.material] + [(b, False) for b in file.thing + file.set]:
        meaning = _meaning(block, family_of, outright)
        for word in block.words.split():
            if meaning.below in said.setdefault(word, {}):
                raise UsageError(f"Expected {word!r} once, got it twice; remove one entry from lexicon.toml.")
            said[word][meaning.below] = meaning
    for word in list(said):
        said[_plural(word)] = said[word] | said.get(_plural(word), {})
    return {word: tuple(sorted(told.values(), key=lambda m: not m.below)) for word, told in said.items()}


def _meaning(block: Words, family_of: Mapping[str, str], outright: bool) -> Meaning:
    _refuse_unknown(block.is_, family_of, "a material of [families]", block.words.partition(" ")[0])
    total = sum(block.is_.values())
    if total <= 0 or block.weight < 0:
        raise UsageError(
            f"Expected parts above 0 and a weight of at least 0, got {dict(block.is_)} and {block.weight}; "
            f"mend the entry of {block.words.partition(' ')[0]!r} in lexicon.toml."
        )
    materials = {material: part / total for material, part in block.is_.items()}
    families: dict[str, float] = {}
    for material, part in materials.items():
        families[family_of[material]] = families.get(family_of[material], 0.0) + part
    return Meaning(materials, families, block.weight, outright, block.settles, frozenset(block.below))


def _refuse_unknown(given: Mapping[str, object], allowed: object, expected: str, where: str) -> None:
    for name in given:
        if name not in allowed:  # type: ignore[operator]
            raise UsageError(f"Expected {expected}, got {name!r}; mend {where!r} in lexicon.toml.")


def _plural(word: str) -> str:
    if word.endswith("s"):
        return word
    return f"{word}es" if word.endswith(("x", "ch", "sh")) else f"{word}s"
